"""Before an audit is opened for labeling: what is set, what is missing, and the opening itself."""

from dataclasses import dataclass

from django.db import transaction

from labeling.audit_options import people_who_label
from labeling.gold_list import PlantedStock, planted_stock
from labeling.models import Audit, Unit
from labeling.workflow import AuditClosedError, lock_settings


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line of the checklist: what graders will meet, and the page on which it is set.

    `is_lacking`: what is set cannot work as it is. Nothing refuses the opening: a lead decides.
    """

    name: str
    says: str
    page: str = ""
    is_lacking: bool = False


@transaction.atomic
def open_audit(audit: Audit) -> None:
    """Let graders in; an audit that is open already stays as it is.

    Raises
    ------
    AuditClosedError
        It was closed in the meantime: that is undone by reopening it.
    """
    locked = lock_settings(audit)
    if locked.is_closed:
        raise AuditClosedError(locked)
    Audit.objects.filter(pk=audit.pk).update(status=Audit.Status.OPEN)


def checklist(audit: Audit) -> list[Check]:
    stock = planted_stock(audit)
    return [
        people(audit),
        training(audit, stock),
        gold(audit, stock),
        Check(name="Repeats", says=repeats(audit), page="settings"),
        Check(name="Labels", says=labels(audit), page="settings"),
        Check(name="Codebook", says=f"{audit.codebook}, {counted_modes(audit)}", page="codebook"),
        Check(name="Fixed at the draw", says=fixed(audit)),
    ]


def people(audit: Audit) -> Check:
    """Who gets units, and whether they are enough for the coders that each unit asks for."""
    may = people_who_label(audit)
    if audit.by_invitation:
        may = may.filter(user__in=audit.graders.values("user"))
    n, needed = may.count(), audit.coders_per_unit + audit.asks_third
    whom = "let in by invitation" if audit.by_invitation else "of the project's graders and leads"
    says = f"{n} {whom}."
    if n < needed:
        says += f" Each unit needs {needed} different people."
    page = "settings" if audit.by_invitation else "people"
    return Check(name="People", says=says, page=page, is_lacking=n < needed)


def training(audit: Audit, stock: PlantedStock) -> Check:
    units = f"{stock.n_training} training unit{'' if stock.n_training == 1 else 's'}"
    says = f"{units}, bar {audit.training_bar or 0:.0%}."
    if stock.lacks_training:
        says = f"A bar of {audit.training_bar:.0%} and no training unit: graders enter untrained."
    elif audit.training_bar is None:
        says = f"None: no bar is set. {units} in use."
    page = "gold" if stock.lacks_training else "settings"
    return Check(name="Training", says=says, page=page, is_lacking=stock.lacks_training)


def gold(audit: Audit, stock: PlantedStock) -> Check:
    units = f"{stock.n_gold} gold unit{'' if stock.n_gold == 1 else 's'}"
    says = f"{audit.gold_share:.0%} of what a grader gets, from {units}."
    if stock.lacks_gold:
        says = f"{audit.gold_share:.0%} is asked for and there is no gold unit: graders get none."
    elif audit.gold_share == 0:
        says = f"None is mixed in. {units} in use."
    is_lacking = stock.lacks_gold or stock.n_outdated > 0
    if stock.n_outdated:
        says += f" {outdated(stock.n_outdated)}"
    page = "gold" if is_lacking else "settings"
    return Check(name="Gold", says=says, page=page, is_lacking=is_lacking)


def outdated(n: int) -> str:
    """What the move to a later codebook left behind."""
    have = "1 known answer names" if n == 1 else f"{n:,} known answers name"
    return f"{have} a mode the codebook has no more: no grader can be right there; retire them."


def repeats(audit: Audit) -> str:
    if audit.repeat_share == 0:
        return "None: nobody is asked the same twice."
    return f"{audit.repeat_share:.0%} of what a grader gets."


def labels(audit: Audit) -> str:
    """How many labels, of whom, and what graders see of their own."""
    third = "a third opinion where they differ" if audit.asks_third else "no third opinion"
    most = audit.max_labels_per_coder
    limit = f"at most {most:,} labels each" if most else "no limit per person"
    seen = "see" if audit.shares_accuracy else "do not see"
    k = audit.coders_per_unit
    coders = "1 coder" if k == 1 else f"{k} coders"
    return f"{coders} per unit, {third}, {limit}; graders {seen} their own accuracy."


def counted_modes(audit: Audit) -> str:
    return f"{audit.codebook.modes.count()} failure modes."


def fixed(audit: Audit) -> str:
    """What only another draw would change."""
    n_shams = audit.units.filter(kind=Unit.Kind.SHAM).count()
    shams = "1 sham unit" if n_shams == 1 else f"{n_shams:,} sham units"
    blind = "blind first" if audit.is_blind else "not blind: the rating is shown at once"
    return f"{shams}; {blind}."
