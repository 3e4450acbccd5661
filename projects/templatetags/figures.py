"""Numbers as pages print them; rounding happens here and nowhere before."""

import datetime as dt

from django import template

register = template.Library()


@register.filter
def percent(value: float | None) -> str:
    """0.308 -> 30.8%; None -> ?"""
    return "?" if value is None else f"{100 * value:.1f}%"


@register.filter
def percent_number(value: float | None) -> str:
    """0.308 -> 30.8; None -> ?"""
    return "?" if value is None else f"{100 * value:.1f}"


@register.filter
def coefficient(value: float | None) -> str:
    """0.71446 -> 0.714; None -> ?"""
    return "?" if value is None else f"{value:.3f}"


@register.filter
def scientific(value: float | None) -> str:
    """2.2e-16 -> 2.2e-16; None -> ?"""
    return "?" if value is None else f"{value:.1e}"


@register.filter
def count(value: int | None) -> str:
    """1200 -> 1,200; None -> ?"""
    return "?" if value is None else f"{value:,}"


@register.filter
def signed_points(value: float | None) -> str:
    """0.18 -> +18.0; -0.0001 -> +0.0; None -> ?"""
    return "?" if value is None else f"{100 * value:+z.1f}"


@register.filter
def hours(value: dt.timedelta | None) -> str:
    """1 h 5 min 59 s -> 1:05; 40 s -> <0:01; None -> ?"""
    if value is None:
        return "?"
    minutes = int(value.total_seconds()) // 60
    return f"{minutes // 60}:{minutes % 60:02d}" if minutes or not value else "<0:01"
