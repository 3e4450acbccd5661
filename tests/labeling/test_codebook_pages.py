"""The pages of a codebook: read by everyone, written by leads, and an audit that moves on."""

import re
from dataclasses import replace
from html import unescape

import pytest

from analysis.estimates import Estimate
from labeling import workflow
from labeling.codebook_versions import adopt, next_version
from labeling.codebooks import default_codebook, read_modes
from labeling.default_modes import DEFAULT_MODES, LATENCY, Mode
from labeling.models import Audit, Codebook, Label, Unit
from labeling.version_figures import VersionFigures, summary
from tests.sampled import AtDesk

V1 = "/projects/assistant/codebooks/default/1/"
V2 = "/projects/assistant/codebooks/default/2/"
RUDE = Mode(code="rude", name="Rude", needs="correct", key="8", position=8, definition="It sneers.")
SLOW = replace(LATENCY, name="Slow", definition=LATENCY.definition.replace("slowly", "late"))


@pytest.fixture
def second(audit, lea):
    """default v2: one mode renamed and reworded, one more, one gone."""
    modes = [SLOW if mode == LATENCY else mode for mode in DEFAULT_MODES]
    modes = [mode for mode in modes if mode.code != "formatting"]
    return next_version(
        audit.codebook, [*modes, RUDE], removed={"formatting"}, note="Sneers are new.", by=lea
    )


def fields_of(page) -> dict[str, str]:
    """What a browser would send back of the edit form as it stands."""
    found: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]*>", page.text):
        name, kind = re.search(r'name="([^"]+)"', tag), re.search(r'type="(\w+)"', tag)
        if name and kind[1] != "checkbox" and " disabled" not in tag:
            value = re.search(r'value="([^"]*)"', tag)
            found[name[1]] = unescape(value[1]) if value else ""
    for name, text in re.findall(
        r'<textarea name="([^"]+)"[^>]*>\n?(.*?)</textarea>', page.text, re.S
    ):
        found[name] = unescape(text)
    for name, options in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', page.text, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


@pytest.fixture
def edit(audit, lea_client):
    """Open the form of a version, change some fields, send it."""

    def edit(address=V1, /, **changes):
        sent = fields_of(lea_client.get(f"{address}edit/"))
        sent = {"note": "Asked for.", **{name: text for name, text in sent.items() if text}}
        changes = {re.sub(r"^mode(\d)_", r"mode-\1-", name): v for name, v in changes.items()}
        return lea_client.post(f"{address}edit/", {**sent, **changes})

    return edit


class TestThePage:
    def test_a_grader_reads_definitions_order_and_examples(self, ana_client, audit):
        page = ana_client.get(V1)
        assert page.status_code == 200
        for mode in DEFAULT_MODES:
            for text in (mode.name, *mode.cases, *mode.near_misses):
                assert text in unescape(page.text)
        headings = [page.text.index(f"<h3>{mode.name}") for mode in DEFAULT_MODES]
        assert headings == sorted(headings)
        assert page.text.count("goes with incorrect") == 3

    def test_a_grader_sees_the_versions_and_not_who_is_audited(self, ana_client, audit, second):
        page = ana_client.get(V1).text
        assert "Sneers are new." in page
        assert "There is a later version" in page
        assert audit.name not in page
        assert "/edit/" not in page
        assert "audits" not in ana_client.get(V1).context

    def test_a_reader_sees_the_audits_and_a_lead_can_move_them(
        self, rey_client, lea_client, audit, second
    ):
        assert audit.name in rey_client.get(V1).text
        assert "Go on under" not in rey_client.get(V2).text
        assert "Go on under default v2" in lea_client.get(V2).text

    def test_text_is_rendered_and_inert(self, ana_client, audit, lea):
        modes = [
            *DEFAULT_MODES,
            replace(RUDE, definition="**bold** <script>x</script>", cases=("_a_",)),
        ]
        next_version(audit.codebook, modes, note="<b>why</b>", by=lea)
        page = ana_client.get(V2).text
        assert "<strong>bold</strong> &lt;script&gt;" in page
        assert "<em>a</em>" in page
        assert "&lt;b&gt;why&lt;/b&gt;" in page

    @pytest.mark.parametrize("path", ["9/", "1/diff/", "1/diff/?with=x", "1/diff/?with=7"])
    def test_a_version_that_is_not_there_is_a_404(self, ana_client, audit, path):
        assert ana_client.get(f"/projects/assistant/codebooks/default/{path}").status_code == 404

    def test_a_codebook_of_another_project_is_not_there(self, ana_client, elsewhere):
        default_codebook(elsewhere[0])
        assert ana_client.get(V1).status_code == 404

    def test_a_page_costs_the_same_however_many_modes(
        self, ana_client, audit, django_assert_max_num_queries
    ):
        with django_assert_max_num_queries(10):
            ana_client.get(V1)


class TestTheList:
    def test_it_shows_each_version_with_its_note_and_audits(self, rey_client, audit, second):
        page = rey_client.get("/projects/assistant/codebooks/").text
        assert page.index("default v2") < page.index("default v1")
        assert "Sneers are new." in page
        assert audit.name in page

    def test_a_lead_makes_the_default_codebook_before_any_audit(
        self, lea_client, rey_client, project
    ):
        assert "Make the default codebook" in lea_client.get("/projects/assistant/codebooks/").text
        assert "Make the" not in rey_client.get("/projects/assistant/codebooks/").text
        answer = lea_client.post("/projects/assistant/codebooks/make/")
        assert answer.headers["Location"] == V1
        assert read_modes(Codebook.objects.get()) == DEFAULT_MODES


class TestTheDiff:
    def test_it_names_what_came_went_and_changed(self, ana_client, second):
        page = " ".join(ana_client.get(f"{V2}diff/?with=1").text.split())
        assert re.search(r'Rude <span class="state">added', page)
        assert re.search(r'Formatting <span class="state">removed', page)
        assert re.search(r'Slow <span class="state">changed', page)
        assert re.search(r"<del>.{0,60}taken out: </span><span[^>]*>slowly </span></del>", page)
        assert re.search(r"<ins>.{0,60}put in: </span><span[^>]*>late </span></ins>", page)
        assert "before: </span>Too slow</del>" in page
        assert "Unchanged: Refusal, Hallucination" in page

    def test_it_is_against_the_version_before_unless_another_is_asked_for(self, ana_client, second):
        assert "From default v1 to default v2" in ana_client.get(f"{V2}diff/").text
        assert "From default v2 to default v1" in ana_client.get(f"{V1}diff/?with=2").text

    def test_a_version_does_not_differ_from_itself(self, ana_client, audit):
        assert "Nothing differs" in ana_client.get(f"{V1}diff/?with=1").text


class TestTheForm:
    def test_a_used_version_is_written_on_as_the_next(self, edit, lea):
        answer = edit(
            mode3_name="Slow",
            mode7_name="Rude",
            mode7_code="rude",
            mode7_key="8",
            mode7_case_1="A\r\nB",
        )
        assert answer.headers["Location"] == V2
        made = Codebook.objects.get(version=2)
        assert (made.note, made.created_by) == ("Asked for.", lea)
        modes = read_modes(made)
        assert modes[:3] == DEFAULT_MODES[:3]
        assert modes[3] == replace(LATENCY, name="Slow")
        assert modes[7] == Mode(code="rude", name="Rude", key="8", position=8, cases=("A\nB",))

    def test_what_is_sent_back_unchanged_is_not_saved(self, edit):
        answer = edit()
        assert answer.status_code == 422
        assert "Nothing was saved: these are the modes of default v1" in answer.text

    def test_a_code_that_is_used_cannot_be_changed(self, edit):
        assert edit(mode0_code="declined", mode0_name="Declined").status_code == 302
        first = read_modes(Codebook.objects.get(version=2))[0]
        assert (first.code, first.name) == ("refusal", "Declined")

    def test_an_unused_version_is_changed_in_place_codes_and_all(self, edit, second):
        answer = edit(V2, mode6_code="sneer", mode6_name="Sneer", note="A better word.")
        assert answer.headers["Location"] == V2
        second.refresh_from_db()
        sneer = replace(RUDE, code="sneer", name="Sneer", position=7)
        assert (read_modes(second)[6], second.note) == (sneer, "A better word.")
        assert edit(V2, mode0_code="declined", mode0_name="Declined").status_code == 302
        assert read_modes(second)[0].code == "refusal", "v1 is used and has it"

    def test_the_note_is_required_and_nothing_typed_is_lost(self, edit):
        answer = edit(note="", mode0_name="Declined")
        assert answer.status_code == 422
        assert answer.text.count("This field is required.") == 2, "at the field, and at the top"
        assert "What changed, and why: This field is required." in answer.text
        assert 'value="Declined"' in answer.text
        assert Codebook.objects.count() == 1

    def test_a_field_says_what_is_wrong_with_it(self, edit):
        wrong = unescape(edit(mode0_position="first", mode7_name="Rude").text)
        assert "“Refusal”, Place: Enter a whole number." in wrong
        assert "“One more mode”, Code: This field is required." in wrong
        assert "Key of “Refusal”: expected a digit" in unescape(edit(mode0_key="x").text)

    def test_three_modes_are_added_by_one_save(self, edit, lea_client):
        page = lea_client.get(f"{V1}edit/").text
        for title in ("One more mode", "A second new mode", "A third new mode"):
            assert page.count(f"<legend>{title} <small>leave it empty for none") == 1
        new = {
            "mode7_name": "Rude",
            "mode7_code": "rude",
            "mode9_name": "Vain",
            "mode9_code": "vain",
        }
        answer = edit(**new, mode8_name="Dull", mode8_code="dull", mode8_position="1.5")
        assert answer.status_code == 422
        assert "“A second new mode”, Place: Enter a whole number." in unescape(answer.text)
        assert edit(**new).headers["Location"] == V2
        codes = [mode.code for mode in read_modes(Codebook.objects.get(version=2))]
        assert codes == [*(mode.code for mode in DEFAULT_MODES), "rude", "vain"]

    def test_a_mode_is_removed_by_its_tick_which_says_what_happens(
        self, edit, audit, ana_client, lea_client
    ):
        AtDesk(ana_client, audit).give("correct", "formatting")
        page = lea_client.get(f"{V1}edit/").text
        assert "Its 1 label keeps it, and reports go on showing it." in page
        assert page.count("The headline of every report is the share of this mode.") == 1
        answer = edit(mode4_remove="on")
        assert answer.headers["Location"] == V2
        assert "1 label keeps a mode that is removed" in lea_client.get(V2).text
        assert "formatting" not in [
            mode.code for mode in read_modes(Codebook.objects.get(version=2))
        ]

    def test_a_form_with_a_mode_less_loses_none(self, edit):
        answer = edit(**{"mode-TOTAL_FORMS": "6", "mode0_name": "Declined"})
        assert "“No fault found” is missing: keep it, or say" in unescape(answer.text)

    def test_two_leads_at_once_overwrite_nothing(self, lea_client, audit, lea):
        sent = fields_of(lea_client.get(f"{V1}edit/"))
        next_version(audit.codebook, [*DEFAULT_MODES, RUDE], note="First", by=lea)
        answer = lea_client.post(
            f"{V1}edit/", {**sent, "note": "Second", "mode-0-name": "Declined"}
        )
        assert answer.status_code == 422
        assert "Somebody changed this codebook while you wrote" in answer.text

    def test_the_codebook_of_an_imported_set_has_no_form(self, lea_client, audit):
        Audit.objects.update(kind="imported")
        assert lea_client.get(f"{V1}edit/").status_code == 404
        assert "/edit/" not in lea_client.get(V1).text

    @pytest.mark.parametrize("total", ["", "x", "-1", "100000"])
    def test_a_mangled_form_is_an_answer_not_an_error(self, edit, total):
        assert edit(**{"mode-TOTAL_FORMS": total}).status_code == 422


class TestAnAuditMovesOn:
    def move(self, client, audit, version):
        return client.post(f"/audits/{audit.slug}/codebook/", {"version": version}, follow=True)

    def test_a_lead_lets_it_go_on(self, lea_client, audit, second):
        assert "There is a later codebook" in lea_client.get(f"/audits/{audit.slug}/").text
        page = self.move(lea_client, audit, 2)
        assert "goes on under default v2. Labels so far keep default v1." in page.text
        assert "There is a later codebook" not in page.text
        audit.refresh_from_db()
        assert audit.codebook == second

    def test_a_reader_sees_that_there_is_one_without_the_button(self, rey_client, audit, second):
        page = rey_client.get(f"/audits/{audit.slug}/").text
        assert "There is a later codebook" in page
        assert "Go on under" not in page

    def test_a_refusal_is_a_sentence(self, lea_client, audit, second):
        workflow.close_audit(audit)
        assert "takes no more labels" in self.move(lea_client, audit, 2).text
        assert "There is a later codebook" not in lea_client.get(f"/audits/{audit.slug}/").text

    @pytest.mark.parametrize("version", ["", "x", "9"])
    def test_a_version_that_is_not_there_is_a_404(self, lea_client, audit, version):
        assert self.move(lea_client, audit, version).status_code == 404

    def test_graders_go_on_under_the_later_version(self, ana_client, lea_client, audit, second):
        desk = AtDesk(ana_client, audit)
        first = desk.give("correct", "formatting")
        self.move(lea_client, audit, 2)
        assert [label.codebook.version for label in (first, desk.give("correct", "rude"))] == [1, 2]


class TestLabelsByVersion:
    @pytest.fixture
    def moved(self, audit, second, ana_client, ben_client):
        """u0 and u1 under v1 by ana and ben, who differ on u1; u2 under v2 by both."""
        ana, ben = AtDesk(ana_client, audit), AtDesk(ben_client, audit)
        for _ in range(2):
            ana.give("correct", "formatting")
        ben.give("correct", "formatting")
        ben.give("correct", "latency")
        adopt(audit, second)
        ana.give("correct", "rude")
        ben.give("correct", "rude")
        audit.refresh_from_db()
        return audit

    def test_each_version_has_its_own_labels_and_alpha(self, rey_client, moved):
        page = rey_client.get(f"/audits/{moved.slug}/versions/")
        old, new = page.context["figures"]
        assert [(v.codebook.version, v.n_labels, v.n_units, v.alpha.n) for v in (old, new)] == [
            (1, 4, 2, 2),
            (2, 2, 1, 1),
        ]
        # units {F, F} and {F, L}: D_o = 2/4, D_e = 2*3*1/(4*3) = 1/2
        assert old.alpha.value == pytest.approx(0.0)
        assert new.alpha.value is None
        assert "Under default v1 alpha is 0.000" in page.text
        assert "over 2 units with two labels or more" in page.text
        assert f"Under default v2 alpha is not known ({new.alpha.undefined_because})" in page.text
        # v1 has an alpha without an interval, v2 neither; both once said it in words of their own
        assert page.text.count(">not known</span>") == 3

    def test_labels_of_two_versions_on_one_unit_are_no_pair(self, rey_client, moved, ana_client):
        """ana's label on u0 moves to v2, so under v1 only u1 has two."""
        token = moved.units.get(name="w34-OUTPUT-0").token
        afresh = {"correctness": "correct", "revision_reason": "There is a mode for it now."}
        AtDesk(ana_client, moved).label(token, "rude", **afresh)
        old, new = rey_client.get(f"/audits/{moved.slug}/versions/").context["figures"]
        assert (old.n_labels, old.alpha.n, new.n_labels, new.alpha.n) == (3, 1, 3, 1)

    def test_the_labels_under_the_older_version_are_listed(self, rey_client, lea_client, moved):
        page = rey_client.get(f"/audits/{moved.slug}/versions/")
        assert [label.unit.name for label in page.context["page"]] == [
            *["w34-OUTPUT-0"] * 2,
            *["w34-OUTPUT-1"] * 2,
        ]
        coder = Label.objects.first().coder.name
        assert coder in page.text
        assert "/adjudicate/" not in page.text
        leads = lea_client.get(f"/audits/{moved.slug}/versions/").text
        explained = "A unit that is a link has coders who disagree"
        assert (explained in leads, explained in page.text) == (True, False)
        for name, n_links in {"w34-OUTPUT-0": 0, "w34-OUTPUT-1": 2}.items():
            token = moved.units.get(name=name).token
            assert leads.count(f"/audits/w34/adjudicate/{token}/") == n_links
        assert lea_client.get(f"/audits/w34/adjudicate/{token}/").status_code == 200

    def test_a_lead_does_not_read_those_of_a_unit_that_may_be_theirs_to_label(
        self, rey_client, lea_client, moved
    ):
        """The list names what others said, before the lead's own verdict."""
        Unit.objects.filter(name="w34-OUTPUT-0").get().seats.filter(position=2).update(
            coder=None, claimed_at=None, lease_until=None, is_done=False
        )
        listed = {
            role: {label.unit.name for label in client.get("/audits/w34/versions/").context["page"]}
            for role, client in (("researcher", rey_client), ("lead", lea_client))
        }
        assert listed == {
            "researcher": {"w34-OUTPUT-0", "w34-OUTPUT-1"},
            "lead": {"w34-OUTPUT-1"},
        }

    def test_a_difference_may_be_the_units_and_an_interval_may_be_missing(self):
        known = Estimate(value=0.5, low=0.25, high=0.75, n=1200)
        bare = Estimate(value=0.5, low=None, high=None, undefined_because="one unit", n=1)
        told = summary(
            [
                VersionFigures(
                    codebook=Codebook(name="default", version=version),
                    n_labels=2,
                    n_units=1,
                    first_at=None,
                    last_at=None,
                    alpha=alpha,
                )
                for version, alpha in ((1, known), (2, bare))
            ]
        )
        assert told == [
            "Under default v1 alpha is 0.500 [0.250, 0.750] over 1,200 units with two labels "
            "or more.",
            "Under default v2 alpha is 0.500 over 1 unit with two labels or more, without an "
            "interval (one unit).",
            "Other units were labelled under each version, so a part of a difference may be "
            "theirs.",
        ]

    def test_planted_units_are_in_neither(self, rey_client, moved):
        moved.units.filter(name="w34-OUTPUT-0").update(kind="gold", inclusion_probability=None)
        page = rey_client.get(f"/audits/{moved.slug}/versions/")
        assert [figures.n_labels for figures in page.context["figures"]] == [2, 2]
        assert page.context["page"].paginator.count == 2

    def test_an_audit_of_one_version_says_so(self, rey_client, audit):
        page = rey_client.get(f"/audits/{audit.slug}/versions/")
        assert "every current label was given under default v1" in page.text
        assert "Under default v1 alpha is not known (" in page.text

    @pytest.mark.parametrize("asked", ["", "?page=2", "?page=x", "?page=99"])
    def test_the_list_comes_in_pages(self, rey_client, moved, monkeypatch, asked):
        monkeypatch.setattr("labeling.views.versions.PAGE", 3)
        page = rey_client.get(f"/audits/{moved.slug}/versions/{asked}")
        first = asked in ("", "?page=x")
        assert len(page.context["page"]) == (3 if first else 1)
        assert ("?page=2" in page.text, "?page=1" in page.text) == (first, not first)

    def test_an_export_names_the_version_of_each_label(self, moved, lea_client):
        rows = lea_client.get(f"/audits/{moved.slug}/exports/jsonl/").getvalue().decode()
        assert re.findall(r'"codebook": "(default v\d)"', rows) == [
            *["default v1"] * 4,
            *["default v2"] * 2,
        ]

    def test_the_report_shows_the_removed_mode(self, moved, rey_client):
        assert "Formatting" in rey_client.get(f"/audits/{moved.slug}/report/").text
