"""Campaigns: who is left out by chance, and what the rest really brought (habits.md section 5)."""

from __future__ import annotations

import math
import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_pos.domain.campaigns.control import control_of, is_control
from loyalty_pos.domain.campaigns.uplift import Group, Uplift, members_needed, smallest_difference, uplift

members = st.lists(st.integers(1, 10**6).map(str), max_size=300, unique=True)
percents = st.integers(0, 50).map(Decimal)
few = settings(max_examples=25, deadline=None)


@given(members, percents, st.randoms())
def test_control_is_the_rounded_share_whatever_the_order(
    some: list[str], percent: Decimal, luck: random.Random
) -> None:
    """round(n x p), half up; the same members however they are listed, and how often."""
    chosen = control_of("tet-2027", some, percent)
    assert len(chosen) == math.floor(len(some) * percent / 100 + Decimal("0.5"))
    assert chosen <= set(some)
    again = [*some, *some[:3]]
    luck.shuffle(again)
    assert control_of("tet-2027", again, percent) == chosen


def test_two_campaigns_leave_different_members_out() -> None:
    """Nobody is left out of everything."""
    some = [str(number) for number in range(1_000)]
    first, second = (control_of(code, some, Decimal(10)) for code in ("a", "b"))
    assert len(first) == len(second) == 100
    assert 0 < len(first & second) < 30


@given(st.integers(1, 10**9).map(str), st.integers(0, 40), st.integers(0, 40))
def test_an_audience_that_grows_never_moves_anybody(member: str, percent: int, more: int) -> None:
    """Who was left out at a share still is at a larger one."""
    if is_control("birthday", member, Decimal(percent)):
        assert is_control("birthday", member, Decimal(percent + more))
    assert not is_control("birthday", member, Decimal(0))
    assert is_control("birthday", member, Decimal(100))


def test_an_audience_that_grows_keeps_the_share() -> None:
    left_out = sum(is_control("welcome", str(number), Decimal(10)) for number in range(20_000))
    assert 1_850 < left_out < 2_150


def shop(luck: random.Random, count: int) -> list[float]:
    return [0.0 if luck.random() < 0.6 else math.exp(luck.gauss(12, 1)) for _ in range(count)]


def ends(found: Uplift) -> tuple[float, float]:
    assert found.interval is not None
    return found.interval


def width(found: Uplift) -> float:
    low, high = ends(found)
    return high - low


def asked(first: list[float], second: list[float], before: tuple[list[float], list[float]] | None = None) -> Uplift:
    known = before or (None, None)
    return uplift(Group(first, known[0]), Group(second, known[1]), random.Random(1))


@few
@given(st.integers(0, 10**6), st.integers(-5_000, 5_000))
def test_what_everybody_spends_more_moves_the_interval_by_as_much(seed: int, more: int) -> None:
    luck = random.Random(seed)
    first, second = shop(luck, 120), shop(luck, 30)
    plain, moved = asked(first, second), asked([value + more for value in first], second)
    assert moved.difference == pytest.approx(plain.difference + more, abs=1e-3)
    low, high = ends(plain)
    assert ends(moved) == pytest.approx((low + more, high + more), abs=1e-3)
    assert low <= plain.difference <= high


@few
@given(st.integers(0, 10**6))
def test_the_order_of_members_and_the_side_that_is_smaller_are_all_the_same(seed: int) -> None:
    luck = random.Random(seed)
    first, second = shop(luck, 90), shop(luck, 40)
    plain, turned = asked(first, second), asked(second, first)
    assert ends(asked(first[::-1], sorted(second))) == pytest.approx(ends(plain))
    low, high = ends(turned)
    assert (-high, -low) == pytest.approx(ends(plain), abs=1e-6)


def test_spend_before_the_campaign_narrows_the_interval() -> None:
    """CUPED: what members always spend is not the campaign's doing."""
    luck = random.Random(7)
    before = [math.exp(luck.gauss(12, 1)) for _ in range(1_000)]
    after = [value * luck.uniform(0.8, 1.2) for value in before]
    treated = [value + 20_000 for value in after[200:]]
    plain = asked(treated, after[:200])
    known = asked(treated, after[:200], (before[200:], before[:200]))
    assert width(known) < width(plain) / 3
    assert ends(known)[0] < 20_000 < ends(known)[1]
    assert (plain.verdict, known.verdict) == ("unclear", "more")
    assert (plain.settled_by or 0) > 1_000
    assert known.settled_by is None


def test_spend_before_that_says_nothing_changes_nothing() -> None:
    luck = random.Random(8)
    first, second = shop(luck, 100), shop(luck, 20)
    assert asked(first, second, ([5.0] * 100, [5.0] * 20)) == asked(first, second)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Skewed spends, a control group of 20: the usual normal interval holds it in nine of ten (bench/uplift.py)."""
    inside = 0
    for number in range(200):
        luck = random.Random(number)
        found = uplift(Group(shop(luck, 180)), Group(shop(luck, 20)), luck)
        inside += ends(found)[0] <= 0 <= ends(found)[1]
    assert 182 <= inside <= 198


@pytest.mark.parametrize(("first", "second"), [([], []), ([1.0], [2.0, 3.0]), ([1.0, 2.0], [])])
def test_too_few_say_nothing(first: list[float], second: list[float]) -> None:
    found = asked(first, second)
    assert (found.interval, found.verdict, found.settled_by) == (None, "unclear", None)


def test_all_alike_is_no_difference() -> None:
    found = asked([5.0] * 10, [5.0] * 4)
    assert (found.difference, found.interval, found.verdict) == (0, (0, 0), "unclear")


def test_large_groups_take_the_normal_interval() -> None:
    luck = random.Random(9)
    first, second = shop(luck, 4_000), shop(luck, 2_500)
    found = asked(first, second)
    assert found == asked(first, second)
    assert sum(ends(found)) / 2 == pytest.approx(found.difference)


def test_sample_size_and_smallest_difference_answer_each_other() -> None:
    """Two equal groups, 95 %, 80 %: 16 sd^2 / d^2 a side, about (Lehr's rule)."""
    assert members_needed(1.0, 1.0, 0.5) == pytest.approx(2 * 16, abs=1)
    least = smallest_difference(5_000, 100.0, 0.1)
    assert least is not None
    assert members_needed(least, 100.0, 0.1) == pytest.approx(5_000, abs=1)
    assert smallest_difference(1, 1.0, 0.1) is None
    assert smallest_difference(100, 1.0, 0) is None
