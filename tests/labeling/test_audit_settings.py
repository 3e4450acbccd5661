"""The settings of an audit: who may change them, what each does, what is refused."""

import re

import pytest
from django.db.models.functions import Now

from labeling import planting, workflow
from labeling.audit_options import change_options
from labeling.models import Audit, Coder, Seat
from labeling.settings_form import SettingsForm
from projects.errors import InputError
from projects.models import User

URL = "/audits/w34/settings/"


@pytest.fixture
def audit(make_open_audit):
    return make_open_audit(2)


@pytest.fixture
def people(ana, ben, lea):
    User.objects.filter(pk=ana.pk).update(first_name="Ana", last_name="Amann")
    return {person.username: str(person.pk) for person in (ana, ben, lea)}


def form(**changes):
    filled = {"max_labels": "", "gold_share": "0", "repeat_share": "0", "training_bar": ""}
    return {**filled, **changes}


def saved(client, **changes):
    answer = client.post(URL, form(**changes))
    assert (answer.status_code, answer.url) == (302, URL), answer.text[:2000]
    return Audit.objects.get()


def test_the_audit_page_leads_there_for_leads_alone(audit, lea_client, rey_client):
    assert URL in lea_client.get("/audits/w34/").text
    assert URL not in rey_client.get("/audits/w34/").text


def test_only_leads_and_admins_enter(audit, ana_client, rey_client, lea_client, adam_client):
    for client, status in ((ana_client, 404), (rey_client, 404), (lea_client, 200)):
        assert client.get(URL).status_code == status
    assert adam_client.get(URL).status_code == 200
    assert ana_client.post(URL, form(asks_third="on")).status_code == 404
    assert not Audit.objects.get().asks_third


def test_the_page_says_in_plain_words_what_graders_will_meet(audit, lea_client):
    page = lea_client.get(URL).text
    for sentence in (
        "Where the first 2 labels of a unit differ, one more person is asked, once.",
        "Whoever has given so many gets no new unit",
        "Everybody else reads “not yet invited”",
        "Graders cannot tell which; gold units enter no figure of the audit.",
        "This part is units the grader has labelled before",
        "After each they see the answer and why.",
        "Under “My work”, on gold units, their own alone.",
    ):
        assert sentence in page


def test_everything_is_stored_and_shown_again(audit, lea_client, people):
    stored = saved(
        lea_client,
        asks_third="on",
        max_labels="40",
        by_invitation="on",
        let_in=[people["ana"]],
        gold_share="7",
        repeat_share="2.5",
        training_bar="80",
        shares_accuracy="on",
    )
    assert (stored.asks_third, stored.max_labels_per_coder, stored.by_invitation) == (
        True,
        40,
        True,
    )
    assert (stored.gold_share, stored.repeat_share) == pytest.approx((0.07, 0.025))
    assert (stored.training_bar, stored.shares_accuracy) == (pytest.approx(0.8), True)
    page = lea_client.get(URL).text
    assert "The settings are saved" in page
    for name, value in (("gold_share", "7"), ("repeat_share", "2.5"), ("training_bar", "80")):
        assert re.search(rf'name="{name}" value="{value}"', page)
    assert re.search(rf'name="let_in" value="{people["ana"]}"[^>]* checked', page)
    assert not re.search(rf'name="let_in" value="{people["ben"]}"[^>]* checked', page)


def test_an_empty_form_switches_everything_off(audit, lea_client, people):
    saved(lea_client, by_invitation="on", let_in=[people["ana"]], training_bar="80", max_labels="3")
    stored = saved(lea_client)
    assert (stored.by_invitation, stored.training_bar, stored.max_labels_per_coder) == (
        False,
        None,
        None,
    )
    assert not stored.graders.exists()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("max_labels", "0", "expected 1 label per coder or more, got 0"),
        ("gold_share", "51", "Expected 0 to 50 percent, got 51"),
        ("gold_share", "-1", "Expected 0 to 50 percent, got -1"),
        ("gold_share", "nan", "Enter a number"),
        ("repeat_share", "60", "Expected 0 to 50 percent, got 60"),
        ("training_bar", "0", "Expected 1 to 100 percent, got 0"),
        ("training_bar", "101", "Expected 1 to 100 percent, got 101"),
        ("let_in", "999999", "999999 is not one of the available choices"),
    ],
)
def test_what_is_out_of_its_limits_is_said_beside_its_field(
    audit, lea_client, field, value, sentence
):
    page = lea_client.post(URL, form(**{"shares_accuracy": "on", field: value}))
    assert page.status_code == 422
    assert re.search(rf'id="id_{field}_error">[^<]*{re.escape(sentence)}', page.text)
    assert not Audit.objects.get().shares_accuracy


# Third opinion


def test_it_is_fixed_once_a_unit_has_its_first_labels(
    audit, ana_client, ben_client, lea_client, at_desk
):
    at_desk(ana_client, audit).give()
    assert saved(lea_client, asks_third="on").asks_third
    at_desk(ben_client, audit).give()
    page = lea_client.get(URL).text
    assert (
        "Fixed by now: 1 unit has its first 2 labels, and all units must be treated alike." in page
    )
    assert re.search(r'name="asks_third"[^>]* disabled', page)
    assert saved(lea_client, max_labels="9").asks_third  # a disabled box is not sent


def test_it_is_refused_when_a_unit_got_its_labels_meanwhile(
    audit, ana_client, ben_client, lea, at_desk
):
    sent = SettingsForm(form(asks_third="on"), audit=audit)
    assert sent.is_valid()
    at_desk(ana_client, audit).give()
    at_desk(ben_client, audit).give()
    with pytest.raises(InputError, match="third opinion: Fixed by now"):
        change_options(audit, sent.options(), let_in=[])
    assert not Audit.objects.get().asks_third


def test_it_is_not_offered_with_one_coder_per_unit(make_open_audit, lea_client):
    make_open_audit(1, coders=1)
    page = lea_client.get(URL).text
    assert "Not possible with 1 coder per unit: nobody can differ." in page
    assert not saved(lea_client, asks_third="on").asks_third


def test_switched_on_it_asks_a_third_coder(audit, ana_client, ben_client, lea_client, at_desk):
    saved(lea_client, asks_third="on")
    at_desk(ana_client, audit).give("correct", "latency")
    at_desk(ben_client, audit).give("correct", "formatting")
    assert Seat.objects.filter(position=3).count() == 1


# Who gets units


def test_the_list_names_the_projects_current_graders_and_leads(
    audit, people, lea_client, rey, adam, chi, project
):
    project.memberships.filter(user=chi).update(removed_at=Now())
    page = lea_client.get(URL).text
    listed = re.findall(r'name="let_in".*?>\s*([^<]+?)\s*</label>', page, re.S)
    assert sorted(listed) == ["Ana Amann, grader", "ben, grader", "lea, team lead"]


def test_who_is_let_in_is_stored_as_a_coder_and_served(
    audit, people, ana_client, ben_client, lea_client, at_desk
):
    saved(lea_client, by_invitation="on", let_in=[people["ana"]])
    assert [coder.user.username for coder in Audit.objects.get().graders.all()] == ["ana"]
    assert at_desk(ana_client, audit).open()
    assert "not yet invited" in at_desk(ben_client, audit).get().text


def test_who_left_the_project_keeps_the_place_for_a_return(audit, people, lea_client, project):
    saved(lea_client, by_invitation="on", let_in=[people["ana"], people["ben"]])
    project.memberships.filter(user=people["ben"]).update(removed_at=Now())
    saved(lea_client, by_invitation="on", let_in=[people["ana"]])
    assert set(Audit.objects.get().graders.values_list("user__username", flat=True)) == {
        "ana",
        "ben",
    }
    project.memberships.filter(user=people["ben"]).update(removed_at=None)
    saved(lea_client, by_invitation="on", let_in=[people["ana"]])
    assert Audit.objects.get().graders.count() == 1


def test_letting_nobody_in_is_warned_of(audit, lea_client):
    saved(lea_client, by_invitation="on")
    assert "Nobody is let in: nobody gets a unit." in lea_client.get(URL).text
    assert not Coder.objects.exists()


# Closed, imported, elsewhere


def test_the_settings_of_a_closed_audit_are_shown_and_stay(audit, lea_client):
    workflow.close_audit(audit)
    page = lea_client.get(URL).text
    assert "This audit is closed: its settings are shown and stay as they are." in page
    assert "Save the settings" not in page
    assert "<input" not in re.sub(
        r"<input[^>]* disabled[^>]*>|<input type=\"hidden\"[^>]*>", "", page
    )
    answer = lea_client.post(URL, form(asks_third="on", max_labels="4"))
    assert answer.status_code == 422
    assert "is closed and takes no more labels" in answer.text
    assert Audit.objects.get().max_labels_per_coder is None


def test_imported_labels_have_no_settings(make_open_audit, lea_client):
    make_open_audit(1, kind="imported")
    assert lea_client.get(URL).status_code == 404
    assert lea_client.post(URL, form(asks_third="on")).status_code == 404
    assert URL not in lea_client.get("/audits/w34/").text


def test_the_lead_of_another_project_gets_the_missing_page(elsewhere, audit):
    project, stranger = elsewhere
    project.memberships.update(role="lead")
    assert stranger.get(URL).status_code == 404
    assert stranger.post(URL, form(asks_third="on")).status_code == 404
    assert not Audit.objects.get().asks_third


def test_a_name_is_text(audit, people, lea_client):
    User.objects.filter(username="ben").update(first_name="<i>Ben</i>")
    assert "<i>Ben</i>" not in lea_client.get(URL).text


# What is asked for and is not there


NO_GOLD = "Gold units are asked for and there is none:"
NO_TRAINING = "A training bar is set and there is no training unit:"


def test_asking_for_gold_and_training_without_units_is_warned_of_with_the_counts(audit, lea_client):
    saved(lea_client, gold_share="10", training_bar="80")
    page = lea_client.get(URL).text
    assert NO_GOLD in page
    assert NO_TRAINING in page
    assert page.count("0 gold units, 0 training units") == 2
    assert 'href="/audits/w34/gold/"' in page


def test_retired_units_are_not_in_use_and_one_kind_does_not_stand_for_the_other(
    audit, lea_client, make_gold
):
    saved(lea_client, gold_share="10", training_bar="80")
    planting.retire(make_gold(audit, 100))
    make_gold(audit, 101, is_training=True)
    page = lea_client.get(URL).text
    assert (NO_GOLD in page, NO_TRAINING in page) == (True, False)
    assert "0 gold units, 1 training unit." in page


def test_nothing_is_warned_of_where_nothing_is_asked_or_all_is_there(audit, lea_client, make_gold):
    assert NO_GOLD not in lea_client.get(URL).text
    make_gold(audit, 100)
    make_gold(audit, 101, is_training=True)
    saved(lea_client, gold_share="10", training_bar="80")
    page = lea_client.get(URL).text
    assert (NO_GOLD in page, NO_TRAINING in page) == (False, False)
    assert page.count("1 gold unit, 1 training unit") == 1


def test_a_closed_audit_warns_of_nothing(audit, lea_client):
    saved(lea_client, gold_share="10")
    workflow.close_audit(audit)
    assert NO_GOLD not in lea_client.get(URL).text
