"""The agreement page: figures as the analysis has them, as files too; the undefined in words."""

import csv
import re
from datetime import UTC, datetime
from io import StringIO
from xml.etree import ElementTree

import pandas as pd
import pytest
from django.core.management import call_command

from analysis.agreement import agreement, nominal_alpha
from analysis.patterns import patterns_from_labels
from labeling.agreement_files import AGREEMENT_FIGURES
from labeling.audit_agreement import AuditAgreement
from labeling.models import Coder, Label, Stratum, Verdict
from tests.sampled import AtDesk

PAGE = "/audits/november/agreement/"
SVG = "{http://www.w3.org/2000/svg}"
QUERIES = 25


def table(answer):
    return list(csv.DictReader(StringIO(answer.content.decode(), newline="")))


def words(answer):
    """The page as it is read: tags gone, spaces folded."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)).replace("&#x27;", "'")


def panel(answer, heading):
    """The text from one heading of the page to the next."""
    text = answer.text
    start = text.index(f"<h2>{heading}")
    end = text.find("<h2>", start + 4)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text[start:end]))


class TestFigures:
    def test_alpha_stands_with_its_interval_and_krippendorffs_own_limits(
        self, labelled_audit, rey_client
    ):
        found = AuditAgreement(labelled_audit).report()
        page = words(rey_client.get(PAGE))
        alpha = found.alpha
        assert f"{alpha.value:.3f} 95% {alpha.low:.3f} to {alpha.high:.3f}" in page
        assert f"Chance that alpha &lt; .667 {100 * found.p_below_667:.1f}%" in page
        assert f"below .800: {100 * found.p_below_800:.1f}%" in page
        assert "Krippendorff (2004) asks for .800 before one relies on data" in page
        assert "lets .667 do where tentative conclusions are still acceptable" in page

    def test_no_word_and_no_colour_judges_alpha(self, labelled_audit, rey_client):
        answer = rey_client.get(PAGE)
        assert not re.search(
            r"\b(poor|fair|moderate|substantial|excellent|good|bad)\b", words(answer)
        )
        (scale,) = re.findall(
            r'<svg class="chart-wide"[^>]*Alpha and its.*?</svg>', answer.text, re.S
        )
        assert {"right", "wrong"} & set(re.findall(r"[a-z]+", scale)) == set()
        assert scale.count('class="chart-mark"') == 2

    def test_the_coincidence_matrix_is_the_one_that_alpha_is_made_of(
        self, labelled_audit, rey_client
    ):
        rows = table(rey_client.get(f"{PAGE}coincidences.csv"))
        observed = {(row["label"], row["other_label"]): float(row["observed"]) for row in rows}
        expected = {(row["label"], row["other_label"]): float(row["expected"]) for row in rows}
        total = sum(observed.values())
        apart = sum(n for (one, other), n in observed.items() if one != other) / total
        chance = sum(n for (one, other), n in expected.items() if one != other) / total
        alpha = AuditAgreement(labelled_audit).report().alpha.value
        assert 1 - apart / chance == pytest.approx(alpha, abs=1e-12)
        assert total == pytest.approx(30)
        unwelcome = observed["unwelcome_but_correct", "unwelcome_but_correct"]
        assert f"{unwelcome:.1f}" in panel(rey_client.get(PAGE), "Coincidence matrix")

    def test_labels_that_nobody_gave_are_no_row_of_the_matrix(self, labelled_audit, rey_client):
        shown = panel(rey_client.get(PAGE), "Coincidence matrix")
        assert "Too slow" in shown
        assert "Formatting" not in shown

    def test_a_mode_has_its_part_of_all_labels_beside_its_alpha(self, labelled_audit, rey_client):
        shown = panel(rey_client.get(PAGE), "By failure mode")
        assert re.search(r"Too slow 3 10\.0% 1 1\.000", shown)
        assert "under 10 units carry it" in shown
        (slow,) = [r for r in table(rey_client.get(f"{PAGE}modes.csv")) if r["mode"] == "latency"]
        assert float(slow["share_of_labels"]) == 0.1
        assert float(slow["specific_agreement"]) == 1.0

    def test_the_labels_taken_for_each_other_most_are_named_first(self, labelled_audit, rey_client):
        """Coincidences apart: 2 each on o2, o3, o6 and o9, 3 on o8; of these 11 they have 3."""
        first, *_ = table(rey_client.get(f"{PAGE}confusions.csv"))
        assert (first["label"], first["other_label"]) == ("hallucination", "unwelcome_but_correct")
        assert first["n_units_that_carry_both"] == "2"
        shown = panel(rey_client.get(PAGE), "Labels taken for each other")
        assert "Most of all Hallucination and Unwelcome but correct: 27% of all disagr" in shown
        assert "2 units carry both" in shown

    def test_a_stratum_has_the_alpha_of_its_own_units(self, labelled_audit, rey_client):
        other = Stratum.objects.create(audit=labelled_audit, name="other", n_frame=9, n_sampled=5)
        labelled_audit.units.filter(name__in=["o2", "o3", "o5", "o6", "o8"]).update(stratum=other)
        rows = {row["stratum"]: row for row in table(rey_client.get(f"{PAGE}strata.csv"))}
        counted = Label.objects.filter(unit__stratum=other).select_related("failure_mode")
        labels = [(label.unit_id, label.coder_id, label.category) for label in counted]
        own = pd.DataFrame(labels, columns=["unit", "coder", "label"])
        assert float(rows["other"]["alpha_value"]) == pytest.approx(
            nominal_alpha(patterns_from_labels(own)).value, abs=1e-12
        )
        assert re.search(r"other 5 5 0\.\d{3}", panel(rey_client.get(PAGE), "By stratum"))

    def test_weeks_are_a_line_and_a_week_without_a_unit_is_a_gap(self, labelled_audit, rey_client):
        for day, names in ((2, ["o0", "o2", "o4"]), (10, ["o3", "o5"]), (30, ["o6", "o7", "o8"])):
            at = datetime(2026, 11, day, 12, tzinfo=UTC)
            Label.objects.filter(unit__name__in=names).update(created_at=at)
        Label.objects.filter(unit__name__in=["o1", "o9"]).update(
            created_at=datetime(2026, 11, 2, 8, tzinfo=UTC)
        )
        rows = table(rey_client.get(f"{PAGE}weeks.csv"))
        assert [(row["week_from"], row["n_units"]) for row in rows] == [
            ("2026-11-02", "5"),
            ("2026-11-09", "2"),
            ("2026-11-30", "3"),
        ]
        shown = panel(rey_client.get(PAGE), "Over time")
        assert "2026-11-16 not known" in shown
        assert "2026-11-23 not known" in shown

    def test_one_week_is_said_to_be_one(self, labelled_audit, rey_client):
        at = datetime(2026, 11, 25, 12, tzinfo=UTC)
        Label.objects.update(created_at=at)
        shown = panel(rey_client.get(PAGE), "Over time")
        assert "All units were completed in the week from 23 November 2026" in shown
        assert "<svg" not in shown

    def test_each_coder_is_measured_against_the_others_on_the_same_units(
        self, labelled_audit, rey_client
    ):
        rows = table(rey_client.get(f"{PAGE}bias.csv"))
        by_label = {(row["coder"], row["label"]): row for row in rows}
        slow = by_label["c1", "latency"]
        assert (float(slow["own_share"]), float(slow["difference"])) == (0.1, 0.0)
        # never apart, and still not known for sure to be alike
        assert float(slow["low"]) == -float(slow["high"]) < -0.2
        assert slow["note"] == ""
        invented = by_label["c3", "hallucination"]
        # o2 and o9, where the others said something else; o6 and o8, where one of them said it
        assert float(invented["own_share"]) == pytest.approx(0.4)
        assert float(invented["share_of_the_others"]) == pytest.approx(0.35)
        assert float(invented["low"]) < 0.05 < float(invented["high"])
        shown = panel(rey_client.get(PAGE), "What each coder says more often")
        assert "+5.0" in shown

    def test_each_version_of_the_codebook_has_its_own_alpha(self, labelled_audit, rey_client):
        (row,) = table(rey_client.get(f"{PAGE}versions.csv"))
        assert row["codebook"] == "default v1"
        alpha = AuditAgreement(labelled_audit).report().alpha.value
        assert float(row["alpha_value"]) == pytest.approx(alpha, abs=1e-12)
        assert f"default v1 10 {alpha:.3f}" in panel(rey_client.get(PAGE), "By codebook version")


class TestVerdict:
    def test_agreement_on_the_blind_verdict_stands_beside_that_on_the_mode(
        self, make_open_audit, ana_client, ben_client, rey_client
    ):
        audit = make_open_audit(4)
        ana, ben = AtDesk(ana_client, audit), AtDesk(ben_client, audit)
        for desk, said in ((ana, "cccx"), (ben, "ccxx")):
            for verdict in said:
                right = ("correct", "latency" if desk is ana else "formatting")
                desk.give(*(right if verdict == "c" else ("incorrect", "refusal")))
        rows = {
            (row["agreement_on"], row["coefficient"]): row
            for row in table(rey_client.get("/audits/w34/agreement/coefficients.csv"))
        }
        given = pd.DataFrame(
            [
                (verdict.unit_id, verdict.coder_id, verdict.correctness)
                for verdict in Verdict.objects.all()
            ],
            columns=["unit", "coder", "label"],
        )
        verdicts = agreement(given)
        assert float(rows["blind verdict", "percent agreement"]["value"]) == 0.75
        alpha = float(rows["blind verdict", "alpha"]["value"])
        assert alpha == pytest.approx(verdicts.alpha.value, abs=1e-12)
        assert float(rows["failure mode", "percent agreement"]["value"]) == 0.25
        assert f"Blind verdict: alpha {alpha:.3f}" in words(
            rey_client.get("/audits/w34/agreement/")
        )

    def test_a_verdict_changed_after_the_reveal_counts_as_it_was_given(
        self, make_open_audit, ana_client, ben_client
    ):
        audit = make_open_audit(2)
        ana, ben = AtDesk(ana_client, audit), AtDesk(ben_client, audit)
        ana.give("correct")
        ben.give("correct")
        ana.give("correct")
        token = ben.open()
        ben.verdict(token, "incorrect")
        ben.label(token, "latency", correctness="correct", revision_reason="Read again.")
        assert Label.objects.filter(correctness="correct").count() == 4
        agreed = AuditAgreement(audit)
        assert agreed.report().percent.value == 1
        assert agreed.on_verdict.percent.value == 0.5

    def test_where_no_verdict_is_blind_it_is_said(self, labelled_audit, rey_client):
        shown = panel(rey_client.get(PAGE), "Coefficients")
        assert "Blind verdict: alpha" not in shown
        assert "No blind verdict counts yet." in shown


class TestUndefined:
    def test_no_label(self, make_output, make_audit, rey_client):
        make_output("o1")
        make_audit("november")
        page = words(rey_client.get(PAGE))
        assert "Nobody has labelled a unit yet: agreement is not defined." in page
        assert "No two coders share a unit." in page
        assert "No unit is labelled yet." in page

    def test_one_label_per_unit(self, make_output, make_audit, give_labels, rey_client):
        make_output("o1")
        give_labels(make_audit("november"), {"o1": ["latency"]})
        page = words(rey_client.get(PAGE))
        assert "No unit has labels of two coders yet: agreement is not defined." in page
        assert "No two coders gave different labels to one unit." in page

    def test_the_same_label_everywhere(self, make_output, make_audit, give_labels, rey_client):
        for name in ("o1", "o2"):
            make_output(name)
        give_labels(make_audit("november"), {name: ["latency"] * 3 for name in ("o1", "o2")})
        page = words(rey_client.get(PAGE))
        assert "All coders gave the same label to every unit: alpha is undefined" in page
        assert "percent agreement is 100%" in page
        assert "all pairable labels are equal" in page

    def test_an_imported_set_has_no_weeks_and_no_blind_verdict(
        self, project, write_labels, rey_client
    ):
        rows = [("1", "a", "=yes"), ("1", "b", "no, or"), ("2", "a", "=yes"), ("2", "b", "=yes")]
        call_command("import_labels", "elsewhere", str(write_labels(rows)), stdout=StringIO())
        answer = rey_client.get("/audits/elsewhere/agreement/")
        page = words(answer)
        assert "When the imported labels were given is not known." in page
        assert "Imported labels have no verdict that was given blind." in page
        (link,) = set(re.findall(r'href="([^"]*units/\?first[^"]*)"', answer.text))
        assert words(rey_client.get(link.replace("&amp;", "&"))).count("1 unit carries both") == 1

    @pytest.mark.parametrize("figure", AGREEMENT_FIGURES)
    def test_every_file_of_an_audit_without_a_label_is_a_table(
        self, make_output, make_audit, rey_client, figure
    ):
        make_output("o1")
        make_audit("november")
        answer = rey_client.get(f"{PAGE}{figure}.csv")
        assert answer.status_code == 200
        rows = list(csv.reader(StringIO(answer.content.decode(), newline="")))
        assert len({len(row) for row in rows}) == 1
        assert rey_client.get(f"{PAGE}{figure}.svg").status_code == 404


class TestFiles:
    @pytest.mark.parametrize("figure", AGREEMENT_FIGURES)
    def test_every_figure_is_a_table_to_download(self, labelled_audit, rey_client, figure):
        answer = rey_client.get(f"{PAGE}{figure}.csv")
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        name = f'attachment; filename="november-agreement-{figure}.csv"'
        assert answer.headers["Content-Disposition"] == name
        rows = list(csv.reader(StringIO(answer.content.decode(), newline="")))
        assert len(rows) > 1
        assert len({len(row) for row in rows}) == 1

    @pytest.mark.parametrize("figure", ["coefficients", "modes", "strata", "weeks", "pairs"])
    def test_every_chart_is_a_picture_that_needs_nothing_else(
        self, labelled_audit, rey_client, figure
    ):
        answer = rey_client.get(f"{PAGE}{figure}.svg")
        assert answer.headers["Content-Type"] == "image/svg+xml; charset=utf-8"
        root = ElementTree.fromstring(answer.content)
        assert root.tag == f"{SVG}svg"
        text = answer.content.decode()
        assert not re.search(r"href|@import|url\(|\son\w+=|var\(", text)
        styled = set(re.findall(r"\.([a-z0-9_-]+)", root.find(f"{SVG}style").text))
        assert set(re.findall(r'class="([a-z0-9_-]+)', text)) <= styled

    def test_the_page_offers_all_of_them_and_nothing_that_is_not_there(
        self, labelled_audit, rey_client
    ):
        page = rey_client.get(PAGE).text
        offered = set(re.findall(r'href="(/audits/november/agreement/[a-z]+\.(?:csv|svg))"', page))
        assert {f"{PAGE}{figure}.csv" for figure in AGREEMENT_FIGURES} <= offered
        for address in offered:
            assert rey_client.get(address).status_code == 200

    def test_the_raw_labels_are_one_click_away(self, labelled_audit, rey_client):
        page = rey_client.get(PAGE).text
        assert 'href="/audits/november/exports/reliability/"' in page

    def test_there_is_no_other_file(self, labelled_audit, rey_client):
        for name in ("nothing.csv", "nothing.svg", "bias.svg", "confusions.svg"):
            assert rey_client.get(PAGE + name).status_code == 404


class TestPairs:
    def test_a_pair_opens_what_the_two_said(self, labelled_audit, rey_client):
        keys = dict(Coder.objects.values_list("name", "pk"))
        answer = rey_client.get(f"{PAGE}pairs/{keys['c1']}/{keys['c3']}/")
        page = words(answer)
        assert "c1 and c3 10 shared units" in page
        assert "rows: c1; columns: c3" in page
        rows = table(rey_client.get(f"{PAGE}pairs/{keys['c1']}/{keys['c3']}.csv"))
        said = {(row["said_by_c1"], row["said_by_c3"]): int(row["n_units"]) for row in rows}
        assert sum(said.values()) == 10
        assert said["unwelcome_but_correct", "unwelcome_but_correct"] == 2
        assert said["cannot_tell", "hallucination"] == 1
        assert said["hallucination", "cannot_tell"] == 0

    def test_two_who_share_no_unit_are_no_pair(self, labelled_audit, rey_client):
        key = Coder.objects.get(name="c1").pk
        other = Coder.objects.create(project=labelled_audit.project, name="idle").pk
        for pair in (f"{key}/{other}", f"{key}/{key}", f"{key}/{10**9}"):
            assert rey_client.get(f"{PAGE}pairs/{pair}/").status_code == 404
            assert rey_client.get(f"{PAGE}pairs/{pair}.csv").status_code == 404

    def test_of_many_pairs_those_with_the_most_shared_units_are_shown(
        self, project, write_labels, rey_client
    ):
        rows = [("1", f"c{k:02}", "yes") for k in range(12)]
        rows += [("2", name, "no") for name in ("c10", "c11")]
        call_command("import_labels", "many", str(write_labels(rows)), stdout=StringIO())
        shown = panel(rey_client.get("/audits/many/agreement/"), "Pair by pair")
        assert re.search(r"Interval|interval c10 · c11 2 100", shown)
        assert "The 50 pairs with the most shared units; 16 more are in the CSV." in shown
        assert len(table(rey_client.get("/audits/many/agreement/pairs.csv"))) == 66


class TestNames:
    @pytest.fixture
    def graded(self, make_open_audit, ana, ben, ana_client, ben_client):
        ana.first_name, ana.last_name = "Anastasia", "Quill"
        ana.save()
        audit = make_open_audit(2)
        for client in (ana_client, ben_client):
            for _ in range(2):
                AtDesk(client, audit).give("correct", "latency")
        return audit

    def test_leads_know_their_coders_and_researchers_pseudonyms(
        self, graded, lea_client, adam_client, rey_client, ana, ben
    ):
        keys = {coder.user_id: coder for coder in Coder.objects.filter(user__in=[ana, ben])}
        pseudonym = keys[ana.pk].name
        pair = f"pairs/{keys[ana.pk].pk}/{keys[ben.pk].pk}"
        for path in ("", f"{pair}/"):
            address = f"/audits/w34/agreement/{path}"
            assert f"Anastasia Quill ({pseudonym})" in lea_client.get(address).text
            assert "Anastasia Quill" in adam_client.get(address).text
            seen = rey_client.get(address).text
            assert pseudonym in seen
            assert "Anastasia" not in seen

    @pytest.mark.parametrize("file", ["pairs.csv", "pairs.svg", "bias.csv"])
    def test_files_hold_no_name_for_anybody(self, graded, lea_client, file, ana):
        text = lea_client.get(f"/audits/w34/agreement/{file}").text
        assert "Anastasia" not in text
        assert Coder.objects.get(user=ana).name in text


def test_the_page_costs_as_many_queries_whatever_it_shows(
    labelled_audit, give_labels, rey_client, django_assert_num_queries
):
    with django_assert_num_queries(QUERIES):
        rey_client.get(PAGE)
    Label.objects.filter(unit__name__in=["o1", "o2", "o3", "o4", "o5"]).delete()
    with django_assert_num_queries(QUERIES):
        rey_client.get(PAGE)
