"""Values equal to irrCAC's, recorded by record_irrcac.py: its pins cannot be met beside ours.

It is not asked for standard errors, which are wrong where labels are missing; for ordinal alpha,
since its ordinal weights are not Krippendorff's (the published .815 is in test_agreement.py); nor
where only one label is used, since it puts 1 - 1e-15 for chance where the figure is undefined.
Of a single pairable unit it gives no alpha, since its standard error divides by n - 1.
"""

import json
from pathlib import Path

import pandas as pd
import pytest

from analysis.agreement import fleiss_kappa, gwet_ac1, level_alpha, percent_agreement
from analysis.patterns import patterns_from_labels

RECORD = json.loads(Path(__file__).with_name("irrcac.json").read_text(encoding="utf-8"))
TABLES = RECORD["tables"]
PUBLISHED = {
    "Krippendorff 2011, A": {"nominal": "0.095"},
    "Krippendorff 2011, B": {"nominal": "0.692"},
    "Krippendorff 2011, C; Gwet, cac.raw4raters": {
        "percent": "0.81818", "ac1": "0.77544", "fleiss": "0.76117", "nominal": "0.74342",
        "interval": "0.849", "ratio": "0.797",
    },
    "Gwet, cont3x3abstractors": {
        "percent": "0.89", "ac1": "0.8493305", "fleiss": "0.7962397", "nominal": "0.7972585",
    },
    "Fleiss 1971": {"fleiss": "0.4302445"},
    "Fleiss' kappa, 14 raters": {"fleiss": "0.210"},
}  # fmt: skip


def figures(table):
    """Ours of a recorded table: percent, AC1, Fleiss, and alpha of each level asked for."""
    rows = [
        (unit, str(coder), label)
        for coder, labels in enumerate(table["coders"])
        for unit, label in enumerate(labels)
        if label != "."
    ]
    patterns = patterns_from_labels(pd.DataFrame(rows, columns=["unit", "coder", "label"]))
    found = {
        "percent": percent_agreement(patterns),
        "ac1": gwet_ac1(patterns),
        "fleiss": fleiss_kappa(patterns),
    }
    levels = [name for name in table["values"] if name not in found]
    return found | {level: level_alpha(patterns, level) for level in levels}


def named(table):
    return table["name"]


@pytest.mark.parametrize("table", TABLES, ids=named)
def test_every_figure_is_that_of_irrcac(table):
    found = figures(table)
    assert found.keys() == table["values"].keys()
    for name, theirs in table["values"].items():
        assert found[name].value == pytest.approx(theirs, abs=1e-10), name


@pytest.mark.parametrize("table", TABLES[: len(PUBLISHED)], ids=named)
def test_the_record_holds_the_published_values(table):
    for name, printed in PUBLISHED[table["name"]].items():
        digits = len(printed.split(".")[1])
        assert round(table["values"][name], digits) == float(printed), name


def test_most_of_the_recorded_tables_have_gaps():
    assert RECORD["package"] == "irrCAC 0.4.4"
    with_gaps = [table for table in TABLES if any("." in row for row in table["coders"])]
    with_single = [
        table
        for table in with_gaps
        if any(
            sum(label != "." for label in unit) == 1 for unit in zip(*table["coders"], strict=True)
        )
    ]
    assert len(with_gaps) >= 35
    assert len(with_single) >= 25
