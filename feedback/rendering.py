"""The one renderer of untrusted text: model outputs, users' comments, graders' notes, codebooks.

Nothing in the result navigates, fetches, runs or reaches outside its own element. Nothing is
swallowed either: what is not rendered is shown as typed (raw HTML, images, link definitions),
and links show the host they would have led to. Text that would cost too much is shown plain.
"""

import re
import unicodedata
from collections.abc import MutableMapping, Sequence
from functools import cache, lru_cache
from html import escape
from html.entities import html5
from itertools import groupby
from time import monotonic
from typing import Any

import nh3
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES, _TokenType

MARKDOWN_BUDGET = 32 * 1024  # characters; more is shown as plain text
PLAIN_BUDGET = 100_000  # characters; more is cut, and the cut is announced
HIGHLIGHT_BUDGET = 8 * 1024  # characters of code per text; more is shown without colours
HIGHLIGHT_SECONDS = 0.25  # for all code of a text, parsing included; then no colours
MAX_NESTING = 40  # markdown-it drops what lies deeper, so deeper text is shown plain
MAX_TOKENS = 12_000
MAX_TEX = 2_000  # characters of one formula
MAX_CELLS = 20_000  # most bars on a line times lines: short table rows are filled up with cells
MAX_DELIMITERS = 3_000  # brackets and emphasis signs cost more than linear time to pair

# Popular languages whose lexers stay fast on hostile input (tests/test_rendering.py measures).
_LANGUAGES = """
    bash c cpp cs csharp css diff dockerfile go html java javascript js json jsx
    kotlin php powershell py python python3 r rb ruby rust sh shell sql swift toml ts tsx
    typescript xml yaml yml
"""
LANGUAGES = frozenset(_LANGUAGES.split())

Env = MutableMapping[str, Any]

# --- hidden characters ------------------------------------------------------------------------

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
_DELIMITER = re.compile(r"[\[\]*_~`<|]")
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


class _Masked:
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


# --- links ------------------------------------------------------------------------------------

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_WEB = re.compile(r"(?:https?:[/\\]*|[/\\]{2,})(?P<authority>[^/\\?#]*)(?P<rest>.*)", re.I | re.S)


def _host(authority: str) -> str:
    """The host a browser would go to: no user name, no port, and in both spellings of IDNA."""
    host = re.sub(r":\d*$", "", authority.rpartition("@")[2]).lower()
    try:
        plain = host.encode("idna").decode("ascii")
        spelled = plain.encode("ascii").decode("idna")
    except UnicodeError:
        return host
    return plain if plain == spelled else f"{plain}, reads as {spelled}"


def _destination(address: str, *, with_path: bool) -> str:
    """Where a link would have led, as HTML text with the host in bold."""
    web = _WEB.match(address)
    if web is None:
        return escape(address[:80])
    rest = web["rest"] if with_path and web["rest"] != "/" else ""
    cut = rest if len(rest) <= 60 else rest[:60] + "…"
    return f"<b>{escape(_host(web['authority']))}</b>{escape(cut)}"


# --- Markdown ---------------------------------------------------------------------------------

_ALIGN = {"text-align:center": ' class="align-center"', "text-align:right": ' class="align-right"'}


def _highlighted(code: str, language: str, *, until: float) -> str:
    """Code as escaped HTML, coloured when the lexer is done in time and kept every sign."""
    if language.lower() not in LANGUAGES:
        return escape(code)
    tokens = []
    for kind, value in _lexer(language.lower()).get_tokens(code):
        tokens.append((kind, value))
        if monotonic() > until:
            return escape(code)
    if "".join(value for _, value in tokens) != code:
        return escape(code)
    return "".join(_coloured(kind, value) for kind, value in tokens)


@cache
def _lexer(language: str) -> Lexer:
    return get_lexer_by_name(language, stripnl=False, ensurenl=False)


def load_languages() -> None:
    """Compile every grammar before the first reader comes: the time limit counts reading alone."""
    for language in sorted(LANGUAGES):
        list(_lexer(language).get_tokens("x = 1"))


def _coloured(kind: _TokenType, value: str) -> str:
    while kind not in STANDARD_TYPES and kind.parent:
        kind = kind.parent
    name = STANDARD_TYPES.get(kind, "")
    text = escape(value)
    return f'<span class="hl-{name}">{text}</span>' if name and name != "w" else text


class _Renderer(RendererHTML):
    """Our own HTML for whatever markdown-it would give an address, a style or an outline."""

    def heading_open(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Env
    ) -> str:
        """Return a paragraph that looks like a heading: the page's outline stays the page's."""
        return f'<p class="md-{tokens[idx].tag}">'

    def heading_close(self, *_: object) -> str:
        return "</p>\n"

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Env) -> str:
        token = tokens[idx]
        shown = _destination(str(token.attrs["href"]), with_path=token.markup != "autolink")
        title = f" “{escape(str(token.attrs['title']))}”" if token.attrs.get("title") else ""
        env["destination"] = f"<small> ({shown}{title})</small></span>"
        return '<span class="link">'

    def link_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Env) -> str:
        return str(env.pop("destination"))

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Env) -> str:
        token = tokens[idx]
        title = f' "{token.attrs["title"]}"' if token.attrs.get("title") else ""
        return escape(f"![{token.content}]({token.attrs['src']}{title})")

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Env) -> str:
        code, info = tokens[idx].content, tokens[idx].info.strip()
        env["code"] = env.get("code", 0) + len(code)
        language = info.split()[0] if info and env["code"] <= HIGHLIGHT_BUDGET else ""
        coloured = _highlighted(code, language, until=env["colour_until"])
        said = f'<p class="code-language">{escape(info)}</p>' if info else ""
        return f'{said}<pre tabindex="0"><code>{coloured}</code></pre>\n'

    def code_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Env) -> str:
        return f'<pre tabindex="0"><code>{escape(tokens[idx].content)}</code></pre>\n'

    def table_open(self, *_: object) -> str:
        return '<div class="table-scroll" tabindex="0"><table>\n'

    def table_close(self, *_: object) -> str:
        return "</table></div>\n"

    def th_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Env) -> str:
        return f"<{tokens[idx].tag}{_ALIGN.get(str(tokens[idx].attrs.get('style')), '')}>"

    td_open = th_open


def _tex(state: StateInline, silent: bool) -> bool:
    """Keep TeX between its signs as typed, where Markdown would eat backslashes and stars."""
    closing = _TEX_SIGNS.get(state.src[state.pos : state.pos + 2])
    limit = min(state.posMax, state.pos + MAX_TEX)
    end = state.src.find(closing, state.pos + 2, limit) if closing else -1
    if end < 0:
        return False
    if not silent:
        state.push("text", "", 0).content = state.src[state.pos : end + 2]
    state.pos = end + 2
    return True


_TEX_SIGNS = {r"\(": r"\)", r"\[": r"\]", "$$": "$$"}


class _Parser(MarkdownIt):
    """CommonMark with tables and strikethrough, without HTML and link definitions."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False}, renderer_cls=_Renderer)
        self.options["maxNesting"] = MAX_NESTING
        self.enable(["table", "strikethrough"]).disable(["reference", "html_block", "html_inline"])
        self.inline.ruler.before("escape", "tex", _tex)

    def validateLink(self, url: str) -> bool:  # noqa: N802 -- markdown-it's name
        """Whether to show a link as a link: `javascript:`, `data:` and the like stay as typed."""
        scheme = _SCHEME.match(url)
        return scheme is None or scheme[0].lower() in ("http:", "https:", "mailto:")

    def normalizeLink(self, url: str) -> str:  # noqa: N802 -- markdown-it's name
        """Return the address as typed; `_destination` reads it the way a browser does."""
        return url

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802 -- markdown-it's name
        return link


_PARSER = _Parser()


def _is_costly(text: str) -> bool:
    if len(text) > MARKDOWN_BUDGET or len(_DELIMITER.findall(text)) > MAX_DELIMITERS:
        return True
    lines = text.split("\n")
    return max(line.count("|") for line in lines) * len(lines) > MAX_CELLS


def _markdown_html(text: str) -> str | None:
    """HTML of the text, or None when it is too long, too deep or too intricate to render."""
    if _is_costly(text):
        return None
    masked = _Masked(text, entities=True)
    env: Env = {"colour_until": monotonic() + HIGHLIGHT_SECONDS}
    tokens = _PARSER.parse(masked.text, env)
    if len(tokens) > MAX_TOKENS or max((t.level for t in tokens), default=0) >= MAX_NESTING - 1:
        return None
    return masked.unmasked(_PARSER.renderer.render(tokens, _PARSER.options, env))


def _plain_html(text: str) -> str:
    masked = _Masked(text[:PLAIN_BUDGET], entities=False)
    html = f'<span class="raw-text">{masked.unmasked(escape(masked.text))}</span>'
    if len(text) <= PLAIN_BUDGET:
        return html
    return f'{html}<small class="render-note">{_CUT.format(PLAIN_BUDGET, len(text))}</small>'


# --- the way out ------------------------------------------------------------------------------

_PLAIN_NOTE = "Shown as plain text: too long or too intricate to format."
_CUT = "Only the first {:,} of {:,} characters are shown."
_TAGS = """
    p br hr strong em s code pre blockquote ul ol li table thead tbody tr th td span small b
    div mark
"""
_HL_CLASSES = {f"hl-{name}" for name in STANDARD_TYPES.values() if name}
_CLEANER = nh3.Cleaner(
    tags=set(_TAGS.split()),
    clean_content_tags=set(),
    attributes={"ol": {"start"}, "mark": {"title"}},
    tag_attribute_values={"pre": {"tabindex": {"0"}}, "div": {"tabindex": {"0"}}},
    allowed_classes={
        "span": _HL_CLASSES | {"link", "raw-text"},
        "p": {f"md-h{n}" for n in range(1, 7)} | {"code-language", "render-note"},
        "small": {"render-note"},
        "div": {"rendered", "table-scroll"},
        "mark": {"hidden-char"},
        "th": {"align-center", "align-right"},
        "td": {"align-center", "align-right"},
    },
    generic_attribute_prefixes=set(),
    url_schemes=set(),
    link_rel=None,
)


def _safe(html: str) -> SafeString:
    # The only place where text of others becomes HTML: everything in `html` was escaped where it
    # was put together, and the sanitiser lets through no element, attribute or class but those
    # listed above, none of which can navigate, fetch, run, be submitted or be addressed.
    return SafeString(_CLEANER.clean(html))


def render_markdown(text: str) -> SafeString:
    """Untrusted Markdown as inert HTML in one `<div class="rendered">`."""
    html = _markdown_html(text)
    if html is None:
        html = f'<p class="render-note">{_PLAIN_NOTE}</p>{_plain_html(text)}'
    return _safe(f'<div class="rendered">{html}</div>')


def render_plain(text: str) -> SafeString:
    """Untrusted text exactly as it is, hidden characters marked, in one `<span>`."""
    return _safe(_plain_html(text))
