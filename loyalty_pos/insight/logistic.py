"""A logistic model: a weight for each feature, learned from rows, pulled towards weights known before.

The idea: the chance is the logistic of a weighted sum, which any engine can compute in a query.
Learning is the maximum a posteriori with a Gaussian around the known weights, so little data leaves
them nearly as they were and much data leaves nothing of them.  Invariant: the same rows give the
same weights, in whatever order the features stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ibis
import numpy as np
from ibis.expr.types import FloatingColumn, Table

Weights = Mapping[str, float]
"""Feature -> weight; the empty name is the constant."""
CONSTANT = ""
ROUNDS = 40
PULL = 10.0
"""As strong as so many rows of even chance that differ by one unit of a feature.  The features are logarithms, so a
weight moves as far as the data moved the feature: what hardly varied here is not trusted to vary tomorrow."""


def learned(rows: np.ndarray, answers: np.ndarray, names: Sequence[str], known: Weights) -> dict[str, float]:
    """The weights of ``rows`` (one column a name) and their 0/1 ``answers``; there is at least one of each."""
    spread = rows.std(axis=0)
    spread[spread < 1e-9] = 1.0
    middle = rows.mean(axis=0)
    scaled = np.column_stack([np.ones(len(rows)), (rows - middle) / spread])
    before = np.array([0.0, *(known.get(name, 0.0) for name in names)]) * np.array([1.0, *spread])
    pull = np.array([0.0, *(PULL / spread**2)])
    share = answers.mean()
    start = before.copy()
    start[0] = np.log(share / (1.0 - share)) - float(np.mean(scaled[:, 1:] @ before[1:]))
    found = _climb(scaled, answers, start, before, pull)
    weights = found[1:] / spread
    constant = float(found[0] - weights @ middle)
    return {CONSTANT: constant, **{name: float(weight) for name, weight in zip(names, weights, strict=True)}}


def _climb(rows: np.ndarray, answers: np.ndarray, start: np.ndarray, before: np.ndarray, pull: np.ndarray) -> Any:
    """Newton's method, each step halved until it does not lose: the one highest point of a concave function."""

    def height(weights: np.ndarray) -> float:
        sums = rows @ weights
        return float((answers * sums - np.logaddexp(0.0, sums)).sum() - (pull * (weights - before) ** 2).sum() / 2)

    weights, best = start, height(start)
    for _ in range(ROUNDS):
        chance = 1.0 / (1.0 + np.exp(-rows @ weights))
        slope = rows.T @ (answers - chance) - pull * (weights - before)
        curve = (rows * (chance * (1.0 - chance))[:, None]).T @ rows + np.diag(pull + 1e-9)
        step = np.linalg.solve(curve, slope)
        while height(weights + step) < best and np.abs(step).max() > 1e-9:
            step = step / 2.0
        weights = weights + step
        best = height(weights)
        if np.abs(step).max() < 1e-7:
            break
    return weights


def chance(rows: Table, weights: Weights) -> FloatingColumn:
    """The chance of each row, as an expression."""
    total = ibis.literal(weights[CONSTANT])
    for name, weight in weights.items():
        if name != CONSTANT:
            total = total + rows[name] * weight
    return 1.0 / (1.0 + (-total).exp())
