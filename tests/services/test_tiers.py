"""Tiers: reached at settle, kept until a review, given by hand, and always told (S32-S34)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from actions import FixedClock
from conftest import TIERS
from services.lane import Books, Lane, bread

from loyalty_pos.errors import BadInput, NotFound
from loyalty_pos.jobs import release_points, tier_review
from loyalty_pos.services import members, programme
from loyalty_pos.services.context import SYSTEM, Request

Json = dict[str, Any]
WRITE = Request(SYSTEM)


def settings(lane: Lane, **values: Any) -> None:
    """How tiers are reached and kept."""
    programme.change(lane.services, WRITE, {"tier_rules": values})


def table(lane: Lane, *thresholds: int) -> None:
    """Bronze, silver and gold from these figures."""
    levels = [tier | {"threshold": figure} for tier, figure in zip(TIERS, thresholds, strict=True)]
    programme.put_tiers(lane.services, WRITE, levels)


def record(lane: Lane, hanh: Json) -> Json:
    """The member's record."""
    return members.get(lane.services, SYSTEM, hanh["id"])


def tier(lane: Lane, hanh: Json) -> str | None:
    """The code of the member's tier now."""
    found = record(lane, hanh)["tier"]
    return found["code"] if found else None


def at(clock: FixedClock, local: str) -> None:
    """Set the clock to a local time of the shop (UTC+7)."""
    clock.at = datetime.fromisoformat(local).replace(tzinfo=UTC) - timedelta(hours=7)


# Reached ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("amount", "code"), [(999_999, "bronze"), (1_000_000, "silver"), (1_000_001, "silver")])
def test_s32_complaint_24_the_threshold_itself_is_enough(lane: Lane, hanh: Json, amount: int, code: str) -> None:
    lane.sells(bread(400_000), card=hanh["card"])
    lane.sells(bread(amount - 400_000), card=hanh["card"])
    assert tier(lane, hanh) == code


@pytest.mark.parametrize(
    ("metric", "thresholds", "needed"),
    [("visits", (0, 3, 9), 3), ("points", (0, 250, 900), 3), ("spend", (0, 300_000, 900_000), 3)],
)
def test_s32_the_metric_is_a_setting(
    lane: Lane, hanh: Json, metric: str, thresholds: tuple[int, int, int], needed: int
) -> None:
    """Visits count tickets, points what was earned, spend what was paid for."""
    settings(lane, metric=metric)
    table(lane, *thresholds)
    for number in range(1, needed + 1):
        lane.sells(bread(100_000), card=hanh["card"])
        assert tier(lane, hanh) == ("silver" if number == needed else "bronze")


def test_s32_spending_points_never_demotes(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    settings(lane, metric="points")
    table(lane, 0, 500, 5_000)
    lane.sells(bread(600_000), card=hanh["card"])
    lane.sells(bread(100_000, earns=False), card=hanh["card"], redeem_points=500)
    assert tier(lane, hanh) == "silver"
    assert record(lane, hanh)["tier_progress"]["figure"] == 600


def test_s18_points_that_wait_do_not_count_until_they_are_active(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """The next settle after their day finds them."""
    programme.change(lane.services, WRITE, {"points": {"pending_days": 2}})
    settings(lane, metric="points")
    table(lane, 0, 500, 5_000)
    lane.sells(bread(600_000), card=hanh["card"])
    progress = record(lane, hanh)["tier_progress"]
    assert (tier(lane, hanh), progress["figure"], progress["next"]["missing"]) == ("bronze", 0, 500)
    clock.move(days=2)
    release_points.run(lane.services)
    assert record(lane, hanh)["tier_progress"]["next"]["missing"] == 0
    lane.sells(bread(1_000), card=hanh["card"])
    assert tier(lane, hanh) == "silver"


def test_s18_by_a_setting_points_that_wait_count_at_once(lane: Lane, hanh: Json) -> None:
    programme.change(lane.services, WRITE, {"points": {"pending_days": 2}})
    settings(lane, metric="points", pending_points=True)
    table(lane, 0, 500, 5_000)
    lane.sells(bread(600_000), card=hanh["card"])
    assert tier(lane, hanh) == "silver"


def test_s32_a_lifetime_counts_for_good(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    settings(lane, window="lifetime")
    lane.sells(bread(600_000), card=hanh["card"])
    clock.move(days=3_000)
    sold = lane.sells(bread(400_000), card=hanh["card"])
    assert tier(lane, hanh) == "silver"
    lane.takes_back_all(sold)
    assert tier(lane, hanh) == "bronze"
    assert record(lane, hanh)["tier_progress"]["next"] == {
        "code": "silver", "name": "Bạc", "threshold": 1_000_000, "missing": 400_000, "until": None,
    }  # fmt: skip


@pytest.mark.parametrize(("window", "code"), [("rolling", "silver"), ("calendar_year", "bronze")])
def test_s32_new_year_in_the_shops_zone(lane: Lane, hanh: Json, clock: FixedClock, window: str, code: str) -> None:
    """23:59 and 00:01 local are two years, though UTC knows one day."""
    settings(lane, window=window)
    at(clock, "2026-12-31T23:59:00")
    lane.sells(bread(600_000), card=hanh["card"])
    at(clock, "2027-01-01T00:01:00")
    lane.sells(bread(600_000), card=hanh["card"])
    assert tier(lane, hanh) == code


def test_s32_a_sale_of_last_year_that_arrives_late_counts_for_last_year(
    lane: Lane, hanh: Json, clock: FixedClock
) -> None:
    settings(lane, window="calendar_year")
    lane.sells(bread(600_000), card=hanh["card"])
    at(clock, "2027-01-02T09:00:00")
    lane.sells(bread(500_000), card=hanh["card"])
    assert tier(lane, hanh) == "bronze"
    lane.sells(bread(400_000), card=hanh["card"], sold_at="2026-12-31T21:00:00+07:00", as_sold=True)
    assert tier(lane, hanh) == "silver"


@pytest.mark.parametrize(("day", "code"), [("2029-02-28", "silver"), ("2029-03-01", "bronze")])
def test_s32_a_leap_day_counts_for_twelve_months(
    lane: Lane, hanh: Json, clock: FixedClock, day: str, code: str
) -> None:
    at(clock, "2028-02-29T10:00:00")
    lane.sells(bread(600_000), card=hanh["card"])
    at(clock, f"{day}T10:00:00")
    lane.sells(bread(400_000), card=hanh["card"])
    assert tier(lane, hanh) == code


# Reviewed -----------------------------------------------------------------------------------------


def reach_silver(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """Silver on 21 November 2026 by what was bought the day before: the first year keeps 1.000đ of it."""
    lane.sells(bread(999_000), card=hanh["card"])
    clock.move(days=1)
    lane.sells(bread(1_000), card=hanh["card"])
    assert tier(lane, hanh) == "silver"


def test_s33_a_tier_is_lowered_only_after_review_and_grace(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """Silver on 22 November 2026: reviewed a year later, decided when 30 days of grace are over."""
    reach_silver(lane, hanh, clock)
    for moment in ("2027-11-21T23:00:00", "2027-11-22T12:00:00", "2027-12-21T23:59:00"):
        at(clock, moment)
        assert tier_review.run(lane.services).done == 0
        assert tier(lane, hanh) == "silver"
    at(clock, "2027-12-22T00:00:00")
    assert tier_review.run(lane.services).done == 1
    assert tier(lane, hanh) == "bronze"
    assert tier_review.run(lane.services).done == 0


def test_s33_the_day_that_gave_the_tier_helps_to_keep_it_once(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    lane.sells(bread(1_000_000), card=hanh["card"])
    at(clock, "2027-12-21T00:00:00")
    assert tier_review.run(lane.services).done == 1
    assert tier(lane, hanh) == "silver"
    at(clock, "2028-12-21T00:00:00")
    assert tier_review.run(lane.services).done == 1
    assert tier(lane, hanh) == "bronze"
    assert tier_review.run(lane.services).done == 0


@pytest.mark.parametrize(("amount", "code"), [(998_999, "bronze"), (999_000, "silver"), (999_001, "silver")])
def test_s33_a_purchase_in_the_days_of_grace_keeps_the_tier(
    lane: Lane, hanh: Json, clock: FixedClock, amount: int, code: str
) -> None:
    """n - 1, n, n + 1 on the last day of grace; the record said so (S34)."""
    reach_silver(lane, hanh, clock)
    at(clock, "2027-12-21T23:59:00")
    assert record(lane, hanh)["tier_progress"]["keep"] == {"missing": 999_000, "until": "2027-12-21"}
    lane.sells(bread(amount), card=hanh["card"])
    assert record(lane, hanh)["tier_progress"]["keep"]["missing"] == max(0, 999_000 - amount)
    assert tier_review.run(lane.services).done == 0
    at(clock, "2027-12-22T00:00:00")
    assert tier_review.run(lane.services).done == 1
    assert tier(lane, hanh) == code


@pytest.mark.parametrize(("one_level", "code"), [(True, "silver"), (False, "bronze")])
def test_s33_one_level_at_a_time_is_a_setting(
    lane: Lane, hanh: Json, clock: FixedClock, one_level: bool, code: str
) -> None:
    settings(lane, one_level=one_level, grace_days=0)
    lane.sells(bread(4_900_000), card=hanh["card"])
    clock.move(days=1)
    lane.sells(bread(200_000), card=hanh["card"])
    assert tier(lane, hanh) == "gold"
    clock.move(days=365)
    tier_review.run(lane.services)
    assert tier(lane, hanh) == code


def test_s33_years_of_missed_reviews_are_made_up_one_by_one(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """Each looks at its own days, whenever the job runs."""
    lane.sells(bread(5_000_000), card=hanh["card"])
    clock.move(days=3 * 365 + 60)
    tier_review.run(lane.services)
    assert tier(lane, hanh) == "bronze"


def test_s33_a_calendar_year_is_reviewed_in_january(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """Reached in 2026: kept by 2026, lost after the grace of 2028 without purchases in 2027."""
    settings(lane, window="calendar_year")
    lane.sells(bread(1_000_000), card=hanh["card"])
    assert record(lane, hanh)["tier_progress"]["keep"] == {"missing": 0, "until": "2027-01-30"}
    at(clock, "2027-01-31T00:00:00")
    tier_review.run(lane.services)
    assert record(lane, hanh)["tier_progress"]["keep"] == {"missing": 1_000_000, "until": "2028-01-30"}
    at(clock, "2028-01-31T00:00:00")
    tier_review.run(lane.services)
    assert tier(lane, hanh) == "bronze"


def test_s33_the_job_in_four_threads_lowers_each_member_once(
    lane: Lane, hanh: Json, books: Books, clock: FixedClock
) -> None:
    """Two processes, one result: gold becomes silver, not bronze."""
    cards = [hanh["card"], *(lane.enrols()["card"]["number"] for _ in range(7))]
    settings(lane, grace_days=0)
    for card in cards:
        lane.sells(bread(4_999_000), card=card)
    clock.move(days=1)
    for card in cards:
        lane.sells(bread(1_000), card=card)
    clock.move(days=365)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: tier_review.run(lane.services), range(4)))
    assert books.rows("SELECT tier, count(*) FROM members GROUP BY tier") == [("silver", 8)]
    assert tier_review.run(lane.services).done == 0


def test_s33_a_late_job_gives_what_the_job_on_time_would_have(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """Lost at the review, reached again afterwards: the tier that was held all along is held by right."""
    reach_silver(lane, hanh, clock)
    at(clock, "2028-03-01T12:00:00")
    lane.sells(bread(1_000_000), card=hanh["card"])
    tier_review.run(lane.services)
    assert tier(lane, hanh) == "silver"
    assert record(lane, hanh)["tier_progress"]["keep"] == {"missing": 0, "until": "2029-03-30"}


# By hand ------------------------------------------------------------------------------------------


def test_s33_a_tier_by_hand_is_never_taken_away_by_a_job(
    lane: Lane, hanh: Json, books: Books, clock: FixedClock
) -> None:
    given = lane.gives_tier(hanh["id"], "gold")
    assert (given["tier"]["code"], given["tier_by_hand"], given["tier_progress"]["keep"]) == ("gold", "gold", None)
    for _ in range(4):
        clock.move(days=400)
        tier_review.run(lane.services)
        assert tier(lane, hanh) == "gold"
    assert books.rows("SELECT what, subject, reason FROM audit WHERE what LIKE 'member.tier%'") == [
        ("member.tier.gold", hanh["id"], "a test gives it")
    ]


def test_s33_what_was_earned_above_a_tier_by_hand_goes_back_to_it(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    lane.gives_tier(hanh["id"], "silver")
    sold = lane.sells(bread(5_000_000), card=hanh["card"])
    assert tier(lane, hanh) == "gold"
    lane.takes_back_all(sold)
    assert tier(lane, hanh) == "silver"
    lane.sells(bread(5_000_000), card=hanh["card"])
    clock.move(days=3 * 400)
    tier_review.run(lane.services)
    assert tier(lane, hanh) == "silver"


def test_s33_a_hand_can_let_go_and_the_next_review_decides(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    lane.gives_tier(hanh["id"], "silver")
    after = lane.gives_tier(hanh["id"], None)
    assert (after["tier"]["code"], after["tier_by_hand"]) == ("silver", None)
    assert after["tier_progress"]["keep"] == {"missing": 1_000_000, "until": "2027-12-20"}
    clock.move(days=400)
    tier_review.run(lane.services)
    assert tier(lane, hanh) == "bronze"


def test_a_tier_that_is_not_in_the_table_cannot_be_given(lane: Lane, hanh: Json) -> None:
    with pytest.raises(BadInput) as refused:
        lane.gives_tier(hanh["id"], "diamond")
    assert refused.value.errors == {"tier": ["unknown"]}
    with pytest.raises(NotFound):
        lane.gives_tier("999999", "gold")
    assert tier(lane, hanh) == "bronze"


# Told ---------------------------------------------------------------------------------------------


def test_s34_a_quote_tells_how_far_the_next_tier_is_and_until_when(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """Exact beyond the first twelve months: what has left the window no longer counts."""
    lane.sells(bread(300_000), card=hanh["card"])
    clock.move(days=200)
    lane.sells(bread(200_000), card=hanh["card"])
    shown = lane.quotes(bread(1_000), card=hanh["card"])["member"]["tier_progress"]
    assert (shown["metric"], shown["figure"]) == ("spend", 500_000)
    assert shown["next"] == {
        "code": "silver", "name": "Bạc", "threshold": 1_000_000, "missing": 500_000, "until": "2027-11-20",
    }  # fmt: skip
    assert shown["keep"] is None
    clock.move(days=200)
    shown = lane.quotes(bread(1_000), card=hanh["card"])["member"]["tier_progress"]
    assert (shown["figure"], shown["next"]["missing"], shown["next"]["until"]) == (200_000, 800_000, "2028-06-08")


@pytest.mark.parametrize("window", ["rolling", "calendar_year", "lifetime"])
@pytest.mark.parametrize("metric", ["spend", "points", "visits"])
def test_s34_what_is_told_to_be_missing_is_what_lifts(
    lane: Lane, hanh: Json, clock: FixedClock, metric: str, window: str
) -> None:
    """One less does not, exactly that does."""
    each = {"spend": 1, "points": 1_000, "visits": None}[metric]
    settings(lane, metric=metric, window=window)
    table(lane, 0, *((2, 99) if metric == "visits" else (700, 9_999)))
    lane.sells(bread(300 * (each or 1)), card=hanh["card"])
    clock.move(days=20)
    missing = record(lane, hanh)["tier_progress"]["next"]["missing"]
    if each is not None:
        assert missing == 400
        lane.sells(bread((missing - 1) * each), card=hanh["card"])
        assert tier(lane, hanh) == "bronze"
        missing = record(lane, hanh)["tier_progress"]["next"]["missing"]
    assert missing == 1
    lane.sells(bread(each or 5), card=hanh["card"])
    assert tier(lane, hanh) == "silver"


def test_s34_at_the_top_nothing_is_missing(lane: Lane, hanh: Json) -> None:
    lane.sells(bread(6_000_000), card=hanh["card"])
    shown = lane.identifies(hanh["card"])["member"]["tier_progress"]
    assert (shown["next"], shown["keep"]) == (None, {"missing": 0, "until": "2027-12-20"})


def test_without_tiers_nothing_is_told(lane: Lane, hanh: Json) -> None:
    programme.put_tiers(lane.services, WRITE, [])
    assert record(lane, hanh)["tier"] is None
    assert lane.quotes(bread(1_000), card=hanh["card"])["member"]["tier_progress"] is None
    lane.sells(bread(9_000_000), card=hanh["card"])
    assert tier(lane, hanh) is None
