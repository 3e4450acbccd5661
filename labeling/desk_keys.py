"""Which key does what at the desk: one map for everybody, and what a person has changed in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import QuerySet

from labeling.models import Audit, DeskKeys, FailureMode
from projects.errors import InputError
from projects.models import Membership, User
from projects.prepared import Prepared


@dataclass(frozen=True)
class Action:
    """Something a key does; the name is the field of the form and of the stored map."""

    name: str
    default: str
    does: str


ACTIONS = (
    Action("correct", "c", "the answer is correct"),
    Action("incorrect", "x", "the answer is incorrect"),
    Action("cannot_tell", "t", "cannot tell"),
    Action("revise", "v", "change the verdict, with a reason"),
    Action("note", "n", "note and further modes"),
    Action("skip", "s", "skip this unit"),
    Action("flag", "f", "flag it for the lead"),
    Action("undo", "u", "undo the last label or skip"),
    Action("raw", "r", "rendered or raw"),
    Action("down", "j", "scroll down"),
    Action("up", "k", "scroll up"),
    Action("codebook", "g", "codebook"),
    Action("help", "?", "this list of keys"),
)
DEFAULTS = {action.name: action.default for action in ACTIONS}
SINGLE_KEY = re.compile(r"[!-~]")
"""One printable ASCII character without the space: what every layout can reach, and no browser
or screen reader needs for itself without a modifier."""


@dataclass(frozen=True, kw_only=True)
class Keys:
    """A person's map from action to key, and whether single keys act at all (WCAG 2.1.4)."""

    by_action: Mapping[str, str]
    letters_on: bool = True

    def __getitem__(self, action: str) -> str:
        return self.by_action[action]

    @property
    def described(self) -> list[tuple[str, str]]:
        """(key, what it does) in the order of the list on the page."""
        return [(self.by_action[action.name], action.does) for action in ACTIONS]


def stored_keys(*, user: int) -> QuerySet[DeskKeys]:
    return DeskKeys.objects.filter(user=user)


STORED = Prepared(stored_keys, "user")


def keys_of(user: User) -> Keys:
    """The person's keys; an action that was added after they were stored has its own default."""
    stored = STORED.first(user=user.pk)
    if stored is None:
        return Keys(by_action=DEFAULTS)
    known = {name: key for name, key in stored.keys.items() if name in DEFAULTS}
    taken = set(known.values())
    rest = {name: key for name, key in DEFAULTS.items() if name not in known and key not in taken}
    unset = {name: "" for name in DEFAULTS if name not in known and name not in rest}
    return Keys(by_action={**known, **rest, **unset}, letters_on=stored.letters_on)


def store_keys(*, user: User, keys: Mapping[str, str], letters_on: bool) -> Keys:
    """Check the keys against each other and against the modes' keys, then store them.

    Raises
    ------
    InputError
        A key is no single character, is given twice, or chooses a failure mode.
    """
    chosen = {name: keys.get(name, "").strip().lower() for name in DEFAULTS}
    check_keys(chosen, mode_keys_for(user))
    changed = {name: key for name, key in chosen.items() if key != DEFAULTS[name]}
    stored = chosen if changed else {}
    DeskKeys.objects.update_or_create(
        user=user, defaults={"keys": stored, "letters_on": letters_on}
    )
    return Keys(by_action=chosen, letters_on=letters_on)


def reset_keys(user: User) -> None:
    DeskKeys.objects.filter(user=user).delete()


def check_keys(chosen: Mapping[str, str], mode_keys: set[str]) -> None:
    does = {action.name: action.does for action in ACTIONS}
    seen: dict[str, str] = {}
    for name, key in chosen.items():
        if not SINGLE_KEY.fullmatch(key):
            raise InputError(
                f"{does[name].capitalize()}: expected one key that types a character, got “{key}”."
            )
        if key.isdigit() or key in mode_keys:
            raise InputError(
                f"{does[name].capitalize()}: “{key}” chooses a failure mode; take another key."
            )
        if key in seen:
            raise InputError(
                f"“{key}” is given twice: for “{does[seen[key]]}” and for “{does[name]}”."
            )
        seen[key] = name


def clashes(user: User) -> list[tuple[str, str]]:
    """(key, what it does) where a failure mode has the key too: a codebook came after the map."""
    taken = mode_keys_for(user)
    return [(key, does) for key, does in keys_of(user).described if key in taken]


def mode_keys_for(user: User) -> set[str]:
    """The keys of failure modes in codebooks of audits that the person labels in, or soon will."""
    projects = Membership.objects.current().filter(user=user).values("project")
    audits = Audit.objects.not_closed().filter(project__in=projects)
    modes = FailureMode.objects.filter(codebook__in=audits.values("codebook")).exclude(key="")
    return set(modes.values_list("key", flat=True))
