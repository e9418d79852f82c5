"""What purchases leave in a profile: the decayed count and the squares of the gaps."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_pos.domain.habits.profile import DAY_MS, HOUR_MS, T0_MS, gap_squares, score, weight_at

moments = st.lists(st.integers(T0_MS, T0_MS + 3_650 * DAY_MS), min_size=1, max_size=12).map(sorted)


@given(bought=moments)
def test_the_weight_is_the_score_that_is_carried_from_purchase_to_purchase(bought: list[int]) -> None:
    """habits.md section 1: score x exp(-days/90) + 1."""
    carried, before = 0.0, bought[0]
    for moment in bought:
        carried = carried * 2.718281828459045 ** (-(moment - before) / DAY_MS / 90) + 1
        before = moment
    assert score(sum(map(weight_at, bought)), before) == pytest.approx(carried, rel=1e-9)


@given(bought=moments)
def test_each_new_purchase_adds_one_square(bought: list[int]) -> None:
    """So a sale in the order of time reads nothing; the sum of the gaps is what lies between the ends."""
    total = 0
    for earlier, later in pairwise(bought):
        total += (later // HOUR_MS - earlier // HOUR_MS) ** 2
    assert gap_squares(bought) == total
    assert total <= (bought[-1] // HOUR_MS - bought[0] // HOUR_MS) ** 2
