"""The one renderer of untrusted text: what it must never let out, and what it must not swallow."""

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from time import process_time

import pytest
from django.utils.safestring import SafeString

from feedback import rendering
from feedback.rendering import render_line, render_markdown, render_plain

SHARED = Path(os.environ.get("SHARED_DATA", Path(__file__).resolve().parents[2] / "shared"))
CORPUS = SHARED / "corpus" / "xss.jsonl"

ALLOWED_TAGS = set(rendering._TAGS.split())
ALLOWED_ATTRIBUTES = {"class", "title", "tabindex", "start"}
ALLOWED_CLASS = re.compile(
    r"hl-\w+|md-h[1-6]|align-(right|center)|link|raw-text|rendered|render-note|table-scroll"
    r"|hidden-char|code-language"
)
HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)


HIDDEN_CODES = [
    *(0x200B, 0x200E, 0x200F, 0x202A, 0x202E, 0x2066, 0x2069, 0xFEFF, 0xAD, 0x2028, 0x2029, 0x2060),
    *(0x00, 0x1B, 0x7F, 0x85, 0x0B, 0x0C, 0x3164, 0x61C, 0xE000, 0xF0001, 0xE0041, 0xE0101),
]


class Seen(HTMLParser):
    """Elements, attributes and text of a piece of HTML, as a reader other than ours sees them."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.text, self.marks, self.others = [], [], "", [], []
        self.open, self.unbalanced = [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.marks += [value for name, value in attrs if tag == "mark" and name == "title"]
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        self.others.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def inert(html):
    """Parse, and fail on anything that could act, load, be addressed or leave its element."""
    seen = Seen(html)
    assert isinstance(html, SafeString)
    assert set(seen.tags) <= ALLOWED_TAGS
    assert not seen.others
    assert not seen.unbalanced
    assert not seen.open
    for tag, name, value in seen.attributes:
        assert name in ALLOWED_ATTRIBUTES, (tag, name, value)
        assert name != "class" or ALLOWED_CLASS.fullmatch(value), (tag, value)
        assert name != "tabindex" or value == "0"
        assert name != "start" or value.isdecimal()
        assert name != "title" or tag == "mark"
    assert not HIDDEN.search(html)
    return seen


def text_of(markdown):
    return inert(render_markdown(markdown)).text


# --- hostile ----------------------------------------------------------------------------------

HOSTILE = [
    "<script>steal()</script>",
    "<img src=q onerror=steal()>",
    "<form action=/go><input name=verdict value=correct form=label-form></form>",
    '<div id="unit" hx-post="/submit/" hx-trigger="load" data-hx-get="/">t</div>',
    '<label for="correct" class="choice on" style="position:fixed">t</label>',
    "<plaintext>",
    "<style>*{display:none}</style>",
    "<!-- c --><![CDATA[x]]><?php x ?><!DOCTYPE y>",
    "```html class=x id=y\n</code></pre><script>steal()</script>\n```",
    '```py"><script>steal()</script>\nx\n```',
    "[t](javascript:steal())",
    "[t](JaVaScRiPt:steal())",
    "[t](&#106;avascript:steal())",
    "<javascript:steal()>",
    "[t](data:text/html;base64,PHg+)",
    "![t](javascript:steal())",
    '![t"onerror="steal()](/x "u\\"v")',
    '[t](https://e.invalid/"onmouseover="steal())',
    "[t](https://e.invalid 'a\"><script>steal()</script>')",
    "| <img src=q> | `<b>` |\n|---|---|\n| <svg onload=x> | y |",
    "[r]: https://e.invalid '<script>'",
    "# t {#x onclick=steal()}",
    "\ud800<b>\udfff",
    "&#xF0000;&#983040;\U000f0000",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_inert_in_both_views(text):
    inert(render_markdown(text))
    inert(render_plain(text))


def test_raw_html_is_shown_as_typed():
    assert "<b onclick=x>hi</b>" in text_of("say <b onclick=x>hi</b>")
    assert "<div>\nblock\n</div>" in text_of("<div>\nblock\n</div>")


def test_an_image_is_shown_as_typed_and_not_fetched():
    assert '![a chart](https://e.invalid/c.png "Q3")' in text_of(
        "See ![a chart](https://e.invalid/c.png 'Q3')"
    )


def test_a_script_link_is_shown_as_typed():
    assert "[t](javascript:steal())" in text_of("[t](javascript:steal())")


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://docs.invalid/a?b=1", "docs.invalid/a?b=1"),
        ("https://bank.invalid@thief.invalid/", "thief.invalid"),
        ("https://bank.invalid:443@thief.invalid:8080/", "thief.invalid"),
        ("https:/\\thief.invalid", "thief.invalid"),
        ("//thief.invalid/x", "thief.invalid/x"),
        ("\\\\\\\\thief.invalid/x", "thief.invalid/x"),
        ("https://xn--80ak6aa92e.invalid/", "xn--80ak6aa92e.invalid, reads as аррӏе.invalid"),
        ("https://аррӏе.invalid/", "xn--80ak6aa92e.invalid, reads as аррӏе.invalid"),
        ("/logout/", "/logout/"),
    ],
)
def test_a_link_is_text_with_the_real_host(address, host):
    seen = inert(render_markdown(f"[my bank]({address})"))
    assert seen.text.strip() == f"my bank ({host})"


def test_link_definitions_are_not_swallowed():
    assert "https://e.invalid/ref" in text_of("claim [1]\n\n[1]: https://e.invalid/ref")


def test_headings_stay_out_of_the_outline():
    assert not {"h1", "h2", "h6"} & set(inert(render_markdown("# a\n\nb\n===\n\n###### c")).tags)


# --- hidden characters ------------------------------------------------------------------------


@pytest.mark.parametrize("char", [chr(code) for code in HIDDEN_CODES], ids=ascii)
@pytest.mark.parametrize("render", [render_markdown, render_plain])
def test_a_hidden_character_is_spelled_out_and_gone(char, render):
    for text in (
        f"pay{char}ment",
        f"{char}payment",
        f"payment{char}",
        f"`pay{char}`",
        f"```\na{char}",
    ):
        html = render(text)
        assert f"U+{ord(char):04X}" in inert(html).text
        assert char not in html


def test_the_mark_names_the_character():
    assert inert(render_plain("a\u202eb")).marks == ["U+202E right-to-left override"]


def test_text_smuggled_in_tag_characters_is_spelled():
    assert "“hi”" in text_of("ok" + "".join(chr(0xE0000 + ord(c)) for c in "hi"))


def test_an_entity_for_a_hidden_character_is_shown_as_typed():
    assert (
        text_of("a&#x202e;b &shy; &#x200B; &amp; &lt;").strip() == "a&#x202e;b &shy; &#x200B; & <"
    )


@pytest.mark.parametrize(
    "text", ["a\u200cb", "a\u200db", "no\u200c\u200d", "x\ufe0f", "\u200c", "\ufe0f"]
)
def test_joiners_and_selectors_between_latin_letters_are_marked(text):
    assert inert(render_plain(text)).marks


@pytest.mark.parametrize(
    "text",
    [
        "👨\u200d👩\u200d👧",
        "👩🏽\u200d💻",
        "❤\ufe0f\u200d🔥",
        "☎\ufe0f",
        "1\ufe0f\u20e3",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "می\u200cخواهم",
        "क्\u200dष",
        "葛\U000e0100",
        "العربية עברית",
        "\u0430dmin admin",
        "e\u0301 \xe9",
        "日本語 naïve café — “quotes” …",
    ],
)
@pytest.mark.parametrize("render", [render_markdown, render_plain])
def test_ordinary_writing_is_shown_as_is(text, render):
    seen = inert(render(text))
    assert seen.text.strip() == text
    assert not seen.marks


# --- faithful ---------------------------------------------------------------------------------


def test_the_raw_view_is_the_exact_text():
    text = "  # *a*\n\n\t<b> &amp; {{ x }} $5 and $6  \n"
    assert inert(render_plain(text)).text == text


def test_tables_keep_their_cells_and_alignment():
    seen = inert(render_markdown("| a | b |\n|---|--:|\n| x~~y~~ | 0.9 |"))
    assert ("td", "class", "align-right") in seen.attributes
    assert {"table", "thead", "td", "s"} <= set(seen.tags)
    assert "0.9" in seen.text


def test_code_is_coloured_and_verbatim(monkeypatch):
    monkeypatch.setattr("feedback.rendering.HIGHLIGHT_SECONDS", 60)  # a loaded machine is slow
    code = "\n\ndef f(a):\n    return '<b>' & \"x\"  # é\n\n"
    html = render_markdown(f"```python\n{code}```")
    assert 'class="hl-k"' in html
    assert code in inert(html).text


def test_a_worker_has_every_grammar_before_its_first_reader():
    rendering._lexer.cache_clear()
    rendering.load_languages()
    loaded = rendering._lexer.cache_info()
    render_markdown("```python\nx = 1\n```")
    assert loaded.currsize == len(rendering.LANGUAGES)
    assert rendering._lexer.cache_info().misses == loaded.misses


def test_code_in_an_unknown_language_is_plain_and_verbatim():
    html = render_markdown("```klingon\nif (a < b) {}\n```")
    assert "hl-" not in html
    assert "if (a < b) {}" in inert(html).text
    assert "klingon" in inert(html).text


def test_lists_nest_and_keep_their_numbers():
    seen = inert(render_markdown("3. a\n   - b\n     - c\n       1. d\n"))
    assert ("ol", "start", "3") in seen.attributes
    assert seen.tags.count("ul") == 2


@pytest.mark.parametrize(
    "text",
    ["$5 and $6", r"\(a_b * c_d\)", r"\[ x^2 \]", "$$a_b_c$$", "Dear {{ name }}, {% if x %}"],
)
def test_money_formulas_and_template_signs_are_left_alone(text):
    assert text_of(text).strip() == text


# --- cost -------------------------------------------------------------------------------------


def filled(unit, n=rendering.MARKDOWN_BUDGET):
    return (unit * (n // len(unit) + 1))[:n]


COSTLY = [
    *("[", "![", "[a](<b", "**a ", "*a_b~~c`d[e]( ", "`a``b```c", "<a@b", ">", "> - ", "- a\n"),
    *(
        "|",
        "a|",
        "\\(",
        "\\(a",
        "$$a",
        "&#x41;",
        "a\u200b",
        "\u200b\u200c",
        "<div>",
        "# a\n",
        "a\n",
    ),
    "- " * 18 + "a\n",
    ">" * 38 + "a\nb\n",
    "```c\n" + "\n" * 8000 + "\n```\n",
    "```ts\n" + "a." * 4000 + "\n```\n",
]


@pytest.mark.parametrize("unit", COSTLY)
def test_no_text_occupies_a_worker(unit):
    """Processor time, so that a busy machine does not matter; about a fifth is usual."""
    started = process_time()
    inert(render_markdown(filled(unit)))
    assert process_time() - started < 5


def test_a_short_row_table_is_not_filled_up_with_cells():
    html = render_markdown("|" + "a|" * 30 + "\n|" + "-|" * 30 + "\n" + "a\n" * 16000)
    assert "<table>" not in html


def test_deep_nesting_is_shown_plain_and_not_swallowed():
    html = render_markdown(">" * 60 + " treasure")
    assert "treasure" in inert(html).text
    assert "Shown as plain text" in html


def test_past_the_budget_the_text_is_plain_and_past_the_next_it_says_it_is_cut():
    long = "**a** " * 10_000
    assert inert(render_markdown(long)).text.count("**a**") == 10_000
    assert "Only the first 100,000 of 5,000,000 characters" in text_of("x" * 5_000_000)


# --- the shared corpus ------------------------------------------------------------------------


def corpus_cases():
    if not CORPUS.is_file():
        return []
    cases = [json.loads(line) for line in CORPUS.read_text("utf-8").splitlines()]
    return [case for case in cases if case["context"] in ("markdown", "guidelines", "cli_or_log")]


@pytest.mark.data
def test_the_corpus_is_there():
    if not CORPUS.is_file():
        pytest.skip(f"NOT RUN: no adversarial corpus at {CORPUS}; set SHARED_DATA to have it.")
    assert len(corpus_cases()) > 80


@pytest.mark.data
@pytest.mark.parametrize("case", corpus_cases(), ids=lambda case: case["id"])
@pytest.mark.parametrize("render", [render_markdown, render_plain])
def test_corpus(case, render):
    payload, expected = case["payload"], case["expectation"]
    if isinstance(payload, dict):
        payload = payload["unit"] * payload["count"]
    started = process_time()
    html = render(payload)
    elapsed = process_time() - started
    seen = inert(html)
    for wanted in expected.get("visible", []):
        assert wanted in seen.text
    if expected["verdict"] == "shown_marked":
        assert seen.marks
    if expected["verdict"] == "shown_as_is":
        assert not seen.marks
        assert seen.text.strip() == payload
    assert elapsed < 1


class TestALineOfAList:
    """The beginning of an output, as plain words."""

    @pytest.mark.parametrize(
        ("markdown", "line"),
        [
            ("**Bold** and `code`, _not_ ~~gone~~", "Bold and code, not gone"),
            ("# Head\n\nFirst line\nsecond line", "Head First line second line"),
            ("- one\n- two\n\n1. three", "one two three"),
            ("> said\n\n```python\nx = 1\n```", "said x = 1"),
            ("| a | b |\n|---|---|\n| **1** | 2 |", "a b 1 2"),
            ("[the bank](https://evil.example) ![a chart](x.png)", "the bank a chart"),
            ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
            ("5 &lt; 6 \\(a_1*b_1\\)", "5 < 6 \\(a_1*b_1\\)"),
            ("<b>not</b> HTML", "<b>not</b> HTML"),
            ("", ""),
        ],
    )
    def test_signs_of_markdown_are_left_out(self, markdown, line):
        assert inert(render_line(markdown, length=140)).text == line

    def test_it_is_cut_and_says_so(self):
        seen = inert(render_line("**word** " * 100, length=20)).text
        assert (len(seen), seen[-1]) == (20, "…")

    def test_hidden_characters_are_marked(self):
        assert "U+202E" in render_line("**safe\u202etxt.exe**", length=140)

    def test_what_is_too_intricate_stays_as_typed(self):
        assert inert(render_line("[" * 900, length=50)).text.startswith("[[[")

    @pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=y>'])
    def test_it_is_inert(self, text):
        assert "<script" not in render_line(text, length=140)
        assert "<img" not in render_line(text, length=140)
