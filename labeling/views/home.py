"""What each person can do next."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from feedback.models import INSTRUMENTS, Feedback, Output
from labeling.disagreements import disputed_units, undecided
from labeling.flags import n_unread, open_flags
from labeling.models import Audit, Coder, Label, Seat
from labeling.my_work import in_steps
from labeling.seating import Bar, bar_of
from labeling.workflow import coder_of
from projects.access import MemberRequest, PersonRequest, project_roles, signed_in
from projects.models import Membership, Project
from projects.roles import LABELERS, LEADS, READERS


@dataclass(frozen=True, kw_only=True)
class AuditCard:
    """An audit with what waits in it, counted now."""

    audit: Audit
    n_units: int
    n_finished: int
    n_mine: int
    n_disputed: int
    n_flags: int
    bar: Bar | None

    @property
    def percent_finished(self) -> int:
        """What graders see of the whole; see `in_steps`."""
        return in_steps(self.n_finished, self.n_units) or 0

    @property
    def is_finished(self) -> bool:
        return self.n_finished == self.n_units


@require_safe
@signed_in
def home(request: PersonRequest) -> HttpResponse:
    """One section per project: what the person can do there next."""
    memberships = Membership.objects.current().filter(user=request.user)
    places = [place(member) for member in memberships.select_related("project")]
    return render(request, "labeling/home.html", {"places": places})


def place(member: Membership) -> dict[str, Any]:
    project = member.project
    audits = Audit.objects.filter(project=project).select_related("codebook")
    if member.role in LABELERS and member.role not in READERS:
        audits = audits.open()
    is_lead = member.role in LEADS
    cards = [audit_card(audit, member, with_disputes=is_lead) for audit in audits[:30]]
    return {
        "member": member,
        "project": project,
        "cards": cards,
        "labels": member.role in LABELERS,
        "n_answers": n_unread(member.user, project) if member.role in LABELERS else 0,
        "leads": is_lead,
        "reads": member.role in READERS,
        "has_feedback": is_lead and Output.objects.filter(project=project).exists(),
    }


def audit_card(audit: Audit, member: Membership, *, with_disputes: bool) -> AuditCard:
    coder = Coder.objects.filter(project=audit.project_id, user=member.user_id)
    mine = Label.objects.current().filter(unit__audit=audit, coder__in=coder)
    open_units = Seat.objects.filter(audit=audit, is_done=False, is_planted=False).values("unit")
    return AuditCard(
        audit=audit,
        n_units=audit.units.drawn().count(),
        n_finished=audit.units.drawn().exclude(pk__in=open_units).count(),
        n_mine=mine.count(),
        n_disputed=undecided(disputed_units(audit)).count() if with_disputes else 0,
        n_flags=open_flags(audit).count() if member.role in LEADS else 0,
        bar=bar_for(audit, member) if member.role in LABELERS else None,
    )


def bar_for(audit: Audit, member: Membership) -> Bar | None:
    """What keeps the member from new units; asked only where the audit keeps anybody."""
    if not (audit.by_invitation or audit.max_labels_per_coder or audit.training_bar):
        return None
    return bar_of(audit, coder_of(member.project, member.user))


@require_safe
@project_roles(READERS)
def project(request: MemberRequest, project_slug: str) -> HttpResponse:
    """A project: its feedback in figures and its audits."""
    audits = Audit.objects.filter(project=request.project).select_related("codebook")
    context = {
        "project": request.project,
        "facts": feedback_facts(request.project),
        "cards": [audit_card(audit, request.membership, with_disputes=True) for audit in audits],
        "leads": request.membership.role in LEADS,
    }
    return render(request, "labeling/project.html", context)


def feedback_facts(project: Project) -> dict[str, int]:
    said = Feedback.objects.current().filter(output__project=project, channel__in=INSTRUMENTS)
    rated = said.aggregate(
        rated=Count("output", distinct=True),
        negative=Count("output", distinct=True, filter=Q(is_negative=True)),
    )
    return {"outputs": Output.objects.filter(project=project).count(), **rated}
