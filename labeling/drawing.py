"""Draw an audit: freeze its frame, then store strata, units with their pi, and seats."""

import hashlib
import re
from collections.abc import Iterable, Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from feedback.frame_source import FrameSource
from feedback.frame_strata import FrameStratum
from feedback.frames import DrawnOutput, FramePlan, FramePreview, draw, preview
from feedback.models import Output
from labeling.audit_options import check_cap, check_third_opinion
from labeling.judged_frame import source_by_judge, split_by_judge
from labeling.models import Audit, Codebook, Seat, Stratum, Unit
from projects.errors import InputError
from projects.models import Project, User
from projects.table_statistics import refresh_statistics

CHUNK = 500
SLUG = re.compile(r"[-a-zA-Z0-9_]{1,80}")


def draw_audit(
    plan: FramePlan,
    *,
    slug: str,
    codebook: Codebook,
    name: str = "",
    created_by: User | None = None,
    is_blind: bool = True,
    asks_third: bool = False,
    max_labels_per_coder: int | None = None,
    is_prepared: bool = False,
    frame: FramePreview | None = None,
) -> Audit:
    """Count, draw and store an audit; `frame` is the plan's preview when it is known already.

    `is_prepared`: nobody gets a unit before a lead opens the audit.

    The frame ends at ``plan.until``, so counting and hashing need no lock and hold none: graders
    go on labeling while a large frame is read. Only the storing is one transaction.
    """
    check_slug(slug)
    check_third_opinion(asks_third=asks_third, coders=plan.coders)
    check_cap(max_labels_per_coder)
    frame = frame or preview(plan)
    drawn = draw(plan, frame)
    rows = plan.place.fetch([output.external_id for output in drawn])
    audit = Audit(
        project=plan.project,
        slug=slug,
        name=name.strip() or slug,
        frame=plan.frame,
        frame_note=" ".join([frame.cut, *frame.warnings]),
        frame_until=plan.until,
        strata_field=plan.strata_field,
        judge_negatives=plan.split.share if plan.split else None,
        codebook=codebook,
        coders_per_unit=plan.coders,
        seed=plan.seed,
        is_blind=is_blind,
        asks_third=asks_third,
        max_labels_per_coder=max_labels_per_coder,
        status=Audit.Status.PREPARED if is_prepared else Audit.Status.OPEN,
        n_outputs=frame.n_outputs,
        n_rated=frame.n_rated,
        n_negative=frame.n_negative,
        created_by=created_by,
    )
    with transaction.atomic():
        plan.place.store(rows)
        if rows:  # outputs from elsewhere came in just now, after the plan was made
            audit.frame_until = timezone.now()
        store_audit(audit, frame.strata, drawn)
    refresh_statistics(len(drawn), Unit, Seat)
    return audit


def check_slug(slug: str) -> None:
    if not SLUG.fullmatch(slug):
        raise InputError(
            f"slug: expected 1 to 80 letters, digits, hyphens or underscores, got {slug!r}."
        )
    if Audit.objects.filter(slug=slug).exists():
        raise InputError(f"slug: expected one that is not taken, got {slug!r}.")


def check_fields(audit: Audit) -> None:
    try:
        audit.full_clean(exclude=["project", "codebook", "created_by", "n_outputs"])
    except ValidationError as error:
        field, problems = next(iter(error.message_dict.items()))
        raise InputError(f"{field}: {' '.join(problems)}") from error


@transaction.atomic
def store_audit(audit: Audit, strata: Sequence[FrameStratum], drawn: Sequence[DrawnOutput]) -> None:
    Project.objects.select_for_update().get(pk=audit.project_id)
    check_slug(audit.slug)
    check_fields(audit)
    audit.save(force_insert=True)
    rows = Stratum.objects.bulk_create(
        Stratum(
            audit=audit,
            name=stratum.name,
            is_negative=stratum.is_negative,
            in_frame=stratum.in_frame,
            is_rated=stratum.is_rated,
            n_frame=stratum.n_frame,
            n_sampled=stratum.n_sampled,
        )
        for stratum in strata
    )
    add_units(audit, {row.name: row for row in rows}, drawn)


def extend_audit(audit: Audit, size: int, *, source: FrameSource | None = None) -> int:
    """Draw on to `size` units of the frozen frame with the same seed; give how many were added.

    Units, seats and labels stay as they are; only each stratum's n and its units' pi change.
    """
    plan = plan_again(audit, size, source)
    strata = {stratum.name: stratum for stratum in audit.strata.all()}
    n_before = sum(stratum.n_sampled for stratum in strata.values() if stratum.in_frame)
    if size <= n_before:
        raise InputError(
            f"size: expected more than the {n_before:,} units of {audit.slug!r}, got {size:,}."
        )
    frame = preview(plan)
    check_frozen(audit, strata, frame)
    there = set(audit.units.drawn().values_list("name", flat=True))
    new = [output for output in draw(plan, frame) if output.external_id not in there]
    rows = plan.place.fetch([output.external_id for output in new]) if new else ()
    with transaction.atomic():
        if rows:
            plan.place.store(rows)
        n_added = store_extension(audit, frame.strata, new)
    refresh_statistics(n_added, Unit, Seat)
    return n_added


@transaction.atomic
def store_extension(
    audit: Audit, drawn_strata: Sequence[FrameStratum], new: Sequence[DrawnOutput]
) -> int:
    """Add units under a lock on the audit; those of an extension that came first are kept."""
    audit = Audit.objects.select_for_update(no_key=True).get(pk=audit.pk)
    there = set(audit.units.drawn().values_list("name", flat=True))
    new = [output for output in new if output.external_id not in there]
    check_not_planted(audit, new)
    strata = {stratum.name: stratum for stratum in audit.strata.all()}
    add_units(audit, strata, new)
    for drawn in drawn_strata:
        stratum = strata[drawn.name]
        stratum.n_sampled = max(drawn.n_sampled, stratum.n_sampled)
        stratum.save(update_fields=["n_sampled"])
        sampled = stratum.units.drawn()
        sampled.update(inclusion_probability=stratum.n_sampled / stratum.n_frame)
    return len(new)


def check_not_planted(audit: Audit, new: Sequence[DrawnOutput]) -> None:
    """Refuse a sample that holds gold: its answer is known, and coders may have seen it."""
    gold = set(audit.units.filter(kind=Unit.Kind.GOLD).values_list("name", flat=True))
    both = sorted(gold & {output.external_id for output in new})
    if both:
        raise InputError(
            f"size: expected a sample without planted outputs, {', '.join(both[:5])} would be "
            f"drawn and are gold units of {audit.slug!r}."
        )


def plan_again(audit: Audit, size: int, source: FrameSource | None) -> FramePlan:
    """Give the plan an audit was drawn by, with another size."""
    if audit.is_imported or audit.frame_until is None:
        raise InputError(f"audit: expected one with a frame, {audit.slug!r} has imported labels.")
    controls = audit.strata.filter(in_frame=False).values_list("is_rated", "n_sampled")
    n_controls = dict(controls)  # as many as there are, whatever share of the audit they become
    return FramePlan(
        project=audit.project,
        frame=audit.frame,
        strata_field=audit.strata_field,
        size=size,
        n_thumbs_up=n_controls.get(True, 0),
        n_unrated=n_controls.get(False, 0),
        coders=audit.coders_per_unit,
        seed=audit.seed,
        until=audit.frame_until,
        source=source or source_by_judge(audit.project, audit.strata_field, audit.frame_until),
        split=split_by_judge(audit.strata_field, audit.judge_negatives),
    )


def check_frozen(audit: Audit, strata: dict[str, Stratum], frame: FramePreview) -> None:
    """Refuse a frame that no longer counts what it counted: drawn units would be displaced."""
    was = {name: stratum.n_frame for name, stratum in strata.items()}
    now = {stratum.name: stratum.n_frame for stratum in frame.strata}
    if was != now:
        changed = ", ".join(
            f"{name!r} {was.get(name, 0):,} -> {now.get(name, 0):,}"
            for name in sorted(was.keys() | now.keys())
            if was.get(name) != now.get(name)
        )
        raise InputError(
            f"frame of {audit.slug!r}: expected the outputs it was drawn from, got {changed}."
        )


def add_units(audit: Audit, strata: dict[str, Stratum], drawn: Sequence[DrawnOutput]) -> None:
    """Store units in draw order, each with its seats, a chunk at a time."""
    for start in range(0, len(drawn), CHUNK):
        chunk = drawn[start : start + CHUNK]
        outputs = output_ids(audit.project_id, [output.external_id for output in chunk])
        units = Unit.objects.bulk_create(
            Unit(
                audit=audit,
                stratum=strata[output.stratum.name],
                output_id=outputs[output.external_id],
                name=output.external_id,
                kind=Unit.Kind.SAMPLED if output.stratum.in_frame else Unit.Kind.SHAM,
                prn=output.prn,
                serving=serving_number(audit.seed, output.external_id),
                inclusion_probability=output.stratum.inclusion_probability,
            )
            for output in chunk
        )
        Seat.objects.bulk_create(seats(units, audit.coders_per_unit), batch_size=CHUNK)


def seats(units: Iterable[Unit], coders_per_unit: int) -> list[Seat]:
    """Make the k places of each unit, with the two copies that the queue's index needs."""
    return [
        Seat(unit=unit, audit_id=unit.audit_id, position=position, serving=unit.serving)
        for unit in units
        for position in range(1, coders_per_unit + 1)
    ]


def serving_number(seed: int, external_id: str) -> str:
    """A second random number, apart from the draw's.

    Strata are sampled at different rates, so in the order of the draw's own number the first units
    would come from the strata sampled thinnest; by this one any prefix is a random part of all.
    """
    return hashlib.md5(f"{seed}:serve:{external_id}".encode(), usedforsecurity=False).hexdigest()


def output_ids(project_id: int, external_ids: Sequence[str]) -> dict[str, int]:
    found = Output.objects.filter(project_id=project_id, external_id__in=external_ids)
    return dict(found.values_list("external_id", "pk"))
