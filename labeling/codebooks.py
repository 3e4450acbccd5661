"""The codebooks of a project: which is current, and how modes are written to and read from one."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet

from labeling.default_modes import DEFAULT_MODES, Mode
from labeling.models import Codebook, FailureMode, ModeExample
from projects.models import Project
from projects.prepared import Prepared

DEFAULT = "default"


def current_codebook(project: Project) -> Codebook:
    """Give the newest version of the project's default codebook, made if there is none."""
    newest = Codebook.objects.filter(project=project, name=DEFAULT).order_by("-version").first()
    return newest or default_codebook(project)


@transaction.atomic
def default_codebook(project: Project) -> Codebook:
    """Get or create version 1 of the default codebook, with its modes."""
    Project.objects.select_for_update().get(pk=project.pk)
    codebook, is_new = Codebook.objects.get_or_create(project=project, name=DEFAULT, version=1)
    if is_new:
        write_modes(codebook, DEFAULT_MODES)
    return codebook


def modes_in_order(*, codebook: int) -> QuerySet[FailureMode]:
    return FailureMode.objects.filter(codebook=codebook)


MODES = Prepared(modes_in_order, "codebook")


def modes_of(codebook: Codebook) -> list[FailureMode]:
    """The modes in the order of decision, for the desk, which asks with every step."""
    return MODES.all(codebook=codebook.pk)


def modes_with_examples(codebook: Codebook) -> QuerySet[FailureMode]:
    """The modes in the order of decision, with the examples of `_codebook.html`, in two queries."""
    return codebook.modes.prefetch_related("examples")


def write_modes(codebook: Codebook, modes: Iterable[Mode]) -> None:
    """Store modes and their examples in a version that has none."""
    for mode in modes:
        stored = FailureMode.objects.create(
            codebook=codebook,
            code=mode.code,
            name=mode.name,
            definition=mode.definition,
            key=mode.key,
            position=mode.position,
            needs_verdict=mode.needs,
        )
        ModeExample.objects.bulk_create(
            ModeExample(mode=stored, applies=applies, position=position, text=text)
            for applies, texts in ((True, mode.cases), (False, mode.near_misses))
            for position, text in enumerate(texts, start=1)
        )


def read_modes(codebook: Codebook) -> tuple[Mode, ...]:
    """The version's modes as text, in the order of decision."""
    return tuple(
        Mode(
            code=mode.code,
            name=mode.name,
            definition=mode.definition,
            needs=mode.needs_verdict,
            key=mode.key,
            position=mode.position,
            cases=tuple(e.text for e in mode.examples.all() if e.applies),
            near_misses=tuple(e.text for e in mode.examples.all() if not e.applies),
        )
        for mode in modes_with_examples(codebook)
    )
