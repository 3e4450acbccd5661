"""An audit that is drawn and not opened: a lead sets it up first, and nobody gets a unit."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from labeling import opening, seating, workflow
from labeling.audit_options import change_options
from labeling.models import Audit, Label, Seat, TrainingAnswer, Verdict
from labeling.opening import checklist
from labeling.settings_form import SettingsForm
from projects.errors import InputError

AUDIT = "/audits/w34/"


@pytest.fixture
def audit(make_open_audit):
    return make_open_audit(2, status="prepared")


def check(audit, name):
    return next(line for line in checklist(Audit.objects.get(pk=audit.pk)) if line.name == name)


# The graders


def test_a_grader_reads_that_it_is_not_open_yet(ana_client, audit, at_desk):
    page = at_desk(ana_client, audit).get()
    assert page.status_code == 200
    assert "This audit is not open yet" in page.text
    assert "Look again" in page.text
    assert "It closed" not in page.text
    assert not Seat.objects.filter(coder__isnull=False).exists()


def test_no_training_is_shown_before_the_opening(ana_client, audit, make_gold, at_desk):
    gold = make_gold(audit, 90, is_training=True)
    Audit.objects.update(training_bar=1)
    desk = at_desk(ana_client, audit)
    assert ana_client.get(f"{AUDIT}training/", follow=True).text.count("not open yet") == 1
    answer = {"correctness": "correct", "attempt": "1"}
    assert desk.post(f"training/{gold.unit.token}/", answer).status_code == 404
    assert not TrainingAnswer.objects.exists()


def test_nothing_said_about_a_unit_is_taken(audit, make_graders):
    (coder,) = make_graders(1)
    unit = audit.units.first()
    for say in (
        lambda: workflow.record_verdict(unit=unit, coder=coder, correctness="correct"),
        lambda: workflow.skip_unit(unit=unit, coder=coder, reason="language"),
    ):
        with pytest.raises(workflow.AuditClosedError, match="is not open yet and takes no labels"):
            say()
    assert not Verdict.objects.exists()
    assert not Label.objects.exists()


def test_labels_from_a_file_wait_for_the_opening(audit, write_labels):
    path = write_labels([(audit.units.first().name, "c1", "latency")])
    with pytest.raises(CommandError, match="'w34' is not open yet"):
        call_command("import_labels", "w34", str(path))


def test_it_is_not_among_a_graders_audits(ana_client, audit):
    for path in ("/", "/my-work/"):
        assert "Audit w34" not in ana_client.get(path).text


# The lead


def test_the_lead_is_led_to_it_and_opens_it_by_one_button(
    lea_client, ana_client, audit, at_desk, make_graders
):
    home = lea_client.get("/").text
    assert "not open yet" in home
    assert f'href="{AUDIT}">Set up and open</a>' in home
    page = lea_client.get(AUDIT).text
    assert page.count("Open for labeling") == 1
    answer = lea_client.post(f"{AUDIT}open/", follow=True)
    assert "The audit is open for labeling." in answer.text
    assert "Open for labeling" not in answer.text
    assert at_desk(ana_client, audit).open()


def test_opening_twice_is_opening_once_and_a_closed_audit_stays_closed(audit, lea_client):
    opening.open_audit(audit)
    opening.open_audit(audit)
    assert Audit.objects.get().status == "open"
    workflow.close_audit(audit)
    with pytest.raises(workflow.AuditClosedError):
        opening.open_audit(audit)
    assert Audit.objects.get().status == "closed"
    answer = lea_client.post(f"{AUDIT}open/", follow=True)
    assert "is closed and takes no more labels" in answer.text


def test_a_researcher_sees_the_state_and_no_button(rey_client, lea_client, audit):
    page = rey_client.get(AUDIT).text
    assert "not open yet" in page
    assert "Open for labeling" not in page
    assert rey_client.post(f"{AUDIT}open/").status_code == 404
    lea_client.post(f"{AUDIT}reopen/")  # undoes a closing, and opens nothing
    assert Audit.objects.get().is_prepared


def test_settings_gold_and_codebook_are_set_before_the_opening(
    lea_client, audit, make_gold, project
):
    form = SettingsForm(audit=audit)
    assert not any(field.disabled for name, field in form.fields.items() if name != "asks_third")
    assert "Save the settings" in lea_client.get(f"{AUDIT}settings/").text
    sent = {"gold_share": "10", "repeat_share": "5", "training_bar": "80"}
    assert lea_client.post(f"{AUDIT}settings/", sent).status_code == 302
    make_gold(audit, 90)
    assert lea_client.get(f"{AUDIT}gold/").status_code == 200
    stored = Audit.objects.get()
    assert (stored.gold_share, stored.training_bar, stored.status) == (0.1, 0.8, "prepared")


def test_the_settings_of_a_closed_audit_still_stay(audit):
    workflow.close_audit(audit)
    form = SettingsForm({"gold_share": "10", "repeat_share": "0"}, audit=Audit.objects.get())
    assert all(field.disabled for field in form.fields.values())
    options = SettingsForm({"gold_share": "10", "repeat_share": "0"}, audit=audit)
    assert options.is_valid()
    with pytest.raises(InputError, match="is closed"):
        change_options(audit, options.options(), let_in=[])


# The checklist


def test_too_few_people_for_the_coders_per_unit(audit, ana):
    line = check(audit, "People")
    assert (line.is_lacking, line.page) == (True, "people")
    assert "1 of the project's graders and leads. Each unit needs 2" in line.says


def test_enough_people(audit, ana, ben, rey, adam):
    assert not check(audit, "People").is_lacking
    Audit.objects.update(asks_third=True)
    assert check(audit, "People").is_lacking


def test_people_by_invitation(audit, ana, ben, project):
    Audit.objects.update(by_invitation=True)
    line = check(audit, "People")
    assert (line.says, line.page) == (
        "0 let in by invitation. Each unit needs 2 different people.",
        "settings",
    )
    audit.graders.set([workflow.coder_of(project, person) for person in (ana, ben)])
    assert check(audit, "People").says == "2 let in by invitation."


def test_a_bar_without_units_and_a_share_without_gold_are_lacking(audit, make_gold):
    assert not check(audit, "Training").is_lacking
    assert not check(audit, "Gold").is_lacking
    Audit.objects.update(training_bar=0.8, gold_share=0.1)
    for name in ("Training", "Gold"):
        assert (check(audit, name).is_lacking, check(audit, name).page) == (True, "gold")
    make_gold(audit, 90)
    make_gold(audit, 91, is_training=True)
    assert check(audit, "Training").says == "1 training unit, bar 80%."
    assert check(audit, "Gold").says == "10% of what a grader gets, from 1 gold unit."


def test_the_rest_is_said_in_words(audit):
    Audit.objects.update(max_labels_per_coder=40, repeat_share=0.05, shares_accuracy=True)
    assert check(audit, "Repeats").says == "5% of what a grader gets."
    assert "2 coders per unit, no third opinion, at most 40 labels each" in (
        check(audit, "Labels").says
    )
    assert check(audit, "Fixed at the draw").says == "0 sham units; blind first."


def test_what_is_lacking_stands_out_on_the_page(lea_client, audit):
    Audit.objects.update(training_bar=0.8)
    page = lea_client.get(AUDIT).text
    assert page.count("Look here:") == 2  # one person of two, and no training unit
    assert "graders enter untrained" in page


# The draw


def test_the_command_opens_at_once_unless_it_is_told_to_prepare(make_output, make_audit):
    for number in range(3):
        make_output(f"o{number}")
    assert make_audit("at-once").status == "open"
    assert make_audit("later", "--prepare").status == "prepared"
    out = StringIO()
    call_command("audits", "--json", stdout=out)
    assert [(a["slug"], a["status"]) for a in json.loads(out.getvalue())] == [
        ("at-once", "open"),
        ("later", "prepared"),
    ]


def test_the_command_says_what_it_made(make_output, project):
    make_output("o1")
    arguments = ["later", "--project", project.slug, "--frame", "negative", "--size", "1"]
    out = StringIO()
    call_command("create_audit", *arguments, "--prepare", stdout=out)
    assert "Audit later is prepared: a lead opens it" in out.getvalue()
    out = StringIO()
    call_command("audits", stdout=out)
    assert "prepared" in out.getvalue()


def test_the_form_prepares_unless_the_lead_unticks_it(lea_client, make_output, project):
    make_output("o1")
    url = f"/projects/{project.slug}/audits/new/"
    page = lea_client.get(url)
    assert page.context["form"]["is_prepared"].value() is True
    assert "open to nobody until you open it" in page.text
    sent = {"name": "A", "slug": "a", "frame": "negative", "size": "1", "coders": "1", "seed": "1"}
    page = lea_client.post(url, {**sent, "is_prepared": "on", "draw": "1"}, follow=True)
    assert "1 units are drawn; nobody gets one before you open the audit." in page.text
    assert Audit.objects.get().status == "prepared"
    lea_client.post(url, {**sent, "slug": "b", "draw": "1"})
    assert Audit.objects.get(slug="b").status == "open"


# The database


@pytest.mark.parametrize(
    "state",
    [{"status": "waiting"}, {"kind": "imported"}, {"closed_at": "2026-08-03T09:00:00Z"}],
    ids=["unknown", "imported", "closed before it was open"],
)
def test_the_database_refuses_impossible_states(audit, state):
    with pytest.raises(IntegrityError), transaction.atomic():
        Audit.objects.update(**state)


def test_the_claim_and_the_page_give_one_reason(audit, make_graders):
    (coder,) = make_graders(1)
    assert seating.bar_of(audit, coder) == seating.Bar.NOT_OPEN
    assert seating.claim_next(audit, coder) is None
