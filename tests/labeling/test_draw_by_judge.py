"""A judge's label as stratum before the draw: frozen with the frame, and seen by no grader."""

import json
import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from labeling.drawing import extend_audit
from labeling.judged_frame import source_by_judge
from labeling.judges import Judgement, record_judgements, register_judge
from labeling.models import Audit
from labeling.reports import build_report

UNWELCOME, INVENTED = "unwelcome_but_correct", "hallucination"


@pytest.fixture
def say(project):
    """Let the judge gpt@1 say verdicts of outputs by their numbers."""

    def record(said, *, version="1"):
        judge = register_judge(project, kind="model", name="gpt", version=version)
        ids = dict(project.outputs.values_list("external_id", "pk"))
        record_judgements(
            judge,
            [
                Judgement(output_id=ids[f"o{number}"], correctness=verdict)
                for number, verdict in said.items()
            ],
        )
        return judge

    return record


@pytest.fixture
def judged(make_output, say):
    """200 negatives: the judge calls the first 50 correct, the next 130 incorrect, 20 nothing."""
    for number in range(200):
        make_output(f"o{number}", user=f"u{number}", domain="law" if number % 2 else "tax")
    return say({n: "correct" if n < 50 else "incorrect" for n in range(180)})


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by what it has seen")
def test_each_output_is_looked_up_and_not_compared_with_every_verdict(judged, project):
    """Of 5,000 outputs the preview took two seconds, and four times that of twice as many."""
    source = source_by_judge(project, "judge:gpt@1", timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + source.relation("judge:gpt@1", ("thumb",)))
        plan = [row[-1] for row in cursor.fetchall()]
    assert [step for step in plan if step.startswith("SCAN")] == ["SCAN folded"]
    assert any(step.startswith("SEARCH said USING INDEX") for step in plan), plan


def strata(audit):
    return {s.name: (s.n_frame, s.n_sampled) for s in audit.strata.all()}


BY_JUDGE = {"down · correct": 50, "down · incorrect": 130, "down · (not judged)": 20}


def test_each_of_the_judges_labels_is_a_stratum_and_so_is_what_it_has_not_judged(
    judged, make_audit
):
    audit = make_audit("november", "--strata", "judge:gpt@1", size=100)
    assert audit.strata_field == "judge:gpt@1"
    found = strata(audit)
    assert {name: n for name, (n, _) in found.items()} == BY_JUDGE
    assert sum(n for _, n in found.values()) == 100
    for unit in audit.units.select_related("stratum"):
        number = int(unit.name[1:])
        said = "correct" if number < 50 else "incorrect" if number < 180 else "(not judged)"
        assert unit.stratum.name == f"down · {said}"
        n_frame, n_sampled = found[unit.stratum.name]
        assert unit.inclusion_probability == pytest.approx(n_sampled / n_frame)


def test_the_name_alone_will_do_where_the_judge_has_one_version(judged, make_audit, say):
    assert make_audit("november", "--strata", "judge:gpt", size=80).strata_field == "judge:gpt@1"
    say({0: "correct"}, version="2")
    with pytest.raises(CommandError, match=r"there are: gpt@1, gpt@2"):
        make_audit("december", "--strata", "judge:gpt", size=80)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--strata", "judge:nobody@1"], "expected NAME@VERSION of a judge of 'assistant'"),
        (["--strata", "judge:gpt@1", "--from", "x.parquet"], "not of --from"),
        (["--strata", "judge"], "strata: expected one of release, domain, model"),
    ],
)
def test_a_judge_that_is_not_there_is_one_sentence(judged, make_audit, options, sentence):
    with pytest.raises(CommandError) as refused:
        make_audit("november", *options, size=80)
    assert sentence in str(refused.value)
    assert not Audit.objects.exists()


NEW = "/projects/assistant/audits/new/"


def form(**changes):
    filled = {
        "name": "November",
        "slug": "november",
        "frame": "negative",
        "size": "100",
        "strata_field": "judge:gpt@1",
        "coders": "3",
        "seed": "7",
        "is_blind": "on",
    }
    return {**filled, **changes}


def test_the_form_offers_the_projects_judges_that_have_verdicts(judged, project, lea_client):
    register_judge(project, kind="model", name="silent", version="1")
    page = lea_client.get(NEW).text
    assert '<option value="judge:gpt@1">Verdict of gpt@1</option>' in page
    assert "silent" not in page


def test_the_form_previews_and_draws_the_strata_that_the_command_draws(
    judged, make_audit, lea_client
):
    preview = lea_client.post(NEW, form(preview="1", name="", slug=""))
    assert preview.status_code == 200
    assert all(name in preview.text for name in BY_JUDGE)
    assert not Audit.objects.exists()
    assert lea_client.post(NEW, form(draw="1")).status_code == 302
    audit = Audit.objects.get()
    assert audit.strata_field == "judge:gpt@1"
    assert strata(audit) == strata(make_audit("again", "--strata", "judge:gpt@1", size=100))


def test_the_form_refuses_a_judge_of_nobody_and_too_few_units_beside_the_field(judged, lea_client):
    page = lea_client.post(NEW, form(draw="1", strata_field="judge:nobody@1"))
    assert page.status_code == 422
    assert "judge:nobody@1 is not one of the available choices" in page.text
    page = lea_client.post(NEW, form(draw="1", size="2"))
    assert page.status_code == 422
    assert "Expected 60 units or more for 3 strata" in page.text
    assert not Audit.objects.exists()


def test_what_the_judge_says_later_moves_nobody(judged, make_audit, say):
    audit = make_audit("november", "--strata", "judge:gpt@1", size=80)
    before = dict(audit.units.values_list("name", "stratum__name"))
    say(dict.fromkeys(range(200), "cannot_tell"))
    assert extend_audit(audit, 120) == 40
    after = dict(audit.units.values_list("name", "stratum__name"))
    assert before.items() <= after.items()
    assert {name: n for name, (n, _) in strata(audit).items()} == BY_JUDGE


def test_the_report_of_such_a_draw_is_narrower_and_another_judge_can_divide_it_further(
    judged, make_audit, give_labels, say
):
    say({n: "correct" if n < 50 else "incorrect" for n in range(200)}, version="2")
    plain = make_audit("plain", size=100)
    by_judge = make_audit("by-judge", "--strata", "judge:gpt@1", size=100)
    for audit in (plain, by_judge):
        give_labels(
            audit,
            {
                unit.name: [UNWELCOME if int(unit.name[1:]) < 50 else INVENTED] * 2
                for unit in audit.units.all()
            },
        )
    wide, narrow = (build_report(audit).headline for audit in (plain, by_judge))
    assert narrow.value == pytest.approx(0.25)
    assert narrow.high - narrow.low < 0.7 * (wide.high - wide.low)
    out = StringIO()
    call_command("judges", "by-judge", "--json", stdout=out)
    first, second = json.loads(out.getvalue())["judges"]
    assert first["share"]["is_drawn"]
    ends = [first["share"]["with_judge"][key] for key in ("share", "low", "high")]
    assert ends == pytest.approx([narrow.value, narrow.low, narrow.high])
    assert first["share"]["without"]["low"] == pytest.approx(wide.low, abs=0.03)
    assert first["share"]["without"]["high"] == pytest.approx(wide.high, abs=0.03)
    assert first["share"]["gain"] > 0.25
    assert second["n_judged_frame"] == 200
    assert second["share"]["without"]["share"] == pytest.approx(0.25)


def test_the_whole_frame_of_such_an_audit_can_be_judged(judged, make_audit, tmp_path):
    make_audit("november", "--strata", "judge:gpt@1", size=80)
    rubric = tmp_path / "rubric.toml"
    rubric.write_text("[[check]]\nkind = 'regex'\npattern = 'answer'\n")
    out = StringIO()
    named = ["--judge", "r", "--rubric", str(rubric)]
    call_command("judge", "november", "--whole-frame", *named, "--json", stdout=out)
    assert json.loads(out.getvalue())["n_judged"] == 200


def test_no_grader_sees_the_stratum(judged, make_audit, ana_client, at_desk):
    audit = make_audit("november", "--strata", "judge:gpt@1", size=80)
    desk = at_desk(ana_client, audit)
    token = desk.open()
    for page in (desk.get(), desk.verdict(token, "correct"), desk.get("mine/")):
        assert "gpt" not in page.text
        assert "down ·" not in page.text
        assert "not judged" not in page.text


class TestJudgesNegatives:
    """The judge calls 50 of 200 outputs correct; 150 are its negatives, 20 of them not judged."""

    @pytest.fixture
    def draw(self, judged, make_audit):
        def make(*options, slug="november", size=100):
            return make_audit(slug, "--strata", "judge:gpt@1", *options, size=size)

        return make

    def test_the_lead_sets_how_much_of_the_sample_they_are(self, draw):
        audit = draw("--judge-negatives", "0.6")
        assert audit.judge_negatives == 0.6
        found = {name: n for name, (_, n) in strata(audit).items()}
        assert found["down · correct"] == 40
        assert found["down · incorrect"] + found["down · (not judged)"] == 60
        assert found["down · (not judged)"] == 20, "at least 20 of each stratum, or all of it"

    def test_without_a_number_it_is_seven_tenths_and_without_the_option_in_proportion(self, draw):
        audit = draw("--judge-negatives")
        assert (audit.judge_negatives, strata(audit)["down · correct"][1]) == (0.7, 30)
        plain = draw(slug="plain")
        assert (plain.judge_negatives, strata(plain)["down · correct"][1]) == (None, 22)

    def test_units_know_their_chance_and_the_share_is_weighted_by_it(self, draw, give_labels):
        audit = draw("--judge-negatives", "0.6")
        said = {
            unit.name: [UNWELCOME if int(unit.name[1:]) % 3 == 0 else INVENTED] * 2
            for unit in audit.units.all()
        }
        give_labels(audit, said)
        weights = {unit.name: 1 / unit.inclusion_probability for unit in audit.units.all()}
        assert sum(weights.values()) == pytest.approx(200)
        weighted = sum(w for name, w in weights.items() if said[name][0] == UNWELCOME) / 200
        assert build_report(audit).headline.value == pytest.approx(weighted)

    def test_an_audit_grows_as_it_was_drawn(self, draw):
        audit = draw("--judge-negatives", "0.6", size=80)
        before = set(audit.units.values_list("name", flat=True))
        extend_audit(audit, 120)
        assert before < set(audit.units.values_list("name", flat=True))
        assert strata(audit)["down · correct"] == (50, 48)

    def test_the_preview_and_the_audit_say_what_it_gains_or_loses(self, draw, lea_client):
        audit = draw("--judge-negatives", "0.6")
        said = (
            "60 of 100 units (60%) are drawn from the judge's negatives, the 75% of the frame that "
            "it does not call correct: if 2% of these and 50% of the others are unwelcome but "
            "correct, the interval is"
        )
        assert said in audit.frame_note
        assert "narrower than by strata in proportion" in audit.frame_note
        page = lea_client.post(NEW, form(preview="1", slug="", judge_negatives="95")).text
        assert "80 of 100 units (80%)" in page
        assert "wider than by strata in proportion" in page

    def test_the_margin_is_that_of_such_a_draw(self, judged, project):
        def answer(*options):
            out = StringIO()
            call_command(
                *("create_audit", "x", "--project", project.slug, "--frame", "negative"),
                *("--strata", "judge:gpt@1", "--dry-run", "--json", "--seed", "1", *options),
                stdout=out,
            )
            return json.loads(out.getvalue())

        plain, split = answer("--size", "100"), answer("--size", "100", "--judge-negatives", "0.6")
        assert (plain["judge_negatives"], split["judge_negatives"]) == (None, 0.6)
        assert split["margin"] > plain["margin"]
        wanted = answer("--margin", "0.1", "--judge-negatives", "0.6")
        assert wanted["n_sampled"] > answer("--margin", "0.1")["n_sampled"]
        assert wanted["margin"] <= 0.1

    @pytest.mark.parametrize("asked", ["0", "1", "-0.2", "70", "nan"])
    def test_what_is_no_part_is_refused(self, judged, make_audit, asked):
        with pytest.raises(CommandError, match="judge-negatives: expected a part of the sample"):
            make_audit("november", "--strata", "judge:gpt@1", "--judge-negatives", asked, size=100)
        assert not Audit.objects.exists()

    def test_without_strata_by_a_judge_it_is_refused(self, judged, make_audit):
        with pytest.raises(CommandError, match="judge-negatives: expected where a judge's label"):
            make_audit("november", "--strata", "domain", "--judge-negatives", size=100)

    def test_a_judge_that_calls_everything_wrong_has_no_two_sides(self, judged, make_audit, say):
        say(dict.fromkeys(range(200), "incorrect"), version="2")
        options = ("--strata", "judge:gpt@2", "--judge-negatives")
        with pytest.raises(CommandError, match="it calls none of this frame so"):
            make_audit("november", *options, size=100)

    def test_the_form_comes_with_seventy_percent_and_takes_another_part(self, judged, lea_client):
        page = lea_client.get(NEW).text
        assert re.search(r'name="judge_negatives" value="70(\.0)?"', page)
        lea_client.post(NEW, form(draw="1", judge_negatives="60"))
        audit = Audit.objects.get()
        assert (audit.judge_negatives, strata(audit)["down · correct"][1]) == (0.6, 40)

    def test_the_form_draws_in_proportion_where_it_is_empty_or_strata_are_no_judges(
        self, judged, lea_client
    ):
        lea_client.post(NEW, form(draw="1", judge_negatives=""))
        lea_client.post(NEW, form(draw="1", slug="d", strata_field="domain", judge_negatives="70"))
        assert [audit.judge_negatives for audit in Audit.objects.all()] == [None, None]

    @pytest.mark.parametrize("asked", ["0", "100", "-5"])
    def test_the_form_refuses_what_is_no_part_beside_the_field(self, judged, lea_client, asked):
        answer = lea_client.post(NEW, form(draw="1", judge_negatives=asked))
        assert answer.status_code == 422
        assert f"Expected a percentage above 0 and below 100, got {asked}" in answer.text

    def test_the_database_refuses_negatives_of_no_judge(self, make_open_audit):
        with pytest.raises(IntegrityError, match="negatives_are_of_a_judge"), transaction.atomic():
            make_open_audit(1, judge_negatives=0.7, strata_field="domain")
