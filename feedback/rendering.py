"""The one renderer of untrusted text: model outputs, users' comments, graders' notes, codebooks.

Nothing in the result navigates, fetches, runs or reaches outside its own element. Nothing is
swallowed either: what is not rendered is shown as typed (raw HTML, images, link definitions),
and links show the host they would have led to. Text that would cost too much is shown plain.
"""

import re
from collections.abc import Iterator, MutableMapping, Sequence
from functools import cache
from html import escape
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

from feedback.hidden_characters import Masked

MARKDOWN_BUDGET = 32 * 1024  # characters; more is shown as plain text
PLAIN_BUDGET = 100_000  # characters; more is cut, and the cut is announced
HIGHLIGHT_BUDGET = 8 * 1024  # characters of code per text; more is shown without colours
HIGHLIGHT_SECONDS = 0.25  # for all code of a text, parsing included; then no colours
LINE_BUDGET = 1_000  # characters that are read for a line of a list
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

_DELIMITER = re.compile(r"[\[\]*_~`<|]")

Env = MutableMapping[str, Any]

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
    masked = Masked(text, entities=True)
    env: Env = {"colour_until": monotonic() + HIGHLIGHT_SECONDS}
    tokens = _PARSER.parse(masked.text, env)
    if len(tokens) > MAX_TOKENS or max((t.level for t in tokens), default=0) >= MAX_NESTING - 1:
        return None
    return masked.unmasked(_PARSER.renderer.render(tokens, _PARSER.options, env))


def _line_html(text: str, length: int) -> str:
    """The words of Markdown without its signs, on one line, cut to `length` characters."""
    masked = Masked(text[:LINE_BUDGET], entities=True)
    words = masked.text
    if not _is_costly(words):
        words = " ".join(_words(_PARSER.parse(words, {})))
    line = " ".join(words.split())
    cut = line if len(line) <= length else f"{line[: length - 1]}…"
    return f'<span class="raw-text">{masked.unmasked(escape(cut))}</span>'


def _words(tokens: Sequence[Token]) -> Iterator[str]:
    """The text of each block; what stands within one keeps its own spaces."""
    for token in tokens:
        if token.type in ("fence", "code_block"):
            yield token.content
        elif token.type == "inline":
            yield "".join(
                " " if child.type in ("softbreak", "hardbreak") else child.content
                for child in token.children or ()
            )


def _plain_html(text: str) -> str:
    masked = Masked(text[:PLAIN_BUDGET], entities=False)
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


def render_line(text: str, *, length: int) -> SafeString:
    """The beginning of untrusted Markdown as one line of plain words, in one `<span>`."""
    return _safe(_line_html(text, length))
