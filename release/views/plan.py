"""The planner: how many units a next audit needs, and what they cost."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from projects.access import MemberRequest, project_roles
from projects.roles import LEADS
from release.forms import PlanForm
from release.planning import Measured, Plan, make_plan


@require_safe
@project_roles(LEADS)
def plan(request: MemberRequest, project_slug: str) -> HttpResponse:
    """Units for a margin and for a decision; 422 when an assumption is out of its range."""
    measured = Measured.of(request.project)
    form = PlanForm(request.GET, measured=measured.assumptions())
    found = make_plan(form.assumptions(), measured.seconds) if form.is_valid() else None
    context = {
        "project": request.project,
        "form": form,
        "measured": measured,
        "plan": found,
        "known": table(found, "known"),
        "too_high": table(found, "too_high"),
    }
    return render(request, "release/plan.html", context, status=422 if form.errors else 200)


def table(found: Plan | None, decision: str) -> list[tuple[float, list[float]]]:
    """One row per true share: how often the gate says so, for each number of units."""
    if found is None:
        return []
    columns = found.characteristics
    return [
        (row[0].truth, [getattr(entry, decision) for entry in row])
        for row in zip(*columns, strict=True)
    ]
