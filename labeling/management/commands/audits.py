"""List audits: how much is in the frame, in the sample, and labelled."""

from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Count, Exists, OuterRef, Q, Sum

from labeling.models import Adjudication, Audit, Label, Stratum, Unit
from projects.commands import InputCommand, find_project
from projects.models import Project


class Command(InputCommand):
    help = "List the audits with their slug, status and progress."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--project", metavar="P", help="slug of one project; default: all")

    def run(self, options: dict[str, Any]) -> None:
        project = None if options["project"] is None else find_project(options["project"])
        audits = list_audits(project)
        self.answer(audits, as_table(audits))


def list_audits(project: Project | None = None) -> list[dict[str, Any]]:
    """Count each audit's frame, sample and labelled units; thumbs-up controls are left out."""
    audits = Audit.objects.select_related("project").order_by("project__slug", "slug")
    if project:
        audits = audits.filter(project=project)
    frames = frame_counts()
    units = unit_counts()
    listed = []
    for audit in audits:
        n_units, n_labelled = units.get(audit.pk, (0, 0))
        n_frame, n_sampled = frames.get(audit.pk, (0, 0))
        if audit.is_imported:
            n_frame = n_sampled = n_units
        listed.append(
            {
                "slug": audit.slug,
                "project": audit.project.slug,
                "status": audit.status,
                "n_frame": n_frame,
                "n_sampled": n_sampled,
                "n_labelled": n_labelled,
            }
        )
    return listed


def frame_counts() -> dict[int, tuple[int, int]]:
    """(N, n) of the frame by audit."""
    counted = (
        Stratum.objects.filter(in_frame=True)
        .values("audit")
        .annotate(frame=Sum("n_frame"), sampled=Sum("n_sampled"))
    )
    return {row["audit"]: (row["frame"], row["sampled"]) for row in counted.order_by()}


def unit_counts() -> dict[int, tuple[int, int]]:
    """(units, units with a counted label or an adjudication) of the frame by audit."""
    in_frame = Unit.objects.filter(Q(kind=Unit.Kind.SAMPLED)).filter(
        Q(stratum__isnull=True) | Q(stratum__in_frame=True)
    )
    labels = Label.objects.counted().filter(unit=OuterRef("pk"))
    decisions = Adjudication.objects.current().filter(unit=OuterRef("pk"))
    counted = (
        in_frame.annotate(is_labelled=Exists(labels) | Exists(decisions))
        .values("audit")
        .annotate(n=Count("pk"), labelled=Count("pk", filter=Q(is_labelled=True)))
    )
    return {row["audit"]: (row["n"], row["labelled"]) for row in counted.order_by()}


def as_table(audits: list[dict[str, Any]]) -> str:
    if not audits:
        return "No audits yet; create_audit draws one."
    width = max(len(audit["slug"]) for audit in audits)
    head = f"{'audit':<{width}}  {'status':<8}  {'frame':>11}  {'sampled':>8}  {'labelled':>8}"
    rows = (
        f"{audit['slug']:<{width}}  {audit['status']:<8}  {audit['n_frame']:>11,}"
        f"  {audit['n_sampled']:>8,}  {audit['n_labelled']:>8,}  {audit['project']}"
        for audit in audits
    )
    return "\n".join([head, *rows])
