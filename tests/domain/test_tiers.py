"""The tier table (S32-S34)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_pos.domain.promotions.decode import decode
from loyalty_pos.domain.tiers import (
    Days,
    Placed,
    Standing,
    Tier,
    TierRules,
    TierTable,
    figure_of,
    placed,
    progress,
    table_faults,
)
from loyalty_pos.errors import BadInput

TABLE = TierTable(
    [
        Tier(code="gold", name="Vàng", threshold=5_000_000),
        Tier(code="bronze", name="Đồng"),
        Tier(code="silver", name="Bạc", threshold=1_000_000),
    ]
)


@pytest.mark.parametrize(
    ("metric", "code"),
    [(0, "bronze"), (999_999, "bronze"), (1_000_000, "silver"), (1_000_001, "silver"), (5_000_000, "gold")],
)
def test_s32_complaint_24_thresholds_are_inclusive(metric: int, code: str) -> None:
    tier = TABLE.reached(metric)
    assert tier is not None
    assert tier.code == code


def test_s32_below_every_threshold_there_is_no_tier() -> None:
    assert TierTable([Tier(code="gold", name="Vàng", threshold=1)]).reached(0) is None


@pytest.mark.parametrize(
    ("current", "metric", "code"),
    [
        ("bronze", 999_999, None),
        ("bronze", 1_000_000, "silver"),
        ("bronze", 9_000_000, "gold"),
        ("gold", 0, None),
        ("gold", 9_000_000, None),
        (None, 0, "bronze"),
        ("gone", 1_000_000, "silver"),
    ],
)
def test_s33_an_upgrade_only_goes_up(current: str | None, metric: int, code: str | None) -> None:
    tier = TABLE.upgrade(current, metric)
    assert (tier.code if tier else None) == code


@pytest.mark.parametrize(
    ("current", "figure", "one_level", "floor", "code"),
    [
        ("gold", 5_000_000, True, None, "gold"),
        ("gold", 4_999_999, True, None, "silver"),
        ("gold", 0, True, None, "silver"),
        ("gold", 0, False, None, "bronze"),
        ("gold", 1_000_000, False, None, "silver"),
        ("gold", 0, True, "gold", "gold"),
        ("gold", 0, False, "silver", "silver"),
        ("silver", 9_000_000, True, None, "silver"),
        ("bronze", 0, True, None, "bronze"),
        ("gone", 1_000_000, True, None, "silver"),
        (None, 0, True, None, "bronze"),
    ],
)
def test_s33_a_review_keeps_or_lowers_and_never_below_a_tier_by_hand(
    current: str | None, figure: int, one_level: bool, floor: str | None, code: str | None
) -> None:
    tier = TABLE.reviewed(current, figure, one_level=one_level, floor=floor)
    assert (tier.code if tier else None) == code


def test_s33_below_the_lowest_threshold_a_review_leaves_no_tier() -> None:
    table = TierTable([Tier(code="gold", name="Vàng", threshold=1_000)])
    assert table.reviewed("gold", 999, one_level=True) is None


def test_s34_what_is_missing_and_what_keeps() -> None:
    missing = TABLE.missing("silver", 1_200_000)
    assert missing is not None
    assert (missing[0].code, missing[1]) == ("gold", 3_800_000)
    assert TABLE.missing("gold", 0) is None
    assert TABLE.missing(None, 0) == (TABLE.get("bronze"), 0)
    assert TABLE.keeps("silver", 700_000) == 300_000
    assert TABLE.keeps("silver", 1_000_000) == 0
    assert TABLE.keeps(None, 0) == 0


@pytest.mark.parametrize(
    ("raw", "errors"),
    [
        ({"code": "gold", "name": "Vàng", "discount_percent": 101}, {"tiers[0].discount_percent": ["out_of_range"]}),
        ({"code": "gold", "name": "Vàng", "threshold": -1}, {"tiers[0].threshold": ["out_of_range"]}),
        ({"code": "gold"}, {"tiers[0].name": ["missing"]}),
        ({"code": "g l", "name": "Vàng"}, {"tiers[0].code": ["out_of_range"]}),
    ],
)
def test_a_faulty_tier_names_its_field(raw: dict[str, object], errors: dict[str, list[str]]) -> None:
    with pytest.raises(BadInput) as refusal:
        decode(raw, Tier, "tiers[0]")
    assert refusal.value.errors == errors


# The days that count (S32) ------------------------------------------------------------------------

ROLLING, YEAR, LIFETIME = (TierRules(window=window) for window in ("rolling", "calendar_year", "lifetime"))


@pytest.mark.parametrize(
    ("rules", "day", "first"),
    [
        (ROLLING, date(2026, 11, 21), date(2025, 11, 22)),
        (ROLLING, date(2028, 2, 29), date(2027, 3, 1)),
        (ROLLING, date(2029, 2, 28), date(2028, 2, 29)),
        (ROLLING, date(2029, 3, 1), date(2028, 3, 2)),
        (ROLLING, date(2026, 12, 31), date(2026, 1, 1)),
        (YEAR, date(2026, 12, 31), date(2026, 1, 1)),
        (YEAR, date(2027, 1, 1), date(2027, 1, 1)),
        (LIFETIME, date(2026, 11, 21), date.min),
    ],
)
def test_s32_the_first_day_that_counts(rules: TierRules, day: date, first: date) -> None:
    assert rules.window_start(day) == first


@pytest.mark.parametrize(
    ("rules", "day", "last"),
    [
        (ROLLING, date(2026, 3, 31), date(2027, 3, 30)),
        (ROLLING, date(2028, 2, 29), date(2029, 2, 28)),
        (YEAR, date(2026, 1, 1), date(2026, 12, 31)),
        (LIFETIME, date(2026, 1, 1), None),
    ],
)
def test_s34_the_last_day_on_which_a_purchase_counts(rules: TierRules, day: date, last: date | None) -> None:
    assert rules.counts_until(day) == last


@given(day=st.dates(date(2001, 1, 1), date(2100, 12, 31)))
def test_s32_a_day_counts_exactly_as_long_as_the_window_holds_it(day: date) -> None:
    """29 February and year ends among them."""
    for rules in (ROLLING, YEAR):
        last = rules.counts_until(day)
        assert last is not None
        assert rules.window_start(last) <= day < rules.window_start(last + timedelta(days=1))


@pytest.mark.parametrize(
    ("rules", "since", "review", "first"),
    [
        (ROLLING, date(2026, 11, 21), date(2027, 11, 21), date(2026, 11, 21)),
        (ROLLING, date(2028, 2, 29), date(2029, 3, 1), date(2028, 2, 29)),
        (YEAR, date(2026, 12, 31), date(2027, 1, 1), date(2026, 1, 1)),
        (YEAR, date(2027, 1, 1), date(2028, 1, 1), date(2027, 1, 1)),
        (LIFETIME, date(2026, 11, 21), date(2027, 11, 21), date.min),
    ],
)
def test_s33_the_review_and_the_days_it_looks_at(rules: TierRules, since: date, review: date, first: date) -> None:
    """The day that gave the tier counts for keeping it; the grace counts too, and is over before the decision."""
    assert rules.review_after(since) == review
    assert rules.period(review) == (first, review + timedelta(days=29))
    assert rules.decided(review + timedelta(days=30)) == review


# What the days give (S33) -------------------------------------------------------------------------


def slow_placed(rules: TierRules, floor: str | None, floor_on: date, days: Days) -> Placed:
    """The same by looking at each day of the calendar."""
    best = Placed(floor, floor_on)
    last = max([floor_on, *(day for day, _ in days)])
    for number in range((last - floor_on).days + 1):
        today = floor_on + timedelta(days=number)
        tier = TABLE.upgrade(best.tier, figure_of(days, rules.window_start(today), today))
        if tier is not None:
            best = Placed(tier.code, today)
    return best


@given(
    rules=st.sampled_from([ROLLING, YEAR, LIFETIME]),
    floor=st.sampled_from([None, "bronze", "silver", "gold"]),
    offsets=st.dictionaries(st.integers(-400, 800), st.integers(0, 1_500_000), max_size=12),
)
def test_s33_the_days_give_what_the_calendar_gives(rules: TierRules, floor: str | None, offsets: Any) -> None:
    start = date(2027, 6, 15)
    days = sorted((start + timedelta(days=number), value) for number, value in offsets.items())
    assert placed(TABLE, rules, floor, start, days) == slow_placed(rules, floor, start, days)


@pytest.mark.parametrize(("amount", "tier"), [(999_999, "bronze"), (1_000_000, "silver"), (1_000_001, "silver")])
def test_s32_complaint_24_the_sum_of_two_days_at_the_edge(amount: int, tier: str) -> None:
    """n - 1, n and n + 1; the older day counts for the last time, and no longer a day later."""
    old, last = date(2027, 3, 1), date(2028, 2, 29)
    days = [(old, 400_000), (last, amount - 400_000)]
    assert placed(TABLE, ROLLING, "bronze", old, days).tier == tier
    late = [(old, 400_000), (last + timedelta(days=1), amount - 400_000)]
    assert placed(TABLE, ROLLING, "bronze", old, late).tier == "bronze"


def test_s32_a_calendar_year_forgets_at_midnight_of_new_year() -> None:
    split = [(date(2026, 12, 31), 600_000), (date(2027, 1, 1), 600_000)]
    assert placed(TABLE, YEAR, "bronze", date(2026, 1, 1), split).tier == "bronze"
    assert placed(TABLE, ROLLING, "bronze", date(2026, 1, 1), split).tier == "silver"


# What is told, and what is refused ----------------------------------------------------------------


def test_s34_progress_names_the_tier_above_and_the_days() -> None:
    standing = Standing(
        metric="spend", figure=18_350_000, next=TABLE.get("gold"), missing=1_650_000, until=date(2027, 3, 31),
        keep_missing=0, keep_until=date(2027, 4, 30),
    )  # fmt: skip
    shown = progress(standing, "vi")
    assert shown is not None
    assert shown.next is not None
    assert shown.keep is not None
    assert (shown.next.code, shown.next.missing, shown.next.until) == ("gold", 1_650_000, "2027-03-31")
    assert (shown.keep.missing, shown.keep.until) == (0, "2027-04-30")
    assert progress(None, "vi") is None


@pytest.mark.parametrize(
    ("thresholds", "faults"),
    [
        ([0, 1, 2], {}),
        ([5], {}),
        ([0, 0], {"tiers[1].threshold": ["not_above_the_one_before"]}),
        ([0, 5, 3, 6], {"tiers[2].threshold": ["not_above_the_one_before"]}),
        ([5, None], {"tiers[1].threshold": ["not_above_the_one_before"]}),
    ],
)
def test_s32_levels_must_rise(thresholds: list[int | None], faults: dict[str, list[str]]) -> None:
    table: list[dict[str, object]] = [{} if x is None else {"threshold": x} for x in thresholds]
    assert table_faults(table) == faults
