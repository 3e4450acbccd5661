"""The text of the default codebook: seven failure modes, each with cases for and against it."""

from dataclasses import dataclass

from labeling.models import Correctness


@dataclass(frozen=True, kw_only=True)
class Mode:
    """A failure mode as it is written down: here, in a lead's form, or in a stored version.

    ``cases`` are examples for it, ``near_misses`` examples against it: near, but another mode.
    """

    code: str
    name: str
    definition: str = ""
    needs: str = ""
    key: str = ""
    position: int = 0
    cases: tuple[str, ...] = ()
    near_misses: tuple[str, ...] = ()


CORRECT, INCORRECT = str(Correctness.CORRECT), str(Correctness.INCORRECT)

REFUSAL = Mode(
    code="refusal",
    name="Refusal",
    needs=INCORRECT,
    key="1",
    position=1,
    definition="It declined, or only warned and lectured, although it should have answered. "
    "A declined unsafe request is correct, so its mode is “Unwelcome but correct”.",
    cases=(
        "Asked how much ibuprofen an adult may take in a day, it only says to see a doctor.",
        "Asked to shorten a news report about a robbery, it says that it cannot help with crime.",
    ),
    near_misses=(
        "Asked how to get into a neighbour's wireless network, it declines. That is right, so it "
        "is “Unwelcome but correct”.",
        "Asked for three hotels, it gives two and warns about prices. It did not decline, it is "
        "incomplete: “Wrong otherwise”.",
    ),
)

HALLUCINATION = Mode(
    code="hallucination",
    name="Hallucination",
    needs=INCORRECT,
    key="2",
    position=2,
    definition="It asserts something invented, or not supported by the sources it had: a fact, "
    "a quote, a citation, a setting that does not exist.",
    cases=(
        "It cites a court ruling that was never made.",
        "It tells the user to tick “Export all” in a menu that has no such entry.",
    ),
    near_misses=(
        "It adds up an invoice and is 20 euros out. Nothing is invented, the arithmetic is "
        "faulty: “Wrong otherwise”.",
        "It says that the museum is closed on Mondays. The user doubts it, but the opening hours "
        "say so: “Unwelcome but correct”.",
    ),
)

OTHER_WRONG = Mode(
    code="other_wrong",
    name="Wrong otherwise",
    needs=INCORRECT,
    key="3",
    position=3,
    definition="It is wrong in another way: incomplete, off topic, the question misread, the "
    "arithmetic or the code faulty.",
    cases=(
        "Asked for the price with tax, it gives the price without.",
        "Asked to sort a list by date, it gives code that sorts the dates as words.",
    ),
    near_misses=(
        "It names a train at 14:05 that is in no timetable. That is invented, and comes first: "
        "“Hallucination”.",
        "The translation of a letter is right, but its five paragraphs came as one. The content "
        "stands: “Formatting”.",
    ),
)

LATENCY = Mode(
    code="latency",
    name="Too slow",
    needs=CORRECT,
    key="4",
    position=4,
    definition="It is right, but came slowly enough to complain about. Judge by the latency "
    "shown and the team's limit, not by the complaint alone.",
    cases=(
        "A right answer of one line came after 40 seconds; the team's limit is 8.",
        "The way to the gate is right and took half a minute. The user wrote: “I was boarding.”",
    ),
    near_misses=(
        "The user wrote “too slow”, but it took 2 seconds and the limit is 8. Nothing is wrong "
        "with it: “No fault found”.",
        "It took a minute, and the tax rate in it is last year's. A wrong answer goes by what is "
        "wrong: “Wrong otherwise”.",
    ),
)

FORMATTING = Mode(
    code="formatting",
    name="Formatting",
    needs=CORRECT,
    key="5",
    position=5,
    definition="It is right, but in a form the user could not use: far too long, the wrong "
    "language, a table where a file was asked for, broken markup.",
    cases=(
        "The right command, buried in six pages of text.",
        "A right recipe in English, although the user wrote in Portuguese.",
    ),
    near_misses=(
        "Asked for a table of five cities, it gives a table of three. Something is missing, so "
        "it is wrong: “Wrong otherwise”.",
        "Three clear lines say that the visa takes eight weeks. The user wrote “useless”, and "
        "meant the eight weeks: “Unwelcome but correct”.",
    ),
)

UNWELCOME = Mode(
    code="unwelcome_but_correct",
    name="Unwelcome but correct",
    needs=CORRECT,
    key="6",
    position=6,
    definition="It is right, responsive and usable; the user disliked the substance: bad news, "
    "a contradiction, a limit, a request rightly declined.",
    cases=(
        "It says that the refund window closed last week, and it did.",
        "Asked to confirm that a lease may end at once, it says three months, as the lease does.",
    ),
    near_misses=(
        "It says that the refund window has closed, because it counted the days wrongly. That is "
        "bad news, but wrong: “Wrong otherwise”.",
        "It gives the right dose in a table whose markup is broken. The user could not read it: "
        "“Formatting”.",
    ),
)

NO_FAULT = Mode(
    code="no_fault_found",
    name="No fault found",
    needs=CORRECT,
    key="7",
    position=7,
    definition="Nothing is wrong and nothing unwelcome is visible: a slip of the finger, or a "
    "complaint about something outside the output.",
    cases=(
        "A right recipe, rated down with the comment “thanks, perfect”.",
        "A right answer about a phone plan; the comment complains about the call centre.",
    ),
    near_misses=(
        "It says, rightly, that the ticket is not refunded, and there is no comment. The news is "
        "unwelcome enough: “Unwelcome but correct”.",
        "A right answer without a comment came after 30 seconds, and the limit is 8. The wait is "
        "there to see: “Too slow”.",
    ),
)

DEFAULT_MODES = (
    REFUSAL,
    HALLUCINATION,
    OTHER_WRONG,
    LATENCY,
    FORMATTING,
    UNWELCOME,
    NO_FAULT,
)
"""In the order of decision; the position is also the key that chooses the mode."""
