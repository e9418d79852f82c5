"""Six months of shopping, decided by the seed alone."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from loyalty_pos.demo import people
from loyalty_pos.demo.catalogue import catalogue
from loyalty_pos.demo.visits import Visit, coffee_days, plan

NOW = datetime(2026, 11, 21, 10, 42, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
FIRST = NOW.date() - timedelta(60)
TOWN = people.draw(1, 60, FIRST, NOW.date())


@pytest.fixture(scope="module")
def visits() -> list[Visit]:
    return plan(TOWN, catalogue(), seed=1, lanes=3, first=FIRST, now=NOW)


def test_the_same_seed_makes_the_same_visits(visits: list[Visit]) -> None:
    assert plan(TOWN, catalogue(), seed=1, lanes=3, first=FIRST, now=NOW) == visits
    assert plan(TOWN, catalogue(), seed=2, lanes=3, first=FIRST, now=NOW) != visits


def test_visits_are_in_time_order_within_opening_hours_and_never_in_the_future(visits: list[Visit]) -> None:
    assert [visit.at for visit in visits] == sorted(visit.at for visit in visits)
    assert all(6 <= visit.at.hour < 22 and visit.at < NOW for visit in visits)


def test_a_member_comes_once_a_day_and_only_while_they_are_one(visits: list[Visit]) -> None:
    days = Counter((visit.person, visit.at.date()) for visit in visits if visit.person is not None)
    assert max(days.values()) == 1
    for (number, day), _ in days.items():
        assert TOWN[number].joined <= day <= (TOWN[number].left or NOW.date())


def test_a_basket_holds_each_product_once_and_weighs_what_is_sold_by_weight(visits: list[Visit]) -> None:
    """S4: a weighed line is a decimal string with three places, a piece is a whole number."""
    for visit in visits:
        assert visit.goods
        assert len({product.sku for product, _ in visit.goods}) == len(visit.goods)
        for product, quantity in visit.goods:
            assert isinstance(quantity, str) == (product.sold_by == "kg")
            assert float(quantity) > 0


def test_some_come_without_a_card_and_the_coffee_coupon_goes_out_more_than_once(visits: list[Visit]) -> None:
    strangers = sum(visit.person is None for visit in visits)
    assert 0.1 < strangers / len(visits) < 0.25
    assert len(coffee_days(FIRST, NOW.date())) == 2
