"""`{{ text|rendered }}` and `{{ text|raw_text }}`: how a template shows untrusted text."""

from django import template
from django.utils.safestring import SafeString

from feedback.rendering import render_markdown, render_plain

register = template.Library()


@register.filter
def rendered(text: str | None) -> SafeString:
    """Markdown as inert HTML; the result is a block element."""
    return render_markdown(text or "")


@register.filter
def raw_text(text: str | None) -> SafeString:
    """The text as it is, hidden characters marked; the result is an inline element."""
    return render_plain(text or "")
