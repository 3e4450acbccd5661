"""The rows of an audit that say how its coders work: labels, units, times and skips."""

from collections import defaultdict
from functools import cached_property
from typing import Any

import pandas as pd
from django.db.models import Case, Count, Exists, F, OuterRef, Q, Sum, When

from analysis.grader_record import LABEL_COLUMNS, UNIT_COLUMNS, GraderRecord
from feedback.models import INSTRUMENTS, Channel, Content, Feedback
from labeling.models import Audit, Effort, Label, Skip, Unit
from labeling.sealing import sealed_since
from labeling.shown import n_folded

Pair = tuple[int, int]
"""A unit and a coder."""

LABEL_FIELDS = (
    *("unit_id", "coder_id", "coder__name", "asks_mode", "failure_mode__code", "correctness"),
    *("verdict__correctness", "verdict__is_blind", "seat__position", "seat__is_planted"),
    *("is_imported", "created_at", "codebook_id"),
)
UNIT_FIELDS = (
    *("pk", "kind", "output_id", "repeats_id", "gold__correctness", "gold__failure_mode__code"),
    *("gold__is_training", "gold__retired_at", "name"),
)

BATCH = 500


class GraderData:
    """The rows of one audit that say how its coders work, read once."""

    def __init__(self, audit: Audit) -> None:
        self.audit = audit

    @cached_property
    def labels(self) -> list[Any]:
        """Counted labels on drawn and planted units, in the order they were given.

        On a gold unit the coder's first label stands, as in their own accuracy: what is changed
        afterwards says nothing about how the unit was judged. On a unit that was repeated, for the
        same reason, the label stands that was there when the coder could last read it.
        """
        same = {"unit": OuterRef("unit"), "coder": OuterRef("coder")}
        is_first = ~Exists(Label.objects.filter(pk__lt=OuterRef("pk"), **same))
        is_given = Exists(Label.objects.counted().filter(**same))
        of_audit = Label.objects.filter(unit__audit=self.audit, is_late=False)
        judged_anew = anew_on_repeated(self.audit)
        counted = of_audit.filter(
            ~Q(unit__kind=Unit.Kind.GOLD) & Q(superseded_at=None) & ~Q(pk__in=judged_anew)
            | Q(unit__kind=Unit.Kind.GOLD) & is_first & is_given
            | Q(pk__in=judged_anew.values())
        )
        return list(counted.order_by("created_at", "pk").values_list(*LABEL_FIELDS, named=True))

    @cached_property
    def units(self) -> dict[int, Any]:
        """Every unit with a counted label; `complains`: its user rated it down, or disagreed."""
        said = Feedback.objects.as_of(self.audit.frame_until).filter(output=OuterRef("output"))
        complaint = Q(channel__in=INSTRUMENTS, is_negative=True) | Q(channel=Channel.DISAGREE)
        complains = Case(
            When(kind=Unit.Kind.GOLD, then=Exists(said.filter(complaint))),
            default=F("stratum__is_negative"),
        )
        rows = self.labelled_units.annotate(complains=complains)
        return {row.pk: row for row in rows.values_list(*UNIT_FIELDS, "complains", named=True)}

    @property
    def labelled_units(self) -> Any:
        counted = Label.objects.counted().filter(unit=OuterRef("pk"))
        return Unit.objects.filter(Exists(counted), audit=self.audit)

    @cached_property
    def seconds(self) -> dict[Pair, float]:
        """Active seconds on a unit, all showings together; no time at all is a time not known."""
        rows = Effort.objects.filter(unit__audit=self.audit).values_list("unit_id", "coder_id")
        sums = rows.annotate(total=Sum("active_ms")).filter(total__gt=0)
        return {(unit, coder): total / 1000 for unit, coder, total in sums}

    @cached_property
    def n_words(self) -> dict[int, int]:
        """Words that had to be read, by output: what stands unfolded on the desk.

        Read only where a time is known, since it is for times alone; by keys, a batch at a time,
        which no planner turns into a loop over all texts.
        """
        if not self.seconds:
            return {}
        outputs = sorted({unit.output_id for unit in self.units.values() if unit.output_id})
        words: dict[int, int] = {}
        for start in range(0, len(outputs), BATCH):
            texts = Content.objects.filter(output__in=outputs[start : start + BATCH])
            for output, turns, text in texts.values_list("output_id", "conversation", "text"):
                words[output] = count_words(turns, text)
        return words

    @cached_property
    def skips(self) -> list[tuple[int, str, int]]:
        """Coder, name, and skips that were not taken back."""
        standing = Skip.objects.filter(unit__audit=self.audit, undone_at=None)
        rows = standing.values_list("coder_id", "coder__name")
        return list(rows.annotate(n=Count("pk")).order_by("coder_id"))

    @cached_property
    def thirds(self) -> set[Pair]:
        """Third opinions: asked because the first two differed."""
        if not self.audit.asks_third:
            return set()
        k = self.audit.coders_per_unit
        return {
            (label.unit_id, label.coder_id)
            for label in self.labels
            if (label.seat__position or 0) > k and not label.seat__is_planted
        }

    @property
    def coders(self) -> dict[str, int]:
        """Name to key of everybody with a label or a skip."""
        by_skip = {name: coder for coder, name, _ in self.skips}
        return by_skip | {label.coder__name: label.coder_id for label in self.labels}

    def record(self) -> GraderRecord:
        labels: list[tuple[object, ...]] = []
        units: dict[str, tuple[object, ...]] = {}
        for order, label in enumerate(self.labels):
            place = self.place(label)
            labels.append((place, *self.judgment(label), order))
            units.setdefault(place, (place, *self.facts(label)))
        return GraderRecord(
            labels=pd.DataFrame(labels, columns=list(LABEL_COLUMNS)),
            units=pd.DataFrame(list(units.values()), columns=list(UNIT_COLUMNS)),
            skips={name: n for _, name, n in self.skips},
        )

    def place(self, label: Any) -> str:
        """Name the unit that the analysis sees.

        A third opinion is work, and stands on a unit of its own, where it is compared with nobody;
        so does a hidden repeat, whose original may be such a place.
        """
        pair = (label.unit_id, label.coder_id)
        is_repeat = self.units[label.unit_id].repeats_id is not None
        return own_place(pair) if is_repeat or pair in self.thirds else str(label.unit_id)

    def judgment(self, label: Any) -> tuple[str, str, str, str, float | None]:
        """Coder, label, blind correctness, final correctness, seconds."""
        mode = label.failure_mode__code or label.correctness if label.asks_mode else ""
        blind = label.verdict__correctness if label.verdict__is_blind else ""
        seconds = self.seconds.get((label.unit_id, label.coder_id))
        return label.coder__name, mode, blind, label.correctness, seconds

    def facts(self, label: Any) -> tuple[int | None, bool, str, str, str | None]:
        """Words to read, whether the user complained, the known answer, the repeated unit."""
        unit = self.units[label.unit_id]
        mode, correctness = known_answer(unit)
        original = None
        if unit.repeats_id is not None:
            pair = (unit.repeats_id, label.coder_id)
            original = own_place(pair) if pair in self.thirds else str(unit.repeats_id)
        return self.n_words.get(unit.output_id), bool(unit.complains), mode, correctness, original


def anew_on_repeated(audit: Audit) -> dict[int, int]:
    """Current label to the one that was sealed, where a coder judged a repeated unit afresh.

    The repeat may have been on the desk by then, so what was said afresh is no second look.
    """
    repeats = Unit.objects.filter(audit=audit, kind=Unit.Kind.REPEAT, labels__isnull=False)
    pairs = set(repeats.values_list("repeats_id", "labels__coder_id"))
    if not pairs:
        return {}
    given: dict[Pair, list[Label]] = defaultdict(list)
    on_originals = Label.objects.filter(unit__in={unit for unit, _ in pairs}, is_late=False)
    for label in on_originals.order_by("created_at", "pk"):
        given[label.unit_id, label.coder_id].append(label)
    anew = {}
    for pair in pairs:
        now = next((each for each in given[pair] if each.superseded_at is None), None)
        sealed = sealed_since(given[pair][0], audit) if len(given[pair]) > 1 else None
        if now and sealed and now.created_at > sealed:
            stood = [each for each in given[pair] if each.created_at <= sealed]
            anew[now.pk] = stood[-1].pk
    return anew


def known_answer(unit: Any) -> tuple[str, str]:
    """Label and correctness of a gold unit that measures; training and retired units do not."""
    known = bool(unit.gold__correctness) and unit.gold__retired_at is None
    correctness = unit.gold__correctness if known and not unit.gold__is_training else ""
    return correctness and (unit.gold__failure_mode__code or correctness), correctness


def own_place(pair: Pair) -> str:
    return f"{pair[0]} of {pair[1]}"


def count_words(turns: list[dict[str, str]], text: str) -> int:
    read = [turn.get("content") or "" for turn in turns[n_folded(turns) :]]
    return sum(len(part.split()) for part in [*read, text])
