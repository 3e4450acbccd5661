"""`agreement --file` gives the published values, through the command as a researcher runs it."""

import csv
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

SETS = [
    ("canonical/krippendorff_4x12", ("nominal", "ordinal", "interval", "ratio")),
    ("canonical/krippendorff_binary_2x10", ("nominal",)),
    ("canonical/krippendorff_nominal_2x12", ("nominal",)),
    ("canonical/fleiss_10x14", ("nominal",)),
    ("canonical/dawid_skene_1979", ("nominal", "ordinal")),
    ("xstest", ("nominal",)),
    ("xsum_hallucination", ("nominal",)),
    ("llmfao", ("nominal",)),
]
"""The sets of expected.json that are files. The order of llmfao's words is in no file."""
FIELDS = {"percent": "percent", "AC1": "ac1", "Fleiss": "fleiss", "Scott": "fleiss"}
LEFT_OUT = ("Conger", "BP")


def agreement(path, level="nominal"):
    """What `agreement --file PATH --json` prints; NaN and Infinity are no JSON."""
    out = StringIO()
    call_command("agreement", "--file", str(path), "--level", level, "--json", stdout=out)
    return json.loads(out.getvalue(), parse_constant=lambda word: pytest.fail(word))


@pytest.mark.data
@pytest.mark.parametrize(("name", "levels"), SETS)
def test_every_set_has_its_expected_agreement_through_the_command(shared_dir, name, levels):
    expected = json.loads((shared_dir / "data" / "expected.json").read_text())["sets"][name]
    for level in levels:
        found = agreement(shared_dir / "data" / expected["file"], level)
        assert found["level"] == level
        assert found["alpha"]["value"] == pytest.approx(expected["alpha"][level], abs=1e-6)
        assert found["fleiss"]["value"] == pytest.approx(
            expected["irrCAC_identity"]["fleiss"], abs=1e-6
        )
        assert found["ac1"]["value"] == pytest.approx(
            expected["irrCAC_identity"]["gwet_ac"], abs=1e-6
        )
        assert (found["n_units"], found["n_coders"], found["n_labels"]) == (
            expected["n_units"],
            expected["n_raters"],
            expected["n_labels"],
        )


def value_of(found, coefficient):
    if coefficient == "Cohen":
        return found["pairs"][0]["kappa"]
    return found[FIELDS.get(coefficient, "alpha")]["value"]


@pytest.mark.data
def test_every_oracle_has_its_published_value_through_the_command(shared_dir):
    folder, checked = shared_dir / "oracles", 0
    with (folder / "values.csv").open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["data"].endswith(".csv")]
    for row in rows:
        coefficient = row["coefficient"]
        if coefficient in LEFT_OUT:
            continue
        level = coefficient.removeprefix("alpha_") if "alpha" in coefficient else "nominal"
        found = value_of(agreement(folder / row["data"], level), coefficient)
        assert found == pytest.approx(float(row["value"]), abs=float(row["tolerance"])), row
        checked += 1
    assert checked == 17


def test_numbers_whose_squares_overflow_are_refused_in_one_sentence(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("unit,coder,label\n1,a,1e308\n1,b,-1e308\n2,a,3\n2,b,3\n")
    with pytest.raises(CommandError, match=r"at most 1e\+100 at level interval: came 1e\+308"):
        agreement(path, "interval")


def test_the_interval_holds_the_value_where_every_label_is_used_once(tmp_path):
    path = tmp_path / "labels.csv"
    rows = [f"u{unit},{coder},{coder}{unit}" for unit in range(300) for coder in "ab"]
    path.write_text("unit,coder,label\n" + "\n".join(rows) + "\n")
    alpha = agreement(path)["alpha"]
    assert alpha["low"] <= alpha["value"] <= alpha["high"]
