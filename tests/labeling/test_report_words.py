"""What is undefined is explained in words, on the report and on the agreement page."""

from io import StringIO

import pytest
from django.core.management import call_command


@pytest.fixture
def labelled_as(make_output, make_audit, give_labels):
    """An audit of three outputs whose labels are given."""

    def make(labels):
        for number in range(3):
            make_output(f"o{number}", domain="tax")
        audit = make_audit("words")
        if labels:
            give_labels(audit, labels)
        return audit

    return make


def pages(client):
    return {name: client.get(f"/audits/words/{name}/").text for name in ("report", "agreement")}


SAME = {f"o{n}": ["latency"] * 2 for n in range(3)}


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ({}, "Nobody has labelled a unit yet: agreement is not defined."),
        ({"o0": ["latency"]}, "No unit has labels of two coders yet: agreement is not defined."),
        (
            SAME,
            "All coders gave the same label to every unit: alpha is undefined, since nothing could "
            "have been confused, and percent agreement is 100%.",
        ),
    ],
)
def test_why_alpha_is_undefined_is_said_in_words(labelled_as, rey_client, labels, sentence):
    labelled_as(labels)
    for page in pages(rey_client).values():
        assert sentence in page


def test_where_alpha_is_known_nothing_is_said(labelled_audit, rey_client):
    page = rey_client.get("/audits/november/report/").text
    assert "agreement is not defined" not in page
    assert "alpha is undefined" not in page


def test_an_audit_without_labels_explains_every_gap(labelled_as, rey_client):
    labelled_as({})
    page = pages(rey_client)["report"]
    assert "Not known: no unit is labelled." in page
    assert "no unit in it is labelled yet" in page
    assert page.count("No labelled unit yet.") == 2
    assert "correctness is not known in this row: no unit is labelled" in page


def test_a_set_without_the_mode_explains_it_at_the_headline_and_in_the_breakdown(
    project, write_labels, rey_client
):
    rows = [("1", "a", "yes"), ("1", "b", "no")]
    call_command("import_labels", "words", str(write_labels(rows)), stdout=StringIO())
    page = pages(rey_client)["report"]
    assert "has no mode unwelcome_but_correct" in page
    assert "Not defined: an imported label set" in page
