"""Access ends on the very next request: after the last day, deactivated, or switched off."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from labeling.models import Audit, Label
from projects.models import Membership, Project, User
from tests.sampled import AtDesk

PAGES = ["/audits/w34/label/", "/audits/w34/", "/audits/w34/report/", "/projects/assistant/"]
PAGES += ["/audits/w34/agreement/", "/audits/w34/exports/", "/projects/assistant/people/"]


def day(offset):
    return datetime.now(UTC).date() + timedelta(days=offset)


def end(user, ends_on):
    user.memberships.update(ends_on=ends_on)


@pytest.mark.parametrize(("offset", "status"), [(-1, 404), (0, 200), (1, 200)])
def test_the_end_date_is_the_last_day_of_access(ana_client, ana, make_open_audit, offset, status):
    make_open_audit(1)
    end(ana, day(offset))
    assert ana_client.get("/audits/w34/label/").status_code == status


@pytest.mark.parametrize("path", PAGES)
def test_every_page_of_the_project_shuts_after_the_last_day(lea_client, lea, make_open_audit, path):
    make_open_audit(1)
    assert lea_client.get(path).status_code == 200
    end(lea, day(-1))
    assert lea_client.get(path).status_code == 404


def test_a_page_that_was_open_saves_nothing_after_the_last_day(ana_client, ana, make_open_audit):
    desk = AtDesk(ana_client, make_open_audit(1))
    token = desk.open()
    desk.verdict(token, "correct")
    end(ana, day(-1))
    assert desk.label(token, "latency").status_code == 404
    assert not Label.objects.exists()


def test_home_and_the_querysets_agree(ana_client, ana, make_open_audit):
    make_open_audit(1)
    assert Project.objects.for_user(ana).count() == Audit.objects.for_user(ana).count() == 1
    end(ana, day(-1))
    assert Project.objects.for_user(ana).count() == Audit.objects.for_user(ana).count() == 0
    assert "no role in a project" in ana_client.get("/").text


def test_labels_outlive_the_person(ana_client, ana, make_open_audit):
    desk = AtDesk(ana_client, make_open_audit(1))
    desk.give()
    end(ana, day(-1))
    assert Label.objects.counted().count() == 1


def test_the_day_is_the_databases_own_at_each_request(ana):
    """A queryset that is kept over midnight asks again; nothing is computed at the import."""
    end(ana, day(0))
    kept = Membership.objects.current().filter(user=ana)
    with CaptureQueriesContext(connection) as asked:
        assert kept.exists()
    assert str(day(0)) not in asked[0]["sql"]
    now = Membership.objects.annotate(now=Now()).values_list("now", flat=True)[0]
    assert abs(now - timezone.now()) < timedelta(minutes=1)


def test_an_account_that_is_switched_off_is_out_on_the_next_request(
    ana_client, ana, make_open_audit
):
    make_open_audit(1)
    assert ana_client.get("/audits/w34/label/").status_code == 200
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert ana_client.get("/audits/w34/label/").url.startswith("/sign-in/")


def test_a_demo_person_whose_access_ended_is_not_offered(client, ana, settings):
    settings.DEMO_MODE = True
    Project.objects.update(is_demo=True)
    ana.set_unusable_password()
    ana.save(update_fields=["password"])
    assert "<b>ana</b>" in client.get("/sign-in/").text
    end(ana, day(-1))
    assert "<b>ana</b>" not in client.get("/sign-in/").text
    assert client.post("/demo/sign-in/ana/").status_code == 404


def test_a_role_given_by_the_command_has_no_end(ana_client, ana, make_open_audit, capsys):
    make_open_audit(1)
    end(ana, day(-1))
    call_command("add_member", "ana", "--project=assistant", "--role=grader")
    assert ana_client.get("/audits/w34/label/").status_code == 200
