"""Agreement out of the database equals agreement of the long table, label by label."""

import random
from datetime import UTC, date, datetime
from io import StringIO

import pandas as pd
import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analysis.agreement import agreement, nominal_alpha
from analysis.coder_tally import tally_of_labels
from analysis.consensus import unit_labels
from analysis.patterns import patterns_from_labels
from labeling import reliability
from labeling.audit_agreement import AuditAgreement
from labeling.codebook_versions import mode_names
from labeling.models import Audit, Label, Seat, Stratum
from labeling.reliability import (
    Part,
    mode_counts,
    read_categories,
    read_parts,
    read_patterns,
    read_tally,
)
from labeling.reports import AuditData, build_report
from labeling.version_figures import version_figures
from tests.sampled import add_unit
from tests.versions import clone_version

MODES = ("refusal", "hallucination", "latency", "formatting", "")
FIGURES = ("alpha", "percent", "ac1", "fleiss")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Labeller:
    """Gives labels straight into the tables, with all that keeps a label out of the figures."""

    def __init__(self, audit: Audit, seed: int) -> None:
        self.audit, self.chance, self.n = audit, random.Random(seed), 0
        self.codebooks = [audit.codebook]

    def give(self, unit, coder, *, code=None, position=None, **fields) -> Label:
        self.n += 1
        codebook = fields.pop("codebook", None) or self.chance.choice(self.codebooks)
        code = self.chance.choice(MODES) if code is None else code
        mode = codebook.modes.get(code=code) if code and unit.kind != "sham" else None
        verdict = mode.needs_verdict if mode else "cannot_tell"
        seat = Seat.objects.get(unit=unit, position=position) if position else None
        label = Label.objects.create(
            unit=unit,
            coder=coder,
            seat=seat,
            codebook=codebook,
            failure_mode=mode,
            correctness=verdict,
            needed_verdict=verdict if mode else "",
            asks_mode=unit.kind != "sham",
            submission_id=f"s{self.n}",
            **fields,
        )
        at = datetime(2026, 11, self.chance.randrange(1, 29), 23, 30, tzinfo=UTC)
        Label.objects.filter(pk=label.pk).update(created_at=at)
        return label


@pytest.fixture
def fill(make_open_audit, make_graders, make_gold):
    """An audit of 40 units with gaps, and everything that may not enter its agreement."""

    def make(seed: int, *, asks_third: bool = False) -> Audit:
        audit = make_open_audit(40, coders=3, asks_third=asks_third, seed=seed)
        other = Stratum.objects.create(audit=audit, name="other", n_frame=99, n_sampled=40)
        coders = make_graders(6)
        labeller = Labeller(audit, seed)
        labeller.codebooks.append(clone_version(audit.codebook))
        chance = labeller.chance
        for unit in audit.units.order_by("prn"):
            if chance.random() < 0.4:
                unit.stratum = other
                unit.save(update_fields=["stratum"])
            for position, coder in enumerate(chance.sample(coders, 3), start=1):
                if chance.random() < 0.2:
                    labeller.give(unit, coder, position=position, superseded_at=NOON)
                if chance.random() < 0.8:
                    labeller.give(unit, coder, position=position)
            absent = [c for c in coders if not unit.labels.filter(coder=c).exists()]
            if absent and chance.random() < 0.3:
                labeller.give(unit, absent[0], is_late=True)
            if asks_third and absent and chance.random() < 0.5:
                Seat.objects.create(unit=unit, audit=audit, position=4, serving=unit.serving)
                labeller.give(unit, absent[-1], position=4)
        sham, gold = add_unit(audit, 90, kind="sham"), make_gold(audit, 91).unit
        for coder in coders:
            labeller.give(sham, coder)
            labeller.give(gold, coder)
        return audit

    return make


def long_table(audit: Audit, *, with_third: bool = False) -> pd.DataFrame:
    """The reliability data as they were read before: every label, one by one."""
    rows = [
        {
            "unit": label.unit_id,
            "coder": label.coder.name,
            "label": label.category,
            "verdict": label.correctness,
            "version": label.codebook_id,
            "stratum": label.unit.stratum_id,
            "day": label.created_at.date(),
        }
        for label in Label.objects.select_related("unit", "coder", "seat", "failure_mode")
        if label.unit.kind == "sampled"
        and label.superseded_at is None
        and not label.is_late
        and (with_third or not audit.asks_third or label.seat.position <= audit.coders_per_unit)
    ]
    return pd.DataFrame(rows)


def names_of(audit: Audit) -> list[str]:
    return [*mode_names(audit), "cannot_tell"]


def same(one, other) -> bool:
    found = [(e.value, e.low, e.high) for e in (one, other)]
    assert found[0] == pytest.approx(found[1], abs=1e-12)
    assert (one.n, one.undefined_because) == (other.n, other.undefined_because)
    return True


def assert_same_report(found, expected):
    for name in FIGURES:
        assert same(getattr(found, name), getattr(expected, name)), name
    assert (found.n_units, found.n_coders, found.n_labels) == (
        expected.n_units,
        expected.n_coders,
        expected.n_labels,
    )
    for one, other in zip(found.per_label, expected.per_label, strict=True):
        assert (one.label, one.n, one.n_units) == (other.label, other.n, other.n_units)
        assert same(one.alpha, other.alpha)
        assert same(one.specific, other.specific)
    for one, other in zip(found.pairs, expected.pairs, strict=True):
        assert (one.coders, one.n) == (other.coders, other.n)
        assert one.percent == pytest.approx(other.percent, abs=1e-12)
        assert same(one.kappa, other.kappa)
    for name in ("p_below_667", "p_below_800", "observed_disagreement", "expected_disagreement"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("asks_third", [False, True])
def test_every_figure_is_that_of_the_long_table(fill, seed, asks_third):
    audit = fill(seed, asks_third=asks_third)
    expected = agreement(long_table(audit), seed=seed, domain=names_of(audit))
    assert_same_report(AuditAgreement(audit).report(), expected)
    assert_same_report(build_report(audit).agreement, expected)


@pytest.mark.parametrize("level", ["ordinal", "interval", "ratio"])
def test_levels_of_an_imported_set_are_those_of_the_long_table(level, write_labels, project):
    chance = random.Random(9)
    rows = [
        (f"u{unit}", coder, str(chance.choice([unit % 12, unit % 12 + 1])))
        for unit in range(60)
        for coder in ("x", "y", "z")
        if chance.random() < 0.8
    ]
    path = str(write_labels(rows))
    call_command("import_labels", "numbers", path, "--project=assistant", stdout=StringIO())
    table = pd.DataFrame(rows, columns=["unit", "coder", "label"])
    found = AuditAgreement(Audit.objects.get(slug="numbers"), seed=3).report(level=level)
    assert_same_report(found, agreement(table, level=level, seed=3))
    assert found.reference_difference < 1e-10


def test_patterns_are_the_same_where_categories_are_too_many_to_pack(fill, monkeypatch):
    audit = fill(4)
    categories = read_categories(audit)
    packed = [read_parts(audit, categories, part) for part in Part]
    monkeypatch.setattr(reliability, "MAX_PACKED", 2)
    for part, expected in zip(Part, packed, strict=True):
        found = read_parts(audit, categories, part)
        assert set(found) == set(expected)
        for key, patterns in found.items():
            assert patterns.counts.tolist() == expected[key].counts.tolist()
            assert patterns.n_units.tolist() == expected[key].n_units.tolist()


def test_a_unit_with_more_labels_than_asked_is_counted_whole(fill):
    audit = fill(5)
    before = read_patterns(audit, read_categories(audit))
    audit.coders_per_unit = 1
    after = read_patterns(audit, read_categories(audit))
    assert after.counts.tolist() == before.counts.tolist()
    assert before.labels_per_unit.max() == 3


def test_an_audit_without_a_label_has_no_patterns(make_open_audit):
    audit = make_open_audit(2)
    report = AuditAgreement(audit).report()
    assert report.alpha.undefined_because == "no unit has two labels"
    assert (report.n_units, report.n_coders, report.pairs) == (0, 0, ())
    assert AuditAgreement(audit).by_week == ()
    assert AuditAgreement(audit).by_stratum == ()
    assert AuditAgreement(audit).most_disputed == ()


def test_a_label_of_another_codebook_is_refused_and_not_counted_as_something_else(fill):
    audit = fill(6)
    categories = read_categories(audit)
    known = reliability.Categories(
        names=categories.names, place=dict(list(categories.place.items())[3:])
    )
    with pytest.raises(ValueError, match="another codebook"):
        read_patterns(audit, known)
    with pytest.raises(ValueError, match="another project"):
        read_tally(audit, known)


@pytest.mark.parametrize("asks_third", [False, True])
def test_the_majority_of_each_unit_is_that_of_its_labels(fill, lea, asks_third):
    audit = fill(12, asks_third=asks_third)
    first, last = (audit.units.filter(kind="sampled").order_by(by)[0] for by in ("pk", "-pk"))
    last.labels.update(is_late=True)
    mode = audit.codebook.modes.get(code="other_wrong")
    decision = {"decided_by": lea, "correctness": "incorrect", "failure_mode": mode}
    for unit in (first, last):
        unit.adjudications.create(**decision, needed_verdict="incorrect", reason="It is wrong.")
    decided = {first.pk: "other_wrong", last.pk: "other_wrong"}
    table = long_table(audit, with_third=True).sort_values("unit", kind="stable")
    data = AuditData(audit)
    assert_same_consensus(data.modes, unit_labels(table, decided, domain=names_of(audit)))
    sham = audit.units.get(kind="sham").pk
    shams = [{"unit": sham, "coder": k, "label": "cannot_tell"} for k in range(6)]
    verdicts = pd.concat([table.assign(label=table["verdict"]), pd.DataFrame(shams)])
    decided = dict.fromkeys(decided, "incorrect")
    expected = unit_labels(verdicts, decided, domain=reliability.VERDICTS)
    assert_same_consensus(data.correctness, expected)


def assert_same_consensus(found, expected):
    assert found.source.to_dict() == expected.source.to_dict()
    for name in ("weights", "all_said", "any_said"):
        pd.testing.assert_frame_equal(
            getattr(found, name), getattr(expected, name), check_index_type=False, check_like=True
        )


class TestParts:
    @pytest.fixture
    def audit(self, fill):
        return fill(7)

    def test_alpha_by_stratum_is_that_of_the_labels_on_its_units(self, audit):
        table = long_table(audit)
        found = AuditAgreement(audit).by_stratum
        assert [row.stratum.name for row in found] == ["STRATUM-MARK", "other"]
        for row in found:
            own = table[table["stratum"] == row.stratum.pk]
            expected = nominal_alpha(patterns_from_labels(own, names_of(audit)), seed=7)
            assert same(row.agreement.alpha, expected)
            assert row.agreement.n_labels == len(own)
            assert row.agreement.n_units == own["unit"].nunique()

    def test_a_unit_is_of_the_week_of_its_last_label(self, audit):
        table = long_table(audit)
        last = table.groupby("unit")["day"].transform("max")
        week = last.map(lambda day: date.fromisocalendar(day.year, day.isocalendar().week, 1))
        expected = {
            monday: nominal_alpha(
                patterns_from_labels(table[week == monday], names_of(audit)), seed=7
            )
            for monday in set(week)
        }
        found = {row.monday: row.agreement.alpha for row in AuditAgreement(audit).by_week}
        assert list(found) == sorted(expected)
        assert len(found) > 2
        for monday, alpha in found.items():
            assert same(alpha, expected[monday])

    def test_when_an_imported_label_was_given_is_not_known(self, write_labels, project):
        path = str(write_labels([("u1", "x", "a"), ("u1", "y", "b")]))
        call_command("import_labels", "set", path, "--project=assistant", stdout=StringIO())
        assert AuditAgreement(Audit.objects.get(slug="set")).by_week == ()

    def test_alpha_by_version_pairs_labels_of_one_version_alone(self, audit):
        table = long_table(audit)
        figures = version_figures(audit)
        assert len(figures) == 2
        for row in figures:
            own = table[table["version"] == row.codebook.pk]
            expected = nominal_alpha(patterns_from_labels(own, names_of(audit)), seed=7)
            assert same(row.alpha, expected)


class TestTally:
    def test_bias_confusion_and_disputed_units_are_those_of_the_long_table(self, fill):
        audit = fill(8)
        table = long_table(audit).sort_values("unit")
        found, expected = (
            read_tally(audit, read_categories(audit)),
            tally_of_labels(table, names_of(audit)),
        )
        assert found.bias() == expected.bias()
        assert len(found.bias()) == 6
        first, second = found.pairs()[0].coders
        assert found.table(first, second).counts.tolist() == (
            expected.table(first, second).counts.tolist()
        )
        by_place = list(dict.fromkeys(table["unit"]))
        assert [(row.unit, row.counts) for row in found.disputed()] == [
            (by_place[row.unit], row.counts) for row in expected.disputed()
        ]

    def test_units_are_kept_whole_where_the_rows_are_read_in_pieces(self, fill, monkeypatch):
        audit = fill(9)
        whole = read_tally(audit, read_categories(audit))
        monkeypatch.setattr(reliability, "CHUNK", 7)
        pieces = read_tally(audit, read_categories(audit))
        assert pieces.pairs() == whole.pairs()
        assert pieces.disputed() == whole.disputed()
        for one, other in zip(pieces.bias(), whole.bias(), strict=True):
            for label, same_label in zip(one.by_label, other.by_label, strict=True):
                assert same(label.difference, same_label.difference)

    def test_the_most_disputed_units_come_with_their_outputs(self, fill, django_assert_num_queries):
        agreed = AuditAgreement(fill(10))
        rows = agreed.most_disputed
        assert rows[0].disputed.entropy == max(row.disputed.entropy for row in rows)
        assert (
            sum(rows[0].disputed.counts.values())
            == rows[0].unit.labels.filter(superseded_at=None, is_late=False).count()
        )
        with django_assert_num_queries(0):
            assert all(row.unit.output.external_id for row in rows)


AGREEMENT = 7
"""Codebook, its modes, older ones, keys of modes; patterns; coders; labels."""
REPORT = AGREEMENT + 9
"""Besides: strata, units, modes, verdicts, decisions; complete units, skips, late, unanswered."""


def test_query_counts(fill, django_assert_num_queries):
    fresh = Audit.objects.get(pk=fill(11).pk)
    agreed = AuditAgreement(fresh)
    with django_assert_num_queries(AGREEMENT):
        agreed.report()
    fresh = Audit.objects.get(pk=fresh.pk)
    with django_assert_num_queries(REPORT):
        build_report(fresh)
    for part in ("by_stratum", "by_week"):
        n_strata = 1 if part == "by_stratum" else 0
        with django_assert_num_queries(1 + n_strata):
            getattr(agreed, part)
    with django_assert_num_queries(1):
        _ = agreed.most_disputed


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by what it has seen")
@pytest.mark.parametrize("read", [read_patterns, read_tally, mode_counts])
@pytest.mark.parametrize("asks_third", [False, True])
def test_sqlite_reads_the_index_alone_in_the_order_of_units(fill, read, asks_third):
    audit = fill(13, asks_third=asks_third)
    categories = read_categories(audit)
    with CaptureQueriesContext(connection) as ran:
        read(audit, categories)
    statement = ran.captured_queries[-1]["sql"]
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + statement)
        plan = [row[-1] for row in cursor.fetchall()]
    assert any("COVERING INDEX labels_of_agreement (unit_id=?)" in step for step in plan), plan
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan
