"""What changed between two versions of a codebook, mode by mode and word by word."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from labeling.default_modes import Mode

WORD = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True, kw_only=True)
class Words:
    """A run of words: `same` in both versions, `out` of the older, or `in` the newer alone."""

    kind: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A short field that changed; empty: there was, or is, none."""

    what: str
    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class ExampleChange:
    """An example that came or went."""

    is_new: bool
    applies: bool
    text: str


@dataclass(frozen=True, kw_only=True)
class ModeChange:
    """What became of one mode: `added`, `removed`, `changed` or `same`."""

    mode: Mode
    kind: str
    facts: tuple[Fact, ...] = ()
    definition: tuple[Words, ...] = ()
    examples: tuple[ExampleChange, ...] = ()


def diff(old: Sequence[Mode], new: Sequence[Mode]) -> tuple[ModeChange, ...]:
    """Every mode of both versions, matched by code: the newer's in its order, then what went."""
    before = {mode.code: mode for mode in old}
    after = {mode.code for mode in new}
    moved = moved_codes([mode.code for mode in old], [mode.code for mode in new])
    changes = [
        compare(before[mode.code], mode, has_moved=mode.code in moved)
        if mode.code in before
        else replace(compare(Mode(code=mode.code, name=mode.name), mode), kind="added")
        for mode in new
    ]
    gone = [ModeChange(mode=mode, kind="removed") for mode in old if mode.code not in after]
    return (*changes, *gone)


def moved_codes(old: Sequence[str], new: Sequence[str]) -> set[str]:
    """Codes whose order among the modes of both versions changed.

    A mode that another one pushed on by coming or going has not moved.
    """
    before = [code for code in old if code in new]
    after = [code for code in new if code in old]
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    stayed = {code for block in blocks for code in before[block.a : block.a + block.size]}
    return set(before) - stayed


def compare(old: Mode, new: Mode, *, has_moved: bool = False) -> ModeChange:
    pairs = [
        ("Name", old.name, new.name),
        ("Key", old.key, new.key),
        ("Needed verdict", old.needs or "any", new.needs or "any"),
    ]
    if has_moved:
        pairs.insert(1, ("Place", str(old.position), str(new.position)))
    facts = tuple(Fact(what=what, old=a, new=b) for what, a, b in pairs if a != b)
    words = word_diff(old.definition, new.definition) if old.definition != new.definition else ()
    examples = (*example_changes(old, new, applies=True), *example_changes(old, new, applies=False))
    is_changed = bool(facts or words or examples)
    return ModeChange(
        mode=new,
        kind="changed" if is_changed else "same",
        facts=facts,
        definition=words,
        examples=examples,
    )


def example_changes(old: Mode, new: Mode, *, applies: bool) -> list[ExampleChange]:
    before = old.cases if applies else old.near_misses
    after = new.cases if applies else new.near_misses
    went = [(False, text) for text in before if text not in after]
    came = [(True, text) for text in after if text not in before]
    return [
        ExampleChange(is_new=is_new, applies=applies, text=text) for is_new, text in went + came
    ]


def word_diff(old: str, new: str) -> tuple[Words, ...]:
    """The words of both texts in reading order; what was replaced stands before its replacement."""
    before, after = WORD.findall(old), WORD.findall(new)
    matcher = SequenceMatcher(None, [w.strip() for w in before], [w.strip() for w in after])
    runs = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            runs.append(("same", "".join(after[c:d])))
            continue
        runs += [("out", "".join(before[a:b]))] if a < b else []
        runs += [("in", "".join(after[c:d]))] if c < d else []
    spaced = [text if text[-1].isspace() else f"{text} " for _, text in runs[:-1]]
    texts = [*spaced, *(text for _, text in runs[-1:])]  # the last word of a text ends in no space
    return tuple(Words(kind=kind, text=text) for (kind, _), text in zip(runs, texts, strict=True))
