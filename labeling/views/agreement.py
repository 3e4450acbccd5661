"""How far coders agree, for those who read an audit: figures, files, and the units behind them."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from analysis.disagreement import coincidences, confusions
from labeling.access import AuditRequest, audit_roles
from labeling.agreement_files import (
    AGREEMENT_FIGURES,
    alphas_chart,
    disputed_figure,
    modes_chart,
    pair_figure,
    pairs_heatmap,
    prevalence,
    weeks_chart,
)
from labeling.agreement_tables import (
    PairRow,
    bias_table,
    coincidence_table,
    pair_rows,
    said_table,
)
from labeling.agreement_units import (
    carrying,
    labels_side_by_side,
    most_disputed,
    readable_units,
    units_carrying,
)
from labeling.agreement_words import (
    KRIPPENDORFF,
    confusion_sentence,
    verdict_sentence,
    weeks_sentence,
)
from labeling.audit_agreement import AuditAgreement
from labeling.coder_names import CoderNames
from labeling.disagreements import waiting_units
from labeling.models import Adjudication, Unit
from labeling.report_files import Figure
from labeling.report_words import agreement_sentence
from labeling.shown import what_graders_see, what_the_user_said
from labeling.third_opinions import third_opinion_note
from labeling.version_figures import summary, version_figures
from labeling.views.report_pages import csv_file, svg_file
from projects.roles import LEADS, READERS

MAX_CONFUSIONS = 12
MAX_DISPUTED = 10
UNITS_PER_PAGE = 50


@require_safe
@audit_roles(READERS)
def agreement(request: AuditRequest) -> HttpResponse:
    """How far the graders agree: the whole, its labels, its parts, its coders, its units."""
    agreed = AuditAgreement(request.audit)
    role = request.membership.role
    context = {
        "audit": request.audit,
        "note": third_opinion_note(request.audit),
        **whole(agreed),
        **parts(agreed),
        **coders(agreed, CoderNames(request.audit, role)),
        "disputed": most_disputed(agreed, role, at_most=MAX_DISPUTED),
        "n_disputed": len(agreed.most_disputed),
    }
    return render(request, "labeling/agreement.html", context)


def whole(agreed: AuditAgreement) -> dict[str, Any]:
    """Agreement on all units, and which labels are taken for each other."""
    found, names = agreed.report(), agreed.categories.names
    mixed = confusions(agreed.patterns)
    verdict = agreed.on_verdict
    alphas = [("Failure mode", found.alpha), ("Blind verdict", verdict.alpha)]
    return {
        "found": found,
        "sentence": agreement_sentence(found),
        "verdict": verdict,
        "verdict_sentence": verdict_sentence(agreed.audit, verdict.n_labels),
        "limits": KRIPPENDORFF,
        "scale": alphas_chart(alphas),
        "coincidences": coincidence_table(coincidences(agreed.patterns), names),
        "modes": [
            (names.get(one.label, one.label), one, prevalence(one, found.n_labels))
            for one in found.per_label
            if one.n
        ],
        "modes_chart": modes_chart(agreed, found.per_label),
        "confusion_sentence": confusion_sentence(mixed, names),
        "confusions": [
            (one, [names.get(label, label) for label in one.labels])
            for one in mixed[:MAX_CONFUSIONS]
        ],
        "n_confusions": len(mixed),
    }


def parts(agreed: AuditAgreement) -> dict[str, Any]:
    """Agreement within strata, weeks, and versions of the codebook."""
    versions = version_figures(agreed.audit)
    strata = agreed.by_stratum
    return {
        "strata": strata,
        "strata_chart": alphas_chart([(one.stratum.name, one.agreement.alpha) for one in strata]),
        "weeks_chart": weeks_chart(agreed.by_week),
        "weeks_sentence": weeks_sentence(agreed.audit, agreed.by_week),
        "versions": versions,
        "version_sentences": summary(versions) if len(versions) > 1 else [],
    }


def coders(agreed: AuditAgreement, names: CoderNames) -> dict[str, Any]:
    """Agreement of each two coders, and what each says more often than the others."""
    pairs = agreed.tally.pairs()
    shown = pair_rows(pairs, names)
    return {
        "heatmap": pairs_heatmap(pairs, names.shown),
        "pairs": shown,
        "n_pairs": len(pairs),
        "n_pairs_left_out": len(pairs) - len(shown),
        "bias": bias_table(agreed.tally.bias(), agreed.categories.names, names),
    }


@require_safe
@audit_roles(READERS)
def pair(request: AuditRequest, first: int, second: int) -> HttpResponse:
    """What two coders said of the units that both labelled."""
    agreed = AuditAgreement(request.audit)
    names = CoderNames(request.audit, request.membership.role)
    found = find_pair(agreed, names, first, second)
    context = {
        "audit": request.audit,
        "note": third_opinion_note(request.audit),
        "row": found,
        "table": said_table(agreed.tally.table(*found.pair.coders), agreed.categories.names),
    }
    return render(request, "labeling/agreement_pair.html", context)


@require_safe
@audit_roles(READERS)
def pair_csv(request: AuditRequest, first: int, second: int) -> HttpResponse:
    """The same table, under pseudonyms."""
    agreed = AuditAgreement(request.audit)
    found = find_pair(agreed, CoderNames(request.audit, ""), first, second)
    figure = pair_figure(agreed.tally.table(*found.pair.coders))
    return csv_file(figure, f"{request.audit.slug}-pair-{first}-{second}")


def find_pair(agreed: AuditAgreement, names: CoderNames, first: int, second: int) -> PairRow:
    """The pair of two coders who share a unit; 404 for any other two."""
    wanted = {names.called(first), names.called(second)}
    met = [pair for pair in agreed.tally.pairs() if set(pair.coders) == wanted]
    if not met:
        raise Http404
    (row,) = pair_rows(met, names)
    return row


@require_safe
@audit_roles(READERS)
def figure_csv(request: AuditRequest, figure: str) -> HttpResponse:
    """One table of the agreement with its exact numbers."""
    return csv_file(find_figure(request, figure), f"{request.audit.slug}-agreement-{figure}")


@require_safe
@audit_roles(READERS)
def figure_svg(request: AuditRequest, figure: str) -> HttpResponse:
    """One chart of the agreement, as a picture that needs nothing else."""
    found = find_figure(request, figure)
    source = f"{request.audit.name} · before any decision of the lead · 95% intervals"
    return svg_file(found, f"{request.audit.slug}-agreement-{figure}", source=source)


def find_figure(request: AuditRequest, name: str) -> Figure:
    if name not in AGREEMENT_FIGURES:
        raise Http404
    agreed = AuditAgreement(request.audit)
    if name == "disputed":
        return disputed_figure(agreed, request.membership.role)
    return AGREEMENT_FIGURES[name](agreed)


@require_safe
@audit_roles(READERS)
def units(request: AuditRequest) -> HttpResponse:
    """The units that disagree most; with `?first=a&second=b` those that carry both labels."""
    agreed = AuditAgreement(request.audit)
    codes = [request.GET[key] for key in ("first", "second") if key in request.GET]
    if codes:
        context = units_with(request, agreed, codes)
    else:
        n = len(agreed.most_disputed)
        rows = most_disputed(agreed, request.membership.role, at_most=n)
        context = {"rows": rows, "n_waiting": n - len(rows)}
    return render(request, "labeling/agreement_units.html", {"audit": request.audit, **context})


def units_with(request: AuditRequest, agreed: AuditAgreement, codes: list[str]) -> dict[str, Any]:
    """One page of the units that carry each of these labels; 404 for a label there is not."""
    names = agreed.categories.names
    if any(code not in names for code in codes):
        raise Http404
    found = units_carrying(request.audit, agreed.categories, codes)
    readable = found.filter(pk__in=readable_units(request.audit, request.membership.role))
    page = Paginator(readable, UNITS_PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    return {
        "labels": [names[code] for code in codes],
        "page": page,
        "query": query.urlencode(),
        "rows": carrying(agreed, list(page)),
        "n_waiting": found.count() - page.paginator.count,
    }


@require_safe
@audit_roles(READERS)
def unit(request: AuditRequest, token: str) -> HttpResponse:
    """One unit as graders see it, with its labels side by side; nothing is decided here."""
    drawn = request.audit.units.drawn().select_related("output__content", "stratum")
    found: Unit = get_object_or_404(drawn, token=token)
    found.audit = request.audit
    role = request.membership.role
    context: dict[str, Any] = {"audit": request.audit, "unit": found}
    may_read = readable_units(request.audit, role).filter(pk=found.pk).exists()
    if found.output is not None:
        context["shown"] = what_graders_see(found, request.audit)
        if may_read or not request.audit.is_blind:
            context["said"] = what_the_user_said(found)
    if may_read:
        context |= labels_of(found, role)
    return render(request, "labeling/agreement_unit.html", context)


def labels_of(unit: Unit, role: str) -> dict[str, Any]:
    """A lead who has still to decide is not told who said what."""
    waits = role in LEADS and waiting_units(unit.audit).filter(pk=unit.pk).exists()
    names = None if waits else CoderNames(unit.audit, role).shown
    decided = Adjudication.objects.current().filter(unit=unit)
    return {
        "labels": labels_side_by_side(unit, unit.audit, names),
        "decision": decided.select_related("failure_mode").first(),
        "waits": waits,
    }
