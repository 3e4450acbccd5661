"""Reading reliability files: each shape, the doubtful ones, the broken ones."""

import pytest

from analysis.agreement import agreement, fleiss_kappa
from analysis.errors import AnalysisInputError
from analysis.reliability_file import read_reliability

LONG = "unit,rater,label\n1,ana,x\n1,ben,y\n2,ana,x\n2,ben,x\n"


def test_long_with_any_of_the_usual_names_and_other_columns(write):
    data = read_reliability(write("Output_ID,note,Annotator,failure_mode\n1,hm,ana,x\n1,,ben,y\n"))
    assert data.shape == "long"
    assert data.n_coders == 2
    assert data.labels.to_numpy().tolist() == [["1", "ana", "x"], ["1", "ben", "y"]]


def test_label_goes_before_other_columns_that_could_be_labels(write):
    data = read_reliability(write("unit,coder,label,correctness\n1,ana,x,correct\n"))
    assert data.patterns.categories == ("x",)


def test_wide_with_empty_cells_missing(write):
    data = read_reliability(write("unit,ana,ben\n1,x,y\n2,,x\n3,y,\n"))
    assert (data.shape, data.n_coders, data.patterns.total_labels) == ("wide", 2, 4)


def test_labels_are_kept_as_text(write):
    data = read_reliability(
        write("unit,coder,label\n1,a,01\n1,b,NA\n1,c,None\n1,d,null\n1,e, 1 \n")
    )
    assert set(data.labels["label"]) == {"01", "NA", "None", "null", "1"}


def test_numbers_under_coders_are_labels_not_counts(write):
    """Fleiss 1971 comes as unit,r1..r6 with numeric labels."""
    data = read_reliability(write("unit,r1,r2\n1,4,4\n2,2,5\n3,3,4\n"))
    assert data.shape == "wide"
    assert data.patterns.categories == ("2", "3", "4", "5")


def test_counts_by_category(write):
    data = read_reliability(write("subject,c1,c2,c3\n1,0,0,3\n2,0,2,1\n3,1,1,1\n"))
    assert (data.shape, data.n_coders, data.labels) == ("counts", 3, None)
    assert data.domain == ("c1", "c2", "c3")
    assert fleiss_kappa(data.patterns).value is not None


def test_contingency_table_of_two_coders(write):
    """K. L. Gwet, irrCAC (R), cont3x3abstractors."""
    path = write("Type,Ectopic,AIU,NIU\nEctopic,13,0,0\nAIU,0,20,7\nNIU,0,4,56\n")
    data = read_reliability(path)
    report = agreement(data.labels, domain=data.domain)
    assert data.shape == "contingency"
    assert report.pairs[0].kappa.value == pytest.approx(0.7964094, abs=1e-7)
    assert report.n_units == 100


@pytest.mark.parametrize(
    "text",
    [
        "unit,ana,ben\n1,1,2\n2,2,1\n",  # labels, or counts of "ana" and "ben"
        "unit,c1,c2\n1,1,2\n2,2,2\n",  # coders c1 and c2, or counts with gaps
        "unit,topic,ana\n" + "".join(f"{i},t{i % 3},x\n" for i in range(30)),
        "unit,model,prompt\n" + "".join(f"{i},m{i % 3},why {i}?\n" for i in range(99)),
    ],
)
def test_a_doubtful_shape_is_asked_for_not_guessed(write, text):
    path = write(text)
    with pytest.raises(AnalysisInputError, match="--shape wide"):
        read_reliability(path)
    assert read_reliability(path, "wide").shape == "wide"


@pytest.mark.parametrize(
    "mark", ["\ufeff", "\n\n"], ids=["byte order mark", "blank lines before the header"]
)
def test_harmless_beginnings(write, mark):
    assert read_reliability(write(mark + LONG)).patterns.total_labels == 4


@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_tabs_and_semicolons_and_windows_line_ends(write, delimiter):
    text = LONG.replace(",", delimiter).replace("\n", "\r\n")
    assert read_reliability(write(text)).patterns.total_units == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        ("\n \n", "the file is empty"),
        ("unit,coder,label\n", "there are none"),
        ("unit\n1\n", "line 1 is 'unit'"),
        ("unit,coder,label\n1,ana\n", "3 cells, as in the header, in line 2 .* came 2"),
        ("unit,coder,label\n1,ana,x\n1,ben,x,y\n", "in line 3 .* came 4"),
        ("unit,label\n1,x\n", "expected a coder column"),
        ("coder,label\nana,x\n", "expected a unit column"),
        ("unit,rater\n1,ana\n", "expected a label column"),
        ("unit,coder,rater,label\n1,a,b,x\n", None),
        ("unit,rater,annotator,label\n1,a,b,x\n", "expected one coder column"),
        ("unit,coder,label\n1,ana,x\n1,ana,y\n", "'ana' labeled unit '1' in line 2 .* line 3"),
        ("unit,coder,label\n,ana,x\n", "expected a unit in line 2"),
        ("unit,coder,label\n1,,x\n", "expected a coder in line 2"),
        ("unit,coder,label\n1,ana,\n", "every label cell is empty"),
        ("unit,ana,ben\n1,x,y\n1,x,x\n", "'1' comes in line 2 and in line 3"),
        ("unit,ana,ana\n1,x,y\n", "'ana' comes twice"),
        ("unit,ana,\n1,x,y\n", "over column 3"),
        ('unit,coder,label\n1,ana,"x\n', "line 2 is not"),
        (b"PK\x03\x04\n\x00\x00,\n", "line 2 holds a zero byte"),
        (b"unit,coder,label\n1,ana,caf\xe9\n", "line 2 holds the byte 0xe9"),
        ("t,x,y\nx,1,2\ny,3,-1\n", "whole numbers .* in line 3: came '-1'"),
        ("t,x,y\nx,0,0\ny,0,0\n", "add up to"),
    ],
)
def test_a_broken_file_is_refused_in_one_sentence(write, content, message):
    if message is None:  # coder is the exact word, rater another column
        assert read_reliability(write(content)).n_coders == 1
        return
    with pytest.raises(AnalysisInputError, match=message) as refusal:
        read_reliability(write(content))
    assert "\n" not in str(refusal.value)


def test_no_file_and_a_directory(tmp_path):
    with pytest.raises(AnalysisInputError, match="there is no file"):
        read_reliability(tmp_path / "missing.csv")
    with pytest.raises(AnalysisInputError, match="is a directory"):
        read_reliability(tmp_path)


def test_an_unknown_shape_and_counts_that_are_none(write):
    with pytest.raises(AnalysisInputError, match="--shape out of auto, long"):
        read_reliability(write(LONG), "square")
    with pytest.raises(AnalysisInputError, match="whole numbers"):
        read_reliability(write("unit,ana,ben\n1,x,y\n"), "counts")
    with pytest.raises(AnalysisInputError, match="square table"):
        read_reliability(write("unit,ana,ben\n1,1,2\n"), "contingency")
