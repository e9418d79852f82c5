"""Quintiles, purchases to expect, and goods that go together (habits.md section 3)."""

from __future__ import annotations

import math
import random
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_pos.domain.habits import pairs, rfm
from loyalty_pos.domain.habits.expected import TYPICAL, Known, Model, alive, expected, fit, lowest
from loyalty_pos.domain.habits.rfm import Figures, Marks

figures = st.builds(Figures, st.integers(0, 400), st.integers(0, 60), st.integers(0, 10**7))


@given(members=st.lists(figures, min_size=1, max_size=60))
def test_better_figures_never_have_a_lower_mark(members: list[Figures]) -> None:
    """Later, more often, more; equal figures have equal marks."""
    cuts = rfm.cuts(members)
    marked = [(one, rfm.marks(one, cuts)) for one in members]
    for (one, mark), (other, second) in combinations(marked, 2):
        assert (one.silence <= other.silence) <= (mark.recency >= second.recency)
        assert (one.days >= other.days) <= (mark.frequency >= second.frequency)
        assert (one.spend >= other.spend) <= (mark.spend >= second.spend)
    assert all(1 <= x <= 5 for _, m in marked for x in (m.recency, m.frequency, m.spend))


def test_fifths_of_different_members_are_equally_large() -> None:
    """A hundred members, twenty in each fifth; 5 is the best."""
    members = [Figures(n, n, 1_000 * n) for n in range(100)]
    marked = [rfm.marks(one, rfm.cuts(members)) for one in members]
    for name in ("recency", "frequency", "spend"):
        assert Counter(getattr(one, name) for one in marked) == dict.fromkeys(range(1, 6), 20)
    assert marked[0] == Marks(5, 1, 1)
    assert marked[99] == Marks(1, 5, 5)


def drawn(model: Model, count: int, weeks: float, ahead: float) -> list[tuple[Known, int]]:
    """Customers who live by the model: what is known of them after some weeks, and what they buy ahead."""
    chance, found = random.Random(20261124), []
    for _ in range(count):
        rate = chance.gammavariate(model.r, 1 / model.alpha)
        leaves = chance.betavariate(model.a, model.b)
        at, repeats, last, later = 0.0, 0, 0.0, 0
        while True:
            at += chance.expovariate(rate)
            if at > weeks + ahead:
                break
            if at <= weeks:
                repeats, last = repeats + 1, at
            else:
                later += 1
            if chance.random() < leaves:
                break
        found.append((Known(repeats, last, weeks), later))
    return found


def test_fitted_on_customers_who_live_by_the_model_it_foretells_them() -> None:
    """The sum over 4,000 customers within 5 %; better than everybody's own rate going on."""
    people = drawn(Model(0.9, 6.0, 1.1, 5.0), 4_000, 40, 20)
    model = fit(known for known, _ in people)
    told = [expected(model, known, 20) for known, _ in people]
    came = [later for _, later in people]
    assert sum(told) == pytest.approx(sum(came), rel=0.05)
    rates = [known.repeats / known.age * 20 for known, _ in people]
    error = [sum((x - y) ** 2 for x, y in zip(guess, came, strict=True)) for guess in (told, rates)]
    assert error[0] < 0.8 * error[1]


@given(
    repeats=st.integers(0, 120),
    last=st.floats(0.1, 150),
    silence=st.floats(0, 150),
    ahead=st.floats(0.1, 30),
    a=st.sampled_from([0.3, 1.0, 2.5]),
)
def test_what_is_expected_is_a_figure_that_grows_with_time_and_shrinks_with_silence(
    repeats: int, last: float, silence: float, ahead: float, a: float
) -> None:
    """Also where the leaving is certain to have no mean (a = 1)."""
    model = Model(0.7, 5.0, a, 2.0)
    last = last if repeats else 0.0
    now, later = Known(repeats, last, last + silence), Known(repeats, last, last + silence + 5)
    value = expected(model, now, ahead)
    assert math.isfinite(value)
    assert value >= 0
    assert value <= expected(model, now, ahead + 1) + 1e-9
    if repeats:
        assert expected(model, later, ahead) <= value + 1e-9
        assert 0 <= (alive(model, later) or 0) <= (alive(model, now) or 0) <= 1


def test_nothing_is_said_of_the_life_of_one_who_bought_once() -> None:
    """The model holds them all for alive, however long ago it was: nobody is ranked by that."""
    assert alive(TYPICAL, Known(0, 0, 1)) is None
    assert alive(TYPICAL, Known(0, 0, 500)) is None
    assert alive(TYPICAL, Known(1, 3, 5)) is not None


def test_of_few_customers_nothing_is_fitted() -> None:
    """Forty-nine."""
    assert fit([Known(1, 2, 3)] * 49) == TYPICAL


def test_the_simplex_finds_the_lowest_place() -> None:
    """Of Rosenbrock's valley: (1, 1)."""
    place = lowest(lambda p: (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2, [-1.0, 1.0])
    assert place == pytest.approx([1, 1], abs=1e-3)


BASKETS = [("bread", "butter")] * 12 + [("bread", "milk")] * 20 + [("milk",)] * 40 + [("rice",)] * 28


def test_the_lift_of_a_pair_is_counted_from_all_baskets() -> None:
    """Butter is in 12 of 100 baskets, bread in 32, both in 12: 12 x 100 / (12 x 32) = 3.125."""
    alone, together = pairs.count(BASKETS)
    found = pairs.strongest(len(BASKETS), alone, together)
    assert found == [("bread", "butter", 32, 12, 3.125), ("butter", "bread", 12, 12, 3.125)]


@pytest.mark.parametrize(("support", "kept"), [(12, 2), (13, 0)])
def test_a_pair_needs_its_support(support: int, kept: int) -> None:
    """n and n + 1; milk goes with bread no more often than chance has it, so it is no partner at all."""
    alone, together = pairs.count(BASKETS)
    assert len(pairs.strongest(len(BASKETS), alone, together, support)) == kept


def test_each_product_has_few_partners_and_wide_baskets_make_none() -> None:
    """The strongest five; a basket of 61 products is not paired."""
    narrow = [tuple(f"p{n}" for n in range(8))] * 10 + [("x",)] * 90
    alone, together = pairs.count(narrow)
    found = pairs.strongest(len(narrow), alone, together)
    assert Counter(pair.sku for pair in found) == dict.fromkeys((f"p{n}" for n in range(8)), pairs.EACH)
    assert pairs.count([tuple(f"q{n:02d}" for n in range(pairs.WIDEST + 1))])[1] == {}
