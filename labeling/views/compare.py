"""Two audits, or two strata such as releases, against each other; and the series they are in."""

from django import forms
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from labeling.comparison import SEVERAL_AT_ONCE, Comparison, compare, find_side
from labeling.comparison_files import COMPARISON_FIGURES
from labeling.models import Audit
from labeling.views.report_pages import csv_file
from projects.access import MemberRequest, project_roles
from projects.errors import InputError
from projects.models import Project
from projects.roles import READERS

Choices = list[tuple[str, str]]


class CompareForm(forms.Form):
    """It changes nothing, so it is sent by GET and can be linked to."""

    a = forms.ChoiceField(label="From")
    b = forms.ChoiceField(label="To")
    margin = forms.FloatField(
        min_value=0.1,
        max_value=50,
        help_text="In points: the largest change that does not matter. Fix it before you look.",
    )

    def __init__(self, given: QueryDict, *, choices: Choices) -> None:
        a, b = first_choice(choices)
        known = {name: given[name] for name in self.base_fields if name in given}
        super().__init__({"a": a, "b": b, "margin": "5", **known}, label_suffix="")
        for name in ("a", "b"):
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def compare(self, project: Project) -> Comparison | None:
        """The comparison, or None with the form's errors."""
        if not self.is_valid():
            return None
        given = self.cleaned_data
        first, second = (find_side(given[name], project=project) for name in ("a", "b"))
        try:
            return compare(first, second, margin=given["margin"] / 100)
        except InputError:
            self.add_error("b", "Expected one without a unit of “From”.")
            return None


@require_safe
@project_roles(READERS)
def compare_page(request: MemberRequest, project_slug: str) -> HttpResponse:
    """The change of the headline with its interval, its parts, and whether the series is stable."""
    choices = choices_of(request.project)
    form = CompareForm(request.GET, choices=choices) if len(choices) > 1 else None
    found = form.compare(request.project) if form else None
    context = {
        "project": request.project,
        "form": form,
        "found": found,
        "modes_note": SEVERAL_AT_ONCE,
        "query": asked(form).urlencode() if form and found else "",
    }
    status = 422 if form and form.errors else 200
    return render(request, "labeling/compare.html", context, status=status)


def asked(form: CompareForm) -> QueryDict:
    """What is compared, as the address of its files says it."""
    query = QueryDict(mutable=True)
    query.update({name: form.data[name] for name in form.fields})
    return query


@require_safe
@project_roles(READERS)
def compare_csv(request: MemberRequest, project_slug: str, figure: str) -> HttpResponse:
    """One table of a comparison with its exact numbers."""
    choices = choices_of(request.project)
    form = CompareForm(request.GET, choices=choices) if len(choices) > 1 else None
    found = form.compare(request.project) if form else None
    if found is None or figure not in COMPARISON_FIGURES:
        raise Http404
    return csv_file(COMPARISON_FIGURES[figure](found), f"{request.project.slug}-compare-{figure}")


def choices_of(project: Project) -> Choices:
    """Every audit, newest first, each with the strata of its headline where there are several."""
    choices: Choices = []
    for audit in Audit.objects.filter(project=project).prefetch_related("strata"):
        choices.append((audit.slug, audit.name))
        strata = [each.name for each in audit.strata.all() if each.in_frame and each.is_negative]
        if len(strata) > 1:
            choices += [(f"{audit.slug}:{name}", f"{name} of {audit.name}") for name in strata]
    return choices


def first_choice(choices: Choices) -> tuple[str, str]:
    """The two newest audits, the older one first; of a single audit its first two strata."""
    audits = [key for key, _ in choices if ":" not in key]
    if len(audits) > 1:
        return audits[1], audits[0]
    return choices[1][0], choices[2][0]
