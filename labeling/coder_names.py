"""What a reader may call the coders of a project: leads know whom they lead, others pseudonyms."""

from labeling.models import Audit, Coder
from projects.roles import LEADS


class CoderNames:
    """The coders of an audit's project, by pseudonym, as one role may know them."""

    def __init__(self, audit: Audit, role: str) -> None:
        coders = list(Coder.objects.filter(project=audit.project_id).select_related("user"))
        self.keys = {coder.name: coder.pk for coder in coders}
        self.shown = {
            coder.name: f"{coder.user.display_name} ({coder.name})"
            for coder in coders
            if coder.user and role in LEADS
        }

    def of(self, pseudonym: str) -> str:
        return self.shown.get(pseudonym, pseudonym)

    def called(self, key: int) -> str | None:
        """The pseudonym of the coder with this key."""
        return next((name for name, pk in self.keys.items() if pk == key), None)
