"""A model as a judge: an endpoint, the codebook as prompt, and a version that follows from both."""

import re
from dataclasses import replace
from functools import partial
from threading import Event

from labeling.codebooks import read_modes
from labeling.default_modes import Mode
from labeling.judge_cases import Case, RefusedError
from labeling.judge_client import Endpoint, NoAnswerError
from labeling.judge_prompt import fingerprint, messages, read_answer, recipe, system_prompt
from labeling.judge_run import Asker, Outcome
from labeling.judges import register_judge
from labeling.models import Codebook, Judge

MAX_CHARACTERS = 200_000
"""Of one question; a longer one is not cut, since a part of an output is not what is judged."""


def model_judge(codebook: Codebook, *, name: str, endpoint: Endpoint) -> Judge:
    """The judge of this name, model, prompt and parameters: any other would be another one."""
    text = recipe(
        system_prompt(read_modes(codebook)),
        model=endpoint.model,
        temperature=endpoint.temperature,
        json_mode=endpoint.json_mode,
    )
    model = re.sub(r"[^A-Za-z0-9._:/+-]", "-", endpoint.model).lstrip("._:/+-")[:100] or "model"
    return register_judge(
        codebook.project,
        kind=Judge.Kind.MODEL,
        name=name,
        version=f"{model}+{fingerprint(text)}",
        recipe=text,
    )


def model_asker(codebook: Codebook, *, endpoint: Endpoint, workers: int, stop: Event) -> Asker:
    modes = read_modes(codebook)
    return Asker(
        ask=partial(ask, endpoint=endpoint, modes=modes, system=system_prompt(modes), stop=stop),
        modes={mode.code: mode for mode in codebook.modes.all()},
        workers=workers,
    )


def ask(
    case: Case, *, endpoint: Endpoint, modes: tuple[Mode, ...], system: str, stop: Event
) -> Outcome:
    """Ask about one output; InputError where no output could be judged."""
    asked = messages(system, case)
    if sum(len(message["content"]) for message in asked) > MAX_CHARACTERS:
        return Outcome(case=case, refused=f"longer than {MAX_CHARACTERS:,} characters: not asked")
    try:
        reply = endpoint.ask(asked, stop)
    except NoAnswerError as error:
        return Outcome(case=case, failed=str(error))
    spent = Outcome(case=case, tokens_in=reply.tokens_in, tokens_out=reply.tokens_out)
    try:
        return replace(spent, said=read_answer(reply.text, modes))
    except RefusedError as error:
        return replace(spent, refused=str(error))
