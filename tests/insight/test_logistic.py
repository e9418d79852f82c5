"""Learning weights: the top of the hill, the pull of what was known, and independence of the order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_pos.insight.logistic import CONSTANT, PULL, learned

NAMES = ["a", "b", "c"]
TRUE = np.array([1.5, -0.7, 0.0])


def rows(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    found = chance.normal(size=(count, 3)) * [1.0, 2.0, 0.5] + [0.0, 3.0, -1.0]
    answers = (chance.random(count) < 1 / (1 + np.exp(-(found @ TRUE - 1.0)))).astype(float)
    answers[:2] = 0.0, 1.0
    return found, answers


@given(st.integers(20, 300), st.integers(0, 10**6), st.lists(st.floats(-2, 2), min_size=3, max_size=3))
def test_what_is_learned_is_the_highest_point(count: int, seed: int, before: list[float]) -> None:
    """The slope there is nothing: of the likelihood in the constant, of likelihood and pull in each weight."""
    found, answers = rows(count, seed)
    weights = learned(found, answers, NAMES, dict(zip(NAMES, before, strict=True)))
    values = np.array([weights[name] for name in NAMES])
    left = answers - 1 / (1 + np.exp(-(found @ values + weights[CONSTANT])))
    assert left.sum() == pytest.approx(0, abs=1e-4 * count)
    assert found.T @ left == pytest.approx(PULL * (values - before), abs=1e-3 * count)


def test_much_data_finds_the_truth_whatever_was_known() -> None:
    weights = learned(*rows(200_000, 1), NAMES, {"a": -3.0, "b": 5.0})
    assert [weights[name] for name in NAMES] == pytest.approx(TRUE, abs=0.05)


def test_a_feature_that_does_not_vary_keeps_its_weight() -> None:
    found, answers = rows(500, 2)
    found[:, 2] = 4.0
    assert learned(found, answers, NAMES, {"c": 0.8})["c"] == pytest.approx(0.8)


def test_the_order_of_features_and_rows_changes_nothing() -> None:
    found, answers = rows(400, 3)
    turned = np.random.default_rng(0).permutation(400)
    one = learned(found, answers, NAMES, {})
    other = learned(found[turned][:, ::-1], answers[turned], NAMES[::-1], {})
    assert one == pytest.approx({name: other[name] for name in one}, abs=1e-6)
