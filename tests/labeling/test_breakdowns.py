"""The report's breakdowns: weighted parts of the frame, users' reasons, latency by mode."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from feedback.models import Feedback, Output
from labeling.breakdowns import MAX_GROUPS, Breakdowns
from labeling.models import Audit
from labeling.report_files import group_name
from labeling.reports import AuditData, build_report

UNWELCOME, INVENTED = "unwelcome_but_correct", "hallucination"


def run(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def breakdowns(audit):
    return Breakdowns(AuditData(audit))


def by_name(found):
    return {group_name(group): group for group in found.groups}


@pytest.fixture
def two_rates(make_output, make_audit, write_labels):
    """60 outputs of release A and 20 of B, 20 of each drawn: A's units stand for three times more.

    In A all of domain tax are unwelcome, in B none; a third domain has no tax at all.
    """
    for number in range(60):
        make_output(f"a{number:02}", release="A", domain=("tax", "code")[number % 2])
    for number in range(20):
        make_output(f"b{number:02}", release="B", domain=("tax", "code", "")[number % 3])
    audit = make_audit("two-rates", "--strata", "release", size=40)
    rows = [
        (unit.name, "c1", UNWELCOME if is_tax_of_a(unit) else INVENTED)
        for unit in audit.units.select_related("output")
    ]
    call_command("import_labels", audit.slug, str(write_labels(rows)), stdout=StringIO())
    return audit


def is_tax_of_a(unit):
    return (unit.output.domain, unit.output.release) == ("tax", "A")


def test_a_domain_that_cuts_across_strata_is_weighted_and_not_pooled(two_rates):
    tax = by_name(breakdowns(two_rates).headline_by("domain"))["tax"]
    drawn = two_rates.units.filter(output__domain="tax")
    n_a, n_b = (drawn.filter(output__release=release).count() for release in "AB")
    assert tax.share.value == pytest.approx(3 * n_a / (3 * n_a + n_b))
    assert tax.share.value != pytest.approx(n_a / (n_a + n_b))
    assert (tax.share.n, tax.share.n_frame) == (n_a + n_b, 3 * n_a + n_b)
    assert tax.share.low < tax.share.value < tax.share.high


def test_by_release_equals_by_stratum_where_releases_are_the_strata(two_rates):
    by_stratum = {part.name: part.share for part in build_report(two_rates).by_stratum}
    by_release = by_name(breakdowns(two_rates).headline_by("release"))
    for release in "AB":
        mine, theirs = by_release[release].share, by_stratum[f"down · {release}"]
        assert (mine.value, mine.low, mine.high) == pytest.approx(
            (theirs.value, theirs.low, theirs.high)
        )
        assert (mine.n, mine.n_frame) == (theirs.n, theirs.n_frame)


def test_parts_stand_in_the_order_of_their_names_and_those_without_one_last(two_rates):
    found = breakdowns(two_rates).headline_by("domain")
    assert [group_name(group) for group in found.groups] == ["code", "tax", "(none given)"]


def test_few_units_are_said_to_be_too_imprecise(two_rates, rey_client):
    tax = by_name(breakdowns(two_rates).headline_by("domain"))["tax"]
    assert "fewer than 30" in tax.share.too_imprecise
    page = rey_client.get("/audits/two-rates/report/").text
    assert tax.share.too_imprecise in page
    assert "They are in the order of their names" in page


def test_beyond_thirty_names_the_rest_is_one_group(make_output, make_audit):
    for number in range(MAX_GROUPS + 5):
        make_output(f"o{number}", domain=f"d{number:03}")
        make_output(f"p{number}", domain="d000")
    groups = breakdowns(make_audit()).headline_by("domain").groups
    assert len(groups) == MAX_GROUPS + 1
    assert (groups[-1].n_others, groups[-1].n_drawn) == (5, 5)
    assert group_name(groups[-1]) == "5 others"


def test_a_domain_without_a_labelled_unit_says_so(make_output, make_audit, write_labels):
    make_output("o1", domain="tax")
    make_output("o2", domain="code")
    audit = make_audit()
    path = write_labels([("o1", "c1", UNWELCOME)])
    call_command("import_labels", audit.slug, str(path), stdout=StringIO())
    code = by_name(breakdowns(audit).headline_by("domain"))["code"]
    assert (code.share.value, code.share.n) == (None, 0)
    assert code.share.undefined_because == "no unit in it is labelled yet"


def test_outputs_without_a_domain_and_imported_sets_say_why_there_is_no_breakdown(
    labelled_audit, project, write_labels, rey_client
):
    found = breakdowns(labelled_audit).headline_by("domain")
    assert found.undefined_because == "no sampled output names its domain"
    rows = [("1", "a", "yes"), ("1", "b", "no")]
    call_command("import_labels", "elsewhere", str(write_labels(rows)), stdout=StringIO())
    imported = breakdowns(Audit.objects.get(slug="elsewhere"))
    assert "imported label set" in imported.headline_by("release").undefined_because
    assert imported.reasons() == imported.latencies() == ()
    page = rey_client.get("/audits/elsewhere/report/").text
    assert "an imported label set does not say how long an output took" in page


def test_users_reasons_stand_against_what_graders_found(labelled_audit, rey_client):
    """o0-o3 and o7 are right, o4-o6 and o8 wrong, o9 cannot be told."""
    Feedback.objects.filter(output__external_id__in=["o0", "o4"]).update(reason="tone")
    Feedback.objects.filter(output__external_id="o7").update(reason="")
    tone, factual = (
        next(found for found in breakdowns(labelled_audit).reasons() if found.reason == reason)
        for reason in ("tone", "not_factually_correct")
    )
    assert (tone.n, tone.n_correct, tone.n_incorrect) == (2, 1, 1)
    assert (factual.n, factual.n_correct, factual.n_incorrect) == (7, 3, 3)
    assert factual.n_cannot_tell == 1
    assert factual.share_correct.value == pytest.approx(3 / 7)
    assert sum(factual.n_by_mode) == pytest.approx(7)
    page = rey_client.get("/audits/november/report/").text
    assert "Of 7 outputs that users called" in page
    assert '<b class="num">3</b> were right' in page


def test_a_reason_is_the_one_an_export_names(labelled_audit):
    """Of two ratings the negative one counts, however late the other came."""
    output = Output.objects.get(external_id="o0")
    Feedback.objects.create(
        output=output,
        channel="rating",
        value="5",
        is_negative=False,
        event_key="later",
        reason="love_it",
    )
    Audit.objects.update(frame_until=None)
    assert "love_it" not in {found.reason for found in breakdowns(labelled_audit).reasons()}


def test_a_reason_that_is_markup_is_inert(labelled_audit, rey_client):
    Feedback.objects.update(reason="<script>x()</script>")
    page = rey_client.get("/audits/november/report/").text
    assert "<script>x()" not in page
    assert "&lt;script&gt;x()" in page


def test_latency_by_mode_is_weighted_and_says_what_is_missing(two_rates, rey_client):
    """One unit of release A stands for three of B."""
    Output.objects.filter(release="A").update(latency_ms=9000)
    Output.objects.filter(release="B").update(latency_ms=1000)
    gone = two_rates.units.filter(output__release="A", output__domain="code").first().output
    Output.objects.filter(pk=gone.pk).update(latency_ms=None)
    found = {mode.name: mode for mode in breakdowns(two_rates).latencies()}
    invented = found["Hallucination"]
    n_code_of_a = two_rates.units.filter(output__release="A", output__domain="code").count()
    assert (invented.n, invented.n_missing) == (20 + n_code_of_a, 1)
    is_mostly_a = 3 * (n_code_of_a - 1) > 20
    assert invented.quartiles.median == (9000 if is_mostly_a else 1000)
    assert found["Unwelcome but correct"].quartiles.median == 9000
    assert "1 without a latency" in rey_client.get("/audits/two-rates/report/").text


def test_a_mode_without_any_latency_is_not_known(labelled_audit, rey_client):
    assert all(mode.quartiles is None for mode in breakdowns(labelled_audit).latencies())
    assert "no output of it has a latency" in rey_client.get("/audits/november/report/").text


def test_the_report_asks_as_many_questions_of_the_database_whatever_it_holds(
    two_rates, labelled_audit, rey_client, django_assert_num_queries
):
    for slug in ("two-rates", "november"):
        with django_assert_num_queries(27):
            rey_client.get(f"/audits/{slug}/report/")


def test_report_json_holds_the_breakdowns_with_their_intervals(two_rates):
    said = json.loads(run("report", "two-rates", "--json"))
    by_domain, by_release, by_model = said["breakdowns"]
    found = by_name(breakdowns(two_rates).headline_by("domain"))
    assert [group["name"] for group in by_domain["groups"]] == ["code", "tax", ""]
    tax = by_domain["groups"][1]
    assert tax["n_drawn"] == two_rates.units.filter(output__domain="tax").count()
    assert tax["n_frame_estimated"] == found["tax"].share.n_frame
    assert (tax["share"], tax["low"], tax["high"]) == pytest.approx(
        (found["tax"].share.value, found["tax"].share.low, found["tax"].share.high)
    )
    assert "fewer than 30" in tax["too_imprecise"]
    assert [group["name"] for group in by_release["groups"]] == ["A", "B"]
    assert by_model["groups"] == []
    assert by_model["undefined_because"] == "no sampled output names its model"


def test_report_json_holds_strata_their_difference_and_the_share_for_the_future(two_rates):
    report, said = build_report(two_rates), json.loads(run("report", "two-rates", "--json"))
    names = [(part["stratum"], part["n_frame"], part["n"]) for part in said["by_stratum"]]
    assert names == [("down · A", 60, 20), ("down · B", 20, 20)]
    assert said["difference"]["value"] == pytest.approx(report.difference.value)
    assert said["difference"]["low"] < said["difference"]["value"]
    assert said["headline_for_future"]["high"] == report.headline_for_future.high
    assert said["headline_for_future"]["high"] > said["headline"]["high"]


def test_report_json_holds_reasons_and_latencies(labelled_audit):
    Output.objects.filter(external_id__in=("o0", "o1")).update(latency_ms=700)
    said = json.loads(run("report", "november", "--json"))
    (reason,) = said["reasons"]
    assert (reason["reason"], reason["n"]) == ("not_factually_correct", 10)
    assert reason["share_correct"]["share"] == pytest.approx(0.5)
    assert sum(one["n"] for one in reason["n_by_mode"]) == pytest.approx(10)
    latencies = {one["mode"]: one for one in said["latencies"]}
    unwelcome, invented = latencies[UNWELCOME], latencies[INVENTED]
    assert (unwelcome["median_ms"], unwelcome["undefined_because"]) == (700, None)
    assert unwelcome["n"] - unwelcome["n_without_latency"] == 2
    assert invented["median_ms"] is None
    assert invented["undefined_because"] == "no unit of this mode has a latency"


def test_report_json_holds_each_modes_range_under_coders_error(labelled_audit):
    said = json.loads(run("report", "november", "--json"))
    modes = {one["mode"]: one for one in said["shares"]}
    assert modes[UNWELCOME]["all_said"] == pytest.approx(0.2)
    assert modes[UNWELCOME]["any_said"] == pytest.approx(0.5)
    assert [modes[code]["mostly_noise"] for code in (UNWELCOME, "refusal")] == [False, True]


def test_a_label_set_has_no_breakdowns_and_says_why(project, write_labels):
    rows = [("1", "a", "yes"), ("1", "b", "no")]
    call_command("import_labels", "set", str(write_labels(rows)), stdout=StringIO())
    said = json.loads(run("report", "set", "--json"))
    assert (said["reasons"], said["latencies"], said["to_decide"]) == ([], [], None)
    assert all("label set" in found["undefined_because"] for found in said["breakdowns"])
