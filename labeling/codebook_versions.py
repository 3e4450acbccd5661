"""How a codebook goes on: the next version, and an open audit that moves to it.

A version that is used is never changed. Labels keep the version they were given under; modes of
several versions are the same mode where their code is the same.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import replace

from django.db import transaction
from django.db.models import Count, Exists, OuterRef

from labeling.codebooks import read_modes, write_modes
from labeling.default_modes import Mode
from labeling.models import Adjudication, Audit, Codebook, Correctness, FailureMode, Label
from projects.errors import InputError
from projects.models import Project, User

RESERVED_KEYS = frozenset("cxtsfungrvjk?")
"""Keys that do something else at the desk."""
CODE = re.compile(r"[a-z][a-z0-9_]{0,119}")
KEY = re.compile(r"[a-z0-9]?")
VERDICTS = (str(Correctness.CORRECT), str(Correctness.INCORRECT))


@transaction.atomic
def next_version(
    codebook: Codebook,
    modes: Sequence[Mode],
    *,
    note: str,
    by: User,
    removed: Set[str] = frozenset(),
    seen: str = "",
) -> Codebook:
    """Write `modes` as the version after the newest; the newest itself is rewritten while unused.

    `codebook` is the version that the text began with, `seen` the `fingerprint` the newest had then
    (empty: not checked). Codes that go stand in `removed`: none is lost by being left out.
    InputError: see `check_modes`; or there is no note, no change, or somebody else was faster.
    """
    Project.objects.select_for_update().get(pk=codebook.project_id)
    newest = newest_version(codebook, lock=True)
    check_grows_here(codebook)
    check_seen(seen, newest)
    if not note.strip():
        raise InputError("Say what changed and why: graders and readers see it beside the version.")
    check_modes(modes, before=read_modes(codebook), removed=removed)
    written = in_order(modes)
    if written == in_order(read_modes(newest)):
        raise InputError(f"Nothing was saved: these are the modes of {newest} as they are.")
    if newest == codebook and not newest.is_frozen:
        target = emptied(newest, note.strip())
    else:
        target = Codebook.objects.create(
            project=codebook.project,
            name=codebook.name,
            version=newest.version + 1,
            note=note.strip(),
            created_by=by,
        )
    write_modes(target, written)
    return target


def emptied(unused: Codebook, note: str) -> Codebook:
    """The version without its modes, to be written anew; no label can refer to them yet."""
    unused.modes.all().delete()
    Codebook.objects.filter(pk=unused.pk).update(note=note)
    return unused


def newest_version(codebook: Codebook, *, lock: bool = False) -> Codebook:
    versions = Codebook.objects.filter(project=codebook.project_id, name=codebook.name)
    if lock:  # an audit that is drawn now waits, so that it does not use what is being rewritten
        versions = versions.select_for_update()
    return versions.order_by("-version")[0]


def grows_here(codebook: Codebook) -> bool:
    """Whether a lead writes this codebook; an imported label set's is a list of its labels."""
    return not codebook.audits.filter(kind=Audit.Kind.IMPORTED).exists()


def check_grows_here(codebook: Codebook) -> None:
    if not grows_here(codebook):
        raise InputError(
            f"Codebook {codebook} lists the labels of an imported set: it grows with its file."
        )


def check_seen(seen: str, newest: Codebook) -> None:
    if seen and seen != fingerprint(newest):
        raise InputError(
            f"Somebody changed this codebook while you wrote: it is {newest} now. Look at that, "
            "and write your changes there."
        )


def fingerprint(codebook: Codebook) -> str:
    """A digest of the version and its text: equal exactly while nobody has changed it."""
    text = f"{codebook.version} {read_modes(codebook)!r}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def in_order(modes: Iterable[Mode]) -> tuple[Mode, ...]:
    """The modes by position, numbered from 1 without gaps."""
    ordered = sorted(modes, key=lambda mode: mode.position)
    return tuple(replace(mode, position=place) for place, mode in enumerate(ordered, start=1))


# What may be in a version


def check_modes(modes: Sequence[Mode], *, before: Sequence[Mode], removed: Set[str]) -> None:
    """One sentence for what a grader could not work with.

    Raises
    ------
    InputError
        No mode; a code, key, position or needed verdict that is unknown or given twice; a verdict
        that no mode goes with; or a mode that is missing without being removed.
    """
    if not modes:
        raise InputError("A codebook needs at least one mode.")
    for mode in modes:
        check_mode(mode)
    check_unique("code", [mode.code for mode in modes])
    check_unique("key", [mode.key for mode in modes if mode.key])
    check_unique("position", [str(mode.position) for mode in modes])
    for verdict in VERDICTS:
        if not any(mode.needs in ("", verdict) for mode in modes):
            raise InputError(
                f"No mode goes with the verdict {verdict}: a grader who gives it would have none "
                "to choose."
            )
    kept = {mode.code for mode in modes}
    lost = [mode.name for mode in before if mode.code not in kept | removed]
    if lost:
        raise InputError(f"“{lost[0]}” is missing: keep it, or say that it is removed.")


def check_mode(mode: Mode) -> None:
    if not CODE.fullmatch(mode.code) or mode.code in Correctness.values:
        raise InputError(
            "Code: expected small letters, digits and _, beginning with a letter, and no verdict; "
            f"got {mode.code!r}."
        )
    if not mode.name.strip():
        raise InputError(f"Mode {mode.code} needs a name: it is what graders choose by.")
    if not KEY.fullmatch(mode.key) or mode.key in RESERVED_KEYS:
        raise InputError(
            f"Key of “{mode.name}”: expected a digit, or a small letter that does nothing else at "
            f"the desk (taken: {' '.join(sorted(RESERVED_KEYS))}); got {mode.key!r}."
        )
    if mode.position < 1:
        raise InputError(f"Position of “{mode.name}”: expected 1 or more, got {mode.position}.")
    if mode.needs not in ("", *VERDICTS):
        raise InputError(
            f"Needed verdict of “{mode.name}”: expected correct, incorrect or none, "
            f"got {mode.needs!r}."
        )


def check_unique(what: str, values: Sequence[str]) -> None:
    for value, n in Counter(values).items():
        if n > 1:
            raise InputError(f"Two modes have the {what} {value}: each needs its own.")


def n_labels_by_code(codebook: Codebook) -> dict[str, int]:
    """Current labels by mode under any version of this codebook: what a removal leaves behind."""
    given = Label.objects.current().filter(
        codebook__project=codebook.project_id, codebook__name=codebook.name
    )
    counted = given.order_by().values_list("failure_mode__code").annotate(n=Count("pk"))
    return {code: n for code, n in counted if code}


def used_codes(codebook: Codebook) -> set[str]:
    """Codes in a version that is in use or was: labels are matched by them, so they stay."""
    versions = Codebook.objects.filter(project=codebook.project_id, name=codebook.name)
    used = [version for version in versions if version.is_frozen]
    return set(FailureMode.objects.filter(codebook__in=used).values_list("code", flat=True))


# An audit moves on


@transaction.atomic
def adopt(audit: Audit, codebook: Codebook) -> None:
    """Let an audit go on under a later version of its codebook; no label is touched.

    Raises
    ------
    InputError
        The audit is closed or imported, or `codebook` is not a later version of its codebook.
    """
    now = Audit.objects.select_for_update(of=("self",)).select_related("codebook").get(pk=audit.pk)
    if now.is_closed or now.is_imported:
        raise InputError(f"The audit “{now.name}” takes no more labels: its codebook stays.")
    kept = now.codebook
    same = (codebook.project_id, codebook.name) == (kept.project_id, kept.name)
    if not same or codebook.version <= kept.version:
        raise InputError(f"Expected a later version of codebook {kept}, got {codebook}.")
    Audit.objects.filter(pk=now.pk).update(codebook=codebook)


def mode_names(audit: Audit) -> dict[str, str]:
    """Code to name, in the order of the audit's codebook.

    Modes that only an older version has come last, by the name they had, where a label or a
    decision of this audit says them: what was said stays in the figures.
    """
    codebook = audit.codebook
    names = dict(codebook.modes.values_list("code", "name"))
    labels = Label.objects.counted().filter(unit__in=audit.units.drawn())
    decisions = Adjudication.objects.current().filter(unit__audit=audit)
    says = {"failure_mode": OuterRef("pk")}
    older = FailureMode.objects.filter(
        Exists(labels.filter(**says)) | Exists(decisions.filter(**says)),
        codebook__project=codebook.project_id,
        codebook__name=codebook.name,
    ).exclude(codebook=codebook)
    rows = older.order_by("-codebook__version", "position").values_list("code", "name")
    for code, name in rows:
        names.setdefault(code, name)
    return names
