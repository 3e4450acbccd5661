"""No request, however wrong, ends in a 500; the same on SQLite and on PostgreSQL."""

import itertools
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from feedback.models import Import
from labeling.models import Label, Unit
from projects.invitations import invite
from projects.models import User
from tests.people import signed_in
from tests.sampled import AtDesk

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

TOKENS = [
    "%00",
    "w34-token-0%00",
    "%F0%9F%92%A9",
    "%ff%fe",
    "..%2F..%2Fetc",
    "x" * 3000,
    "%ED%A0%80",
]
FORM = "application/x-www-form-urlencoded"
VALUES = ["\0", "a\0b", "x" * 10_000, "‮evil", "٣", "1e999", "-1", "9" * 40, "[]", " "]


@pytest.fixture
def held(ana_client, make_open_audit):
    """An audit of which ana holds the first unit."""
    audit = make_open_audit(3)
    AtDesk(ana_client, audit).open()
    return audit


@pytest.fixture
def quiet(ana_client, lea_client, adam_client):
    """Clients that hand back a 500 instead of raising what caused it."""
    for client in (ana_client, lea_client, adam_client):
        client.raise_request_exception = False
    return {"ana": ana_client, "lea": lea_client, "adam": adam_client}


def failures(answers):
    return [
        f"{what} -> {answer.status_code}" for what, answer in answers if answer.status_code >= 500
    ]


@pytest.mark.parametrize("token", TOKENS)
def test_hostile_addresses_are_not_found(quiet, held, token):
    paths = [
        f"/audits/w34/units/{token}/",
        f"/audits/w34/units/{token}/verdict/",
        f"/audits/w34/units/{token}/label/",
        f"/audits/w34/units/{token}/skip/",
        f"/audits/w34/adjudicate/{token}/",
        f"/audits/{token}/",
        f"/audits/{token}/label/",
        f"/projects/{token}/",
        f"/projects/{token}/people/",
        f"/demo/sign-in/{token}/",
        f"/join/{token}/",
    ]
    calls = itertools.product(quiet.items(), paths, ("get", "post"))
    found = [
        (f"{name} {method} {path}", getattr(client, method)(path))
        for (name, client), path, method in calls
    ]
    assert failures(found) == []


@pytest.mark.parametrize("value", VALUES)
def test_hostile_fields_at_the_desk_are_refused(quiet, held, value):
    first = "/audits/w34/units/w34-token-0/"
    fields = (
        "correctness",
        "failure_mode",
        "further_modes",
        "revision_reason",
        "note",
        "submission_id",
    )
    ana, found = quiet["ana"], []
    for step in ("verdict/", "label/", "skip/"):
        for field in (*fields, "reason"):
            good = {"correctness": "correct", "failure_mode": "latency", "reason": "language"}
            found.append((f"{step} {field}", ana.post(first + step, {**good, field: value})))
    assert failures(found) == []


@pytest.mark.parametrize("value", VALUES)
def test_hostile_fields_of_the_leads_forms_are_refused(quiet, split, value):
    lea = quiet["lea"]
    decide = f"/audits/split/adjudicate/{split}/"
    good = {"correctness": "correct", "failure_mode": "latency", "reason": "Looked it up."}
    found = [(f"decide {field}", lea.post(decide, {**good, field: value})) for field in good]
    new = {"name": "A", "slug": "a", "frame": "negative", "size": "1", "coders": "1", "seed": "1"}
    for field in (*new, "margin", "strata_field", "n_thumbs_up", "sham_share", "codebook"):
        for press in ("preview", "draw"):
            sent = {**new, field: value, press: "1"}
            found.append((f"{press} {field}", lea.post("/projects/assistant/audits/new/", sent)))
    gold = {"unit": "none", "correctness": "correct", "label": "latency", "explanation": "It is."}
    for field in (*gold, "is_training"):
        sent = {**gold, field: value}
        found.append((f"gold {field}", lea.post("/audits/split/gold/", sent)))
    found.append(("decision", lea.get("/audits/split/gold/", {"decision": value})))
    assert failures(found) == []


@pytest.mark.parametrize("value", VALUES)
def test_hostile_fields_of_training_are_refused(quiet, make_open_audit, make_gold, value):
    audit = make_open_audit(1, training_bar=1)
    address = f"/audits/w34/training/{make_gold(audit, 100, is_training=True).unit.token}/"
    found = [
        (f"training {field}", quiet["ana"].post(address, {"attempt": "1", field: value}))
        for field in ("attempt", "correctness", "failure_mode")
    ]
    assert failures(found) == []


@pytest.fixture
def split(make_open_audit, ana_client, ben_client):
    """A unit of the audit `split` with two different labels; its token."""
    audit = make_open_audit(1, slug="split")
    AtDesk(ana_client, audit).give("correct", "latency")
    AtDesk(ben_client, audit).give("correct", "formatting")
    return audit.units.get().token


@pytest.mark.parametrize("value", VALUES)
def test_hostile_sign_ins_are_refused(ana, value):
    client = Client(raise_request_exception=False)
    found = [
        ("name", client.post("/sign-in/", {"username": value, "password": "x"})),
        ("password", client.post("/sign-in/", {"username": "ana", "password": value})),
        ("next", client.post("/sign-in/", {"username": "a", "password": "b", "next": value})),
        ("query", client.post("/sign-in/?x=%00&next=%00", {"username": "a", "password": "b"})),
        ("extra", client.post("/sign-in/", {"username": "a", "password": "b", "more": value})),
        ("asked", client.get("/sign-in/", {"next": value})),
    ]
    assert failures(found) == []


@pytest.mark.parametrize("value", VALUES)
def test_hostile_fields_of_an_invitation_are_refused(quiet, lea, project, value):
    people = "/projects/assistant/people/"
    good = {"email": "dora@example.com", "name": "Dora", "role": "grader", "ends_on": ""}
    found = [(field, quiet["lea"].post(people, {**good, field: value})) for field in good]
    _, token = invite(
        project=project, email="eve@example.com", role="grader", by=lea.memberships.get()
    )
    client = Client(raise_request_exception=False)
    account = {"username": "eve", "password1": "a long password", "password2": "a long password"}
    join = f"/join/{token}/"
    found += [(field, client.post(join, {**account, field: value})) for field in account]
    assert failures(found) == []


@pytest.mark.parametrize("value", VALUES)
def test_hostile_fields_of_an_import_are_refused(quiet, project, value):
    lea, found = quiet["lea"], []
    file = SimpleUploadedFile(
        value.replace("\0", "%00")[:200] + ".csv", b"id,output,rating\n1,a,down\n"
    )
    found.append(("upload", lea.post("/projects/assistant/feedback/import/", {"file": file})))
    good = SimpleUploadedFile("a.csv", b"id,output,rating\n1,a,down\n2,b,up\n")
    lea.post("/projects/assistant/feedback/import/", {"file": good})
    source = Import.objects.latest("pk")
    address = f"/projects/assistant/imports/{source.pk}/"
    columns = {"field_external_id": "id", "field_text": "output", "field_rating": "rating"}
    found += [
        (field, lea.post(f"{address}?step=mapping", {**columns, field: value}))
        for field in (*columns, "channel_name", "scale")
    ]
    lea.post(f"{address}?step=mapping", columns)
    found += [(field, lea.post(address, {field: value})) for field in ("negative", "rule")]
    assert failures(found) == []


def test_requests_that_are_not_forms_are_refused(quiet, held):
    ana = quiet["ana"]
    address = "/audits/w34/units/w34-token-0/verdict/"
    found = [
        ("bytes", ana.post(address, b"correctness=\xff\xfe\x00", FORM)),
        ("json", ana.post(address, b"{", "application/json")),
        ("broken multipart", ana.post(address, b"--x\r\n", "multipart/form-data; boundary=x")),
        ("no boundary", ana.post(address, b"x", "multipart/form-data")),
        ("charset", ana.generic("POST", address, b"a=b", f"{FORM}; charset=rot13")),
        ("fields", ana.post(address, {f"f{k}": "x" for k in range(2000)})),
        ("huge", ana.post(address, {"correctness": "x" * 3_000_000})),
        ("bad cookie", ana.get("/", HTTP_COOKIE="sessionid=\x00; csrftoken=')\"")),
        ("host", ana.get("/", HTTP_HOST="evil.example\x00")),
        (
            "hx",
            ana.get("/audits/w34/label/", headers={"HX-Request": "true", "HX-Current-URL": "\xff"}),
        ),
        ("trace", ana.generic("TRACE", "/audits/w34/label/")),
        ("put", ana.put(address, b"x")),
        ("delete", ana.delete(address)),
        ("head", ana.head("/audits/w34/label/")),
        ("options", ana.options("/audits/w34/label/")),
    ]
    assert failures(found) == []
    assert not Label.objects.exists()
    assert Unit.objects.count() == 3


def test_numbers_too_large_for_the_database_are_not_found(quiet, held):
    lea = quiet["lea"]
    imports = "/projects/assistant/imports/"
    found = [
        (path, lea.get(path))
        for number in ("0", "9" * 19, "9" * 60)
        for path in (f"{imports}{number}/", f"{imports}{number}/rejected.csv")
    ]
    people = "/projects/assistant/people/"
    found += [
        (path, lea.post(path))
        for number in ("0", "9" * 19, "9" * 60)
        for path in (f"{people}{number}/deactivate/", f"{people}invitations/{number}/revoke/")
    ]
    assert {answer.status_code for _, answer in found} == {404}


def test_a_submission_id_of_somebody_else_saves_nothing(quiet, held, ben_client):
    theirs = AtDesk(ben_client, held).give(submission_id=str(uuid.uuid4()))
    ana = AtDesk(quiet["ana"], held)
    token = ana.open()
    ana.verdict(token, "correct")
    answer = ana.label(token, "latency", submission_id=str(theirs.submission_id))
    assert answer.status_code == 422
    assert Label.objects.count() == 1


def test_an_admin_signs_in_under_throttling_too(db):
    """The admin's own sign-in page counts guesses like ours."""
    User.objects.create_superuser("boss", password="a long password for tests")
    client = Client(raise_request_exception=False)
    sent = {"username": "boss", "password": "guess\0", "next": "/admin/"}
    answers = [client.post("/admin/login/?next=/admin/%00", sent).status_code for _ in range(9)]
    assert max(answers) < 500


@pytest.mark.parametrize(
    "query", ["q=%00", "role=%00", "o=x", "p=99999999999", "role__exact=%00", "e=1"]
)
def test_hostile_queries_in_the_admin_are_refused(db, query):
    boss = User.objects.create_superuser("boss", password="a long password for tests")
    client = signed_in(boss)
    client.raise_request_exception = False
    pages = [
        "projects/user",
        "projects/membership",
        "projects/invitation",
        "feedback/output",
        "labeling/label",
        "labeling/unit",
    ]
    found = [(page, client.get(f"/admin/{page}/?{query}")) for page in pages]
    assert failures(found) == []
