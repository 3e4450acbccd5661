"""Dawid & Skene 1979: true labels, class shares and each coder's confusion, from labels alone.

Applied Statistics 28:20. A sensitivity line beside the share, never instead of it: the model takes
the coders' errors to be independent given the true label, which hard units make untrue.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import AnalysisInputError
from analysis.estimates import Estimate, FloatArray, IntArray, undefined
from analysis.long_table import CodedLabels, code_labels
from analysis.proportions import clopper_pearson

MIN_LABELS = 3
MAX_ROUNDS = 1_000
TOLERANCE = 1e-8
SMALLEST = 1e-300
MAX_PARAMETERS = 600
CHUNK_UNITS = 1_000


@dataclass(frozen=True, kw_only=True)
class CoderConfusion:
    """What one coder says of units of each true label, as the model sees it.

    ``matrix[k][l]`` is P(says l | truth is k) in the order of ``DawidSkene.labels``; its n is the
    expected number of units of label k among the coder's, and it is undefined where that is none.
    ``accuracy`` is the expected share of right labels.
    """

    coder: str
    n: int
    accuracy: float
    matrix: tuple[tuple[Estimate, ...], ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class DawidSkene:
    """The fitted model, or the reason why there is none.

    Attributes
    ----------
    labels : tuple of str, length K
    shares : tuple of Estimate, length K
        The share of each true label. The interval holds the sampling of units, how unsure the
        model is of each unit, and the error of the confusion matrices; not that the model may
        be wrong.
    coders : tuple of CoderConfusion, by name
    posterior : DataFrame of float, units x labels
        The chance of each true label; rows add up to 1. Empty where the model is refused.
    converged : bool
        False when a thousand rounds were not enough: do not use the figures.
    n_rounds, log_likelihood : int, float or None
    """

    labels: tuple[str, ...]
    shares: tuple[Estimate, ...]
    coders: tuple[CoderConfusion, ...]
    posterior: pd.DataFrame
    converged: bool
    n_rounds: int
    log_likelihood: float | None
    n_units: int
    undefined_because: str | None


def dawid_skene(
    labels: pd.DataFrame,
    *,
    weights: Mapping[Any, float] | None = None,
    domain: Sequence[str] | None = None,
) -> DawidSkene:
    """Fit the model by EM, from the coders' vote shares on each unit (so: without chance).

    Parameters
    ----------
    labels : DataFrame, one row per (unit, coder)
        Columns ``unit``, ``coder``, ``label``; independent labels, before adjudication.
    weights : mapping of unit to 1/pi, optional
        Makes the shares speak of the frame (pseudo-likelihood). Default: all alike.
    domain : sequence of str, optional
        All labels, in codebook order.

    Returns
    -------
    DawidSkene
        Refused, with ``undefined_because``, below three coders or three labels per unit on
        average: with two, different error rates explain the labels equally well.

    Raises
    ------
    AnalysisInputError
        See `patterns_from_labels`; a unit without a weight, or with one not above zero.
    """
    coded = code_labels(labels, domain)
    weight = np.ones(len(coded.units))
    if weights is not None:
        missing = [unit for unit in coded.units if not weights.get(unit, 0) > 0]
        if missing:
            raise AnalysisInputError(f"expected a weight above 0 for each unit: {missing[:3]}.")
        weight = np.array([weights[unit] for unit in coded.units], dtype=np.float64)
    return dawid_skene_of(coded, weight)


def dawid_skene_of(coded: CodedLabels, weight: FloatArray) -> DawidSkene:
    """Fit a checked table, in which a coder may come on a unit more than once.

    ``weight`` has one entry per unit, shape (U,).
    """
    reason = _too_few(coded)
    if reason:
        return _refused(coded, reason)
    data = _Votes.of(coded, weight)
    fit = _fit(data)
    names = list(coded.categories)
    index = pd.Index(np.array([*coded.units, None], dtype=object)[:-1], name="unit")
    return DawidSkene(
        labels=coded.categories,
        shares=_shares(data, fit),
        coders=tuple(_coder(coded, data, fit, j) for j in range(len(coded.coders))),
        posterior=pd.DataFrame(fit.posterior, index=index, columns=names),
        converged=fit.converged,
        n_rounds=fit.n_rounds,
        log_likelihood=fit.log_likelihood,
        n_units=len(weight),
        undefined_because=None,
    )


def _too_few(coded: CodedLabels) -> str | None:
    n_units = len(coded.units)
    if n_units == 0:
        return "no labels"
    if len(coded.coders) < MIN_LABELS:
        return f"only {len(coded.coders)} coders, fewer than {MIN_LABELS}"
    mean = round(len(coded.unit) / n_units, 1)
    if mean < MIN_LABELS:
        return f"only {mean:.1f} labels per unit on average, fewer than {MIN_LABELS}"
    return None


def _refused(coded: CodedLabels, reason: str) -> DawidSkene:
    n = len(coded.units)
    return DawidSkene(
        labels=coded.categories,
        shares=tuple(undefined(reason, n=n) for _ in coded.categories),
        coders=(),
        posterior=pd.DataFrame(columns=list(coded.categories), dtype=np.float64),
        converged=False,
        n_rounds=0,
        log_likelihood=None,
        n_units=n,
        undefined_because=reason,
    )


@dataclass(frozen=True, eq=False)
class _Votes:
    """Labels as arrays: ``cell`` is coder * K + label of each, ``weight`` one per unit."""

    unit: IntArray
    cell: IntArray
    n_cells: int
    k: int
    weight: FloatArray

    @classmethod
    def of(cls, coded: CodedLabels, weight: FloatArray) -> "_Votes":
        k = len(coded.categories)
        order = np.lexsort([coded.label, coded.coder, coded.unit])
        cell = (coded.coder * k + coded.label)[order]
        return cls(coded.unit[order], cell, len(coded.coders) * k, k, weight)

    def start(self) -> FloatArray:
        """Return the coders' vote shares of each unit, shape (U, K)."""
        size = len(self.weight) * self.k
        votes = np.bincount(self.unit * self.k + self.cell % self.k, minlength=size)
        table = votes.reshape(-1, self.k).astype(np.float64)
        return np.asarray(table / table.sum(axis=1, keepdims=True), dtype=np.float64)

    def by_cell(self, chance: FloatArray) -> FloatArray:
        """Add up the units' chances over the labels of each (coder, label), shape (C, K)."""
        columns = [
            np.bincount(self.cell, weights=chance[self.unit, k], minlength=self.n_cells)
            for k in range(self.k)
        ]
        return np.stack(columns, axis=1)

    def by_unit(self, log_chance: FloatArray) -> FloatArray:
        """Add up log P(label | truth) over the labels of each unit, shape (U, K)."""
        columns = [
            np.bincount(self.unit, weights=log_chance[self.cell, k], minlength=len(self.weight))
            for k in range(self.k)
        ]
        return np.stack(columns, axis=1)


@dataclass(frozen=True, eq=False)
class _Fit:
    """``confusion`` has shape (coders, said, truth); ``mass`` (coders, truth) its totals."""

    posterior: FloatArray
    shares: FloatArray
    confusion: FloatArray
    mass: FloatArray
    converged: bool
    n_rounds: int
    log_likelihood: float


def _fit(data: _Votes) -> _Fit:
    posterior, before = data.start(), -np.inf
    total, rounds, converged = float(data.weight.sum()), 0, False
    while True:
        rounds += 1
        shares = data.weight @ posterior / total
        counts = data.by_cell(posterior * data.weight[:, None]).reshape(-1, data.k, data.k)
        sums = counts.sum(axis=1, keepdims=True)
        confusion = counts / np.where(sums > 0, sums, 1.0)
        log = np.log(np.maximum(confusion, SMALLEST)).reshape(-1, data.k)
        joint = data.by_unit(log) + np.log(np.maximum(shares, SMALLEST))
        top = joint.max(axis=1, keepdims=True)
        likely = np.exp(joint - top)
        reached = float(data.weight @ (np.log(likely.sum(axis=1)) + top[:, 0]))
        posterior = likely / likely.sum(axis=1, keepdims=True)
        converged = reached - before <= TOLERANCE * max(1.0, abs(reached))
        if converged or rounds >= MAX_ROUNDS:
            break
        before = reached
    mass = data.by_cell(posterior).reshape(-1, data.k, data.k).sum(axis=1)
    return _Fit(posterior, shares, confusion, mass, converged, rounds, reached)


def _variances(data: _Votes, fit: _Fit) -> FloatArray | None:
    """Return the variance of each share, the confusion matrices being estimated too; shape (K,).

    From the scores of the units (observed information of incomplete data: Louis 1982; by their
    outer products: McLachlan & Krishnan 2008, 4.3), with the sandwich where units have weights.
    On the logit scale the score of class k is T_k - p_k, and of cell (coder, k, l) T_k (x_l -
    m P(l | k)), x_l the coder's labels l on the unit and m all of them.
    """
    size = fit.confusion.size
    if size > MAX_PARAMETERS:
        return None
    k = data.k
    plain, squared = np.zeros((k + size, k + size)), np.zeros((k + size, k + size))
    for start in range(0, len(data.weight), CHUNK_UNITS):
        rows = slice(start, start + CHUNK_UNITS)
        scores, w = _scores(data, fit, rows), data.weight[rows, None]
        plain += (scores * w).T @ scores
        squared += (scores * w**2).T @ scores
    beta = np.linalg.pinv(plain[k:, k:], rcond=1e-10, hermitian=True) @ plain[k:, :k]
    left = np.hstack([np.eye(k), -beta.T])
    inverse = np.linalg.pinv(left @ plain @ left.T, rcond=1e-10, hermitian=True)
    slope = np.diag(fit.shares) - np.outer(fit.shares, fit.shares)
    spread = slope @ inverse @ (left @ squared @ left.T) @ inverse @ slope
    return np.maximum(np.diag(spread), 0.0)


def _scores(data: _Votes, fit: _Fit, rows: slice) -> FloatArray:
    """Return the scores of some units: first the K of the shares, then those of the cells."""
    chance = fit.posterior[rows]
    n = len(chance)
    of_these = (data.unit >= rows.start) & (data.unit < rows.start + n)
    said = np.zeros((n, data.n_cells))
    np.add.at(said, (data.unit[of_these] - rows.start, data.cell[of_these]), 1.0)
    x = said.reshape(n, -1, 1, data.k)
    expected = x.sum(axis=3, keepdims=True) * fit.confusion.transpose(0, 2, 1)[None]
    cells = chance[:, None, :, None] * (x - expected)
    return np.hstack([chance - fit.shares, cells.reshape(n, -1)])


def _shares(data: _Votes, fit: _Fit) -> tuple[Estimate, ...]:
    """Give each share Clopper-Pearson at n_eff = p (1 - p) / v, at most the number of units."""
    n_units, variances = len(data.weight), _variances(data, fit)
    found = []
    for k, share in enumerate(fit.shares):
        p = min(max(float(share), 0.0), 1.0)
        if variances is None:
            reason = f"interval withheld: more than {MAX_PARAMETERS} cells of confusion matrices"
            found.append(
                Estimate(value=p, low=None, high=None, undefined_because=reason, n=n_units)
            )
            continue
        kish = float(data.weight.sum() ** 2 / (data.weight**2).sum())
        v = float(variances[k])
        n_eff = min(p * (1 - p) / v, kish) if v > 1e-15 else kish
        exact = clopper_pearson(min(p * n_eff, n_eff), n_eff)
        low, high = min(exact.low, p), max(exact.high, p)
        found.append(Estimate(value=p, low=low, high=high, n=n_units))
    return tuple(found)


def _coder(coded: CodedLabels, data: _Votes, fit: _Fit, coder: int) -> CoderConfusion:
    mass, chance = fit.mass[coder], fit.confusion[coder].T
    right = float(mass @ np.diag(chance)) / float(mass.sum())
    return CoderConfusion(
        coder=coded.coders[coder],
        n=int((coded.coder == coder).sum()),
        accuracy=min(right, 1.0),
        matrix=tuple(
            tuple(_cell(float(p), float(mass[k])) for p in chance[k]) for k in range(data.k)
        ),
    )


def _cell(p: float, n: float) -> Estimate:
    if n < 1e-6:
        return undefined("the coder saw no unit of this label", n=0)
    p = min(max(p, 0.0), 1.0)
    exact = clopper_pearson(min(p * n, n), n)
    return Estimate(value=p, low=min(exact.low, p), high=max(exact.high, p), n=round(n))
