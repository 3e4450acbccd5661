"""The page that previews and draws an audit."""

import pytest

from feedback.models import Feedback, Output
from labeling.models import Audit, Unit

URL = "/projects/assistant/audits/new/"


@pytest.fixture
def feedback(project):
    outputs = Output.objects.bulk_create(
        Output(
            project=project,
            external_id=f"o{k}",
            domain="tax" if k < 70 else "<b>law</b>",
            content_sha256="0" * 64,
        )
        for k in range(150)
    )
    Feedback.objects.bulk_create(
        Feedback(
            output=output,
            channel="thumb",
            value="down" if k < 100 else "up",
            score=float(k >= 100),
            is_negative=k < 100,
            event_key="0" * 64,
        )
        for k, output in enumerate(outputs)
    )


def form(**changes):
    filled = {
        "name": "Week 34",
        "slug": "2026-w34",
        "frame": "negative",
        "strata_field": "",
        "size": "50",
        "margin": "",
        "coders": "3",
        "n_thumbs_up": "0",
        "seed": "7",
        "is_blind": "on",
    }
    return {**filled, **changes}


def test_the_page_shows_the_form(lea_client, feedback):
    page = lea_client.get(URL)
    assert page.status_code == 200
    assert "Draw the audit" in page.text


def test_a_preview_counts_the_strata_and_draws_nothing(lea_client, feedback):
    page = lea_client.post(URL, form(preview="1", strata_field="domain", name="", slug=""))
    assert page.status_code == 200
    assert "down · tax" in page.text
    assert "down · &lt;b&gt;law&lt;/b&gt;" in page.text
    assert [(s.n_frame, s.n_sampled) for s in page.context["frame"].strata] == [(30, 20), (70, 30)]
    assert not Audit.objects.exists()


def test_htmx_gets_the_preview_alone(lea_client, feedback):
    page = lea_client.post(URL, form(preview="1"), headers={"HX-Request": "true"})
    assert page.text.lstrip().startswith('<section class="panel" id="preview"')
    assert "<form" not in page.text


def test_drawing_redirects_to_the_audit(lea_client, lea, feedback):
    page = lea_client.post(URL, form(draw="1", n_thumbs_up="10"))
    assert (page.status_code, page.url) == (302, "/audits/2026-w34/")
    audit = Audit.objects.get()
    assert (audit.name, audit.seed, audit.created_by, audit.is_blind) == ("Week 34", 7, lea, True)
    assert audit.units.filter(kind=Unit.Kind.SAMPLED).count() == 50
    assert audit.units.filter(kind=Unit.Kind.SHAM).count() == 10


def test_a_margin_is_given_in_points(lea_client, feedback):
    page = lea_client.post(URL, form(preview="1", size="", margin="10"))
    assert "±10" in page.text
    assert page.context["frame"].n_sampled < 100


REFUSED = {
    "Expected 1 unit or more, got 0.": {"size": "0"},
    "size or margin: expected one of the two, got both.": {"margin": "5"},
    "Expected points above 0 and below 50, got 60.": {"size": "", "margin": "60"},
    "size or margin: expected one of the two, got neither.": {"size": ""},
    "Expected 1 to 50 per unit, got 0.": {"coders": "0"},
    "Expected a whole number of 64 bits, got 9223372036854775808.": {"seed": str(2**63)},
    "Enter a whole number.": {"seed": "x"},
    "no disagreement in project": {"frame": "disagreed"},
    "Select a valid choice. all is not": {"frame": "all"},
    "Select a valid choice. id is not": {"strata_field": "id"},
    "thumbs-up: expected with the frames negative, bottom-decile only": {
        "frame": "rated",
        "n_thumbs_up": "3",
    },
    "This field is required.": {"name": ""},
    "Expected one that is not taken, got &#x27;taken&#x27;.": {"slug": "taken"},
    "Select a valid choice. That choice is not": {"codebook": "99"},
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_a_wrong_form_comes_back_with_one_sentence(sentence, lea_client, feedback):
    lea_client.post(URL, form(draw="1", slug="taken"))
    page = lea_client.post(URL, form(draw="1", **REFUSED[sentence]))
    assert page.status_code == 422
    assert sentence in page.text
    assert "<form" in page.text
    assert [audit.slug for audit in Audit.objects.all()] == ["taken"]


def test_an_empty_frame_is_refused_with_what_there_is(lea_client, project):
    page = lea_client.post(URL, form(draw="1"))
    assert page.status_code == 422
    assert "0 of 0 outputs are rated" in page.text


@pytest.mark.parametrize("client_name", ["ana_client", "rey_client", "out_client"])
def test_only_leads_and_admins_may_draw(client_name, request, feedback):
    client = request.getfixturevalue(client_name)
    assert client.get(URL).status_code == 404
    assert client.post(URL, form(draw="1")).status_code == 404
    assert not Audit.objects.exists()
