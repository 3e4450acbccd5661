"""What a coder has typed and not sent, kept on the server; no draft becomes a label by itself."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from labeling.models import Coder, Draft, Unit
from projects.prepared import Prepared

FIELDS = (
    "correctness",
    "failure_mode",
    "further_modes",
    "revision_reason",
    "note",
    "skip_note",
    "flag_text",
)
"""The inputs of the desk that are kept, by the name the page gives them."""


def keep_draft(*, unit: Unit, coder: Coder, fields: Mapping[str, Any]) -> Draft | None:
    """Keep what is filled in; with nothing filled in the draft is gone (None)."""
    kept = {name: fields[name] for name in FIELDS if fields.get(name)}
    if not kept:
        drop_draft(unit, coder)
        return None
    draft, _ = Draft.objects.update_or_create(unit=unit, coder=coder, defaults={"fields": kept})
    return draft


def drafts_of(*, unit: int, coder: int) -> QuerySet[Draft]:
    return Draft.objects.filter(unit=unit, coder=coder)


DRAFT = Prepared(drafts_of, "unit", "coder")


def draft_of(unit: Unit, coder: Coder) -> Draft | None:
    return DRAFT.first(unit=unit.pk, coder=coder.pk)


def forget(unit: Unit, coder: Coder, field: str) -> None:
    """One input was sent on its own: what else is typed stays."""
    draft = draft_of(unit, coder)
    if draft:
        keep_draft(unit=unit, coder=coder, fields={**draft.fields, field: ""})


def drop_draft(unit: Unit, coder: Coder) -> None:
    """The answer was sent, or everything was taken out again."""
    if draft_of(unit, coder):
        Draft.objects.filter(unit=unit, coder=coder).delete()
