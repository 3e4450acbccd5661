"""The demo: loaded whole, twice without harm, its interval around the truth, one click to enter."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from config.demo import LABELLED, OPEN, PEOPLE, known_truth
from feedback.models import Feedback, Output
from labeling.disagreements import waiting_units
from labeling.models import Audit, Coder, Effort, Gold, Label, Unit
from labeling.workflow import Judgment, adjudicate
from projects.models import Membership, Project, User
from tests.notebook import assert_all_is_computed_again

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


def load():
    out = StringIO()
    call_command("demo", "--json", stdout=out)
    return json.loads(out.getvalue())


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker):
    """The demo, loaded once for this module and taken out again."""
    from django.db import transaction

    with django_db_blocker.unblock():
        atomic = transaction.atomic()
        atomic.__enter__()
        try:
            yield load()
        finally:
            transaction.set_rollback(True)
            atomic.__exit__(None, None, None)


@pytest.fixture
def demo(loaded, django_db_blocker):
    with django_db_blocker.unblock():
        yield loaded


@pytest.fixture
def demo_client(demo, settings, client):
    """Sign in with one click, as a visitor does."""
    settings.DEMO_MODE = True

    def sign_in(username):
        response = client.post(f"/demo/sign-in/{username}/", follow=True)
        assert response.status_code == 200
        return client

    return sign_in


def test_its_size_is_as_described(demo):
    assert Output.objects.count() == 5000
    assert Feedback.objects.filter(is_negative=True).count() == 1200
    labelled = Audit.objects.get(slug=LABELLED)
    kinds = [
        labelled.units.filter(kind=kind).count() for kind in (Unit.Kind.SAMPLED, Unit.Kind.SHAM)
    ]
    assert kinds == [400, 200]
    assert Label.objects.filter(unit__in=labelled.units.drawn()).count() == 3 * 600
    assert {member.user.username for member in Membership.objects.all()} == set(PEOPLE)


def test_the_headline_holds_the_truth(demo):
    headline = demo["headline"]
    assert headline["n"] == 400
    assert headline["low"] <= 372 / 1200 <= headline["high"]


def test_each_coder_was_measured_on_gold_and_on_repeats(demo):
    labelled = Audit.objects.get(slug=LABELLED)
    for coder in Coder.objects.filter(labels__unit__audit=labelled).distinct():
        given = Label.objects.counted().filter(unit__audit=labelled, coder=coder)
        assert given.filter(unit__kind="gold").count() == 16
        repeats = given.filter(unit__kind="repeat").values_list("unit__repeats", flat=True)
        assert repeats.count() == 12
        assert given.filter(unit__in=list(repeats)).count() == 12


def test_every_label_took_a_known_time_and_nobody_is_too_fast(demo, demo_client):
    labelled = Audit.objects.get(slug=LABELLED)
    given = Label.objects.counted().filter(unit__audit=labelled)
    efforts = Effort.objects.filter(unit__audit=labelled)
    assert set(efforts.values_list("unit", "coder")) == set(given.values_list("unit", "coder"))
    assert not efforts.filter(last_at__gt=timezone.now() - timedelta(days=1)).exists()
    page = demo_client("lea").get(f"/audits/{LABELLED}/graders/").content.decode()
    assert "no label with a known time" not in page
    assert "too fast" not in page


def test_the_known_answers_are_the_truth_and_a_lead_sees_how_they_went(demo, demo_client):
    labelled = Audit.objects.get(slug=LABELLED)
    truth = {output.external_id: output for output in known_truth(labelled.seed).outputs}
    for gold in Gold.objects.filter(unit__audit=labelled).select_related("unit", "failure_mode"):
        known = truth[gold.unit.name]
        assert (gold.correctness == "correct") is known.correct
        assert gold.failure_mode.code == known.failure_mode
    page = demo_client("lea").get(f"/audits/{LABELLED}/gold/").content.decode()
    assert page.count("of 5</td>") == 16


def test_the_gate_stops_this_release(demo):
    assert demo["gate"]["state"] == "STOP"


def test_loading_it_again_changes_nothing(demo):
    before = (Output.objects.count(), Label.objects.count(), User.objects.count())
    again = load()
    assert not again["is_new"]
    assert again["headline"] == demo["headline"]
    assert (Output.objects.count(), Label.objects.count(), User.objects.count()) == before


def test_the_second_audit_is_open_and_a_visitor_can_label_at_once(demo_client):
    page = demo_client("ana").get(f"/audits/{OPEN}/label/")
    assert "Was the answer right?" in page.content.decode()


def test_a_page_shows_truth_and_estimate_side_by_side(demo_client):
    page = demo_client("rey").get(f"/audits/{LABELLED}/truth/").content.decode()
    assert "The interval holds the truth." in page
    assert "372 of 1,200" in page
    assert "132 of 600" in page
    assert "240 of 600" in page


@pytest.mark.parametrize("username", PEOPLE)
def test_everybody_finds_something_to_do(demo_client, username):
    page = demo_client(username).get("/").content.decode()
    assert "Assistant (demo)" in page


def test_one_click_signs_in_nobody_outside_demo_mode(demo, client, settings):
    settings.DEMO_MODE = False
    assert client.post("/demo/sign-in/ana/").status_code == 404
    assert "One click" not in client.get("/sign-in/").content.decode()


def test_one_click_opens_no_account_that_is_not_the_demos(demo, client, settings):
    settings.DEMO_MODE = True
    User.objects.create_superuser("boss", password="a long password for tests")
    assert client.post("/demo/sign-in/boss/").status_code == 404
    User.objects.filter(username="boss").delete()


def test_one_click_opens_no_demo_person_who_got_a_password_or_another_project(
    demo, client, settings
):
    settings.DEMO_MODE = True
    ana, ben = (User.objects.get(username=name) for name in ("ana", "ben"))
    ana.set_password("a long password for tests")
    ana.save()
    elsewhere = Project.objects.create(slug="real", name="Real")
    Membership.objects.create(project=elsewhere, user=ben, role="lead")
    for name in ("ana", "ben"):
        assert client.post(f"/demo/sign-in/{name}/").status_code == 404
    Membership.objects.filter(project=elsewhere).delete()
    elsewhere.delete()
    ana.set_unusable_password()
    ana.save()


def test_demo_people_have_no_password(demo):
    assert not any(user.has_usable_password() for user in User.objects.filter(username__in=PEOPLE))


def test_the_notebook_computes_its_report_again(demo, run_notebook):
    """Strata, controls, users with several outputs, ties and a decision of the lead."""
    audit = Audit.objects.get(slug=LABELLED)
    adjudicate(
        unit=waiting_units(audit).filter(kind="sampled").first(),
        lead=User.objects.get(username="lea"),
        judgment=Judgment(
            correctness="incorrect", failure_mode=audit.codebook.modes.get(code="refusal")
        ),
        reason="It declined.",
    )
    names = run_notebook(LABELLED)
    assert_all_is_computed_again(names, LABELLED)
    assert len(names["breakdowns"]["domain"]) > 10
