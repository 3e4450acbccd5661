"""docs/report.ipynb computes the report again from its exports, without a line of ours.

The demo's report is computed again in tests/test_demo.py, where the demo is loaded.
"""

import ast
import random
from datetime import timedelta

import pytest

from feedback.models import Feedback
from labeling import workflow
from labeling.models import Audit, Coder, Label, Unit
from labeling.trends import trends
from labeling.workflow import Judgment
from tests.graders_at_work import measure
from tests.notebook import CELLS, NOTEBOOK, assert_all_is_computed_again, assert_same, said
from tests.versions import clone_version

MODES = ("unwelcome_but_correct", "hallucination", "latency", "refusal", "cannot_tell")


def test_the_notebook_uses_nothing_of_ours_and_holds_no_output():
    tree = ast.parse("\n".join(CELLS))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    standard = {"json", "pathlib", "itertools", "importlib.metadata"}
    assert imported == standard | {"krippendorff", "numpy", "pandas", "scipy"}
    assert all(not cell.get("outputs") for cell in NOTEBOOK["cells"])


@pytest.mark.slow
def test_a_small_census_is_computed_again(labelled_audit, run_notebook):
    assert_all_is_computed_again(run_notebook("november"), "november")


def test_an_audit_without_a_label_is_computed_again(make_output, make_audit, run_notebook):
    for number in range(3):
        make_output(f"o{number}", domain="tax")
    make_audit()
    names = run_notebook("november")
    assert names["report"]["headline"]["share"] is None
    assert_all_is_computed_again(names, "november")


@pytest.mark.slow
def test_third_opinions_stay_out_of_agreement_there_too(
    make_open_audit, at_desk, ana_client, ben_client, chi_client, run_notebook
):
    audit = make_open_audit(3, asks_third=True)
    ana, ben, chi = (at_desk(client, audit) for client in (ana_client, ben_client, chi_client))
    for desk, modes in ((ana, ("latency",) * 3), (ben, ("formatting", "latency", "latency"))):
        for mode in modes:
            desk.give("correct", mode)
    chi.give("correct", "formatting")
    names = run_notebook("w34")
    assert names["tables"]["coefficients"][-1]["value"] == 1  # the blind verdicts are all one
    assert_all_is_computed_again(names, "w34")


def test_an_imported_set_is_computed_again(project, write_labels, run_notebook):
    rows = [
        (str(k), coder, "yes" if (k + len(coder)) % 3 else "no")
        for k in range(12)
        for coder in ("a", "bb")
    ]
    said("import_labels", "elsewhere", str(write_labels(rows)))
    assert_all_is_computed_again(run_notebook("elsewhere"), "elsewhere")


@pytest.fixture
def half_done(make_output, make_audit, write_labels, project, lea):
    """An open audit: strata, controls, domains, reasons, users with several outputs, skips, gaps.

    A third of its units have no label; one of these was skipped by everybody.
    """
    chance = random.Random(4)
    for number in range(150):
        facts = {"user": f"u-{chance.randrange(40)}", "release": "AB"[number % 4 == 0]}
        facts |= {"domain": f"d{min(chance.randrange(50), 40)}" if number % 7 else ""}
        latency = chance.randrange(500, 9000) if number % 5 else None
        make_output(f"d{number}", latency_ms=latency, model="m", **facts)
        make_output(f"up{number}", thumb="up", user=f"u-{chance.randrange(40)}")
    for feedback in Feedback.objects.filter(is_negative=True):
        reasons = ("not_factually_correct", "too_slow", "")
        Feedback.objects.filter(pk=feedback.pk).update(reason=chance.choice(reasons))
    audit = make_audit("half", "--strata", "release", "--thumbs-up", "30", size=90)
    units = list(audit.units.select_related("stratum").order_by("serving", "pk"))
    rows = [
        row
        for number, unit in enumerate(units[:80])
        for row in labels_on(unit, chance, at_least=3 if number < 25 else 1)
    ]
    said("import_labels", "half", str(write_labels(rows)))
    measure(audit, 40)
    skip_some(project, [unit for unit in units[80:] if unit.kind == "sampled"])
    decide(audit, lea)
    return audit


def labels_on(unit, chance, *, at_least):
    """At most three labels that often agree."""
    likely = chance.choice(MODES)
    for coder in ("c1", "c2", "c3")[: max(at_least, chance.choice((1, 2, 3, 3, 3)))]:
        mode = likely if chance.random() < 0.7 else chance.choice(MODES)
        up = chance.choice(("correct", "correct", "incorrect", "cannot_tell"))
        yield (unit.name, coder, mode, "") if unit.asks_mode else (unit.name, coder, "", up)


def skip_some(project, units):
    everybody = Coder.objects.filter(project=project).order_by("name")
    for unit, coders in zip(units, (everybody, everybody[:1], everybody[:2]), strict=False):
        for coder in coders:
            workflow.skip_unit(unit=unit, coder=coder, reason="language")


def decide(audit, lead):
    units = audit.units.filter(kind="sampled").order_by("name")
    disputed = next(u for u in units if len(set(u.labels.values_list("failure_mode"))) > 1)
    judgment = Judgment(
        correctness="incorrect", failure_mode=audit.codebook.modes.get(code="refusal")
    )
    workflow.adjudicate(unit=disputed, lead=lead, judgment=judgment, reason="It declined.")


@pytest.mark.slow
def test_an_open_audit_with_skips_and_gaps_is_computed_again(half_done, run_notebook):
    names = run_notebook("half")
    report = names["report"]
    assert report["response"]["n_skipped"] == 3
    assert report["anytime"]["n_left_out"] == 1
    assert report["anytime"]["n"] > 10
    assert report["anytime"]["high"] < 1
    assert report["nonresponse"]["skips"]["n"] == 3
    assert report["work_left"]["n"] > 50
    assert report["difference"]["value"] is not None
    assert {one["reason"] for one in report["reasons"]} == {"not_factually_correct", "too_slow", ""}
    assert any(one["n_without_latency"] for one in report["latencies"])
    assert any(group["n_others"] for group in report["breakdowns"][0]["groups"])
    assert_all_is_computed_again(names, "half")


@pytest.mark.slow
def test_a_decision_on_a_unit_that_lost_its_labels_counts(half_done, run_notebook):
    decided = Unit.objects.get(adjudications__isnull=False)
    Label.objects.filter(unit=decided).update(is_late=True)
    names = run_notebook("half")
    assert decided.name not in set(names["labels"]["unit"])
    assert_all_is_computed_again(names, "half")


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 0.08, 0.12, 0.4, 1.0])
def test_the_units_that_would_decide_are_found_again(
    make_output, make_audit, write_labels, run_notebook, share
):
    for number in range(400):
        make_output(f"o{number}", latency_ms=10 * number)
    audit = make_audit(size=50)
    names = list(audit.units.order_by("prn").values_list("name", flat=True))
    n = round(share * len(names))
    rows = [(name, "c1", MODES[0] if k < n else MODES[1]) for k, name in enumerate(names)]
    said("import_labels", audit.slug, str(write_labels(rows)))
    assert_all_is_computed_again(run_notebook(audit.slug), audit.slug)


@pytest.mark.slow
def test_labels_of_two_codebook_versions_are_told_apart(
    make_open_audit, say, ana, ben, chi, run_notebook
):
    audit = make_open_audit(4, coders=3)
    later = clone_version(audit.codebook)
    units = audit.units.order_by("serving")
    for unit, mode in zip(units, ("latency", "formatting", "latency", "refusal"), strict=True):
        say(unit, ana, mode)
        say(unit, ben, "latency")
    Audit.objects.filter(pk=audit.pk).update(codebook=later)
    audit = Audit.objects.get(pk=audit.pk)
    say(audit.units.order_by("serving")[0], chi, "formatting")
    names = run_notebook("w34")
    assert [row["codebook"] for row in names["tables"]["versions"]] == ["default v1", "default v2"]
    assert_all_is_computed_again(names, "w34")


@pytest.mark.slow
def test_verdicts_that_were_not_blind_are_in_no_agreement_on_the_blind_one(
    make_open_audit, say, ana, ben, run_notebook
):
    audit = make_open_audit(2, is_blind=False)
    for unit in audit.units.all():
        for person, mode in ((ana, "latency"), (ben, "refusal")):
            say(unit, person, mode)
    names = run_notebook("w34")
    assert names["tables"]["coefficients"][-1]["value"] is None
    assert_all_is_computed_again(names, "w34")


@pytest.mark.slow
def test_weeks_are_those_of_a_units_last_label(labelled_audit, run_notebook):
    first = Label.objects.order_by("created_at").first().created_at
    for label in Label.objects.filter(unit__name__in=["o0", "o1", "o2"], coder__name="c1"):
        Label.objects.filter(pk=label.pk).update(created_at=first + timedelta(days=9))
    names = run_notebook("november")
    assert len(names["tables"]["weeks"]) == 2
    assert_all_is_computed_again(names, "november")


@pytest.mark.slow
def test_the_change_between_two_audits_of_a_trend_is_computed_again(
    make_output, make_audit, give_labels, project, run_notebook
):
    found = []
    for slug, modes in (("first", "ullhh"), ("second", "uuulh")):
        for number in range(10):
            make_output(f"{slug}{number}")
        audit = make_audit(slug, size=8)
        chosen = {letter: mode for mode in MODES for letter in mode[0]}
        units = zip(audit.units.values_list("name", flat=True), 2 * modes, strict=False)
        give_labels(audit, {name: [chosen[letter]] for name, letter in units})
        Audit.objects.filter(pk=audit.pk).update(status="closed")
        names = run_notebook(slug)
        found.append(names["report"]["headline_for_future"])
    (trend,) = trends(project)
    for point, share in zip(trend.points, found, strict=True):
        assert_same(share, point.share.as_dict())
    assert_same(names["difference"](found[1], found[0]), trend.points[1].change.as_dict())
