"""Characters that nobody sees: each is shown by a mark that spells it out, except where it belongs.

Controls, zero-width and bidi characters and the like may hide or turn around what a text says.
"""

import re
import unicodedata
from functools import lru_cache
from html import escape
from html.entities import html5
from itertools import groupby

# Controls, soft hyphen, fillers, bidi and zero-width characters, line and paragraph separator,
# variation selectors, surrogates, private use, byte order mark, annotations, tags.
_HIDDEN_CLASS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ue000-\uf8ff\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\U000f0000-\U0010ffff"
)
_HIDDEN = re.compile(f"[{_HIDDEN_CLASS}]+")
_NUMBER = re.compile("&#(?:[xX](?P<hex>[0-9a-fA-F]{1,6})|(?P<decimal>[0-9]{1,7}));")
_HIDDEN_OR_ENTITY = re.compile(f"(?P<entity>&#?\\w{{1,32}};)|[{_HIDDEN_CLASS}]+")
# England, Scotland and Wales: the only flags spelled with tag characters.
_FLAGS = re.compile(
    "|".join(
        "".join(chr(0xE0000 + ord(c)) for c in f"{flag}\x7f")
        for flag in ("gbeng", "gbsct", "gbwls")
    )
)
_CONTROL_NAMES = {
    "\x00": "null",
    "\x07": "bell",
    "\x08": "backspace",
    "\x0b": "vertical tab",
    "\x0c": "form feed",
    "\r": "carriage return",
    "\x1b": "escape",
    "\x7f": "delete",
    "\x85": "next line",
}
_CATEGORY_NAMES = {"Cc": "control character", "Cs": "lone surrogate", "Co": "private use"}
_FIRST_PLACEHOLDER = 0xF0000
_PLACEHOLDER = re.compile("[\U000f0000-\U0010ffff]")


def _joins_letters(char: str) -> bool:
    """True in scripts that use joiners in ordinary spelling: Arabic, Indic, Khmer, Mongolian."""
    blocks = "\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc"
    return re.match(f"[{blocks}]", char) is not None


def _is_emoji(char: str) -> bool:
    return char != "" and (
        char in "\ufe0f\u200d\u20e3" or unicodedata.category(char) in ("So", "Sk")
    )


def _is_ordinary(text: str, at: int) -> bool:
    """Whether the joiner or variation selector at `at` does its legitimate work there."""
    char, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if char == "\u200d":
        return (_is_emoji(before) and before != char and _is_emoji(after)) or _joins_letters(before)
    if char == "\u200c":
        return _joins_letters(before) and _joins_letters(after)
    if char in "\ufe0e\ufe0f":
        return before != "" and (
            unicodedata.category(before) in ("So", "Sm", "Po") or before in "0123456789#*〰㊗㊙"
        )
    if "\ufe00" <= char <= "\ufe02" or "\U000e0100" <= char <= "\U000e01ef":
        return "\u3400" <= before <= "\u9fff" or "\U00020000" <= before <= "\U0003ffff"
    return "\u180b" <= char <= "\u180f" and "\u1820" <= before <= "\u18aa"


def _described(char: str) -> str:
    name = _CONTROL_NAMES.get(char) or unicodedata.name(char, "").lower()
    return name or _CATEGORY_NAMES.get(unicodedata.category(char), "invisible character")


@lru_cache(maxsize=512)
def _mark(run: str) -> str:
    """A marked element that spells out a run of hidden characters and contains none of them."""
    groups = [(char, len(list(same))) for char, same in groupby(run)]
    shown, rest = groups[:24], sum(n for _, n in groups[24:])
    codes = [f"U+{ord(c):04X}" + (f"×{n}" if n > 1 else "") for c, n in shown]
    names = [f"U+{ord(c):04X} {_described(c)}" for c, n in shown]
    more = f" and {rest} more" if rest else ""
    tags = "".join(chr(ord(c) - 0xE0000) for c in run if "\U000e0020" <= c <= "\U000e007e")
    spelling = f" “{tags}”" if tags else ""
    title = escape(", ".join(dict.fromkeys(names)) + more)
    text = escape(" ".join(codes) + more + spelling)
    return f'<mark class="hidden-char" title="{title}">{text}</mark>'


class Masked:
    """Text whose hidden runs are replaced by placeholders that survive Markdown untouched.

    Markdown trims and drops some of the characters in question. Placeholders come from the
    private planes; private characters of the text itself count as hidden, so none can collide.
    """

    def __init__(self, text: str, *, entities: bool) -> None:
        self._shown: dict[str, str] = {}
        pattern = _HIDDEN_OR_ENTITY if entities else _HIDDEN
        self.text = pattern.sub(self._masked, text.replace("\r\n", "\n"))

    def _placeholder(self, html: str) -> str:
        return self._shown.setdefault(html, chr(_FIRST_PLACEHOLDER + len(self._shown)))

    def _masked(self, match: re.Match[str]) -> str:
        run, start, text = match[0], match.start(), match.string
        if run[0] == "&":
            decoded = _decoded(run)
            return self._placeholder("&amp;") + run[1:] if _HIDDEN.search(decoded) else run
        flag = _FLAGS.match(run) if text[start - 1 : start] == "\U0001f3f4" else None
        skip = flag.end() if flag else 0
        ordinary = [i < skip or _is_ordinary(text, start + i) for i in range(len(run))]
        parts = groupby(zip(ordinary, run, strict=True), key=lambda pair: pair[0])
        spelled = ((keep, "".join(char for _, char in pairs)) for keep, pairs in parts)
        return "".join(s if keep else self._placeholder(_mark(s)) for keep, s in spelled)

    def unmasked(self, html: str) -> str:
        marks = list(self._shown)
        return _PLACEHOLDER.sub(lambda m: marks[ord(m[0]) - _FIRST_PLACEHOLDER], html)


def _decoded(entity: str) -> str:
    """The character that Markdown would put for an entity: shown as typed if that is hidden."""
    number = _NUMBER.fullmatch(entity)
    if number is None:
        return html5.get(entity[1:], "")
    code = int(number["hex"], 16) if number["hex"] else int(number["decimal"])
    return chr(min(code, 0x10FFFF))
