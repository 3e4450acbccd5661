"""Coders' error as lines beside the shares: two models, each explained where it is undefined."""

import datetime as dt
import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from labeling.models import Audit, Coder, Label
from labeling.reports import build_report
from labeling.sensitivity import build_sensitivity, weight_of_choices

UNWELCOME = "unwelcome_but_correct"


@pytest.fixture
def label_gold(labelled_audit, make_gold):
    """Gold units of one answer, and what three coders said of each."""

    def label(n, truth, said, *, start=1000, **fields):
        coders = [
            Coder.objects.get_or_create(project=labelled_audit.project, name=f"c{k}")[0]
            for k in (1, 2, 3)
        ]
        Audit.objects.update(frame_until=timezone.now() + dt.timedelta(days=1))
        labelled_audit.refresh_from_db()
        modes = {mode.code: mode for mode in labelled_audit.codebook.modes.all()}
        golds = [make_gold(labelled_audit, start + k, truth, **fields) for k in range(n)]
        Label.objects.bulk_create(
            Label(
                unit=gold.unit,
                coder=coder,
                codebook=labelled_audit.codebook,
                correctness=modes[code].needs_verdict,
                needed_verdict=modes[code].needs_verdict,
                failure_mode=modes[code],
                submission_id=f"{gold.pk}-{coder.pk}",
            )
            for gold in golds
            for coder, code in zip(coders, said, strict=True)
        )
        return golds

    return label


def sensitivity(audit):
    return build_sensitivity(build_report(audit))


class TestDawidSkene:
    def test_every_mode_has_a_line_beside_its_share_and_the_shares_add_up(self, labelled_audit):
        found = sensitivity(labelled_audit)
        assert [line.mode for line in found.lines] == list(found.report.shares)
        assert sum(line.modelled.value for line in found.lines) == pytest.approx(1)
        assert [coder.coder for coder in found.model.coders] == ["c1", "c2", "c3"]

    def test_where_all_agree_the_model_says_what_the_share_says(
        self, make_output, make_audit, give_labels
    ):
        for number in range(20):
            make_output(f"o{number}", release="A" if number < 15 else "B")
        audit = make_audit("two", "--strata", "release")
        give_labels(audit, {f"o{k}": [UNWELCOME if k < 6 else "latency"] * 3 for k in range(20)})
        line = next(line for line in sensitivity(audit).lines if line.mode.code == UNWELCOME)
        assert line.modelled.value == pytest.approx(line.mode.share.value) == pytest.approx(0.3)

    def test_units_count_by_the_weight_of_their_stratum(self, make_output, make_audit, give_labels):
        for number in range(60):
            make_output(f"a{number}", release="A")
        for number in range(20):
            make_output(f"b{number}", release="B")
        audit = make_audit("two", "--strata", "release", size=40)
        modes = {"a": "latency", "b": UNWELCOME}
        give_labels(audit, {unit.name: [modes[unit.name[0]]] * 3 for unit in audit.units.all()})
        line = next(line for line in sensitivity(audit).lines if line.mode.code == UNWELCOME)
        assert line.modelled.value == pytest.approx(20 / 80), "not 20 of 40 units"

    def test_two_coders_are_too_few_and_the_page_says_so(
        self, make_output, make_audit, give_labels, rey_client
    ):
        for number in range(4):
            make_output(f"o{number}")
        audit = make_audit("two-coders", "--coders", "2")
        give_labels(audit, {f"o{k}": [UNWELCOME, "latency"] for k in range(4)})
        page = rey_client.get("/audits/two-coders/sensitivity/").text
        assert "Not computed: only 2 coders, fewer than 3" in page

    def test_third_opinions_stay_out_as_they_do_of_agreement(
        self, make_output, make_audit, give_labels
    ):
        for number in range(4):
            make_output(f"o{number}")
        audit = make_audit("thirds", "--coders", "2", "--third-opinion")
        give_labels(audit, {f"o{k}": [UNWELCOME, "latency", "latency"] for k in range(4)})
        model = sensitivity(audit).model
        assert model.undefined_because == "only 2 coders, fewer than 3"


class TestRoganGladen:
    def test_fifty_known_of_each_correct_the_headline(self, labelled_audit, label_gold):
        label_gold(50, UNWELCOME, [UNWELCOME] * 3)
        label_gold(40, "latency", ["latency"] * 3, start=2000)
        label_gold(10, "latency", [UNWELCOME] * 3, start=3000)
        found = sensitivity(labelled_audit)
        assert (found.positives.n, found.positives.right) == (50, 50)
        assert (found.negatives.n, found.negatives.right) == (50, 40)
        q = found.report.headline.value
        assert found.corrected.corrected.value == pytest.approx((q + 0.8 - 1) / (1 + 0.8 - 1))
        assert found.report.headline.value == build_report(labelled_audit).headline.value

    def test_fewer_known_units_are_counted_and_nothing_is_corrected(
        self, labelled_audit, label_gold, rey_client
    ):
        label_gold(3, UNWELCOME, [UNWELCOME, UNWELCOME, "latency"])
        page = rey_client.get("/audits/november/sensitivity/").text
        assert "Not corrected: only 3 known positives, fewer than 50" in page

    def test_retired_and_training_units_measure_nobody(self, labelled_audit, label_gold):
        (gold,) = label_gold(1, UNWELCOME, [UNWELCOME] * 3)
        label_gold(1, UNWELCOME, [UNWELCOME] * 3, start=2000, is_training=True)
        assert sensitivity(labelled_audit).positives.n == 1
        gold.retired_at = gold.created_at
        gold.save()
        assert sensitivity(labelled_audit).positives.n == 0

    def test_many_labels_of_a_gold_unit_are_judged_as_k_coders_would_decide(self):
        """Three of five say it: a majority of five surely, of three in 7 of 10 choices."""
        labels = [UNWELCOME] * 3 + ["latency"] * 2
        assert weight_of_choices(labels, 5) == 1
        assert weight_of_choices(labels, 3) == pytest.approx(7 / 10)
        assert weight_of_choices(labels, 2) == pytest.approx(3 / 10 + 6 / 10 / 2)


def test_nothing_is_known_of_an_audit_without_labels(make_output, make_audit, rey_client):
    make_output("o1")
    make_audit("fresh")
    page = rey_client.get("/audits/fresh/sensitivity/").text
    assert "Not computed: no labels" in page
    assert "Not corrected: the observed share is undefined" in page


def test_the_command_adds_a_key_on_request_and_changes_no_other(labelled_audit):
    plain, more = StringIO(), StringIO()
    call_command("report", "november", "--json", stdout=plain)
    call_command("report", "november", "--json", "--sensitivity", stdout=more)
    before, after = json.loads(plain.getvalue()), json.loads(more.getvalue())
    added = after.pop("sensitivity")
    assert after == before
    assert added == sensitivity(labelled_audit).as_dict()
    text = StringIO()
    call_command("report", "november", "--sensitivity", stdout=text)
    assert "Rogan-Gladen, unwelcome but correct: not known (only 0 known" in text.getvalue()


def test_the_page_costs_as_many_queries_with_more_units(
    labelled_audit, label_gold, rey_client, django_assert_max_num_queries
):
    label_gold(20, UNWELCOME, [UNWELCOME] * 3)
    with django_assert_max_num_queries(45):
        rey_client.get("/audits/november/sensitivity/")
