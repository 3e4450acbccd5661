"""Arguments that several commands share."""

from labeling.models import Audit
from projects.errors import InputError


def find_audit(slug: str) -> Audit:
    """The audit with this slug, or a sentence that names those there are."""
    audit = Audit.objects.select_related("codebook", "project").filter(slug=slug).first()
    if audit is None:
        known = ", ".join(Audit.objects.order_by("slug").values_list("slug", flat=True)[:20])
        there = f"there are: {known}" if known else "there is none yet (see create_audit)"
        raise InputError(f"SLUG: expected the slug of an audit, got {slug!r}; {there}.")
    return audit
