"""Where third opinions are asked for, and how they meet imports and larger draws."""

import json

import pytest
from django.core.management import CommandError

from labeling import seating
from labeling.drawing import extend_audit
from labeling.models import Audit, Label, Seat
from tests.labeling.test_third_opinion import printed
from tests.sampled import AtDesk

# Where it is asked for


def test_the_command_sets_it_and_says_how_many_labels(make_output, project):
    for number in range(4):
        make_output(f"o{number}")
    arguments = ["--project=assistant", "--frame=negative", "--size=4", "--coders=2", "--seed=1"]
    said = printed("create_audit", "w34", *arguments, "--third-opinion", "--max-labels=3")
    assert "4 units x 2 coders = 8 seats" in said
    assert "With third opinions at least 8 labels, at most 12." in said
    audit = Audit.objects.get()
    assert (audit.asks_third, audit.max_labels_per_coder) == (True, 3)
    assert Seat.objects.count() == 8
    found = json.loads(printed("create_audit", "w35", *arguments, "--dry-run", "--json"))
    assert (found["n_seats"], found["n_seats_at_most"]) == (8, 8)


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--third-opinion", "expected with 2 coders per unit or more, got it with 1"),
        ("--max-labels=0", "expected 1 label per coder or more, got 0"),
    ],
)
@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_the_command_refuses_what_does_not_go_together(make_output, option, sentence, dry):
    make_output("o1")
    with pytest.raises(CommandError, match=sentence):
        printed(
            *("create_audit", "w34", "--project=assistant", "--frame=negative", "--size=1"),
            *("--coders=1", option, *dry),
        )
    assert not Audit.objects.exists()


class TestNewAuditForm:
    URL = "/projects/assistant/audits/new/"

    @pytest.fixture
    def form(self, make_output):
        for number in range(4):
            make_output(f"o{number}")
        return {
            "name": "W",
            "slug": "w34",
            "frame": "negative",
            "size": "4",
            "coders": "2",
            "seed": "1",
            "is_blind": "on",
            "asks_third": "on",
            "max_labels": "3",
        }

    def test_the_preview_says_at_least_and_at_most(self, lea_client, form):
        page = lea_client.post(self.URL, form | {"preview": "1"}).text
        assert "at least 8 labels to give, at most 12" in page
        del form["asks_third"]
        page = lea_client.post(self.URL, form | {"preview": "1"}).text
        assert "8 labels to give" in page
        assert "at least" not in page.partition("What would be drawn")[2]

    def test_the_draw_stores_both(self, lea_client, form):
        assert lea_client.post(self.URL, form | {"draw": "1"}).status_code == 302
        audit = Audit.objects.get()
        assert (audit.asks_third, audit.max_labels_per_coder) == (True, 3)

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"coders": "1"}, 'id="id_asks_third_error">third opinion: expected with 2 coders'),
            ({"max_labels": "0"}, 'id="id_max_labels_error">most labels: expected 1 label'),
        ],
    )
    def test_what_does_not_go_together_is_said_beside_its_field(
        self, lea_client, form, changes, sentence
    ):
        page = lea_client.post(self.URL, form | changes | {"draw": "1"})
        assert page.status_code == 422
        assert sentence in page.text
        assert not Audit.objects.exists()


# Other ways labels and seats come in


def test_imported_labels_that_differ_ask_for_a_third_opinion(
    make_output, make_audit, give_labels, make_graders
):
    for number in range(2):
        make_output(f"o{number}")
    audit = make_audit("w34", "--coders=2", "--third-opinion")
    give_labels(audit, {"o0": ["latency", "latency"], "o1": ["latency", "refusal"]})
    extra = Seat.objects.get(position=3)
    assert extra.unit.name == "o1"
    assert seating.claim_next(audit, *make_graders(1)) == extra
    give_labels(audit, {"o1": ["latency", "latency"]})
    assert Seat.objects.filter(position=3).count() == 1  # held


def test_an_extended_audit_keeps_its_extra_seats(make_output, make_audit, give_labels):
    for number in range(4):
        make_output(f"o{number}")
    audit = make_audit("w34", "--coders=2", "--third-opinion", size=2)
    names = list(audit.units.values_list("name", flat=True))
    give_labels(audit, {names[0]: ["latency", "refusal"]})
    assert extend_audit(audit, 4) == 2
    assert Seat.objects.filter(audit=audit).count() == 9


def test_labels_of_the_first_two_are_both_blind(make_open_audit, ana_client, ben_client):
    audit = make_open_audit(1, asks_third=True)
    for client, mode in ((ana_client, "latency"), (ben_client, "formatting")):
        AtDesk(client, audit).give("correct", mode)
    assert set(Label.objects.values_list("verdict__is_blind", flat=True)) == {True}
