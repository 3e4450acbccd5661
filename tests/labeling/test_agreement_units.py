"""The units behind agreement: lists, and one unit to read; who reads whose labels, and when."""

import re
from io import StringIO

import pytest
from django.core.management import call_command

from labeling import workflow
from labeling.models import Coder, Label, Unit
from labeling.workflow import Judgment
from tests.sampled import AtDesk, add_unit

W34 = "/audits/w34/agreement/"
NOVEMBER = "/audits/november/agreement/"


def words(answer):
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))
    return text.replace(" ,", ",").replace("&#x27;", "'")


def units_on(answer):
    return re.findall(r'href="/audits/[a-z0-9]+/agreement/units/([^/"]+)/"', answer.text)


@pytest.fixture
def disputed(make_open_audit, ana_client, ben_client):
    """Ana and Ben differ on the first of two units; the second has Ana's label alone."""
    audit = make_open_audit(2)
    ana, ben = AtDesk(ana_client, audit), AtDesk(ben_client, audit)
    ana.give("correct", "latency", note="Nine seconds.")
    ana.give("correct", "latency")
    token = ben.open()
    ben.verdict(token, "incorrect")
    ben.label(
        token, "unwelcome_but_correct", correctness="correct", revision_reason="The table is right."
    )
    return audit


@pytest.fixture
def first(disputed):
    return f"{W34}units/w34-token-0/"


class TestLists:
    def test_the_units_of_most_entropy_come_first_each_a_click_away(
        self, labelled_audit, rey_client
    ):
        page = rey_client.get(NOVEMBER)
        tokens = dict(Unit.objects.values_list("name", "token"))
        found = units_on(page)
        assert found[0] == tokens["o8"]
        assert set(found) == {tokens[name] for name in ("o2", "o3", "o6", "o8", "o9")}
        assert "1 × Refusal, 1 × Hallucination, 1 × Unwelcome but correct" in words(page)
        assert "Answer 8." in words(page)
        assert rey_client.get(f"{NOVEMBER}units/{found[0]}/").status_code == 200

    def test_all_of_them_are_on_a_page_of_their_own(self, project, write_labels, rey_client):
        rows = [(str(k), c, label) for k in range(12) for c, label in (("a", "x"), ("b", "y"))]
        call_command("import_labels", "many", str(write_labels(rows)), stdout=StringIO())
        page = rey_client.get("/audits/many/agreement/")
        assert len(units_on(page)) == 10
        assert "All 12" in words(page)
        assert len(units_on(rey_client.get("/audits/many/agreement/units/"))) == 12

    def test_a_pair_of_labels_leads_to_the_units_that_carry_both(self, labelled_audit, rey_client):
        both = "?first=hallucination&second=unwelcome_but_correct"
        page = rey_client.get(f"{NOVEMBER}units/{both}")
        tokens = dict(Unit.objects.values_list("name", "token"))
        assert set(units_on(page)) == {tokens["o2"], tokens["o8"]}
        assert "Hallucination and Unwelcome but correct 2 units carry both" in words(page)
        linked = rey_client.get(NOVEMBER).text.replace("&amp;", "&")
        assert f'href="{NOVEMBER}units/{both}"' in linked

    def test_cannot_tell_is_a_label_too(self, labelled_audit, rey_client):
        page = rey_client.get(f"{NOVEMBER}units/?first=hallucination&second=cannot_tell")
        assert units_on(page) == [Unit.objects.get(name="o9").token]

    def test_a_label_there_is_not_is_no_list(self, labelled_audit, rey_client):
        assert rey_client.get(f"{NOVEMBER}units/?first=nothing").status_code == 404

    def test_long_lists_have_pages(self, project, write_labels, rey_client):
        rows = [(f"u{k}", c, label) for k in range(60) for c, label in (("a", "x"), ("b", "y"))]
        call_command("import_labels", "long", str(write_labels(rows)), stdout=StringIO())
        address = "/audits/long/agreement/units/?first=x&second=y"
        one, two = rey_client.get(address), rey_client.get(f"{address}&page=2")
        assert (len(units_on(one)), len(units_on(two))) == (50, 10)
        assert set(units_on(one)) & set(units_on(two)) == set()
        assert "Page 2 of 2" in words(two)


class TestOneUnit:
    def test_it_shows_what_graders_saw_and_what_they_said_side_by_side(
        self, first, rey_client, ana, ben
    ):
        page = words(rey_client.get(first))
        assert "When does the refund window close?" in page
        assert "It closed 0 weeks ago." in page
        for person in (ana, ben):
            assert Coder.objects.get(user=person).name in page
        assert "Too slow" in page
        assert "Nine seconds." in page
        assert "Blind: Incorrect" in page
        assert "Changed after the reveal: The table is right." in page

    def test_nobody_decides_there(self, disputed, first, rey_client, lea_client):
        for client in (rey_client, lea_client):
            page = client.get(first)
            assert set(re.findall(r'<form[^>]*action="([^"]*)"', page.text)) <= {"/sign-out/"}
            assert client.post(first).status_code == 405
        assert "adjudicate" not in rey_client.get(first).text

    def test_a_decision_stands_beside_the_labels(self, disputed, first, rey_client, lea):
        mode = disputed.codebook.modes.get(code="latency")
        workflow.adjudicate(
            unit=disputed.units.get(name="w34-OUTPUT-0"),
            lead=lea,
            judgment=Judgment(correctness="correct", failure_mode=mode),
            reason="Nine seconds is over the limit.",
        )
        page = words(rey_client.get(first))
        assert "Correct, Too slow" in page
        assert "Nine seconds is over the limit." in page

    def test_a_unit_of_a_label_set_without_texts_has_its_labels(
        self, project, write_labels, rey_client
    ):
        rows = [("1", "<b>a", "=yes"), ("1", "b", "no")]
        call_command("import_labels", "bare", str(write_labels(rows)), stdout=StringIO())
        token = Unit.objects.get(audit__slug="bare").token
        answer = rey_client.get(f"/audits/bare/agreement/units/{token}/")
        assert "The label set came without texts." in words(answer)
        assert "&lt;b&gt;a" in answer.text

    def test_a_third_opinion_is_told_from_the_labels_of_agreement(
        self, make_open_audit, ana_client, ben_client, chi_client, rey_client
    ):
        audit = make_open_audit(1, asks_third=True)
        for client, mode in ((ana_client, "latency"), (ben_client, "formatting")):
            AtDesk(client, audit).give("correct", mode)
        AtDesk(chi_client, audit).give("correct", "latency")
        page = words(rey_client.get(f"{W34}units/w34-token-0/"))
        assert page.count("Third opinion: not in agreement") == 1
        assert "1 × Too slow, 1 × Formatting" in words(rey_client.get(W34))

    def test_planted_units_and_those_of_other_audits_do_not_exist(
        self, disputed, make_gold, make_open_audit, rey_client
    ):
        gold = make_gold(disputed, 91).unit
        make_open_audit(1, slug="w35")
        for token in (gold.token, "w35-token-0", "nothing"):
            assert rey_client.get(f"{W34}units/{token}/").status_code == 404


class TestIndependence:
    """A lead labels too: what others said of a unit must not be read before."""

    def test_a_lead_reads_labels_when_all_are_in_and_a_researcher_at_any_time(
        self, disputed, lea_client, rey_client, adam_client
    ):
        waiting = f"{W34}units/w34-token-1/"
        page = lea_client.get(waiting)
        assert "Still being labelled" in words(page)
        assert "Too slow" not in page.text
        assert "labels" not in page.context
        for client in (rey_client, adam_client):
            assert "Too slow" in client.get(waiting).text
        workflow.close_audit(disputed)
        assert "Too slow" in lea_client.get(waiting).text

    def test_a_unit_still_being_labelled_is_on_no_list_of_a_lead(
        self, make_open_audit, ana_client, ben_client, lea_client, rey_client
    ):
        audit = make_open_audit(1, coders=3)
        for client, mode in ((ana_client, "latency"), (ben_client, "formatting")):
            AtDesk(client, audit).give("correct", mode)
        both = f"{W34}units/?first=latency&second=formatting"
        for path in (W34, f"{W34}units/", both):
            assert units_on(lea_client.get(path)) == []
            assert units_on(rey_client.get(path)) == ["w34-token-0"]
        assert "1 more is still being labelled" in words(lea_client.get(both))
        assert "1 disagrees; you can read them when" in words(lea_client.get(W34))
        behind_the_grid = lea_client.get("/audits/w34/units/")
        assert "w34-OUTPUT-0" not in behind_the_grid.text
        assert "1 more still wait" in words(behind_the_grid)
        for client, n_rows in ((lea_client, 0), (rey_client, 1)):
            rows = client.get(f"{W34}disputed.csv").text.strip().splitlines()[1:]
            assert len(rows) == n_rows

    def test_a_lead_reads_the_users_words_when_the_verdict_is_no_longer_to_be_blind(
        self, disputed, lea_client, rey_client
    ):
        waiting = f"{W34}units/w34-token-1/"
        assert "The user rated it" not in lea_client.get(waiting).text
        assert "The user rated it" in rey_client.get(waiting).text
        workflow.close_audit(disputed)
        assert "The user rated it" in lea_client.get(waiting).text

    def test_who_has_to_decide_sees_no_names_and_the_way_to_the_decision(
        self, disputed, first, lea_client, lea, ana
    ):
        page = lea_client.get(first)
        assert "without names: it waits for a decision" in words(page)
        assert "Coder A" in page.text
        assert Coder.objects.get(user=ana).name not in page.text
        assert 'href="/audits/w34/adjudicate/w34-token-0/"' in page.text
        workflow.adjudicate(
            unit=disputed.units.get(token="w34-token-0"),
            lead=lea,
            judgment=Judgment(
                correctness="correct", failure_mode=disputed.codebook.modes.get(code="latency")
            ),
            reason="It took nine seconds.",
        )
        assert f"ana ({Coder.objects.get(user=ana).name})" in lea_client.get(first).text


def test_shams_are_read_but_never_listed(disputed, ana_client, ben_client, rey_client):
    """They carry no mode, so they are in no agreement."""
    sham = add_unit(disputed, 90, kind="sham")
    assert Label.objects.filter(unit=sham).count() == 0
    assert rey_client.get(f"{W34}units/{sham.token}/").status_code == 200
    assert sham.token not in units_on(rey_client.get(f"{W34}units/"))
