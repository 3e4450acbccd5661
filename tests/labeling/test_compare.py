"""The change of the headline: its interval, its parts by domain, and the series of audits."""

import csv
import html
import json
import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from labeling.comparison import compare, find_side
from labeling.models import Audit, Codebook, Label
from labeling.reports import build_report
from labeling.workflow import close_audit
from tests.versions import clone_version

UNWELCOME = "unwelcome_but_correct"
PAGE = "/projects/assistant/compare/"


@pytest.fixture
def make_side(make_output, make_audit, give_labels):
    """An audit of all negatives of its own release: {domain: (outputs, of them unwelcome)}."""

    def make(slug, domains):
        said = {}
        for domain, (n, n_unwelcome) in domains.items():
            for number in range(n):
                name = f"{slug}-{domain}-{number}"
                make_output(name, domain=domain, release=slug)
                said[name] = [UNWELCOME if number < n_unwelcome else "latency"] * 3
        return said

    return make


@pytest.fixture
def releases(make_side, make_audit, give_labels):
    """One audit by release. B has more tax, whose share is high and stays; code's share rose."""
    said = make_side("A", {"tax": (10, 8), "code": (30, 3)})
    said |= make_side("B", {"tax": (30, 24), "code": (10, 3)})
    audit = make_audit("both", "--strata", "release")
    give_labels(audit, said)
    return audit


def sides(first, second):
    return compare(find_side(first), find_side(second))


A, B = "both:down · A", "both:down · B"


class TestTwoReleases:
    def test_the_change_is_second_minus_first_with_one_interval(self, releases):
        found = sides(A, B)
        assert found.first.share.value == pytest.approx(11 / 40)
        assert found.second.share.value == pytest.approx(27 / 40)
        assert found.difference.value == pytest.approx(0.4)
        assert 0 < found.difference.low < 0.4 < found.difference.high
        report = build_report(releases)
        assert found.difference.value == pytest.approx(report.difference.value)
        assert (found.difference.low, found.difference.high) == pytest.approx(
            (report.difference.low, report.difference.high)
        )

    def test_it_is_cut_into_mix_and_rate_that_add_up(self, releases):
        parts = sides(A, B).parts
        # weights 1/4, 3/4 then 3/4, 1/4; tax .8 and .8, code .1 and .3
        assert parts.mix.value == pytest.approx((3 / 4 - 1 / 4) * 0.8 + (1 / 4 - 3 / 4) * 0.2)
        assert parts.rate.value == pytest.approx((0.3 - 0.1) / 2)
        assert parts.mix.value + parts.rate.value == pytest.approx(parts.difference.value)
        assert [row.domain for row in parts.domains] == ["code", "tax"]
        assert parts.domains[1].rate.value == pytest.approx(0)

    def test_the_other_way_round_the_sign_turns(self, releases):
        assert sides(B, A).difference.value == pytest.approx(-0.4)

    @pytest.mark.parametrize("first", [A, "both"])
    def test_a_side_against_itself_or_a_part_of_itself_is_refused(
        self, releases, rey_client, first
    ):
        with pytest.raises(CommandError, match="two sides without a unit in common"):
            call_command("compare", first, A)
        answer = rey_client.get(PAGE, {"a": first, "b": A})
        assert answer.status_code == 422
        assert "Expected one without a unit of" in answer.text


class TestModes:
    def test_each_mode_has_the_difference_of_its_two_shares(self, releases):
        found = {mode.code: mode for mode in sides(A, B).modes}
        assert list(found)[-1] == "cannot_tell"
        headline = sides(A, B).difference
        assert found[UNWELCOME].difference == headline
        slow = found["latency"]
        assert (slow.before.value, slow.after.value) == pytest.approx((29 / 40, 13 / 40))
        assert slow.difference.value == pytest.approx(-headline.value)
        assert slow.difference.low == pytest.approx(-headline.high)
        assert slow.difference.high == pytest.approx(-headline.low)

    def test_a_mode_that_nobody_named_has_no_change_and_an_interval(self, releases):
        found = {mode.code: mode.difference for mode in sides(A, B).modes}
        for code in ("refusal", "cannot_tell"):
            assert found[code].value == 0
            assert -0.2 < found[code].low < 0 < found[code].high < 0.2

    def test_a_mode_of_one_codebook_alone_has_no_change_and_says_why(
        self, releases, write_labels, rey_client
    ):
        rows = [(str(k), "a", UNWELCOME if k % 2 else "rude") for k in range(40)]
        call_command("import_labels", "set", str(write_labels(rows)), stdout=StringIO())
        found = {mode.code: mode for mode in sides("both", "set").modes}
        assert found[UNWELCOME].difference.value is not None
        for code, audit in (("rude", "default v1"), ("latency", "set")):
            assert found[code].difference.value is None
            assert f"codebook {audit}" in found[code].difference.undefined_because
        page = rey_client.get(PAGE, {"a": "both", "b": "set"}).text
        assert "Not known: codebook default v1 has no mode rude" in page

    def test_page_command_json_and_file_say_the_same(self, releases, rey_client):
        out, text = StringIO(), StringIO()
        call_command("compare", A, B, "--json", stdout=out)
        call_command("compare", A, B, stdout=text)
        said = json.loads(out.getvalue())
        page = rey_client.get(PAGE, {"a": A, "b": B})
        (path,) = re.findall(r'href="([^"]*/compare/modes.csv[^"]*)"', page.text)
        rows = csv.DictReader(StringIO(rey_client.get(path.replace("&amp;", "&")).text))
        for mode, row in zip(said["modes"], rows, strict=True):
            assert (mode["mode"], mode["name"]) == (row["mode"], row["name"])
            assert float(row["change_low"]) == pytest.approx(mode["difference"]["low"])
            assert float(row["before_share"]) == pytest.approx(mode["a"]["share"])
            assert f"{mode['name']}: {100 * mode['difference']['value']:+z.1f}" in text.getvalue()
        assert "-40.0</td>" in page.text
        note = "Each change has its own 95% interval, not widened for the number of them"
        assert said["modes_note"].startswith(note)
        assert note in page.text
        assert note in text.getvalue()


class TestFiles:
    def test_parts_and_stability_come_as_tables(self, releases, rey_client):
        asked = {"a": A, "b": B, "margin": "5"}
        answer = rey_client.get(f"{PAGE}parts.csv", asked)
        code, tax, whole = csv.DictReader(StringIO(answer.text))
        assert float(tax["part_after"]) == 0.75
        assert float(whole["rate_value"]) == pytest.approx(
            float(code["rate_value"]) + float(tax["rate_value"])
        )
        close_audit(releases)
        (step,) = csv.DictReader(StringIO(rey_client.get(f"{PAGE}stability.csv", asked).text))
        assert (step["audit"], step["state"], step["margin"]) == ("both", "unknown", "0.05")
        assert step["change_note"] == "there is no earlier window"

    def test_what_cannot_be_compared_has_no_file(self, releases, rey_client):
        for figure, asked in (("modes", {"a": A, "b": A}), ("nope", {"a": A, "b": B})):
            assert rey_client.get(f"{PAGE}{figure}.csv", asked).status_code == 404


class TestDomains:
    def test_the_sizes_are_the_frames_and_not_the_samples(self, make_side, make_audit, give_labels):
        said = make_side("A", {"tax": (60, 60), "code": (40, 0)})
        said |= make_side("B", {"tax": (30, 30), "code": (70, 0)})
        audit = make_audit("part", "--strata", "release", size=80)
        give_labels(audit, {unit.name: said[unit.name] for unit in audit.units.all()})
        parts = sides("part:down · A", "part:down · B").parts
        tax = next(row for row in parts.domains if row.domain == "tax")
        assert (tax.weight_before, tax.weight_after) == pytest.approx((0.6, 0.3))
        assert parts.difference.value == pytest.approx(-0.3), "each domain is all of one kind"

    def test_domains_with_few_labels_are_counted_as_one(self, make_side, make_audit, give_labels):
        said = make_side("A", {"tax": (10, 5), "one": (2, 1), "two": (3, 1)})
        said |= make_side("B", {"tax": (10, 5), "one": (6, 1), "two": (6, 1)})
        audit = make_audit("small", "--strata", "release")
        give_labels(audit, said)
        found = sides("small:down · A", "small:down · B")
        assert found.pooled == ("one", "two")
        others, _ = found.parts.domains
        assert others.domain == "other domains"
        assert (others.before.value, others.after.value) == pytest.approx((2 / 5, 2 / 12))

    def test_a_domain_of_one_release_alone_is_all_mix(self, make_side, make_audit, give_labels):
        said = make_side("A", {"tax": (10, 5)}) | make_side("B", {"tax": (10, 5), "new": (10, 9)})
        audit = make_audit("grown", "--strata", "release")
        give_labels(audit, said)
        new, _ = sides("grown:down · A", "grown:down · B").parts.domains
        assert (new.before.value, new.rate.value) == (None, 0)

    def test_a_frame_that_is_not_in_the_database_has_no_parts_and_says_so(
        self, releases, rey_client
    ):
        releases.strata.update(n_frame=500)
        found = sides(A, B)
        assert found.parts is None
        assert found.difference.value is not None
        page = rey_client.get(PAGE, {"a": A, "b": B}).text
        assert "the domains of both&#x27;s frame are not in the database" in page


class TestTwoAudits:
    @pytest.fixture
    def two(self, make_side, make_audit, give_labels):
        """The second frame holds the first one's outputs, too."""
        audits = []
        for slug, n_unwelcome in (("june", 20), ("july", 30)):
            said = make_side(slug, {"tax": (40, n_unwelcome)})
            audit = make_audit(slug)
            known = {unit.name: said.get(unit.name) for unit in audit.units.all()}
            give_labels(audit, {name: given or ["latency"] * 3 for name, given in known.items()})
            close_audit(audit)
            audits.append(audit)
        return audits

    def test_outputs_in_both_samples_are_counted_and_said(self, two, rey_client):
        warning = "40 outputs are in both samples"
        assert any(warning in said for said in sides("june", "july").warnings)
        assert warning in rey_client.get(PAGE).text

    def test_another_codebook_is_said_and_breaks_the_series(self, two, lea):
        other = Codebook.objects.create(project=two[0].project, name="other", version=1)
        for mode in two[0].codebook.modes.all():
            mode.pk, mode.codebook = None, other
            mode.save()
        before = sides("june", "july")
        assert not any("codebook" in said for said in before.warnings)
        assert [step.is_break for step in before.steps] == [False, False]
        july = Audit.objects.filter(slug="july")
        july.update(codebook=other)
        for mode in other.modes.all():  # as if it had been labelled under it
            labels = Label.objects.filter(unit__audit__in=july, failure_mode__code=mode.code)
            labels.update(failure_mode=mode, codebook=other)
        found = sides("june", "july")
        assert any("The codebooks differ" in said for said in found.warnings)
        assert [step.is_break for step in found.steps] == [False, True]

    def test_a_version_that_no_label_was_given_under_breaks_nothing(self, two):
        july = Audit.objects.get(slug="july")
        Audit.objects.filter(pk=july.pk).update(codebook=clone_version(july.codebook))
        found = sides("june", "july")
        assert not any("codebook" in said for said in found.warnings)
        assert [step.is_break for step in found.steps] == [False, False]

    def test_the_series_holds_closed_audits_oldest_first(self, two, make_audit):
        make_audit("open-one")
        steps = sides("june", "july").steps
        assert [step.name for step in steps] == ["june", "july"]
        assert steps[0].difference.undefined_because == "there is no earlier window"
        assert steps[1].state in ("moved", "unknown")

    def test_a_wide_margin_calls_a_small_change_stable_and_a_narrow_one_does_not(self, two):
        def states(margin):
            found = compare(find_side("june"), find_side("july"), margin=margin)
            return found.steps[1].state

        assert states(0.49) == "stable"
        assert states(0.01) != "stable"

    def test_what_is_not_decided_says_how_many_labels_would_decide_it(self, two, rey_client):
        found = compare(find_side("june"), find_side("july"), margin=0.13)
        (_, step) = found.steps
        assert step.state == "unknown"
        out, text = StringIO(), StringIO()
        call_command("compare", "june", "july", "--margin", "0.13", "--json", stdout=out)
        call_command("compare", "june", "july", "--margin", "0.13", stdout=text)
        first, second = json.loads(out.getvalue())["stability"]
        assert first["to_decide"] is None
        assert second["to_decide"] == step.to_decide.as_dict()
        assert step.to_decide.sentence in text.getvalue()
        page = rey_client.get(PAGE, {"a": "june", "b": "july", "margin": "13"}).text
        assert step.to_decide.sentence in html.unescape(page)

    def test_imported_labels_have_a_change_and_no_parts(self, two, write_labels, project):
        rows = [(str(k), "a", UNWELCOME if k % 2 else "latency") for k in range(40)]
        arguments = ["elsewhere", str(write_labels(rows))]
        call_command("import_labels", *arguments, stdout=StringIO())
        found = sides("june", "elsewhere")
        assert found.difference.value is not None
        assert found.parts_undefined_because == "elsewhere has no frame of outputs"
        assert found.steps == ()


class TestDoors:
    def test_the_page_shows_the_two_newest_audits_or_two_strata_of_the_only_one(
        self, releases, rey_client
    ):
        page = rey_client.get(PAGE).text
        assert "+40.0<small>points" in page
        assert "from down · A to down · B <small>both</small>" in page
        assert '<option value="both:down · A" selected>down · A of both</option>' in page

    def test_a_project_with_one_audit_in_one_piece_has_nothing_to_compare(
        self, labelled_audit, rey_client
    ):
        page = rey_client.get(PAGE).text
        assert "There is nothing to compare yet" in page

    def test_an_audit_of_another_project_is_not_a_choice(
        self, releases, elsewhere, make_open_audit, rey_client
    ):
        make_open_audit(1, slug="theirs", in_project=elsewhere[0])
        answer = rey_client.get(PAGE, {"a": A, "b": "theirs"})
        assert answer.status_code == 422
        assert "Select a valid choice" in answer.text

    def test_page_and_command_say_the_same(self, releases, rey_client):
        out = StringIO()
        call_command("compare", A, B, "--json", stdout=out)
        said = json.loads(out.getvalue())
        page = rey_client.get(PAGE, {"a": A, "b": B}).text
        for found in (said["difference"], said["parts"]["mix"], said["parts"]["rate"]):
            for key in ("value", "low", "high"):
                assert f"{100 * found[key]:+.1f}" in page
        text = StringIO()
        call_command("compare", A, B, stdout=text)
        assert "change: +40.0 points" in text.getvalue()
        assert "mix of domains: +30.0 points" in text.getvalue()

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["nope", "both"], "expected the slug of an audit, got 'nope'"),
            (["both", "both:up"], "got 'up'; there are: down · A, down · B"),
            ([A, B, "--margin", "0"], "margin: expected a number between 0 and 1, got 0"),
        ],
    )
    def test_the_command_refuses_in_one_sentence(self, releases, arguments, said):
        with pytest.raises(CommandError, match=said) as caught:
            call_command("compare", *arguments)
        assert caught.value.returncode == 2

    def test_the_page_costs_as_many_queries_whatever_the_number_of_units(
        self, releases, rey_client, django_assert_max_num_queries
    ):
        with django_assert_max_num_queries(40):
            rey_client.get(PAGE, {"a": A, "b": B})
