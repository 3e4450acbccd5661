"""What one value may be; the same for every format, before any database."""

from datetime import UTC, datetime

import pytest

from feedback.cleaning import RowError, as_latency, as_time, as_value, parse_json

MOMENT = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        "2026-01-05T10:00:00Z",
        "2026-01-05 10:00:00",
        "2026-01-05T11:00:00+01:00",
        1767607200,
        1767607200000,
        "1767607200000000",
        1767607200000000000,
        {"$date": "2026-01-05T10:00:00Z"},
    ],
)
def test_a_time_in_any_of_its_forms(raw):
    assert as_time(raw, "created_at") == MOMENT


@pytest.mark.parametrize("raw", ["yesterday", "2026-0", "٢٠٢٦-01-05", True, 12, 1e300, [1]])
def test_what_is_no_time(raw):
    with pytest.raises(RowError, match="created_at: expected a time"):
        as_time(raw, "created_at")


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (True, "true"),
        (" 4.0 ", "4"),
        (-1, "-1"),
        (0.5, "0.5"),
        (None, ""),
        ("٤", "٤"),
        ("4_0", "4_0"),
    ],
)
def test_a_value_in_its_one_form(raw, value):
    assert as_value(raw) == value


@pytest.mark.parametrize("raw", [-5, "1e12", "abc", 10**12, "1_0"])
def test_what_is_no_latency(raw):
    with pytest.raises(RowError, match="latency_ms: expected"):
        as_latency(raw, "latency_ms", factor=1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": NaN}', "NaN is not a number"),
        ('{"a": 1e999}', "too large"),
        ('{"a": 1, "a": 2}', "occurs twice"),
        ('{"a": "\\ud800"}', "surrogate"),
        ('{"a": "\\u0000"}', "NUL"),
        ('{"a": ' + "[" * 60 + "]" * 60 + "}", "nested deeper"),
        ("[" * 100_000, "nested deeper"),
        ('{"a": ' + "9" * 5000 + "}", "more digits"),
        ("{'a': 1}", "not JSON"),
    ],
)
def test_json_that_no_database_should_see(text, said):
    with pytest.raises(RowError, match=said):
        parse_json(text)


def test_a_line_separator_within_a_text_is_a_character():
    assert parse_json('{"a": "x\u2028y"}') == {"a": "x\u2028y"}
