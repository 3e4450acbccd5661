"""Every figure on the page of graders can be computed again from the export `grader-record`.

The file is read with pandas alone, and the formulas are written out a second time (methods.md).
"""

import random
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from django.utils import timezone
from scipy import stats

from analysis.grader_record import LABEL_COLUMNS, UNIT_COLUMNS, GraderRecord
from analysis.graders import grader_quality
from labeling import workflow
from labeling.exports import export_labels
from labeling.grader_export import RECORD_COLUMNS
from labeling.models import Gold, Label, Skip, Unit
from labeling.workflow import Judgment
from tests.graders_at_work import repeat_of, spend
from tests.sampled import add_unit

MODES = ("unwelcome_but_correct", "latency", "hallucination", "refusal", "cannot_tell")
EXPORT = "/audits/w34/exports/grader-record/"
ESTIMATES = (
    *("skip_rate", "gold_accuracy", "self_agreement", "agreement", "verdict_bias"),
    *("moved_towards", "moved_away"),
)


def read(text) -> pd.DataFrame:
    return pd.read_csv(StringIO(text), keep_default_na=False, na_values={"active_ms": [""]})


@pytest.fixture
def judge(say):
    """A label by chance: mostly the likely one, at times after another blind verdict."""
    chance = random.Random(20261124)

    def judge(unit, person, likely):
        said = likely if chance.random() < 0.7 else chance.choice(MODES)
        blind = chance.choice(("correct", "cannot_tell", "incorrect")) if unit.asks_mode else ""
        seconds = chance.choice((None, 0, 3, 20, 60))
        say(unit, person, said, blind=blind if chance.random() < 0.3 else "", seconds=seconds)

    return judge


@pytest.fixture
def busy_audit(make_open_audit, judge, say, plant, coder, ana, ben, chi):
    """Three graders with all that a figure is made of; chi gives third opinions too."""
    audit = make_open_audit(32, coders=3)
    drawn = list(audit.units.order_by("serving"))
    for number, unit in enumerate(drawn):
        for person in (ana, ben, chi)[number % 8 == 5 :]:
            judge(unit, person, MODES[number % len(MODES)])
    for control in controls(audit):
        for person, moved_to in ((ana, "incorrect"), (ben, "correct")):
            say(control, person, "correct")
            Label.objects.filter(unit=control, coder=coder(person)).update(correctness=moved_to)
    for number in range(50, 58):
        gold = plant(audit, number, "latency")
        for person in (ana, ben, chi)[: 1 + number % 3]:
            judge(gold, person, "latency")
    for unit in drawn[:5]:
        judge(repeat_of(unit), ana, "latency")
    judge(repeat_of(drawn[5]), ana, "latency")  # of a unit that ana did not label
    judge(repeat_of(drawn[0]), chi, "latency")  # of a third opinion
    unusual(audit, coder, ana, ben)
    type(audit).objects.filter(pk=audit.pk).update(asks_third=True, coders_per_unit=2)
    audit.refresh_from_db()
    return audit


def controls(audit):
    positive = audit.strata.create(name="up", is_negative=False, n_frame=9, n_sampled=2)
    for number in (40, 41):
        control = add_unit(audit, number, kind="sham")
        Unit.objects.filter(pk=control.pk).update(stratum=positive)
        control.refresh_from_db()
        yield control


def unusual(audit, coder, ana, ben):
    """A retired answer, one changed later, two showings, a late label, an undone one, skips."""
    golds = list(audit.units.filter(kind="gold").order_by("pk"))
    Gold.objects.filter(unit=golds[0]).update(retired_at=timezone.now())
    known = Judgment(
        correctness="correct",
        failure_mode=audit.codebook.modes.get(code="latency"),
        revision_reason="I know it now.",
    )
    workflow.record_label(
        unit=golds[1], coder=coder(ana), judgment=known, submission_id="once-more"
    )
    spend(golds[1], coder(ana), 7)
    drawn = Label.objects.filter(unit__kind="sampled").order_by("-pk")
    drawn.filter(pk=drawn.filter(coder=coder(ana)).first().pk).update(is_late=True)
    drawn.filter(pk=drawn.filter(coder=coder(ben)).first().pk).update(superseded_at=timezone.now())
    for number, is_undone in ((60, False), (61, False), (62, True)):
        undone_at = timezone.now() if is_undone else None
        unit = add_unit(audit, number)
        Skip.objects.create(unit=unit, coder=coder(ana), reason="language", undone_at=undone_at)
    spend(unit, coder(ana), 5)


@pytest.fixture
def exported(busy_audit, rey_client):
    """The rows that a researcher downloads, and the figures of the page."""
    return lambda: (
        read(b"".join(rey_client.get(EXPORT).streaming_content).decode()),
        rey_client.get("/audits/w34/graders.json").json()["graders"],
    )


# The formulas, a second time


def wilson(x, n):
    z2, p = stats.norm.ppf(0.975) ** 2, x / n
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return (0 if x == 0 else centre - half), (1 if x == n else centre + half)


def share(cases):
    """Of yes and no: value, Wilson's ends, n."""
    n = len(cases)
    return (cases.sum() / n, *wilson(cases.sum(), n), n) if n else (None, None, None, 0)


def mean_of_shares(shares, n_others):
    n, p = len(shares), shares.mean()
    if n == 0:
        return None, None, None, 0
    spread = shares.var(ddof=1)
    n_eff = n * p * (1 - p) / spread if spread > 0 else n
    n_eff = min(max(n_eff, n), n_others.sum())
    return (p, *wilson(p * n_eff, n_eff), n)


def mean_difference(differences):
    """Student's interval of the differences, and of them with a 1 and a -1 more, together."""
    ends = [differences.mean()]
    for seen in (differences, np.append(differences, [1, -1])):
        half = stats.t.ppf(0.975, len(seen) - 1) * np.std(seen, ddof=1) / np.sqrt(len(seen))
        ends += [np.mean(seen) - half, np.mean(seen) + half]
    return ends[0], max(-1, min(ends)), min(1, max(ends)), len(differences)


def compared(labels):
    """The labels that meet those of others, beside each of the others' on the same unit."""
    met = labels[(labels["kind"] != "repeat") & (labels["third_opinion"] == "no")]
    both = met.merge(met, on="unit", suffixes=("", "_other"))
    return both[both["coder"] != both["coder_other"]]


def agreement(labels, coder):
    mine = compared(labels).query("coder == @coder")
    is_same = mine["answer"] == mine["answer_other"]
    by_unit = is_same.groupby(mine["unit"])
    return mean_of_shares(by_unit.mean(), by_unit.size())


def verdict_bias(labels, coder):
    blind = labels[labels["blind_correctness"] != ""]
    mine = compared(blind).query("coder == @coder")
    others = (mine["blind_correctness_other"] == "correct").groupby(mine["unit"]).mean()
    own = (mine["blind_correctness"] == "correct").groupby(mine["unit"]).first()
    return mean_difference(own - others)


def self_agreement(mine):
    first = mine[mine["kind"] != "repeat"].set_index("unit")["answer"]
    again = mine[mine["kind"] == "repeat"]
    again = again[again["repeat_of"].isin(first.index)]
    return share(again["answer"] == again["repeat_of"].map(first))


def moved(mine, *, start):
    """Correct, cannot tell, incorrect: three steps on the way to a complaint."""
    steps = {"correct": 0, "cannot_tell": 1, "incorrect": 2}
    known = mine[(mine["user_complained"] == "yes") & (mine["blind_correctness"] != "")]
    blind, final = known["blind_correctness"].map(steps), known["correctness"].map(steps)
    way, end = (1, 2) if start == "correct" else (-1, 0)
    return share((way * (final - blind) > 0)[blind != end])


def labels_and_times(rows, coder):
    mine = rows[(rows["row"] == "label") & (rows["coder"] == coder)]
    times = mine["active_ms"].dropna() / 1000
    return [len(mine), times.median(), len(times)]


def figures_of(rows, coder):
    """All figures of one coder; an answer is the label, or the verdict where no mode is asked."""
    labels = rows[rows["row"] == "label"].copy()
    labels["answer"] = labels["label"].where(labels["label"] != "", labels["correctness"])
    known = labels["gold_label"].where(labels["label"] != "", labels["gold_correctness"])
    labels["is_right"] = labels["answer"] == known
    mine = labels[labels["coder"] == coder]
    is_skip = rows.loc[rows["coder"] == coder, "row"] == "skip"
    return {
        "skip_rate": share(is_skip),
        "gold_accuracy": share(mine.loc[mine["gold_correctness"] != "", "is_right"]),
        "self_agreement": self_agreement(mine),
        "agreement": agreement(labels, coder),
        "verdict_bias": verdict_bias(labels, coder),
        "moved_towards": moved(mine, start="correct"),
        "moved_away": moved(mine, start="incorrect"),
    }


# What they give


def test_every_figure_can_be_recomputed_from_the_export(exported):
    rows, graders = exported()
    assert sorted(rows["coder"].unique()) == [grader["coder"] for grader in graders]
    for grader in graders:
        assert labels_and_times(rows, grader["coder"]) == [
            grader["n_labels"],
            grader["active_time"]["median"],
            grader["active_time"]["n"],
        ]
        mine = figures_of(rows, grader["coder"])
        for name in ESTIMATES:
            page = [grader[name][part] for part in ("value", "low", "high", "n")]
            assert page == pytest.approx(list(mine[name]), abs=1e-9), name
    assert len(graders) == 3
    for name in ESTIMATES:
        assert any(grader[name]["n"] > 3 and grader[name]["low"] > -1 for grader in graders), name
    assert set(rows["kind"]) == {"sampled", "sham", "gold", "repeat"}
    assert set(rows["third_opinion"]) == {"no", "yes", ""}


def record_of(rows) -> GraderRecord:
    """What `analysis` takes: third opinions and repeats stand on units of their own."""
    labels = rows[rows["row"] == "label"].reset_index(drop=True)
    alone = (labels["kind"] == "repeat") | (labels["third_opinion"] == "yes")
    own = labels["unit"] + " of " + labels["coder"]
    is_third = set(own[labels["third_opinion"] == "yes"])
    place = labels["unit"].where(~alone, own + labels["kind"])
    original = labels["unit"].where(~own.isin(is_third), own + "sampled")
    table = labels.assign(
        unit=place,
        seconds=labels["active_ms"] / 1000,
        order=labels.index,
        rated_negative=labels["user_complained"] == "yes",
        n_words=pd.to_numeric(labels["n_words"]),
        repeat_of=original.where(labels["kind"] == "repeat", None),
    )
    return GraderRecord(
        labels=table[list(LABEL_COLUMNS)],
        units=table[list(UNIT_COLUMNS)].drop_duplicates("unit"),
        skips=rows[rows["row"] == "skip"].groupby("coder").size().to_dict(),
    )


def test_every_flag_follows_from_the_export(busy_audit, exported):
    """With third opinions, and without: then three coders are compared on a unit."""
    judged = set()
    for fields in ({}, {"asks_third": False, "coders_per_unit": 3}):
        type(busy_audit).objects.filter(pk=busy_audit.pk).update(**fields)
        rows, graders = exported()
        for quality, grader in zip(grader_quality(record_of(rows)), graders, strict=True):
            for flag, shown in zip(quality.flags, grader["flags"], strict=True):
                parts = ("id", "fires", "measured", "threshold", "n", "about")
                assert [getattr(flag, part) for part in parts] == [shown[part] for part in parts]
                judged |= {flag.id} if flag.not_judged_because is None else set()
    assert judged >= {"speed", "straight_lining", "gold", "repeats", "agreement", "drift"}


# What is in it, and for whom


def test_the_file_its_manifest_and_who_may_have_them(
    busy_audit, coder, ana, ana_client, out_client, lea_client, rey_client, tmp_path
):
    manifest = export_labels(busy_audit, kind="grader-record", out=tmp_path / "record.csv")
    written = (tmp_path / "record.csv").read_bytes()
    rows = read(written.decode())
    assert list(rows.columns) == manifest["columns"] == list(RECORD_COLUMNS)
    assert manifest["n_rows"] == len(rows)
    assert manifest["withheld"] == {
        "superseded or undone; on gold units, later than the first": 2,
        "late": 1,
        "skips that were taken back": 1,
    }
    assert set(rows.loc[rows["row"] == "label", "codebook"]) == {"default v1"}
    assert rows["coder"].str.fullmatch("c-[0-9a-z]+").all()
    skips = rows[rows["row"] == "skip"]
    assert list(skips["unit"]) == ["w34-OUTPUT-60", "w34-OUTPUT-61"]
    assert set(skips["skip_reason"]) == {"language"}
    assert set(skips["coder"]) == {coder(ana).name}
    for client in (lea_client, rey_client):
        assert b"".join(client.get(EXPORT).streaming_content) == written
        assert f'href="{EXPORT}"' in client.get("/audits/w34/exports/").text
    for client in (ana_client, out_client):
        for path in (EXPORT, f"{EXPORT}?manifest=1", "/audits/w34/exports/"):
            assert client.get(path).status_code == 404


@pytest.fixture
def small_audit(make_open_audit, say, plant, ana, ben):
    """One unit by ana and ben, a gold unit and a repeat by ana, who differs from ben."""
    audit = make_open_audit(1, coders=2, asks_third=True)
    unit = audit.units.get()
    say(unit, ana, "latency", seconds=1.5)
    say(unit, ben, "refusal")
    say(plant(audit, 1, "latency"), ana, "latency")
    say(repeat_of(unit), ana, "latency")
    return audit


def test_each_row_says_what_kind_of_unit_it_is_and_what_its_answer_should_be(small_audit, tmp_path):
    export_labels(small_audit, kind="grader-record", out=tmp_path / "record.csv")
    rows = read((tmp_path / "record.csv").read_text())
    shown = ["kind", "unit", "repeat_of", "label", "gold_label", "gold_correctness"]
    first, other, gold, repeat = rows[[*shown, "third_opinion"]].itertuples(index=False, name=None)
    assert first == ("sampled", "w34-OUTPUT-0", "", "latency", "", "", "no")
    assert other == ("sampled", "w34-OUTPUT-0", "", "refusal", "", "", "no")
    assert gold == ("gold", "w34-OUTPUT-1", "", "latency", "latency", "correct", "no")
    assert repeat == ("repeat", "w34-OUTPUT-0", "w34-OUTPUT-0", "latency", "", "", "no")
    assert list(rows["active_ms"].dropna()) == [1500]
    assert list(rows["user_complained"]) == ["yes"] * 4


def test_planted_units_stay_out_of_every_other_export(small_audit, tmp_path):
    for kind in ("csv", "jsonl", "reliability"):
        manifest = export_labels(small_audit, kind=kind, out=tmp_path / kind)
        assert (manifest["n_rows"], manifest["withheld"]) == (2, {})
        assert "w34-OUTPUT-1" not in (tmp_path / kind).read_text()


def test_an_audit_without_work_is_a_file_without_rows(make_open_audit, tmp_path):
    manifest = export_labels(make_open_audit(1), kind="grader-record", out=tmp_path / "record.csv")
    assert (manifest["n_rows"], manifest["withheld"]) == (0, {})
