"""The default codebook: seven failure modes, decided in order, the first that applies."""

from dataclasses import dataclass

from django.db import transaction

from labeling.models import Codebook, Correctness, FailureMode
from projects.models import Project

DEFAULT = "default"


@dataclass(frozen=True)
class Mode:
    code: str
    name: str
    needs: Correctness
    definition: str


DEFAULT_MODES = (
    Mode(
        "refusal",
        "Refusal",
        Correctness.INCORRECT,
        "It declined, or only warned and lectured, although it should have answered. A declined "
        "unsafe request is correct, so its mode is unwelcome_but_correct. "
        "Example: asked how much ibuprofen an adult may take in a day, it only says to see a "
        "doctor.",
    ),
    Mode(
        "hallucination",
        "Hallucination",
        Correctness.INCORRECT,
        "It asserts something invented, or not supported by the sources it had: a fact, a quote, "
        "a citation, a setting that does not exist. "
        "Example: it cites a court ruling that was never made.",
    ),
    Mode(
        "other_wrong",
        "Wrong otherwise",
        Correctness.INCORRECT,
        "It is wrong in another way: incomplete, off topic, the question misread, the arithmetic "
        "or the code faulty. "
        "Example: asked for the price with tax, it gives the price without.",
    ),
    Mode(
        "latency",
        "Too slow",
        Correctness.CORRECT,
        "It is right, but came slowly enough to complain about. Judge by the latency shown and "
        "the team's limit, not by the complaint alone. "
        "Example: a one-line answer after 40 seconds.",
    ),
    Mode(
        "formatting",
        "Formatting",
        Correctness.CORRECT,
        "It is right, but in a form the user could not use: far too long, the wrong language, a "
        "table where a file was asked for, broken markup. "
        "Example: the right command, buried in six pages of text.",
    ),
    Mode(
        "unwelcome_but_correct",
        "Unwelcome but correct",
        Correctness.CORRECT,
        "It is right, responsive and usable; the user disliked the substance: bad news, a "
        "contradiction, a limit, a request rightly declined. A declined unsafe request is correct, "
        "so its mode is unwelcome_but_correct. "
        "Example: it says that the refund window closed last week, and it did.",
    ),
    Mode(
        "no_fault_found",
        "No fault found",
        Correctness.CORRECT,
        "Nothing is wrong and nothing unwelcome is visible: a slip of the finger, or a complaint "
        "about something outside the output. "
        "Example: a correct recipe, rated down with the comment 'thanks, perfect'.",
    ),
)
"""In the order of decision; the position is also the key that chooses the mode."""


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
        FailureMode.objects.bulk_create(
            FailureMode(
                codebook=codebook,
                code=mode.code,
                name=mode.name,
                definition=mode.definition,
                key=str(position),
                position=position,
                needs_verdict=mode.needs,
            )
            for position, mode in enumerate(DEFAULT_MODES, start=1)
        )
    return codebook
