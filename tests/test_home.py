"""What each person can do next."""

import pytest
from django.utils import timezone

from feedback.models import Output
from tests.sampled import AtDesk


@pytest.fixture
def audit(make_open_audit):
    return make_open_audit(2)


def test_a_grader_is_led_to_the_desk_and_to_nothing_else(ana_client, audit):
    page = ana_client.get("/").text
    assert 'href="/audits/w34/label/"' in page
    for shut in ("report", "agreement", "adjudicate", '/projects/assistant/"', "exports"):
        assert shut not in page


def test_the_counts_are_of_this_moment(ana_client, ben_client, audit):
    assert "0 labelled by you · about 0% of units have all their labels" in ana_client.get("/").text
    for client in (ana_client, ben_client):
        AtDesk(client, audit).give()
    page = ana_client.get("/").text
    assert "1 labelled by you · about 0% of units have all their labels" in page


def test_a_closed_audit_leaves_a_graders_list_and_stays_in_the_leads(ana_client, lea_client, audit):
    audit.status = "closed"
    audit.save(update_fields=["status"])
    assert "Nothing is open for you" in ana_client.get("/").text
    assert "Audit w34" in lea_client.get("/").text


def test_a_lead_sees_what_waits_for_a_decision(lea_client, ana_client, ben_client, audit):
    AtDesk(ana_client, audit).give("correct", "latency")
    AtDesk(ben_client, audit).give("correct", "formatting")
    page = lea_client.get("/").text
    assert "Decide 1 disagreement<" in page
    assert 'href="/audits/w34/report/"' in page


def test_a_lead_without_feedback_is_led_to_the_import_then_to_the_draw(lea_client, project):
    assert "Import feedback" in lea_client.get("/").text
    Output.objects.create(project=project, external_id="o", content_sha256="0" * 64)
    assert "Draw a sample for graders" in lea_client.get("/").text


def test_a_researcher_reads_and_does_not_label(rey_client, audit):
    page = rey_client.get("/").text
    assert 'href="/audits/w34/agreement/"' in page
    assert "/label/" not in page


def test_someone_without_a_role_is_told_so(out_client, audit):
    page = out_client.get("/").text
    assert "no role in a project yet" in page
    assert "Audit w34" not in page


def test_another_projects_audits_are_not_there(elsewhere, audit):
    assert "Audit w34" not in elsewhere[1].get("/").text


def test_a_removed_member_sees_nothing_of_the_project(ana_client, ana, audit):
    ana.memberships.update(removed_at=timezone.now())
    assert "Audit w34" not in ana_client.get("/").text


def test_a_projects_page_is_for_those_who_read_it(ana_client, lea_client, rey_client, audit):
    assert ana_client.get("/projects/assistant/").status_code == 404
    for client in (lea_client, rey_client):
        assert "Audit w34" in client.get("/projects/assistant/").text
