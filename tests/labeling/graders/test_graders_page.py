"""The pages and the command of graders: names stay with the team, flags say why."""

import json
import re
from io import StringIO

import pytest
from django.core.management import call_command

from labeling import workflow
from labeling.models import Coder
from tests.labeling.graders.conftest import INVENTED, PAGE, SLOW, WELCOME, quality
from tests.sampled import add_unit


class TestPage:
    def test_leads_and_admins_see_whom_they_lead_and_researchers_pseudonyms(
        self, worked_audit, lea_client, adam_client, rey_client, coder, ana
    ):
        ana.first_name, ana.last_name = "Anastasia", "Quill"
        ana.save()
        paths = (PAGE, f"{PAGE}{coder(ana).pk}/")
        for path in paths:
            assert "Anastasia Quill" in lea_client.get(path).text
            assert "Anastasia Quill" in adam_client.get(path).text
            page = rey_client.get(path)
            assert coder(ana).name in page.text
            assert "Anastasia" not in page.text
            shown = page.context.get("graders") or [page.context["grader"]]
            assert {grader.person for grader in shown} == {""}
            assert re.search(r"\bana\b", page.text) is None

    def test_the_json_holds_no_name_for_anybody(self, worked_audit, lea_client, coder, ana):
        answer = lea_client.get("/audits/w34/graders.json")
        assert re.search(r"\bana\b", answer.text) is None
        assert coder(ana).name in answer.text

    def test_graders_and_strangers_find_nothing(
        self, worked_audit, ana_client, out_client, coder, ana
    ):
        for client in (ana_client, out_client):
            for path in (PAGE, f"{PAGE}{coder(ana).pk}/", "/audits/w34/graders.json"):
                assert client.get(path).status_code == 404

    def test_a_coder_without_work_in_the_audit_has_no_page(
        self, worked_audit, lea_client, coder, chi, make_open_audit, project
    ):
        stranger = Coder.objects.create(project=project, name="elsewhere")
        for pk in (coder(chi).pk, stranger.pk, 10**9):
            assert lea_client.get(f"{PAGE}{pk}/").status_code == 404

    def test_a_figure_shows_value_interval_and_n_or_why_it_is_not_known(
        self, worked_audit, rey_client, coder, ben
    ):
        page = rey_client.get(f"{PAGE}{coder(ben).pk}/").text
        assert "0.0%<small>[0.0, 79.3], n = 1</small>" in page  # gold: 0 of 1, Wilson
        assert "not known<small>no hidden repeat</small>" in page
        assert "not known<small>no label with a known time</small>" in page

    def test_it_says_that_nothing_is_blocked_and_how_often_honest_graders_are_flagged(
        self, worked_audit, rey_client
    ):
        page = rey_client.get(PAGE).text
        assert "Flags are for a person to look at; nothing is blocked by them." in page
        rate = "At least one flag fires on 0.4% [0.2, 0.7] of honest graders at about 25 labels"
        assert rate in page

    def test_every_flag_is_explained_with_why_it_was_not_judged(
        self, worked_audit, rey_client, coder, ana
    ):
        page = rey_client.get(f"{PAGE}{coder(ana).pk}/").text
        assert page.count('<div class="todo flag">') == 7
        assert "Not judged: fewer than 10 labels with a known time" in page
        assert "faster than the text can be read at 600 words a minute" in page

    def test_a_flag_that_fires_shows_value_threshold_and_its_false_alarms(
        self, worked_audit, say, lea_client, coder, ana, ben
    ):
        """Twelve labels in a tenth of a second each."""
        for number in range(50, 62):
            unit = add_unit(worked_audit, number)
            say(unit, ben, WELCOME, seconds=0.1)
        fired = "100.0% of 12 timed labels, fires from 50.0%"
        assert quality(worked_audit, coder(ben)).flags[0].fires
        page = lea_client.get(PAGE).text
        assert "too fast" in page
        assert f"{fired}; fires on 0.0% [0.0, 0.2] of honest graders at about 25 labels" in page
        assert page.index(">ben<") < page.index(">ana<")  # who has a flag comes first

    def test_the_copier_flag_names_the_other_to_leads_alone(
        self, make_open_audit, say, coder, lea_client, rey_client, ana, ben, chi, plant
    ):
        """ana and ben give the same wrong answer on gold, again and again."""
        audit = make_open_audit(0)
        for number in range(30):
            unit = plant(audit, number, WELCOME)
            wrong = (SLOW, INVENTED, "refusal", "formatting")[number % 4]
            for person in (ana, ben):
                say(unit, person, wrong if number % 2 else WELCOME)
            say(unit, chi, WELCOME)
        copier = quality(audit, coder(ana)).flags[5]
        assert (copier.id, copier.fires, copier.about) == ("copier", True, coder(ben).name)
        seen = f"100.0% of 15 telling units wrong alike with ben ({coder(ben).name})"
        assert seen in lea_client.get(PAGE).text
        assert f"wrong alike with {coder(ben).name}" in rey_client.get(PAGE).text

    def test_flags_block_nobody(self, worked_audit, say, ben, ben_client):
        for number in range(50, 62):
            say(add_unit(worked_audit, number), ben, WELCOME, seconds=0.1)
        add_unit(worked_audit, 70)
        assert "/units/" in ben_client.get("/audits/w34/label/").text

    def test_an_audit_without_a_label_says_so(self, make_open_audit, lea_client):
        make_open_audit(1)
        assert "No label yet." in lea_client.get(PAGE).text

    def test_who_has_only_skipped_is_there_too(self, make_open_audit, coder, ana, lea_client):
        unit = make_open_audit(1).units.get()
        workflow.skip_unit(unit=unit, coder=coder(ana), reason="language")
        assert ">ana<" in lea_client.get(PAGE).text

    def test_the_audit_and_its_agreement_lead_here(self, worked_audit, rey_client):
        for path in ("/audits/w34/", "/audits/w34/agreement/"):
            assert f'href="{PAGE}"' in rey_client.get(path).text

    @pytest.mark.parametrize("n_more", [0, 30])
    def test_the_number_of_queries_does_not_grow_with_labels_or_coders(
        self, worked_audit, say, make_graders, lea_client, django_assert_num_queries, n_more
    ):
        for number, grader in enumerate(make_graders(n_more), start=100):
            say(add_unit(worked_audit, number), grader.user, WELCOME, seconds=3)
        with django_assert_num_queries(QUERIES):
            lea_client.get(PAGE)


QUERIES = 13
"""Session, user, audit, membership; labels, units, skips, times, texts; names of modes, people."""


class TestImported:
    @pytest.fixture
    def imported(self, write_labels, project):
        rows = [(f"u{k}", who, "AB"[k % 2]) for k in range(40) for who in ("x", "y / z")]
        path = str(write_labels(rows))
        call_command("import_labels", "w34", path, "--project=assistant", stdout=StringIO())

    def test_the_coders_of_the_file_have_a_page_without_times_or_verdicts(
        self, imported, lea_client
    ):
        page = lea_client.get(PAGE).text
        assert "y / z" in page
        assert "These labels were made elsewhere" in page
        pk = Coder.objects.get(name="y / z").pk
        one = lea_client.get(f"{PAGE}{pk}/").text
        assert "100.0%<small>[91.2, 100.0], n = 40</small>" in one  # agreement: 40 of 40

    def test_flags_that_rest_on_an_order_are_not_judged(self, imported, rey_client):
        pk = Coder.objects.get(name="x").pk
        page = rey_client.get(f"{PAGE}{pk}/").text
        reason = "Not judged: the order in which imported labels were given is not known"
        assert page.count(reason) == 2


class TestCommand:
    def answer(self, *options):
        out = StringIO()
        call_command("graders", "w34", *options, stdout=out)
        return out.getvalue()

    def test_json_is_that_of_the_page(self, worked_audit, rey_client):
        assert (
            json.loads(self.answer("--json")) == rey_client.get("/audits/w34/graders.json").json()
        )

    def test_the_text_holds_each_figure_and_each_flag_that_fires(
        self, worked_audit, say, coder, ana, ben
    ):
        for number in range(50, 62):
            say(add_unit(worked_audit, number), ben, WELCOME, seconds=0.1)
        text = self.answer()
        assert f"{coder(ana).name}: 8 labels" in text
        assert "Gold right              50.0%, [9.5, 90.5], n = 2" in text
        assert "FLAG too fast: 100.0% of 12 timed labels, fires from 50.0%; fires on 0.0%" in text
        assert "nothing is blocked by them" in text

    def test_an_audit_without_a_label(self, make_open_audit):
        make_open_audit(1)
        assert "No label yet." in self.answer()
