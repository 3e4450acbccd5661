"""docs/report.ipynb computes the report again from an export, without a line of ours.

The demo's report is computed again in tests/test_demo.py, where the demo is loaded.
"""

import ast

from tests.notebook import CELLS, NOTEBOOK, assert_same_report, said


def test_the_notebook_uses_nothing_of_ours_and_holds_no_output():
    tree = ast.parse("\n".join(CELLS))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"json", "pathlib", "krippendorff", "numpy", "pandas", "scipy"}
    assert all(not cell.get("outputs") for cell in NOTEBOOK["cells"])


def test_a_small_census_is_computed_again(labelled_audit, run_notebook):
    assert_same_report(run_notebook("november")["report"], "november")


def test_third_opinions_stay_out_of_agreement_there_too(
    make_open_audit, at_desk, ana_client, ben_client, chi_client, run_notebook
):
    audit = make_open_audit(3, asks_third=True)
    ana, ben, chi = (at_desk(client, audit) for client in (ana_client, ben_client, chi_client))
    for desk, modes in ((ana, ("latency",) * 3), (ben, ("formatting", "latency", "latency"))):
        for mode in modes:
            desk.give("correct", mode)
    chi.give("correct", "formatting")
    assert_same_report(run_notebook("w34")["report"], "w34")


def test_an_imported_set_is_computed_again(project, write_labels, run_notebook):
    rows = [
        (str(k), coder, "yes" if (k + len(coder)) % 3 else "no")
        for k in range(12)
        for coder in ("a", "bb")
    ]
    said("import_labels", "elsewhere", str(write_labels(rows)))
    assert_same_report(run_notebook("elsewhere")["report"], "elsewhere")
