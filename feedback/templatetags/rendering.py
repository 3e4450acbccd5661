"""How a template shows untrusted text: by the filters `rendered`, `raw_text`, `one_line`
and `excerpt`."""

from django import template
from django.utils.safestring import SafeString

from feedback.rendering import render_line, render_markdown, render_plain

register = template.Library()

ONE_LINE = 140


@register.filter
def rendered(text: str | None) -> SafeString:
    """Markdown as inert HTML; the result is a block element."""
    return render_markdown(text or "")


@register.filter
def raw_text(text: str | None) -> SafeString:
    """The text as it is, hidden characters marked; the result is an inline element."""
    return render_plain(text or "")


@register.filter
def one_line(text: str | None) -> SafeString:
    """The beginning of what a person typed on one line, for lists; shown like `raw_text`."""
    line = " ".join((text or "").split())
    return render_plain(line if len(line) <= ONE_LINE else f"{line[: ONE_LINE - 1]}…")


@register.filter
def excerpt(text: str | None) -> SafeString:
    """The beginning of Markdown on one line without its signs, for lists of outputs."""
    return render_line(text or "", length=ONE_LINE)
