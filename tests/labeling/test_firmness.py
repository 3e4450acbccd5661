"""What stands beside the headline: nonresponse, an interval for every day, the work left."""

import csv
import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from labeling import workflow
from labeling.effort import seconds_per_label
from labeling.models import Audit, Coder, Effort, Seat
from labeling.reports import build_report
from tests.graders_at_work import measure

UNWELCOME = "unwelcome_but_correct"


@pytest.fixture
def make_audit_of(make_output, make_audit):
    """An audit of `n` sampled negatives, all of its frame unless `frame` is larger."""

    def make(n, *, frame=None, **fields):
        for number in range(frame or n):
            make_output(f"o{number}", **fields)
        return make_audit(size=n)

    return make


def in_serving_order(audit):
    return list(audit.units.order_by("serving", "pk"))


def give(audit, give_labels, modes):
    """Label the first units in serving order, three coders of one mind each; None: left out."""
    units = in_serving_order(audit)
    pairs = zip(units, modes, strict=False)
    give_labels(audit, {unit.name: [mode] * 3 for unit, mode in pairs if mode})
    return units


def skip(unit, *names):
    for name in names:
        coder, _ = Coder.objects.get_or_create(project=unit.audit.project, name=name)
        workflow.skip_unit(unit=unit, coder=coder, reason="language")


class TestResponse:
    def test_skipped_labelled_and_waiting_units_add_up_to_the_drawn_ones(
        self, make_audit_of, give_labels, rey_client
    ):
        audit = make_audit_of(5)
        units = give(audit, give_labels, [UNWELCOME, "latency", "cannot_tell"])
        skip(units[3], "c1", "c2")
        report = build_report(audit)
        told = report.as_dict()["response"]
        assert told == {
            "n_drawn": 5,
            "n_labelled": 3,
            "n_skipped": 1,
            "n_cannot_tell": 1.0,
            "rate": 0.6,
            "n_waiting": 1,
        }
        assert report.headline.n == told["n_labelled"]
        assert report.response_line == (
            "Response: 3 of 5 drawn units are labelled (60.0%), 1 of them “cannot tell”; "
            "1 skipped without a label, 1 not labelled yet."
        )
        assert report.response_line in rey_client.get(f"/audits/{audit.slug}/report/").text

    def test_an_audit_without_labels_has_a_response_of_none(self, make_audit_of):
        found = build_report(make_audit_of(2)).response
        assert (found.rate, found.n_waiting) == (0, 2)

    def test_controls_are_not_among_the_drawn_units(self, make_output, make_audit):
        for number in range(3):
            make_output(f"o{number}")
            make_output(f"up{number}", thumb="up")
        assert build_report(make_audit("controls", "--thumbs-up", "3")).response.n_drawn == 3

    def test_the_users_own_response_stands_beside_it(self, make_audit_of, make_output, rey_client):
        for number in range(6):
            make_output(f"unrated{number}", thumb="")
        report = build_report(make_audit_of(2))
        assert (report.as_dict()["n_outputs"], report.rated_share) == (8, 0.25)
        page = rey_client.get(f"/audits/{report.audit.slug}/report/").text
        assert "8 outputs, 2 rated (25.0%), 2 negative" in page

    def test_a_label_set_was_not_drawn(self, project, write_labels):
        rows = [("1", "a", "yes"), ("1", "b", "no")]
        call_command("import_labels", "set", str(write_labels(rows)), stdout=StringIO())
        report = build_report(Audit.objects.get())
        assert (report.response, report.response_line, report.rated_share) == (None, "", None)


class TestNonresponse:
    def test_units_nobody_could_tell_are_none_or_all_of_the_headline(self, labelled_audit):
        found = build_report(labelled_audit).nonresponse
        assert (found.both.n, found.skips.n) == (1, 0)
        assert found.both.if_none.value == pytest.approx(13 / 30)
        assert found.both.if_all.value == pytest.approx(16 / 30)

    def test_a_skipped_unit_without_a_label_could_be_either(self, make_audit_of, give_labels):
        audit = make_audit_of(5)
        units = give(audit, give_labels, [UNWELCOME, "latency", "latency", UNWELCOME])
        skip(units[4], "c1", "c2")
        found = build_report(audit).nonresponse
        assert found.skips.n == 1
        assert (found.skips.if_none.value, found.skips.if_all.value) == pytest.approx((0.4, 0.6))
        line = build_report(audit).firmness_lines[0]
        assert "of the 1 skipped unit were" in line
        assert "between 40.0% and 60.0%" in line

    def test_each_mode_has_its_own_bounds_on_page_json_and_file(
        self, make_audit_of, give_labels, rey_client
    ):
        audit = make_audit_of(5)
        units = give(audit, give_labels, [UNWELCOME, "latency", "latency", UNWELCOME])
        skip(units[4], "c1", "c2")
        report = build_report(audit)
        slow = next(mode for mode in report.shares if mode.code == "latency")
        assert (slow.unanswered.if_none.value, slow.unanswered.if_all.value) == pytest.approx(
            (0.4, 0.6)
        )
        rude = next(mode for mode in report.shares if mode.code == "refusal")
        assert (rude.unanswered.if_none.value, rude.unanswered.if_all.value) == pytest.approx(
            (0.0, 0.2)
        )
        said = {mode["mode"]: mode["unanswered"] for mode in report.as_dict()["shares"]}
        assert said["latency"]["n"] == 1
        ends = [said["latency"][key] for key in ("low", "if_none", "if_all", "high")]
        assert ends == pytest.approx([0.4, 0.4, 0.6, 0.6]), "a census of the frame"
        assert said["cannot_tell"] is None
        address = f"/audits/{audit.slug}/report/"
        assert '<td class="num range">40.0 to 60.0</td>' in rey_client.get(address).text
        rows = list(csv.DictReader(StringIO(rey_client.get(f"{address}shares.csv").text)))
        of_slow = next(row for row in rows if row["mode"] == "latency")
        assert (float(of_slow["if_none"]), float(of_slow["if_all"])) == pytest.approx((0.4, 0.6))

    def test_who_labels_a_unit_that_another_skipped_answers_for_it(
        self, make_audit_of, give_labels
    ):
        audit = make_audit_of(2)
        skip(in_serving_order(audit)[0], "c9")
        give(audit, give_labels, [UNWELCOME, "latency"])
        report = build_report(audit)
        assert report.nonresponse.both.n == 0
        assert "no unit was skipped" in report.firmness_lines[0]

    def test_a_skip_that_was_undone_is_none(self, make_audit_of, give_labels, lea):
        audit = make_audit_of(2)
        units = give(audit, give_labels, [UNWELCOME])
        coder = workflow.coder_of(audit.project, lea)
        workflow.skip_unit(unit=units[1], coder=coder, reason="language")
        coder.skips.update(undone_at=timezone.now())
        assert build_report(audit).nonresponse.skips.n == 0

    def test_a_skipped_control_is_in_no_bound(self, make_output, make_audit, give_labels):
        for number in range(4):
            make_output(f"o{number}")
            make_output(f"up{number}", thumb="up")
        audit = make_audit("controls", "--thumbs-up", "4")
        give_labels(audit, {f"o{k}": [UNWELCOME] * 3 for k in range(4)})
        skip(audit.units.get(name="up0"), "c1", "c2", "c3")
        report = build_report(audit)
        assert report.nonresponse.both.n == 0
        assert (report.anytime.share.n, report.anytime.n_left_out) == (4, 0)

    def test_without_a_headline_there_are_no_bounds(self, make_audit_of):
        report = build_report(make_audit_of(2))
        assert report.nonresponse is None
        assert report.as_dict()["nonresponse"] is None


class TestLookingEveryDay:
    def test_the_labelled_prefix_in_serving_order_counts_and_what_comes_after_a_gap_does_not(
        self, make_audit_of, give_labels
    ):
        audit = make_audit_of(6)
        give(audit, give_labels, [UNWELCOME, "latency", "latency", UNWELCOME, None, UNWELCOME])
        found = build_report(audit).anytime
        assert (found.share.value, found.share.n, found.share.n_after) == (0.5, 4, 1)
        assert found.share.low < 0.1 < 0.9 < found.share.high
        (line,) = [line for line in build_report(audit).firmness_lines if "often you look" in line]
        assert "first 4 units in serving order; 1 labelled after the first gap" in line

    def test_a_unit_that_everybody_skipped_is_no_gap(self, make_audit_of, give_labels):
        audit = make_audit_of(4)
        units = give(audit, give_labels, [UNWELCOME, None, "latency", "latency"])
        skip(units[1], "c1", "c2")
        assert build_report(audit).anytime.share.n == 1, "c3 may still label it"
        skip(units[1], "c3")
        found = build_report(audit).anytime
        assert (found.share.n, found.n_left_out) == (3, 1)
        assert "1 that everybody skipped are left out" in build_report(audit).firmness_lines[1]

    def test_strata_drawn_at_different_rates_have_none_and_the_line_says_why(
        self, make_output, make_audit, give_labels
    ):
        for number in range(60):
            make_output(f"a{number}", release="A")
        for number in range(20):
            make_output(f"b{number}", release="B")
        audit = make_audit("two", "--strata", "release", size=40)
        give(audit, give_labels, [UNWELCOME] * 40)
        found = build_report(audit).anytime
        assert found.share.value is None
        assert any(
            "the strata were not drawn in proportion" in line
            for line in build_report(audit).firmness_lines
        )

    def test_a_closed_audit_has_no_such_line(self, make_audit_of, give_labels):
        audit = make_audit_of(2)
        give(audit, give_labels, [UNWELCOME, "latency"])
        workflow.close_audit(audit)
        audit.refresh_from_db()
        assert build_report(audit).anytime is None


class TestWorkLeft:
    def test_hours_come_from_the_active_time_of_labels_so_far(self, make_audit_of, give_labels):
        audit = make_audit_of(4)
        give(audit, give_labels, [UNWELCOME, "latency"])
        measure(audit, 60)
        found = build_report(audit).work_left
        assert found.n_labels == 6
        assert found.hours.value == pytest.approx(6 * 60 / 3600)
        assert found.hours.n == 6
        assert (
            "6 labels are still to give: about 6.0 minutes"
            in build_report(audit).firmness_lines[-1]
        )

    def test_without_a_measured_time_the_hours_are_not_known(self, make_audit_of, give_labels):
        audit = make_audit_of(2)
        give(audit, give_labels, [UNWELCOME])
        said = build_report(audit).firmness_lines[-1]
        assert said == ("3 labels are still to give: hours not known, no label with a known time.")

    def test_time_on_a_unit_without_a_label_is_no_time_of_a_label(self, make_audit_of, give_labels):
        audit = make_audit_of(2)
        units = give(audit, give_labels, [UNWELCOME])
        measure(audit, 30)
        now = timezone.now()
        coder = Coder.objects.first()
        Effort.objects.create(
            unit=units[1], coder=coder, active_ms=900_000, first_at=now, last_at=now
        )
        assert seconds_per_label(audit) == [30.0] * 3

    def test_when_every_label_is_in_nothing_is_left(self, labelled_audit):
        assert not Seat.objects.filter(is_done=False).exists()
        assert build_report(labelled_audit).work_left is None


def test_page_command_and_json_have_the_same_lines(labelled_audit, rey_client):
    out = StringIO()
    call_command("report", "november", stdout=out)
    page = rey_client.get("/audits/november/report/").content.decode()
    lines = build_report(labelled_audit).firmness_lines
    assert len(lines) == 2
    for line in lines:
        assert line in out.getvalue()
        assert line in page
    out = StringIO()
    call_command("report", "november", "--json", stdout=out)
    said = json.loads(out.getvalue())
    assert said["nonresponse"]["both"]["if_all"] == pytest.approx(16 / 30)
    assert said["anytime"]["n"] == 10


def test_an_imported_set_has_bounds_for_cannot_tell_and_nothing_of_the_desk(project, write_labels):
    rows = [("1", "a", UNWELCOME), ("2", "a", "latency"), ("3", "a", UNWELCOME)]
    call_command("import_labels", "elsewhere", str(write_labels(rows)), stdout=StringIO())
    report = build_report(project.audits.get())
    assert report.nonresponse.both.n == 0
    assert (report.anytime, report.work_left) == (None, None)
