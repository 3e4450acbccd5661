"""What a lead sets for an audit, and may change until it is closed: its options, their limits."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Self

from django.db import transaction
from django.db.models import QuerySet

from labeling.models import Audit
from labeling.third_opinions import count_full_units
from labeling.workflow import AuditClosedError, coder_of, lock_settings
from projects.errors import InputError
from projects.models import Membership, User
from projects.roles import LABELERS


@dataclass(frozen=True, kw_only=True)
class AuditOptions:
    """The fields of an audit that a lead may change after the draw."""

    asks_third: bool
    max_labels_per_coder: int | None
    by_invitation: bool
    gold_share: float
    repeat_share: float
    training_bar: float | None
    shares_accuracy: bool


@dataclass(frozen=True)
class LabelsAsked:
    """How many labels a sample asks for: the first k of each unit, and third opinions on top."""

    coders: int
    at_least: int
    at_most: int

    @classmethod
    def of(cls, n_units: int, *, coders: int, asks_third: bool) -> Self:
        return cls(coders, n_units * coders, n_units * (coders + asks_third))

    def __str__(self) -> str:
        return f"at least {self.at_least:,} labels, at most {self.at_most:,}"


@transaction.atomic
def change_options(audit: Audit, options: AuditOptions, *, let_in: Collection[User]) -> None:
    """Store the options, and let in exactly these of the project's graders and leads.

    Raises
    ------
    InputError
        The audit is closed, an option is out of its limits, or the third opinion is fixed by now.
    """
    locked = lock_settings(audit)
    if locked.is_closed:
        raise AuditClosedError(locked)
    check_third_opinion(asks_third=options.asks_third, coders=locked.coders_per_unit)
    check_cap(options.max_labels_per_coder)
    if options.asks_third != locked.asks_third and (why := why_third_is_fixed(locked)):
        raise InputError(f"third opinion: {why}")
    Audit.objects.filter(pk=audit.pk).update(**asdict(options))
    let_in_exactly(locked, let_in)


def let_in_exactly(audit: Audit, people: Collection[User]) -> None:
    """Of those who may label today; who has left the project keeps the place for a return."""
    listed = people_who_label(audit).values("user")
    audit.graders.remove(*audit.graders.filter(user__in=listed).exclude(user__in=people))
    audit.graders.add(*(coder_of(audit.project, person) for person in people))


def people_who_label(audit: Audit) -> QuerySet[Membership]:
    """The project's current graders and leads."""
    members = Membership.objects.current().filter(
        project=audit.project_id, role__in=LABELERS, user__is_active=True
    )
    return members.select_related("user").order_by("role", "user__username")


def why_third_is_fixed(audit: Audit) -> str:
    """Why third opinions cannot be switched any more; empty while they can."""
    k = audit.coders_per_unit
    if k < 2:
        return "Not possible with 1 coder per unit: nobody can differ."
    n_full = count_full_units(audit)
    if n_full == 0:
        return ""
    have = "1 unit has its" if n_full == 1 else f"{n_full:,} units have their"
    return f"Fixed by now: {have} first {k} labels, and all units must be treated alike."


def check_third_opinion(*, asks_third: bool, coders: int) -> None:
    if asks_third and coders < 2:
        raise InputError(
            f"third opinion: expected with 2 coders per unit or more, got it with {coders}."
        )


def check_cap(max_labels: int | None) -> None:
    if max_labels is not None and not 1 <= max_labels <= 2**31 - 1:
        raise InputError(f"most labels: expected 1 label per coder or more, got {max_labels:,}.")
