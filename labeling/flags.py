"""A coder asks the lead about a unit: one short thread that no other coder ever sees.

A flag is no skip and no label. Each writing function is one transaction that locks its parent.
"""

import datetime as dt
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Now, Substr

from labeling.drafts import forget
from labeling.models import Audit, Coder, Flag, FlagMessage, Unit
from labeling.seating import was_given
from projects.errors import InputError
from projects.models import Project, User
from projects.prepared import Prepared

MAX_TEXT = 2000
EXCERPT = 300
"""So much of an output or message is read for a line of a list."""


@dataclass(frozen=True, kw_only=True)
class ThreadMessage:
    """One message; `is_mine`: by the coder, otherwise by a lead, who is not named."""

    is_mine: bool
    text: str
    created_at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class Thread:
    """What a coder and the lead have said to each other about one unit."""

    messages: list[ThreadMessage] = field(default_factory=list)
    is_resolved: bool = False


def knows_unit(unit: Unit, coder: Coder) -> bool:
    """Whether the unit was ever on this coder's desk; for anyone else it does not exist."""
    return was_given(unit, coder) or Flag.objects.filter(unit=unit, coder=coder).exists()


def clean_text(text: str) -> str:
    """The text as it is stored, or one sentence about what is wrong with it."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise InputError("Write what you want to say first.")
    if "\0" in text:
        raise InputError("The text holds a NUL character: take it out and send it again.")
    if len(text) > MAX_TEXT:
        raise InputError(f"A message has at most {MAX_TEXT:,} characters, this one {len(text):,}.")
    return text


@transaction.atomic
def raise_flag(*, unit: Unit, coder: Coder, user: User, text: str) -> Flag:
    """Say something about a unit to the lead; a second text goes on in the same thread.

    Writing opens a resolved flag again.
    """
    text = clean_text(text)
    Unit.objects.select_for_update().get(pk=unit.pk)
    flag, _ = Flag.objects.get_or_create(unit=unit, coder=coder)
    if append(flag, user, text):
        Flag.objects.filter(pk=flag.pk).update(resolved_at=None, resolved_by=None)
    forget(unit, coder, "flag_text")
    return flag


@transaction.atomic
def reply(*, flag: Flag, lead: User, text: str, resolve: bool) -> None:
    """The lead's answer; with `resolve` nothing more is asked of the lead."""
    text = clean_text(text)
    Flag.objects.select_for_update().get(pk=flag.pk)
    append(flag, lead, text)
    if resolve:
        Flag.objects.filter(pk=flag.pk).update(resolved_at=Now(), resolved_by=lead)


def append(flag: Flag, author: User, text: str) -> bool:
    """Add the message, unless the thread ends with this very one (a double click)."""
    last = flag.messages.last()
    if last and (last.author_id, last.text) == (author.pk, text):
        return False
    FlagMessage.objects.create(flag=flag, author=author, text=text)
    return True


def flags_of(*, unit: int, coder: int) -> QuerySet[Flag]:
    return Flag.objects.filter(unit=unit, coder=coder)


FLAG = Prepared(flags_of, "unit", "coder")


def thread_of(unit: Unit, coder: Coder) -> Thread:
    """The coder's own thread on the unit; empty when there is none."""
    flag = FLAG.first(unit=unit.pk, coder=coder.pk)
    messages = list(flag.messages.all()) if flag else []
    return Thread(
        messages=[
            ThreadMessage(
                is_mine=message.author_id == coder.user_id,
                text=message.text,
                created_at=message.created_at,
            )
            for message in messages
        ],
        is_resolved=flag is not None and flag.resolved_at is not None,
    )


def open_flags(audit: Audit) -> QuerySet[Flag]:
    return Flag.objects.filter(unit__audit=audit, resolved_at=None)


def is_unread() -> Q:
    """Of a flag: a lead has written since its coder last read the thread."""
    answers = FlagMessage.objects.filter(flag=OuterRef("pk"))
    answers = answers.exclude(author=OuterRef("coder__user"))
    newer = answers.filter(created_at__gt=OuterRef("read_at"))
    return Q(Exists(newer)) | Q(Exists(answers), read_at=None)


def unread_flags(*, coder: int) -> QuerySet[Flag]:
    return Flag.objects.filter(is_unread(), coder=coder)


UNREAD = Prepared(unread_flags, "coder")


def unread_flag(coder: Coder) -> Flag | None:
    """One of the coder's flags, in whatever audit, with an answer that waits to be read."""
    return UNREAD.first(coder=coder.pk)


def n_unread(user: User, project: Project) -> int:
    """How many of the person's flags have an answer that waits to be read."""
    own = Flag.objects.filter(coder__user=user, coder__project=project)
    return own.filter(is_unread()).count()


def mark_read(unit: Unit, coder: Coder, thread: Thread) -> None:
    """The coder has this thread before them; what is written later is not read by it."""
    if thread.messages:
        read = Flag.objects.filter(unit=unit, coder=coder)
        read.update(read_at=thread.messages[-1].created_at)


def flags_with_last_word(audit: Audit) -> QuerySet[Flag]:
    """Flags with `last_author_id`, `last_text`, `last_at` and an `excerpt` of the output.

    `is_answered`: the last word is a lead's; `is_new`: the coder has not read an answer yet.
    """
    last = FlagMessage.objects.filter(flag=OuterRef("pk")).order_by("-created_at", "-pk")
    return (
        Flag.objects.filter(unit__audit=audit)
        .select_related("unit", "coder")
        .annotate(
            last_author_id=Subquery(last.values("author")[:1]),
            last_text=Substr(Subquery(last.values("text")[:1]), 1, EXCERPT),
            last_at=Subquery(last.values("created_at")[:1]),
            excerpt=Substr("unit__output__content__text", 1, EXCERPT),
            is_answered=Q(last_author_id__isnull=False) & ~Q(last_author_id=F("coder__user")),
            is_new=Case(When(is_unread(), then=True), default=False),
        )
    )


def waiting_first(audit: Audit) -> QuerySet[Flag]:
    """Open flags as the lead should take them: unanswered before answered, the oldest first."""
    flags = flags_with_last_word(audit).filter(resolved_at=None)
    return flags.order_by("is_answered", "last_at", "pk")
