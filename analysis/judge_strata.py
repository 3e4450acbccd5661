"""The judge's label as a stratum: the share with and without the judge, and what that gains.

The judge judges everything, humans a sample. Within each stratum the outputs are divided by the
judge's label after the draw (post-stratification: Holt & Smith 1979; Cochran 1977, 5A.9), so that
the share still rests on human labels alone and a bad judge costs little and biases nothing.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import pandas as pd

from analysis.errors import AnalysisInputError
from analysis.estimates import FloatArray
from analysis.judges import JudgedSample, stratum_of
from analysis.shares import Share, StratumSample, effective_n, exact_bounds, share

MIN_PER_CLASS = 5

FrameCounts = Mapping[tuple[str, str | None], int]


@dataclass(frozen=True, kw_only=True)
class JudgeClass:
    """One cell that was used: a stratum and the judge's labels in it (None: no verdict).

    ``n_frame`` outputs of the frame, ``n`` of them labelled by humans.
    """

    stratum: str
    judge_labels: tuple[str | None, ...]
    n_frame: int
    n: int


@dataclass(frozen=True, kw_only=True)
class ShareWithJudge:
    """A share from the same human labels, with the judge's label as a stratum and without.

    Attributes
    ----------
    without, with_judge : Share
    gain : float, optional
        1 - width with / width without: .30 is an interval 30% narrower, below zero a wider one.
        None where a share is undefined or has no width.
    classes : tuple of JudgeClass
    is_divided : bool
        False where too few human labels lie in every judge class to divide any stratum; the two
        shares are then one.
    judge_says : float, optional
        The judge's own share of what it judged, for comparison alone: it carries the judge's
        errors. None where the judge never uses the label.
    is_drawn : bool
        The sample was drawn by the judge's label: ``without`` is what as many units drawn without
        strata would give at this share.
    """

    label: str
    without: Share
    with_judge: Share
    gain: float | None
    classes: tuple[JudgeClass, ...]
    is_divided: bool
    judge_says: float | None
    is_drawn: bool = False


def share_drawn_by_judge(
    sample: JudgedSample, label: str, *, finite_population: bool = True, level: float = 0.95
) -> ShareWithJudge:
    """Estimate the share of one human label from a sample whose strata are the judge's labels.

    The strata cannot be taken out of such a sample. ``without`` is the interval that as many units
    drawn without them would give at this share: n_eff = n / (1 - n / N), over the design effect of
    users. So ``gain`` is what the draw by the judge's label was worth (Cochran 1977, 5.6).

    Raises
    ------
    AnalysisInputError
        A unit has no stratum with a known N_h, or a stratum more labelled units than outputs.
    """
    places = [stratum_of(sample, unit) for unit in sample.human.index]
    users = [(sample.user or {}).get(unit) for unit in sample.human.index]
    y = _cases(sample.human, label)
    rows = {name: [i for i, place in enumerate(places) if place == name] for name in sample.n_frame}
    whole = [
        _Cell(name, (), sample.n_frame[name], y[found], tuple(users[i] for i in found))
        for name, found in rows.items()
    ]
    drawn = _share(whole, finite_population=finite_population, level=level)
    without = _as_if_unstratified(drawn, finite_population=finite_population, level=level)
    return ShareWithJudge(
        label=label,
        without=without,
        with_judge=drawn,
        gain=_gain(without, drawn),
        classes=tuple(cell.described() for cell in whole),
        is_divided=len(whole) > 1,
        judge_says=None,
        is_drawn=True,
    )


def _as_if_unstratified(drawn: Share, *, finite_population: bool, level: float) -> Share:
    if drawn.value is None:
        return drawn
    rest = 1 - drawn.n / drawn.n_frame if finite_population else 1.0
    if rest <= 0:
        return replace(drawn, low=drawn.value, high=drawn.value, n_eff=None)
    n, deff = drawn.n, drawn.deff_users
    n_eff = effective_n(n / rest, n=n, deff=deff, df=max(n - 1, 1), level=level)
    bounds = exact_bounds(drawn.value, n_eff, level)
    return replace(drawn, low=bounds.low, high=bounds.high, n_eff=n_eff)


def share_with_judge(
    sample: JudgedSample,
    label: str,
    n_by_judge: FrameCounts,
    *,
    finite_population: bool = True,
    level: float = 0.95,
) -> ShareWithJudge:
    """Estimate the share of one human label, with the judge's label as a stratum and without.

    Where the judge uses `label` itself there are two classes, that label and any other; else
    (a judge of correctness beside a share of a failure mode) each of the judge's labels is one.
    Outputs without a verdict are a class. Within a stratum the class with the fewest human labels
    joins the one with the next fewest until each has at least five; the humans' answers
    play no part in it.

    Parameters
    ----------
    sample : JudgedSample
    label : str
        A label of ``sample.human``; one that no human gave counts as zero cases.
    n_by_judge : mapping of (stratum, judge's label or None) to a number of outputs
        How many outputs of the frame the judge gave each label; None for those it did not judge.
        In each stratum they add up to N_h.

    Raises
    ------
    AnalysisInputError
        The counts do not add up to N_h; a class has more labelled units than outputs; a unit has
        no stratum with a known N_h.
    """
    _check_counts(sample, n_by_judge)
    strata = _strata(sample, label, n_by_judge)
    whole = [_joined(cells) for cells in strata.values()]
    parts = [cell for cells in strata.values() for cell in _merged(cells)]
    without = _share(whole, finite_population=finite_population, level=level)
    divided = without
    if len(parts) > len(whole):
        divided = _share(parts, finite_population=finite_population, level=level)
    return ShareWithJudge(
        label=label,
        without=without,
        with_judge=_named_like(without, divided),
        gain=_gain(without, divided),
        classes=tuple(cell.described() for cell in parts),
        is_divided=len(parts) > len(whole),
        judge_says=_judge_says(label, n_by_judge),
    )


@dataclass(frozen=True, eq=False)
class _Cell:
    """Outputs of one stratum with some of the judge's labels, and the human labels in it."""

    stratum: str
    labels: tuple[str | None, ...]
    n_frame: int
    y: FloatArray
    users: tuple[Hashable, ...]

    def described(self) -> JudgeClass:
        return JudgeClass(
            stratum=self.stratum, judge_labels=self.labels, n_frame=self.n_frame, n=len(self.y)
        )

    def with_(self, other: "_Cell") -> "_Cell":
        return _Cell(
            self.stratum,
            self.labels + other.labels,
            self.n_frame + other.n_frame,
            np.concatenate([self.y, other.y]),
            self.users + other.users,
        )


def _check_counts(sample: JudgedSample, n_by_judge: FrameCounts) -> None:
    judged = dict.fromkeys(sample.n_frame, 0)
    for (name, said), n in n_by_judge.items():
        if name not in judged or n < 0:
            raise AnalysisInputError(
                f"expected zero or more outputs in a stratum out of {list(judged)}: "
                f"came {n} of {said!r} in {name!r}."
            )
        judged[name] += n
    for name, n in sample.n_frame.items():
        if judged[name] != n:
            raise AnalysisInputError(
                f"expected verdicts (or none) on N={n} outputs of stratum {name!r}: "
                f"came {judged[name]}."
            )


def _strata(sample: JudgedSample, label: str, n_by_judge: FrameCounts) -> dict[str, list[_Cell]]:
    """Divide each stratum by what the judge said; two classes where the judge uses the label."""
    uses_label = any(said == label for _, said in n_by_judge)
    rows: dict[tuple[str, str | None], list[int]] = {key: [] for key in n_by_judge}
    for row, unit in enumerate(sample.human.index):
        rows.setdefault((stratum_of(sample, unit), sample.judge.get(unit)), []).append(row)
    y = _cases(sample.human, label)
    users = [(sample.user or {}).get(unit) for unit in sample.human.index]
    classes: dict[tuple[str, str | bool | None], list[_Cell]] = {}
    for (name, said), found in rows.items():
        kind = (said == label) if uses_label and said is not None else said
        cell = _Cell(
            name, (said,), n_by_judge.get((name, said), 0), y[found], tuple(users[i] for i in found)
        )
        classes.setdefault((name, kind), []).append(cell)
    strata: dict[str, list[_Cell]] = {}
    for (name, _), cells in classes.items():
        strata.setdefault(name, []).append(_joined(cells))
    return strata


def _cases(human: pd.DataFrame, label: str) -> FloatArray:
    if label not in human.columns:
        return np.zeros(len(human))
    return human[label].to_numpy(dtype=np.float64)


def _joined(cells: Sequence[_Cell]) -> _Cell:
    return reduce(_Cell.with_, cells)


def _merged(cells: Sequence[_Cell]) -> list[_Cell]:
    """Join the classes of one stratum, fewest human labels first, until each has enough."""
    left = sorted(cells, key=_size)
    while len(left) > 1 and len(left[0].y) < MIN_PER_CLASS:
        left = sorted([left[0].with_(left[1]), *left[2:]], key=_size)
    return left


def _size(cell: _Cell) -> tuple[int, int, list[str]]:
    return len(cell.y), cell.n_frame, sorted(map(str, cell.labels))


def _share(cells: Sequence[_Cell], *, finite_population: bool, level: float) -> Share:
    names = [cell.stratum for cell in cells]
    unique = names if len(set(names)) == len(names) else [str(i) for i in range(len(names))]
    strata = [
        StratumSample(name, cell.n_frame, cell.y, cell.users)
        for name, cell in zip(unique, cells, strict=True)
    ]
    return share(strata, finite_population=finite_population, level=level)


def _named_like(without: Share, divided: Share) -> Share:
    """Say which strata are missing by their names, not by those of cells."""
    reason = without.undefined_because
    return replace(divided, unsampled=without.unsampled, undefined_because=reason)


def _gain(without: Share, divided: Share) -> float | None:
    if without.low is None or without.high is None or divided.low is None or divided.high is None:
        return None
    width = without.high - without.low
    return 1 - (divided.high - divided.low) / width if width > 0 else None


def _judge_says(label: str, n_by_judge: FrameCounts) -> float | None:
    judged = sum(n for (_, said), n in n_by_judge.items() if said is not None)
    given = [n for (_, said), n in n_by_judge.items() if said == label]
    return sum(given) / judged if given and judged else None
