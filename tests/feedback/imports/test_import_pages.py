"""The upload page and its steps, as lea (lead) and everybody else meets them."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from feedback import forms
from feedback.models import Feedback, Import, Output
from projects.models import Project
from tests.feedback.imports.conftest import HEADER, ROWS

BASE = "/projects/assistant"
TABLE = "\n".join([HEADER, *ROWS]).encode()


@pytest.fixture
def send(lea_client):
    """Send a file through the page; give the address of its import."""

    def send(content=TABLE, name="feedback.csv"):
        file = SimpleUploadedFile(name, content)
        response = lea_client.post(f"{BASE}/feedback/import/", {"file": file})
        assert response.status_code == 302, response.content.decode()
        return response.url

    return send


def map_columns(client, url, **changed):
    fields = {
        "field_id": "id",
        "field_prompt": "prompt",
        "field_response": "response",
        "field_rating": "rating",
        "field_comment": "comment",
        "field_release": "release",
        "field_user": "user",
    }
    return client.post(f"{url}?step=mapping", {**fields, **changed})


def test_a_file_comes_in_step_by_step(lea_client, send):
    url = send()
    page = lea_client.get(url).content.decode()
    assert "Which column is what?" in page
    assert "No: 2 + 2 is 4." in page
    assert '<option value="response" selected>' in page

    assert map_columns(lea_client, url).url == url
    page = lea_client.get(url).content.decode()
    assert "Which of these are negative?" in page
    assert "checked" not in page

    assert lea_client.post(url, {"negative": ["down"]}).url == url
    page = lea_client.get(url).content.decode()
    assert "0 of 4 rows" in page
    assert "Continue" in page
    assert Output.objects.count() == 0

    fragment = lea_client.post(f"{url}step/", headers={"HX-Request": "true"}).content.decode()
    assert fragment.lstrip().startswith('<section id="progress"')
    assert "Imported" in fragment
    assert "Negative: down." in lea_client.get(url).content.decode()
    assert Feedback.objects.filter(is_negative=True).count() == 2


def test_without_javascript_continue_leads_back_to_the_page(lea_client, send):
    url = send()
    map_columns(lea_client, url)
    lea_client.post(url, {"negative": ["down"]})
    assert lea_client.post(f"{url}step/").url == url
    assert lea_client.post(f"{url}step/").url == url
    assert Output.objects.count() == 4


def test_a_step_sent_twice_or_after_the_end_changes_nothing(lea_client, send):
    url = send()
    map_columns(lea_client, url)
    for _ in range(2):
        lea_client.post(url, {"negative": ["down"]})
    for _ in range(3):
        lea_client.post(f"{url}step/", headers={"HX-Request": "true"})
    done = Import.objects.get()
    assert (done.n_new, done.n_done) == (4, 4)


def test_the_same_file_is_recognised(lea_client, send):
    url = send()
    map_columns(lea_client, url)
    lea_client.post(url, {"negative": ["down"]})
    lea_client.post(f"{url}step/")
    assert "The same file was imported" in lea_client.get(send()).content.decode()


def test_outputs_without_a_rating_need_no_polarity(lea_client, send):
    url = send()
    map_columns(lea_client, url, field_rating="")
    lea_client.post(f"{url}step/")
    assert "outputs without feedback" in lea_client.get(url).content.decode()
    assert Feedback.objects.count() == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "the file is empty"), (b"\x00\x01", "binary"), (b"1,2,3\n", "expected a header")],
)
def test_a_file_that_is_wrong_comes_back_with_the_form(lea_client, project, content, said, uploads):
    file = SimpleUploadedFile("wrong.csv", content)
    response = lea_client.post(f"{BASE}/feedback/import/", {"file": file})
    assert response.status_code == 422
    assert "wrong.csv: " in response.content.decode()
    assert said in response.content.decode()
    assert not Import.objects.exists()
    assert list(uploads.iterdir()) == []


def test_a_file_over_the_bound_is_told_the_bound(lea_client, monkeypatch):
    monkeypatch.setattr(forms, "MAX_UPLOAD_BYTES", 10)
    file = SimpleUploadedFile("large.csv", TABLE)
    response = lea_client.post(f"{BASE}/feedback/import/", {"file": file})
    assert response.status_code == 422
    assert "at most 10 bytes, got" in response.content.decode()


def test_no_file_is_422(lea_client):
    assert lea_client.post(f"{BASE}/feedback/import/", {}).status_code == 422


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({}, "got neither"),
        ({"negative": ["down"], "nothing": "on"}, "got both"),
        ({"negative": ["sideways"]}, "not one of the available choices"),
        ({"rule": "2 or less"}, "Expected a bound"),
        ({"rule": "<=2"}, "expected numbers"),
    ],
)
def test_a_polarity_that_is_wrong_is_422(lea_client, send, answer, said):
    url = send()
    map_columns(lea_client, url)
    response = lea_client.post(url, answer)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert Import.objects.get().status == Import.Status.MAPPED


def test_a_mapping_without_a_text_is_422(lea_client, send):
    response = map_columns(lea_client, send(), field_response="")
    assert response.status_code == 422
    assert "response or messages" in response.content.decode()


def test_going_back_to_the_columns(lea_client, send):
    url = send()
    map_columns(lea_client, url)
    assert "Which column is what?" in lea_client.get(f"{url}?step=mapping").content.decode()
    map_columns(lea_client, url, field_comment="")
    assert "comment" not in Import.objects.get().mapping


def test_hostile_cells_and_names_are_text(lea_client, send):
    rows = b"id,prompt,<b>response</b>,rating\n1,<script>alert(1)</script>,<img src=x>,<i>down\n"
    url = send(rows, "<svg onload=x>.csv")
    pages = lea_client.get(url).content.decode()
    map_columns(
        lea_client,
        url,
        field_response="<b>response</b>",
        field_comment="",
        field_release="",
        field_user="",
    )
    pages += lea_client.get(url).content.decode()
    assert "&lt;script&gt;" in pages
    for tag in ("<script>alert", "<img src=x", "<i>down", "<svg onload", "<b>response"):
        assert tag not in pages


def test_rejected_rows_can_be_downloaded_and_no_cell_is_a_formula(lea_client, send):
    url = send(b"id,prompt,response\n1,p,r\n=1+1,p,\n3,p\n")
    map_columns(lea_client, url, field_rating="", field_comment="", field_release="", field_user="")
    lea_client.post(f"{url}step/")
    response = lea_client.get(f"{url}rejected.csv")
    assert response["Content-Disposition"].startswith("attachment")
    rows = list(csv.reader(io.StringIO(b"".join(response).decode())))
    assert rows[0] == ["line", "reason", "row"]
    assert [row[0] for row in rows[1:]] == ["3", "4"]
    assert rows[2][2] == "3,p"


def test_a_discarded_file_is_gone(lea_client, send, uploads):
    url = send()
    assert lea_client.post(f"{url}discard/").url == f"{BASE}/feedback/"
    assert not Import.objects.exists()
    assert list(uploads.iterdir()) == []


def test_the_overview_counts_outputs_ratings_and_imports(lea_client, send):
    url = send()
    map_columns(lea_client, url)
    lea_client.post(url, {"negative": ["down"]})
    lea_client.post(f"{url}step/")
    page = lea_client.get(f"{BASE}/feedback/").content.decode()
    assert "<dt>Outputs</dt><dd>4</dd>" in page
    assert "<dt>Rated negative</dt><dd>2</dd>" in page
    assert "<dt>Response rate</dt><dd>75%</dd>" in page
    assert "feedback.csv" in page


def test_only_leads_and_admins_may_enter(
    send, ana_client, rey_client, out_client, adam_client, client
):
    url = send()
    pages = [f"{BASE}/feedback/", f"{BASE}/feedback/import/", url, f"{url}rejected.csv"]
    for page in pages:
        assert adam_client.get(page).status_code == 200
        assert client.get(page).status_code == 302
        for stranger in (ana_client, rey_client, out_client):
            assert stranger.get(page).status_code == 404
    assert ana_client.post(f"{url}step/").status_code == 404


def test_an_import_of_another_project_does_not_exist(lea_client, lea):
    other = Project.objects.create(slug="other", name="Other")
    theirs = Import.objects.create(project=other, file_name="x", sha256="0", staged="x")
    for place in ("", "rejected.csv"):
        assert lea_client.get(f"{BASE}/imports/{theirs.pk}/{place}").status_code == 404
    assert lea_client.post(f"{BASE}/imports/{theirs.pk}/step/").status_code == 404


def test_every_feedback_model_is_in_the_admin_and_read_only(client, django_user_model, send):
    root = django_user_model.objects.create_superuser("root", password="a long password for tests")
    client.force_login(root, backend="django.contrib.auth.backends.ModelBackend")
    send()
    for name in ("import", "rejectedrow", "output", "content", "feedback"):
        assert client.get(f"/admin/feedback/{name}/").status_code == 200
        assert client.get(f"/admin/feedback/{name}/add/").status_code == 403
