"""The 2x2 grid of feedback and correctness."""

import pytest

from analysis.errors import AnalysisInputError
from analysis.grid import GridStratum, grid
from analysis.shares import StratumSample

DOWN = [StratumSample("down", 400, [1] * 50 + [0] * 50)]
UP = [StratumSample("up", 600, [1] * 90 + [0] * 10)]


def test_cells_are_shares_of_all_rated_outputs():
    found = grid(DOWN, UP)
    cells = [found.down_correct, found.down_incorrect, found.up_correct, found.up_incorrect]
    assert [cell.share for cell in cells] == pytest.approx([0.20, 0.20, 0.54, 0.06])
    assert [cell.n for cell in cells] == [100, 100, 100, 100]
    assert [cell.n_cell for cell in cells] == [50, 50, 90, 10]
    assert found.down_share == 0.4
    assert all(cell.low < cell.share < cell.high for cell in cells)


def test_a_census_gives_back_the_counts():
    """HaluQuestQA (Sachdeva et al. 2025): 527 / 171 / 633 / 65."""
    found = grid(
        [StratumSample("down", 698, [1] * 527 + [0] * 171)],
        [StratumSample("up", 698, [1] * 633 + [0] * 65)],
    )
    assert found.down_correct.share == found.down_correct.low == pytest.approx(527 / 1396)
    assert found.up_incorrect.share == pytest.approx(65 / 1396)


def test_cannot_tell_is_neither():
    row = [GridStratum("down", 400, [1, 1, 0, 0], incorrect=[0, 0, 1, 0])]
    found = grid(row, UP)
    assert found.down_correct.share == pytest.approx(0.4 * 2 / 4)
    assert found.down_incorrect.share == pytest.approx(0.4 * 1 / 4)
    with pytest.raises(AnalysisInputError, match="correct \\+ incorrect"):
        grid([GridStratum("down", 400, [1], incorrect=[1])], UP)


def test_without_labels_on_thumbs_up_their_cells_are_undefined():
    for found in (grid(DOWN, None, n_up=600), grid(DOWN, [StratumSample("up", 600, [])])):
        assert found.down_correct.share == pytest.approx(0.2)
        assert found.up_correct.share is None
        assert "correctness is not known" in found.up_correct.undefined_because
        assert found.as_dict()["up_correct"] == {
            "n": 0,
            "share": None,
            "low": None,
            "high": None,
            "undefined_because": found.up_correct.undefined_because,
        }


def test_without_the_number_of_thumbs_up_no_share_of_all_is_known():
    found = grid(DOWN, None)
    assert found.down_correct.share is None
    assert found.down_correct.undefined_because == "the number of outputs rated up is not known"
