"""Rubrics: small checks per domain, from a TOML file; a pattern can hang nobody."""

import json
import time
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from labeling.judge_cases import Case
from labeling.models import Judge, JudgeVerdict
from labeling.rubric import ask, read_rubric

RUBRIC = """
[[check]]
domain = "arithmetic"
kind = "numeric"
expected_from = "answer"
tolerance = 0.01

[[check]]
domain = "policy"
kind = "regex"
pattern = "(?i)refund within 30 days"
"""


@pytest.fixture
def write_rubric(tmp_path):
    def write(text, name="rubric.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def says(write_rubric, check, text, *, domain="", **metadata):
    """What one check says of one text."""
    _, checks = read_rubric(write_rubric(f"[[check]]\n{check}"))
    case = Case(
        output_id=1,
        name="o",
        domain=domain,
        conversation=[],
        text=text,
        latency_ms=None,
        metadata=metadata,
    )
    outcome = ask(case, checks=checks)
    return outcome.said.correctness if outcome.said else None


@pytest.mark.parametrize(
    ("check", "text", "verdict"),
    [
        ('expected = "42"', "So 6 times 7 is 42.", "correct"),
        ('expected = "42"', "It is 42, I think; 41 would be wrong.", "incorrect"),
        ('expected = "42"\ntake = "first"', "It is 42; 41 would be wrong.", "correct"),
        ('expected = "42"\ntake = "any"', "Not 41, but 42, or 43.", "correct"),
        ("expected = 42", "42.0", "correct"),
        ("expected = 1234.5", "It comes to 1,234.50 euros", "correct"),
        ("expected = -3", "The sum is \u22123", "correct"),
        ("expected = 5", "5kg", "correct"),
        ("expected = 3", "3,5", "incorrect"),
        ("expected = 1500", "1.5e3", "correct"),
        ("expected = 0.3\ntolerance = 0.01", "0.31", "correct"),
        ("expected = 0.3\ntolerance = 0.01", "0.3101", "incorrect"),
        ("expected = 200\nrelative_tolerance = 0.05", "210", "correct"),
        ("expected = 200\nrelative_tolerance = 0.05", "210.1", "incorrect"),
        ("expected = 42", "I cannot say.", "incorrect"),
        ('expected_from = "answer"', "42", "correct"),
        ('expected_from = "gone"', "42", "cannot_tell"),
        ('expected_from = "word"', "42", "cannot_tell"),
    ],
)
def test_numeric(write_rubric, check, text, verdict):
    check = f'kind = "numeric"\n{check}'
    assert says(write_rubric, check, text, answer="42", word="many") == verdict


@pytest.mark.parametrize(
    ("check", "text", "verdict"),
    [
        ('expected = "Paris"', " Paris\n", "correct"),
        ('expected = "Paris"', "paris", "incorrect"),
        ('expected = "Paris"\nignore_case = true', "PARIS", "correct"),
        ('expected_from = "facts.capital"', "Paris", "correct"),
    ],
)
def test_exact(write_rubric, check, text, verdict):
    check = f'kind = "exact"\n{check}'
    assert says(write_rubric, check, text, facts={"capital": "Paris"}) == verdict


@pytest.mark.parametrize(
    ("check", "text", "verdict"),
    [
        ('pattern = "^Dear .*Yours"', "Dear all,\nbye\nYours", "correct"),
        ('pattern = "(?i)refund"', "No Refund.", "correct"),
        ('pattern = "as an AI"\nmust_match = false', "As an AI", "correct"),
        ('pattern = "as an AI"\nmust_match = false', "as an AI", "incorrect"),
    ],
)
def test_regex(write_rubric, check, text, verdict):
    assert says(write_rubric, f'kind = "regex"\n{check}', text) == verdict


@pytest.mark.parametrize(
    ("check", "text", "verdict"),
    [
        ('expected = "2026-01-31"', "It ends on 31 January 2026.", "correct"),
        ('expected = "2026-01-31"', "It ends on Jan 31, 2026.", "correct"),
        ('expected = "2026-01-31"', "Between 2026-01-31 and 2026-02-01.", "incorrect"),
        ('expected = "2026-01-31"\ntake = "any"', "From 2026-01-31 to 2026-02-01.", "correct"),
        ('expected = "2026-01-31"\ndays = 1', "2026-02-01", "correct"),
        ('expected = "2026-01-31"', "31/01/2026", "incorrect"),
    ],
)
def test_date(write_rubric, check, text, verdict):
    assert says(write_rubric, f'kind = "date"\n{check}', text) == verdict


@pytest.mark.parametrize("pattern", ["(a+)+$", r"^(\\w+\\s?)*$", "(x+x+)+y", "(a|a)*b"])
def test_a_pattern_that_hangs_other_engines_ends_at_once(write_rubric, pattern):
    check = f'kind = "regex"\npattern = "{pattern}"'
    says(write_rubric, check, "a")  # the engine is started once
    started = time.monotonic()
    assert says(write_rubric, check, "a" * 200_000 + "!") == "incorrect"
    assert time.monotonic() - started < 5


def test_all_checks_of_a_domain_have_to_hold(write_rubric):
    path = write_rubric(
        '[[check]]\nkind = "regex"\npattern = "Paris"\n'
        '[[check]]\ndomain = "sums"\nkind = "numeric"\nexpected = 2\n'
        '[[check]]\ndomain = "other"\nkind = "exact"\nexpected = "x"\n'
    )
    _, checks = read_rubric(path)

    def verdict(text, domain):
        case = Case(
            output_id=1, name="o", domain=domain, conversation=[], text=text, latency_ms=None
        )
        return ask(case, checks=checks).said.correctness

    assert verdict("Paris, 2", "sums") == "correct"
    assert verdict("Paris, 3", "sums") == "incorrect"
    assert verdict("Rome, 2", "sums") == "incorrect"
    assert verdict("Paris", "travel") == "correct"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("check = [", "is not TOML"),
        ("", "expected one or more tables"),
        ("[check]\nkind = 'exact'", "expected one or more tables"),
        ("title = 'x'\n[[check]]\nkind = 'exact'\nexpected = 'x'", "and nothing else"),
        ("[[check]]\nkind = 'python'", "check 1: kind: expected numeric, exact, regex, date"),
        ("[[check]]\nkind = [1]", "check 1: kind: expected numeric, exact, regex, date"),
        (f"[[check]]\nkind = 'numeric'\nexpected = {'9' * 5000}", "digits"),
        (f"[[check]]\nkind = 'numeric'\nexpected = 0x{'f' * 5000}", "more digits than can be read"),
        ("[[check]]\nkind = 'numeric'\nexpected = nan", "expected a number, got 'NaN'"),
        ("[[check]]\nkind = 'numeric'\nexpected = inf", "expected a number, got 'Infinity'"),
        ("[[check]]\nkind = 'numeric'\nexpected = 1234567890123456789", "expected a number"),
        ("[[check]]\nkind = 'date'\nexpected = 'soon'", "expected a date, got 'soon'"),
        ("[[check]]\nkind = 'exact'", "expected one of expected and expected_from"),
        ("[[check]]\nkind = 'exact'\nexpected = 'a'\nexpected_from = 'b'", "expected one of"),
        ("[[check]]\nkind = 'exact'\nexpected = 'a'\ndays = 1", "in a exact check, got 'days'"),
        ("[[check]]\nkind = 'exact'\nexpected = true", "expected cannot be 'True'"),
        ("[[check]]\nkind = 'numeric'\nexpected = 1\ntolerance = '1'", "tolerance cannot be '1'"),
        ("[[check]]\nkind = 'numeric'\nexpected = 1\ntolerance = -1", "expected 0 or more"),
        ("[[check]]\nkind = 'numeric'\nexpected = 1\ntolerance = nan", "tolerance: expected 0"),
        ("[[check]]\nkind = 'numeric'\nexpected = 1\ntake = 'all'", "take: expected first, last"),
        ("[[check]]\nkind = 'regex'", "expected a pattern"),
        ("[[check]]\nkind = 'regex'\npattern = '(?=a)'", "not one that RE2 takes: invalid perl"),
        ("[[check]]\nkind = 'regex'\npattern = '(a'", "not one that RE2 takes: missing )"),
    ],
)
def test_a_rubric_that_is_wrong_is_one_sentence(make_open_audit, write_rubric, text, sentence):
    make_open_audit(1)
    with pytest.raises(CommandError) as refused:
        call_command("judge", "w34", "--judge", "r", "--rubric", str(write_rubric(text)))
    assert sentence in str(refused.value)
    assert refused.value.returncode == 2
    assert not Judge.objects.exists()


@pytest.fixture
def audit(make_output, make_audit):
    make_output("a1", text="6 x 7 = 42", domain="arithmetic", metadata={"answer": "42"})
    make_output("a2", text="6 x 7 = 43", domain="arithmetic", metadata={"answer": 42})
    make_output("a3", text="6 x 7 = 42", domain="arithmetic")
    make_output("p1", text="You get a refund within 30 days.", domain="policy")
    make_output("c1", text="print(1)", domain="code")
    return make_audit()


def judge(path):
    out = StringIO()
    arguments = ["--judge", "rules", "--rubric", str(path), "--json"]
    call_command("judge", "november", *arguments, stdout=out)
    return json.loads(out.getvalue())


def test_a_rubric_judges_the_outputs_of_its_domains_and_passes_over_the_rest(audit, write_rubric):
    done = judge(write_rubric(RUBRIC))
    assert (done["kind"], done["n_judged"], done["n_without_check"]) == ("rubric", 4, 1)
    assert done["tokens_in"] == 0
    said = JudgeVerdict.objects.order_by("output__external_id").values_list(
        "output__external_id", "correctness", "rationale"
    )
    assert list(said) == [
        ("a1", "correct", ""),
        ("a2", "incorrect", "fails: numeric"),
        ("a3", "cannot_tell", "no value in answer"),
        ("p1", "correct", ""),
    ]


def test_the_same_rubric_goes_on_and_a_changed_one_is_another_judge(audit, write_rubric):
    judge(write_rubric(RUBRIC))
    assert judge(write_rubric(RUBRIC))["n_judged"] == 0
    assert judge(write_rubric(RUBRIC.replace("0.01", "0.02")))["n_judged"] == 4
    assert Judge.objects.count() == 2
    assert Judge.objects.order_by("pk").first().recipe == RUBRIC
