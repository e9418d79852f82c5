"""Money arithmetic: S1-S5."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_pos.domain.money import (
    allocate,
    exponent,
    floor_of,
    format_money,
    half_up,
    line_gross,
    percent_of,
    unit_shares,
)

weights = st.lists(st.integers(0, 10**9), min_size=1, max_size=12)


@pytest.mark.parametrize(("currency", "digits"), [("VND", 0), ("USD", 2), ("JPY", 0), ("KWD", 3)])
def test_s1_minor_units(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize(
    ("price", "quantity", "gross"),
    [
        (32000, 3, 96000),
        (32000, "0.435", 13920),
        (25000, "0.333", 8325),
        (1, "0.5", 1),
        (3, "0.5", 2),
        (1, "0.499", 0),
    ],
)
def test_s2_line_gross_is_rounded_half_up_once(price: int, quantity: int | str, gross: int) -> None:
    assert line_gross(price, quantity) == gross


@pytest.mark.parametrize(
    ("amount", "percent", "share"),
    [
        (18000, "10", 1800),
        (5, "10", 1),
        (4, "10", 0),
        (15, "10", 2),
        (333, "17.5", 58),
        (0, "50", 0),
        (999, "100", 999),
    ],
)
def test_s3_a_percentage_is_rounded_half_up_once(amount: int, percent: str, share: int) -> None:
    assert percent_of(amount, Decimal(percent)) == share


def test_s3_half_up_is_not_bankers_rounding() -> None:
    assert [half_up(Decimal(text)) for text in ("0.5", "1.5", "2.5", "-0.5")] == [1, 2, 3, -1]
    assert floor_of(Decimal("1.999")) == 1


def test_s4_the_published_example() -> None:
    assert allocate(10_000, [29_000, 15_500, 7_000]) == [5631, 3010, 1359]
    assert unit_shares(10_000, [30_000] * 3) == [3334, 3333, 3333]


def test_s4_ties_go_to_the_earlier() -> None:
    assert allocate(1, [5, 5, 5]) == [1, 0, 0]
    assert allocate(2, [5, 5, 5]) == [1, 1, 0]
    assert allocate(2, [1, 5, 5, 5]) == [0, 1, 1, 0]


def test_s5_outside_the_value_is_refused() -> None:
    with pytest.raises(ValueError):
        allocate(11, [5, 5])
    with pytest.raises(ValueError):
        allocate(-1, [5, 5])


def test_s5_nothing_to_share() -> None:
    assert allocate(0, [0, 0]) == [0, 0]


@given(weights, st.data())
def test_s5_shares_sum_and_stay_within_their_weights(values: list[int], data: st.DataObject) -> None:
    amount = data.draw(st.integers(0, sum(values)))
    shares = allocate(amount, values)
    assert sum(shares) == amount
    assert all(0 <= share <= value for share, value in zip(shares, values, strict=True))


@given(weights, st.data())
def test_s4_what_is_left_goes_by_the_largest_fraction_then_to_the_earlier(
    values: list[int], data: st.DataObject
) -> None:
    amount = data.draw(st.integers(0, sum(values)))
    exact = [Fraction(amount * value, max(1, sum(values))) for value in values]
    more = [share - floor(part) for share, part in zip(allocate(amount, values), exact, strict=True)]
    ranked = sorted(range(len(values)), key=lambda place: (floor(exact[place]) - exact[place], place))
    assert [more[place] for place in ranked] == sorted(more, reverse=True)
    assert set(more) <= {0, 1}


@pytest.mark.parametrize(
    ("amount", "currency", "language", "text"),
    [
        (18000, "VND", "vi", "18.000đ"),
        (18000, "VND", "en", "18,000đ"),
        (1250, "USD", "en", "$12.50"),
        (123456, "USD", "vi", "1.234,56 USD"),
        (-500, "VND", "vi", "-500đ"),
        (1234, "KWD", "en", "1.234 KWD"),
    ],
)
def test_money_as_people_read_it(amount: int, currency: str, language: str, text: str) -> None:
    assert format_money(amount, currency, language) == text
