"""Why a coder's queue is empty, and what to do about it: it is never just "nothing here"."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Max, Min

from labeling.models import Audit, Coder, Seat, Skip
from labeling.seating import Bar, bar_of, count_given, held_seats
from projects.models import Membership
from projects.roles import Role

MOST_NAMES = 5


@dataclass(frozen=True, kw_only=True)
class Why:
    """The reason as a sentence, and what the coder can do now."""

    reason: str
    next_step: str
    may_come_back: bool = False


@dataclass(frozen=True, kw_only=True)
class EmptyQueue(Why):
    """Why nothing is served, with the counts behind it."""

    n_mine: int
    n_skipped: int
    may_undo: bool

    @property
    def n_standing(self) -> int:
        """What an undo could take back; a page that is sent twice counts it once."""
        return self.n_mine + self.n_skipped


def explain_empty_queue(audit: Audit, coder: Coder) -> EmptyQueue:
    """Say what keeps the coder from new units, else whether others hold the last ones."""
    audit.refresh_from_db(fields=["status", "closed_at"])  # it may have been closed just now
    n_mine = count_given(audit, coder)
    n_skipped = Skip.objects.filter(unit__audit=audit, coder=coder, undone_at=None).count()
    bar = bar_of(audit, coder)
    why = why_barred(bar, audit, n_mine) if bar else why_none_left(audit, coder)
    return EmptyQueue(
        **vars(why),
        n_mine=n_mine,
        n_skipped=n_skipped,
        may_undo=audit.is_open and n_mine + n_skipped > 0,
    )


def why_barred(bar: Bar, audit: Audit, n_mine: int) -> Why:
    match bar:
        case Bar.IMPORTED:
            return Why(
                reason="This audit holds labels that were made elsewhere: there is nothing to "
                "label here.",
                next_step="Your other audits are under “My work”.",
            )
        case Bar.NOT_OPEN:
            return Why(
                reason="This audit is not open yet: its lead is still preparing it.",
                next_step="Look again later; it appears under “My work” once it is open.",
                may_come_back=True,
            )
        case Bar.CLOSED:
            return Why(
                reason=f"This audit is closed{since(audit)}: it takes no more labels.",
                next_step="What you sent is kept. If a label has to be changed, "
                f"ask {leads_of(audit)} to reopen the audit.",
            )
        case Bar.NOT_INVITED:
            return Why(
                reason="You are not yet invited to this audit: only graders that a lead has let "
                "in get units.",
                next_step=f"Ask {leads_of(audit)} to let you in.",
            )
        case Bar.UNTRAINED:
            return Why(
                reason="A training comes first: the audit opens when you reach its bar.",
                next_step="Open the audit again from your work: it leads to the training.",
            )
        case Bar.CAPPED:
            return Why(
                reason="You have reached the limit for one person in this audit: "
                f"{n_mine} of {audit.max_labels_per_coder} labels given.",
                next_step="You are done here. If the limit should be raised, "
                f"ask {leads_of(audit)}.",
            )


def since(audit: Audit) -> str:
    at = audit.closed_at
    return f" since {at.day} {at:%B %Y, %H:%M} UTC" if at else ""


def leads_of(audit: Audit) -> str:
    """Whom to ask, by name; the roles where nobody has them."""
    members = Membership.objects.current().filter(project=audit.project_id, user__is_active=True)
    for role in (Role.LEAD, Role.ADMIN):
        found = members.filter(role=role).select_related("user").order_by("user__username")
        names = [member.user.display_name for member in found[:MOST_NAMES]]
        if names:
            return " or ".join(names)
    return "the lead of the project"


def why_none_left(audit: Audit, coder: Coder) -> Why:
    """Finished, held by others for now, or all done that this coder may do."""
    awaited = Seat.objects.filter(audit=audit, is_done=False, is_planted=False)
    n_left = awaited.values("unit").distinct().count()
    if n_left == 0:
        return Why(
            reason="Every unit has all its labels: the audit is finished.",
            next_step="There is nothing more to do here.",
        )
    held = held_seats(audit, coder).aggregate(first=Min("lease_until"), last=Max("lease_until"))
    if held["last"]:
        return Why(
            reason=f"Other graders hold the last units {until(held['first'], held['last'])}.",
            next_step="A unit comes back when its grader skips it or runs out of time. "
            "Look again then.",
            may_come_back=True,
        )
    rest = "1 unit is" if n_left == 1 else f"{n_left} units are"
    return Why(
        reason="You have seen every unit that still needs a label; the rest is for other graders.",
        next_step=f"Your part is done. {rest} not finished yet: each needs the eyes of somebody "
        "who has not seen it.",
    )


def until(first: dt.datetime, last: dt.datetime) -> str:
    """Until when, to the minute: the first that may come free, and the last."""
    earliest, latest = f"{first:%H:%M}", f"{last:%H:%M}"
    if earliest == latest:
        return f"until {latest} UTC"
    return f"until {earliest} UTC at the earliest, {latest} UTC at the latest"
