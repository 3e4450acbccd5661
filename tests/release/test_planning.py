"""Units for a margin and for a decision of the gate: page, command, and the report's line."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from labeling.reports import build_report
from labeling.workflow import close_audit
from release.planning import Assumptions, make_plan, to_decide
from release.policy import Policy
from tests.graders_at_work import measure

PLAN = "/projects/assistant/plan/"
UNWELCOME = "unwelcome_but_correct"


def plan(*options):
    out = StringIO()
    call_command("plan", "--project", "assistant", "--json", *options, stdout=out)
    return json.loads(out.getvalue())


@pytest.fixture
def label_share(make_output, make_audit, give_labels):
    """An audit of `n` of `frame` negatives; of the labelled ones the first are unwelcome."""

    def label(n_unwelcome, n_labelled, *, n=None, frame=None):
        for number in range(frame or n_labelled):
            make_output(f"o{number}")
        audit = make_audit(size=n or n_labelled)
        units = list(audit.units.order_by("serving", "pk"))[:n_labelled]
        modes = [UNWELCOME] * n_unwelcome + ["latency"] * (n_labelled - n_unwelcome)
        pairs = zip(units, modes, strict=True)
        give_labels(audit, {unit.name: [mode] * 3 for unit, mode in pairs})
        return audit

    return label


class TestPlan:
    def test_units_for_a_margin_are_cochrans_with_the_finite_frame(self, project):
        assumed = Assumptions(n_frame=10**9, truth=0.30)
        assert make_plan(assumed, ()).for_margin == 343
        assert make_plan(Assumptions(n_frame=2000, truth=0.30), ()).for_margin < 343

    def test_coders_who_err_and_lost_units_are_planned_for(self, project):
        plain = make_plan(Assumptions(n_frame=5000, truth=0.05), ())
        worse = make_plan(
            Assumptions(n_frame=5000, truth=0.05, specificity=0.95, completion=0.8, deff=1.2), ()
        )
        assert plain.for_decision.decision == worse.for_decision.decision == "known"
        assert worse.for_decision.units > 1.5 * plain.for_decision.units

    def test_a_share_between_the_limits_is_decided_by_no_number(self, project):
        found = make_plan(Assumptions(n_frame=5000, truth=0.20), ())
        assert found.for_decision.units is None
        assert "lies between the thresholds" in found.for_decision.undefined_because
        assert found.hours_for_decision is None

    def test_the_table_is_the_published_one(self, project):
        """docs/methods.md: limit 10%, 200 units, a frame so large that it does not matter."""
        assumed = Assumptions(n_frame=10**9, low=0.10, high=0.10, units=200, truth=0.08)
        (of_200,) = make_plan(assumed, ()).characteristics
        known = {entry.truth: round(entry.known, 2) for entry in of_200}
        too_high = {entry.truth: round(entry.too_high, 2) for entry in of_200}
        assert (known[0.05], known[0.08], too_high[0.20]) == (0.70, 0.12, 0.97)

    def test_hours_are_labels_times_the_mean_time(self, project):
        found = make_plan(Assumptions(n_frame=10**9, truth=0.30, coders=2), [30.0, 90.0])
        assert found.hours_for_margin.value == pytest.approx(343 * 2 * 60 / 3600)


class TestWhatIsAssumed:
    def test_without_an_audit_it_is_a_guess_over_todays_frame(self, project, make_output):
        for number in range(60):
            make_output(f"o{number}")
        assumed = plan()["assumed"]
        assert (assumed["n_frame"], assumed["truth"], assumed["deff"]) == (60, 0.3, 1.0)

    def test_the_newest_finished_audit_gives_share_completion_and_times(self, label_share, project):
        audit = label_share(12, 40, n=50, frame=80)
        measure(audit, 60)
        assert plan()["assumed"]["truth"] == 0.3, "an audit that is still labelled is not asked"
        close_audit(audit)
        found = plan()
        assert found["assumed"]["completion"] == 0.8
        assert found["assumed"]["n_frame"] == 80
        units = found["margin"]["units"]
        assert found["margin"]["hours"]["value"] == pytest.approx(units * 3 / 60)

    def test_a_project_without_feedback_has_a_page(self, project, lea_client):
        answer = lea_client.get(PLAN)
        assert answer.status_code == 200
        assert 'value="1000"' in answer.text

    def test_the_command_says_the_same_as_the_page(self, label_share, lea_client):
        close_audit(label_share(12, 40, frame=400))
        said = plan("--truth", "0.4", "--units", "120")
        page = lea_client.get(PLAN, {"truth": "40", "units": "120"}).text
        assert f"±{100 * said['margin_of_units']:.1f}" in page
        assert f"{said['decision']['units']}<small>units</small>" in page
        (known,) = [
            entry["too_high"]
            for entry in said["operating_characteristics"]
            if entry["truth"] == 0.4
        ]
        assert f"{100 * known:.1f}%" in page


class TestRefusals:
    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("n_frame", "0", "Expected 1 to 1,000,000,000 outputs, got 0."),
            ("margin", "60", "Expected from 0.1 to below 50 points, got 60."),
            ("low", "40", "Expected a share from the lower limit to 100%, got 25."),
            ("units", "5000", "Expected 1 to 1,000 units, got 5000."),
            ("units", "9" * 400, f"got {'9' * 400}."),
            ("completion", "0", "Expected 1% to 100%, got 0."),
            ("truth", "lots", "Enter a number."),
            ("deff", "nan", "Enter a number."),
        ],
    )
    def test_the_form_says_what_it_expects_beside_the_field(
        self, project, lea_client, field, value, said
    ):
        answer = lea_client.get(PLAN, {field: value})
        assert answer.status_code == 422
        assert said in answer.text.replace("&#x27;", "'")

    @pytest.mark.parametrize(
        "option", [["--margin", "nan"], ["--units", "0"], ["--units", "9" * 400], ["--deff", "inf"]]
    )
    def test_the_command_refuses_in_one_sentence(self, project, option):
        with pytest.raises(CommandError, match=f"{option[0][2:]}: expected") as caught:
            call_command("plan", "--project", "assistant", *option)
        assert caught.value.returncode == 2


@pytest.mark.slow
class TestMoreToDecide:
    def test_the_report_says_how_many_more_units_would_decide(self, label_share, rey_client):
        audit = label_share(28, 80, n=100, frame=2000)
        measure(audit, 60)
        more = to_decide(build_report(audit)).more
        assert more.decision == "too high"
        assert more.units > 0
        page = rey_client.get("/audits/november/report/").text
        assert f"label {more.units} more units" in page
        assert "limits 15% and 25%" in page

    def test_the_json_of_the_report_says_it_too(self, label_share, rey_client):
        audit = label_share(28, 80, n=90, frame=2000)
        said = rey_client.get("/audits/november/report.json").json()["to_decide"]
        found = to_decide(build_report(audit))
        assert (said["units"], said["decision"]) == (found.more.units, "too high")
        assert (said["low_limit"], said["high_limit"]) == (0.15, 0.25)
        assert said["n_without_label"] == 10
        assert said["hours"]["undefined_because"] == found.hours.undefined_because
        assert said["may_stop"] is False

    def test_a_number_beyond_the_sample_says_that_the_sample_is_too_small(self, label_share):
        audit = label_share(24, 80, n=90, frame=2000)
        found = to_decide(build_report(audit))
        assert found.more.units > found.n_drawn == 10

    def test_where_the_gate_decides_no_more_are_asked(self, label_share, rey_client):
        label_share(50, 60)
        page = rey_client.get("/audits/november/report/").text
        assert "no more units, the share is too high as it stands" in page

    def test_who_looks_every_day_may_stop_where_the_wider_interval_decides(
        self, label_share, rey_client
    ):
        audit = label_share(50, 60, n=100, frame=200)
        assert to_decide(build_report(audit)).may_stop
        assert "You can stop today" in rey_client.get("/audits/november/report/").text

    def test_an_ordinary_interval_that_decides_is_no_reason_to_stop(self, label_share):
        audit = label_share(30, 80, n=100, frame=200)
        found = to_decide(build_report(audit))
        assert found.more.units == 0
        assert not found.may_stop

    def test_a_share_between_the_limits_says_that_no_number_decides(self, label_share, rey_client):
        label_share(20, 100)
        page = rey_client.get("/audits/november/report/").text
        assert "lies between the thresholds: no number of units decides" in page

    def test_the_limits_are_the_policys(self, label_share):
        report = build_report(label_share(28, 80, frame=2000))
        strict = Policy(version="strict", low=0.05, high=0.10, alpha_floor=0.8)
        assert to_decide(report, strict).more.units == 0

    def test_the_gate_says_it_too(self, label_share, project):
        audit = label_share(28, 80, frame=2000)
        close_audit(audit)
        out = StringIO()
        with pytest.raises(SystemExit):
            call_command("gate", "--project", "assistant", "--json", stdout=out)
        said = json.loads(out.getvalue())["to_decide"]
        assert said["units"] == to_decide(build_report(audit)).more.units
        assert (said["decision"], said["power"]) == ("too high", 0.8)

    def test_without_a_finished_audit_the_gate_has_no_such_number(self, project):
        out = StringIO()
        with pytest.raises(SystemExit):
            call_command("gate", "--project", "assistant", "--json", stdout=out)
        assert json.loads(out.getvalue())["to_decide"] is None

    def test_imported_labels_are_not_judged(self, project, write_labels):
        rows = [("1", "a", UNWELCOME), ("2", "a", "latency")]
        call_command("import_labels", "elsewhere", str(write_labels(rows)), stdout=StringIO())
        assert to_decide(build_report(project.audits.get())) is None


def test_the_page_costs_as_many_queries_whatever_the_number_of_units(
    label_share, lea_client, django_assert_max_num_queries
):
    close_audit(label_share(12, 40, frame=60))
    with django_assert_max_num_queries(30):
        lea_client.get(PLAN)
