"""The demo data: exact quotas, the same bytes for the same seed, answers that can be checked."""

import hashlib
import json
import re
import sqlite3
from collections import Counter
from datetime import date, timedelta

import krippendorff
import numpy as np
import pytest

from fixtures.case import states
from fixtures.coders import (
    CANNOT_TELL,
    CODERS,
    CORRECT_MODES,
    INCORRECT_MODES,
    SimulatedLabel,
    assign_coders,
    simulate_label,
)
from fixtures.demo import (
    DEFAULT_SEED,
    DemoData,
    DemoOutput,
    as_feedback_records,
    as_truth_records,
    generate,
    generate_downs,
)

DIGEST = "132b9efeaa5a3c257b46d2a0757ccdacfcda0d265eec59499764c07874ea3e1e"
MODES = {
    "unwelcome_but_correct": (132, 240),
    "hallucination": (158, 118),
    "refusal": (90, 66),
    "formatting": (74, 58),
    "latency": (62, 52),
    "other_wrong": (58, 44),
    "no_fault_found": (26, 22),
}


@pytest.fixture(scope="module")
def demo() -> DemoData:
    return generate()


@pytest.fixture(scope="module")
def other() -> DemoData:
    return generate(7)


@pytest.fixture(scope="module")
def labels(demo: DemoData) -> list[tuple[DemoOutput, SimulatedLabel]]:
    return [
        (output, simulate_label(coder, output, demo.seed))
        for output in demo.outputs
        if output.thumb
        for coder in assign_coders(output.external_id, demo.seed)
    ]


def digest(data: DemoData) -> str:
    rows = [*as_feedback_records(data), *as_truth_records(data)]
    text = json.dumps(rows, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def prompt(output: DemoOutput) -> str:
    return "\n".join(turn["content"] for turn in output.conversation)


def asked_by_user(output: DemoOutput) -> str:
    return "\n".join(t["content"] for t in output.conversation if t["role"] == "user")


def in_domain(data: DemoData, domain: str) -> list[DemoOutput]:
    return [output for output in data.outputs if output.domain == domain]


def found(pattern: str, text: str) -> str:
    """The first group of the pattern, which has to be there."""
    match = re.search(pattern, text, re.DOTALL)
    assert match is not None, pattern
    return match[1]


def plain(text: str) -> int:
    return int(re.sub(r"\D", "", text))


@pytest.mark.slow
@pytest.mark.parametrize("which", ["demo", "other"])
def test_the_quotas_are_exact_for_any_seed(which, request):
    outputs = request.getfixturevalue(which).outputs
    per_release = Counter((o.release, o.thumb) for o in outputs)
    assert len(outputs) == 5000
    for release in "AB":
        assert per_release[release, "down"] == 600
        assert per_release[release, "up"] == 1400
        assert per_release[release, None] == 500
    modes = Counter((o.failure_mode, o.release) for o in outputs if o.thumb == "down")
    assert {m: (modes[m, "A"], modes[m, "B"]) for m in MODES} == MODES


@pytest.mark.parametrize("which", ["demo", "other"])
def test_thumbs_up_are_right_less_often_in_release_b(which, request):
    outputs = request.getfixturevalue(which).outputs
    right = Counter(o.release for o in outputs if o.thumb == "up" and o.correct)
    assert right == {"A": 1232, "B": 1148}


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes(demo, other):
    assert digest(generate(DEFAULT_SEED)) == digest(demo) == DIGEST
    assert digest(other) != DIGEST


def test_no_prompt_and_answer_come_twice(demo):
    pairs = {(asked_by_user(o), o.text) for o in demo.outputs}
    assert len(pairs) == len(demo.outputs)


@pytest.mark.parametrize("which", ["demo", "other"])
def test_right_answers_state_the_computed_value_and_wrong_ones_do_not(which, request):
    for output in request.getfixturevalue(which).outputs:
        assert states(output.text, output.answer_key) == output.correct, output.external_id


def test_a_value_is_stated_only_as_a_whole():
    assert states("It is 40.", "40")
    assert states("It is -4.0 to 7.2;", "-4.0 to 7.2")
    assert not states("It is 140, 40.5 or 4,040.", "40")
    assert not states("$40,100", "$40")


def test_failure_modes_agree_with_correctness(demo):
    for output in demo.outputs:
        if output.thumb == "down":
            assert output.correct == (output.failure_mode in CORRECT_MODES)
        else:
            assert output.failure_mode is None


def test_only_latency_negatives_are_slow(demo):
    downs = [o for o in demo.outputs if o.thumb == "down"]
    slow = [o for o in downs if o.latency_ms > 20_000]
    assert {o.failure_mode for o in slow} == {"latency"}
    assert len(slow) == 114
    others = sorted(o.latency_ms for o in downs if o.failure_mode != "latency")
    assert 4_500 < others[len(others) // 2] < 5_500
    assert sum(ms <= 8_000 for ms in others) / len(others) > 0.93


def test_code_in_the_prompt_returns_the_value_the_truth_names(demo):
    run = 0
    for output in in_domain(demo, "code review"):
        text = prompt(output)
        code = re.search(r"```python\n(.*?)```", text, re.DOTALL)
        call = re.search(r"`(\w+\([^`]*\))`", text)
        if code and call:
            space: dict[str, object] = {}
            exec(code[1], space)
            assert str(eval(call[1], space)) == output.answer_key
            run += 1
    assert run > 150


def test_sql_in_the_prompt_returns_the_value_the_truth_names(demo):
    for output in in_domain(demo, "sql"):
        text = prompt(output)
        name = found(r"Table `(\w+)`", text)
        rows = re.findall(r"^\| \d+ \| (\w+) \| (\d+) \|$", text, re.MULTILINE)
        with sqlite3.connect(":memory:") as db:
            db.execute(f"CREATE TABLE {name} (region TEXT, amount INTEGER)")
            values = [(None if region == "NULL" else region, int(n)) for region, n in rows]
            db.executemany(f"INSERT INTO {name} VALUES (?, ?)", values)
            query = found(r"```sql\n(.*?)```", text)
            assert db.execute(query).fetchone()[0] == plain(output.answer_key)


def test_debts_can_be_checked_from_the_prompt(demo):
    for output in in_domain(demo, "personal finance"):
        text = asked_by_user(output)
        balance, payment = [plain(n) for n in re.findall(r"(?:[$€£]|CHF |kr )([\d,]+)", text)][:2]
        rate = int(found(r"(\d+)%", text))
        assert plain(output.answer_key) == abs(balance * rate // 1200 - payment)


def test_notice_dates_can_be_checked_from_the_explanation(demo):
    for output in in_domain(demo, "contract dates"):
        told = found(r"^(\S+ less \d+ days is [\d-]+);", output.explanation).split()
        end, days, last = told[0], told[2], told[5]
        day = date.fromisoformat(end) - timedelta(days=int(days))
        assert day == date.fromisoformat(last)
        assert output.answer_key == f"{day.day} {day:%B} {day.year}"


def test_every_output_has_a_conversation_that_ends_with_the_user(demo):
    for output in demo.outputs:
        assert output.conversation[-1]["role"] == "user"
        assert all(turn["content"].strip() for turn in output.conversation)
        assert output.text.strip()
        assert output.explanation
    n_turns = Counter(len([t for t in o.conversation if t["role"] == "user"]) for o in demo.outputs)
    assert n_turns[1] < 3500
    assert sum(len(o.text.encode()) > 2000 for o in demo.outputs) > 100
    assert len({o.domain for o in demo.outputs}) >= 12


def test_dates_are_in_order_and_releases_do_not_overlap(demo):
    created = [o.created_at for o in demo.outputs]
    assert created == sorted(created)
    last_of_a = max(o.created_at for o in demo.outputs if o.release == "A")
    assert last_of_a < min(o.created_at for o in demo.outputs if o.release == "B")
    for output in demo.outputs:
        assert bool(output.rated_at) == (output.thumb is not None)
        assert output.rated_at == "" or output.created_at < output.rated_at < "2026-11-15"


def test_no_user_gives_more_than_two_percent_of_the_downs(demo, other):
    for data in (demo, other):
        downs = Counter(o.user_id for o in data.outputs if o.thumb == "down")
        assert max(downs.values()) <= 24
        assert 600 <= len({o.user_id for o in data.outputs}) <= 700


def test_the_log_says_nothing_of_the_truth(demo):
    first = next(as_feedback_records(demo))
    assert set(first) == {
        "id", "created_at", "release", "model", "domain", "user", "latency_ms", "messages", "thumb",
        "reason", "comment", "rated_at",
    }  # fmt: skip
    answer = {"role": "assistant", "content": demo.outputs[0].text}
    assert first["messages"] == [*demo.outputs[0].conversation, answer]
    assert sum(record["thumb"] is None for record in as_feedback_records(demo)) == 1000


def test_labels_follow_the_codebook(labels):
    for output, label in labels:
        if label.failure_mode is None:
            assert output.thumb == "up" or label.verdict == CANNOT_TELL
        else:
            assert output.thumb == "down"
            needed = "incorrect" if label.failure_mode in INCORRECT_MODES else "correct"
            assert label.revised_verdict == needed
        assert bool(label.revision_reason) == (label.verdict != label.revised_verdict)
        assert label.seconds > 0


def test_dee_is_the_one_the_complaint_talks_round(labels):
    moved = Counter(label.coder for _, label in labels if label.verdict != label.revised_verdict)
    assert moved["dee"] > 20
    assert all(moved[coder] < moved["dee"] / 3 for coder in CODERS if coder != "dee")


def test_coders_are_as_accurate_as_described(labels):
    hits: dict[str, list[bool]] = {coder: [] for coder in CODERS}
    for output, label in labels:
        if output.thumb == "down":
            hits[label.coder].append(label.failure_mode == output.failure_mode)
    described = {"ana": 0.95, "ben": 0.92, "chi": 0.90, "dee": 0.86, "eli": 0.80}
    for coder, accuracy in described.items():
        assert sum(hits[coder]) / len(hits[coder]) == pytest.approx(accuracy, abs=0.025)


def test_coders_are_assigned_evenly_and_for_good():
    seats = Counter(c for i in range(2000) for c in assign_coders(f"d{i:05d}", 1))
    assert set(seats) == set(CODERS)
    assert all(abs(n - 1200) < 90 for n in seats.values())
    assert assign_coders("d00001", 1) == assign_coders("d00001", 1)
    assert len(set(assign_coders("d00001", 1, k=5))) == 5


def test_a_wrong_number_of_coders_or_an_unknown_coder_is_refused(demo):
    with pytest.raises(ValueError, match="expected k between 1 and 5, got 6"):
        assign_coders("d00001", 1, k=6)
    with pytest.raises(ValueError, match="got 'zed'"):
        simulate_label("zed", demo.outputs[0], 1)


def test_agreement_and_majority_share_are_in_the_stated_range(labels):
    downs = [(o, label) for o, label in labels if o.thumb == "down"]
    domain = [*MODES, CANNOT_TELL]
    ids = dict.fromkeys(output.external_id for output, _ in downs)
    columns = {external_id: i for i, external_id in enumerate(ids)}
    codes = np.full((len(CODERS), len(columns)), np.nan)
    votes: dict[str, Counter[str]] = {external_id: Counter() for external_id in columns}
    for output, label in downs:
        mode = label.failure_mode or CANNOT_TELL
        codes[CODERS.index(label.coder), columns[output.external_id]] = domain.index(mode)
        votes[output.external_id][mode] += 1
    alpha = krippendorff.alpha(reliability_data=codes, level_of_measurement="nominal")
    assert 0.70 <= alpha <= 0.76
    share = sum(v["unwelcome_but_correct"] >= 2 for v in votes.values()) / len(votes)
    assert share == pytest.approx(0.31, abs=0.015)


def test_some_outputs_alone_have_the_truth_and_feedback_of_the_whole(other: DemoData) -> None:
    whole = {output.external_id: output for output in other.outputs}
    some = generate_downs(7, lambda plan: plan.number % 50 == 0)
    assert some
    for output in some:
        same = whole[output.external_id]
        for name in ("thumb", "reason", "failure_mode", "correct", "user_id", "release"):
            assert getattr(output, name) == getattr(same, name)
