"""An open audit of a few units at the graders' desk, in a draw order that the test knows."""

import re
from typing import Any

import pytest

from feedback.models import Content, Feedback, Output
from labeling import seating, workflow
from labeling.codebooks import current_codebook
from labeling.drawing import seats
from labeling.models import Audit, Coder, Gold, Label, Seat, Stratum, Unit
from labeling.planting import add_gold
from projects.models import Project, User
from projects.roles import Role
from tests.people import signed_in

QUESTION = {"role": "user", "content": "When does the refund window close?"}


@pytest.fixture
def make_open_audit(project):
    """An audit with `n` units `u0`, `u1`, ... in this draw order, each with `coders` seats."""

    def make(n=3, *, slug="w34", coders=2, in_project=None, **fields) -> Audit:
        home = in_project or project
        audit = Audit.objects.create(
            project=home,
            slug=slug,
            name=f"Audit {slug}",
            frame="negative",
            codebook=current_codebook(home),
            coders_per_unit=coders,
            **fields,
        )
        Stratum.objects.create(audit=audit, name="STRATUM-MARK", n_frame=1000, n_sampled=n)
        for number in range(n):
            add_unit(audit, number)
        return audit

    return make


def add_output(audit: Audit, number: int, *, is_negative: bool = True, **said: str) -> Output:
    """One more output of the project, rated once, that is in no sample."""
    name = f"{audit.slug}-OUTPUT-{number}"
    output = Output.objects.create(
        project=audit.project, external_id=name, latency_ms=1400, content_sha256="0" * 64
    )
    Content.objects.create(
        output=output, conversation=[QUESTION], text=f"It closed {number} weeks ago."
    )
    Feedback.objects.create(
        output=output,
        channel="thumb",
        value="down" if is_negative else "up",
        is_negative=is_negative,
        event_key=name,
        **said,
    )
    return output


def add_unit(audit: Audit, number: int, *, kind: str = "sampled", **said: str) -> Unit:
    """One more unit, with a conversation, an output and one thumb that holds `said`."""
    output = add_output(audit, number, is_negative=kind != "sham", **said)
    name = output.external_id
    unit = Unit.objects.create(
        audit=audit,
        output=output,
        stratum=audit.strata.first(),
        name=name,
        token=f"{audit.slug}-token-{number}",
        kind=kind,
        prn=f"{number:032d}",
        serving=f"{number:032d}",
        inclusion_probability=0.123456,
    )
    Seat.objects.bulk_create(seats([unit], audit.coders_per_unit))
    return unit


@pytest.fixture
def make_gold():
    """A gold unit whose output is number `number`; the answer: too slow."""

    def make(audit: Audit, number: int, mode: str = "latency", **fields: Any) -> Gold:
        found = audit.codebook.modes.get(code=mode)
        asked: dict[str, Any] = {
            "correctness": found.needs_verdict,
            "explanation": "It took too long.",
            **fields,
        }
        return add_gold(audit=audit, output=add_output(audit, number), mode=found, **asked)

    return make


@pytest.fixture
def make_graders(project, django_user_model):
    """`n` graders as coders of the project."""

    def make(n: int) -> list[Coder]:
        people = [User.objects.create(username=f"grader{k}") for k in range(n)]
        project.memberships.bulk_create(
            project.memberships.model(project=project, user=person, role=Role.GRADER)
            for person in people
        )
        return [workflow.coder_of(project, person) for person in people]

    return make


@pytest.fixture
def elsewhere(django_user_model):
    """A second project, and a grader of it alone."""
    project = Project.objects.create(slug="elsewhere", name="Elsewhere")
    stranger = User.objects.create_user("stranger", password="a long password for tests")
    project.memberships.create(user=stranger, role=Role.GRADER)
    return project, signed_in(stranger)


class AtDesk:
    """A grader at the desk of one audit: what the browser would send, by htmx or by plain forms."""

    def __init__(self, client, audit: Audit, *, htmx: bool = True) -> None:
        self.client = client
        self.audit = audit
        self.headers = {"HX-Request": "true"} if htmx else {}

    def url(self, path: str = "label/") -> str:
        return f"/audits/{self.audit.slug}/{path}"

    def get(self, path: str = "label/"):
        return self.client.get(self.url(path), headers=self.headers)

    def post(self, path: str, data: dict[str, str] | None = None, *, target: str = "unit"):
        """Post; by htmx with the id of what the answer replaces, as the browser says it."""
        headers = {**self.headers, "HX-Target": target} if self.headers else {}
        return self.client.post(self.url(path), data or {}, headers=headers)

    def open(self) -> str:
        """Open the desk; the token of the unit on it, empty when there is none."""
        return token_on(self.get())

    def verdict(self, token: str, correctness: str):
        sent = {"correctness": correctness}
        return self.post(f"units/{token}/verdict/", sent, target="choose")

    def label(self, token: str, mode: str = "", **fields: str):
        return self.post(f"units/{token}/label/", {"failure_mode": mode, **fields})

    def skip(self, token: str, reason: str = "language"):
        return self.post(f"units/{token}/skip/", {"reason": reason})

    def undo(self):
        return self.post("undo/")

    def give(self, correctness: str = "correct", mode: str = "latency", **fields: str) -> Label:
        """Label the unit on the desk; the stored label."""
        token = self.open()
        self.verdict(token, correctness)
        answer = self.label(token, mode, **fields)
        assert answer.status_code < 400, answer.text
        return Label.objects.filter(unit__token=token).latest("created_at")


def token_on(page) -> str:
    found = re.search(r"/units/([^/]+)/", page.text)
    return found[1] if found else ""


def expire(audit: Audit) -> None:
    """Let every lease of the audit run out."""
    from django.db.models.functions import Now

    held = Seat.objects.filter(audit=audit, coder__isnull=False)
    held.update(lease_until=Now() - seating.LEASE)


@pytest.fixture
def at_desk():
    return AtDesk
