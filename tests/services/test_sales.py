"""Sales: facts are never refused, a sale already made keeps its price (S33, S38, S42, S44-S49)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from actions import FixedClock, line
from conftest import Shop, add_promotions
from services.lane import COFFEE, FRUIT, MILK, Books, Lane, bread, lane_of

from loyalty_pos.errors import BadInput, Conflict
from loyalty_pos.jobs import release_holds
from loyalty_pos.services import programme
from loyalty_pos.services.context import SYSTEM, Request
from loyalty_pos.services.sales import get_sale

Json = dict[str, Any]


def test_a_sale_is_recorded_whole(lane: Lane, hanh: Json, books: Books) -> None:
    """S4, S25: lines, units, totals and points of one bill, and the laws hold."""
    sold = lane.sells(MILK, FRUIT, card=hanh["card"], cashier="C07")
    assert sold["state"] == "settled"
    assert sold["status"] == "ok"
    assert sold["totals"]["gross"] == 170_000
    assert sold["totals"]["discount"] == 30_000 + 12_000
    assert [unit["net"] for unit in sold["lines"][0]["units"]] == [30_000, 30_000, 0]
    assert [unit["refund"] for unit in sold["lines"][0]["units"]] == [20_000] * 3
    assert sold["points"]["earned"] == 128
    assert sold["sold_at"] == "2026-11-21T12:00:00+07:00"
    assert any("128" in text for text in sold["receipt_text"])
    assert lane.points(hanh["id"])["active"] == 128
    assert books.rows("SELECT terminal_id, cashier FROM sales") == [(1, "C07")]
    assert books.faults() == []


def test_the_catalogue_learns_new_goods(lane: Lane, books: Books) -> None:
    """``name`` and ``category`` fill our catalogue when the sku is new; what is known stays."""
    lane.sells(MILK)
    lane.sells(line("1", sku="milk", price=99_000, name="Other", category="other"))
    assert books.rows("SELECT sku, name, category, unit_price FROM products") == [
        ("milk", "Sữa tươi", "dairy/milk", 30_000)
    ]
    bare = lane.quotes(line("1", sku="milk", price=30_000, quantity=3))
    assert bare["totals"]["discount"] == 30_000, "the category of a known sku is known"


def test_the_same_receipt_is_the_same_sale(lane: Lane, hanh: Json, books: Books) -> None:
    """S45: a new key with the same body answers with the first sale."""
    first = lane.sells(FRUIT, card=hanh["card"], receipt="0042")
    again = lane.sells(FRUIT, card=hanh["card"], receipt="0042")
    assert again == first
    assert lane.outcome is not None
    assert lane.outcome.kind == "done"
    assert books.value("SELECT count(*) FROM sales") == 1
    assert lane.points(hanh["id"])["active"] == first["points"]["earned"]


def test_the_same_receipt_with_another_body_is_a_conflict(lane: Lane, hanh: Json, books: Books) -> None:
    """S45: never a second sale."""
    lane.sells(FRUIT, card=hanh["card"], receipt="0042")
    with pytest.raises(Conflict, match="receipt_conflict"):
        lane.sells(MILK, card=hanh["card"], receipt="0042")
    opened = lane.opens(MILK)
    with pytest.raises(Conflict, match="receipt_conflict"):
        lane.settles(opened["id"], receipt="0042")
    assert books.value("SELECT count(*) FROM sales") == 1


def test_a_receipt_belongs_to_its_lane_and_business_day(
    lane: Lane, shop: Shop, books: Books, clock: FixedClock
) -> None:
    """S45: another terminal, or the next day, may print the same number."""
    lane.sells(FRUIT, receipt="0042")
    lane_of(shop, "hn-01-2").sells(FRUIT, receipt="0042")
    lane_of(shop, "hn-02-1").sells(FRUIT, receipt="0042")
    clock.move(days=1)
    lane.sells(FRUIT, receipt="0042")
    assert books.value("SELECT count(*) FROM sales") == 4


def test_the_business_day_is_cut_where_the_shop_says(lane: Lane, books: Books, clock: FixedClock) -> None:
    """S45: with ``day_starts`` 03:00, a sale at 02:30 belongs to the day before."""
    programme.change(lane.services, Request(SYSTEM), {"day_starts": "03:00"})
    lane.sells(FRUIT, sold_at="2026-11-21T02:30:00+07:00")
    lane.sells(FRUIT, sold_at="2026-11-21T03:00:00+07:00")
    assert [row[0] for row in books.rows("SELECT business_date FROM sales ORDER BY id")] == [
        "2026-11-20",
        "2026-11-21",
    ]


def test_both_times_of_a_late_sale_are_kept(lane: Lane, books: Books) -> None:
    """S44: a till whose clock is wrong is recorded all the same."""
    lane.sells(FRUIT, sold_at="2026-11-23T12:00:00+07:00")
    assert books.rows("SELECT business_date, sold_at - recorded_at FROM sales") == [("2026-11-23", 2 * 86_400_000)]


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ("2026-11-30T23:59:59+07:00", "applied"),
        ("2026-12-01T00:00:00+07:00", "refused"),
        ("2026-11-20T23:59:59+07:00", "refused"),
        ("2026-11-21T00:00:00+07:00", "applied"),
    ],
)
def test_a_coupon_lives_through_its_last_local_day(lane: Lane, hanh: Json, moment: str, status: str) -> None:
    """S38, S44: until 30/11 works at 23:59 on 30/11 in Ho Chi Minh City, by ticket time."""
    code = lane.issues(hanh["id"], valid_to=date(2026, 11, 30))
    sold = lane.sells(bread(50_000), card=hanh["card"], coupons=[code], sold_at=moment)
    assert sold["coupons"][0]["status"] == status


def test_settle_after_the_hold_lapsed_is_recorded_whole(
    lane: Lane, hanh: Json, books: Books, clock: FixedClock
) -> None:
    """Facts are never refused: what is still free is used, and nothing is an exception."""
    code = lane.issues(hanh["id"])
    lane.adjusts(hanh["id"], 500)
    opened = lane.opens(bread(100_000), card=hanh["card"], coupons=[code], redeem_points=200)
    clock.move(hours=6)
    release_holds.run(lane.services)
    sold = lane.settles(opened["id"])
    assert (sold["status"], sold["exceptions"]) == ("ok", [])
    now = lane.points(hanh["id"])
    assert (now["active"], now["spent"], now["held"]) == (500 - 200 + 88, 200, 0)
    assert books.value("SELECT state FROM coupons WHERE code = ?", code) == "used"
    assert books.faults() == []


def test_a_coupon_used_elsewhere_meanwhile_is_the_stores_exception(
    lane: Lane, hanh: Json, books: Books, clock: FixedClock
) -> None:
    """S47: the charged total stands, the coupon is refused there, the amount is an exception."""
    code = lane.issues(hanh["id"])
    opened = lane.opens(bread(100_000), card=hanh["card"], coupons=[code])
    clock.move(minutes=16)
    release_holds.run(lane.services)
    lane.sells(bread(50_000), card=hanh["card"], coupons=[code])
    sold = lane.settles(opened["id"])
    assert sold["status"] == "accepted_with_exception"
    assert sold["totals"] == opened["totals"]
    assert [(c["status"], c["reason"]) for c in sold["coupons"]] == [("refused", "coupon_not_usable")]
    assert sold["exceptions"] == [{"code": "coupon_not_usable", "amount": 10_000}]
    assert books.exceptions() == [("coupon_not_usable", 10_000)]
    assert books.faults() == []


def test_points_spent_elsewhere_meanwhile_are_the_stores_exception(
    lane: Lane, hanh: Json, books: Books, clock: FixedClock
) -> None:
    """Reliability 3.9 case 5: recorded, the customer never below zero, the missing part named once."""
    lane.adjusts(hanh["id"], 500)
    opened = lane.opens(bread(100_000), card=hanh["card"], redeem_points=500)
    clock.move(hours=6)
    release_holds.run(lane.services)
    lane.sells(bread(80_000, earns=False), card=hanh["card"], redeem_points=400)
    assert lane.points(hanh["id"])["active"] == 100
    sold = lane.settles(opened["id"])
    assert sold["status"] == "accepted_with_exception"
    assert sold["totals"] == opened["totals"]
    assert sold["exceptions"] == [{"code": "points_insufficient", "amount": 4_000}]
    now = lane.points(hanh["id"])
    assert (now["active"], now["spent"]) == (95, 500)
    assert books.exceptions() == [("points_insufficient", 4_000)]
    assert books.faults() == []


def test_a_late_settle_counts_its_use_whatever_the_limit_says(
    lane: Lane, books: Books, shop: Shop, clock: FixedClock
) -> None:
    """S37, S47: a use that happened is counted beyond the limit."""
    add_promotions(shop.services, [{
        "code": "once", "name": {"vi": "Một lần", "en": "Once"}, "limits": {"total": 1},
        "rewards": [{"kind": "percent_off", "percent": 10, "scope": {"all": True}, "level": "basket"}],
    }])  # fmt: skip
    opened = lane.opens(bread(100_000))
    clock.move(minutes=15)
    release_holds.run(lane.services)
    assert lane.sells(bread(100_000))["totals"]["discount"] == 10_000
    assert lane.settles(opened["id"])["totals"]["discount"] == 10_000
    assert books.value("SELECT uses FROM usage") == 2
    assert books.faults() == []


def test_a_sale_already_made_keeps_its_price(lane: Lane, hanh: Json, books: Books) -> None:
    """S47: the till's discount stands, ours is not added, points follow what was paid."""
    milk = MILK | {"discount": 5_000}
    sold = lane.sells(milk, card=hanh["card"], as_sold=True)
    assert sold["totals"] == {
        "gross": 90_000, "discount": 5_000, "net": 85_000, "points_value": 0, "to_pay": 85_000, "due": 85_000,
    }  # fmt: skip
    assert sold["points"]["earned"] == 85
    assert lane.takes_back(sold["id"], ("1", 3))["refund"] == 85_000
    assert books.faults() == []


def test_a_lapsed_coupon_does_not_change_a_charged_total(
    lane: Lane, hanh: Json, books: Books, clock: FixedClock
) -> None:
    """S47: refused there, an exception for the manager, the total as charged."""
    code = lane.issues(hanh["id"], valid_to=date(2026, 11, 21))
    clock.move(days=2)
    sold = lane.sells(bread(50_000, discount=5_000), card=hanh["card"], coupons=[code], as_sold=True)
    assert sold["totals"]["net"] == 45_000
    assert sold["status"] == "accepted_with_exception"
    assert sold["coupons"][0]["reason"] == "coupon_expired"
    assert books.exceptions() == [("coupon_expired", 0)]
    assert books.faults() == []


def test_a_good_coupon_of_a_sale_already_made_is_used_up(lane: Lane, hanh: Json, books: Books) -> None:
    """S47, S37: used once, and no second time."""
    code = lane.issues(hanh["id"])
    goods = {"card": hanh["card"], "coupons": [code], "as_sold": True}
    assert lane.sells(bread(50_000, discount=5_000), **goods)["coupons"][0]["status"] == "applied"
    again = lane.sells(bread(50_000, discount=5_000), **goods)
    assert again["coupons"][0]["reason"] == "coupon_used"
    assert again["status"] == "accepted_with_exception"
    assert books.faults() == []


def test_the_tills_own_discount_comes_first(lane: Lane) -> None:
    """S49: listed with ``promotion: null``; gross is before it."""
    priced = lane.quotes(bread(50_000, discount=5_000))
    assert (priced["totals"]["gross"], priced["totals"]["net"]) == (50_000, 45_000)
    assert [(d["promotion"], d["amount"]) for d in priced["lines"][0]["discounts"]] == [(None, 5_000)]


def test_a_tier_reached_at_settle_is_in_force_from_the_next_ticket(lane: Lane, hanh: Json, books: Books) -> None:
    """S32, S33: 1.000.000đ is silver, not 999.999đ; its multiplier waits for the next bill."""
    lane.sells(bread(999_000), card=hanh["card"])
    assert lane.quotes(bread(1_000), card=hanh["card"])["member"]["tier"]["code"] == "bronze"
    reached = lane.sells(bread(1_000), card=hanh["card"])
    assert reached["points"]["earned"] == 1
    following = lane.sells(bread(100_000), card=hanh["card"])
    assert following["member"]["tier"]["code"] == "silver"
    assert following["points"]["earned"] == 110
    assert books.faults() == []


def test_an_unknown_card_is_recorded_with_its_sale(lane: Lane, books: Books) -> None:
    """S42: the card is kept; enrolled within 7 days the sale can be credited."""
    sold = lane.sells(FRUIT, card="2912345678904")
    assert sold["member"] is None
    assert sold["status"] == "ok"
    assert books.rows("SELECT unknown_card, member_id FROM sales") == [("2912345678904", None)]
    assert books.rows("SELECT outcome FROM swipes") == [("unknown",)]


def test_a_blocked_card_earns_nothing_and_the_sale_is_recorded(lane: Lane, hanh: Json, books: Books) -> None:
    """S42: no benefit, a message, no price of members."""
    from loyalty_pos.services.members import block_card

    lane.adjusts(hanh["id"], 500)
    code = lane.issues(hanh["id"])
    block_card(lane.services, lane.request("block"), hanh["card"], "lost")
    sold = lane.sells(FRUIT, card=hanh["card"], coupons=[code], redeem_points=200)
    assert sold["totals"]["discount"] == 0
    assert sold["points"]["earned"] == sold["points"]["redeemed"] == 0
    assert sold["coupons"][0]["status"] == "refused"
    assert sold["messages"]
    assert lane.points(hanh["id"])["active"] == 500
    assert books.rows("SELECT outcome FROM swipes") == [("blocked",)]
    assert books.faults() == []


def test_a_swipe_made_before_the_card_was_blocked_gives_nothing(lane: Lane, hanh: Json) -> None:
    """S42: the block counts at the sale, also when the member has another card."""
    from loyalty_pos.services.members import block_card

    swipe = lane.identifies(hanh["card"])["swipe_id"]
    lane.gives_card(hanh["id"])
    assert lane.quotes(FRUIT, swipe_id=swipe)["totals"]["discount"] == 12_000
    block_card(lane.services, lane.request("block"), hanh["card"], "lost")
    assert lane.quotes(FRUIT, swipe_id=swipe)["totals"]["discount"] == 0


def test_a_replaced_card_acts_as_its_successor(lane: Lane, hanh: Json, books: Books) -> None:
    """S42: the old card still earns for the member, and is flagged."""
    lane.gives_card(hanh["id"], replaces=hanh["card"], reason="lost")
    sold = lane.sells(FRUIT, card=hanh["card"])
    assert sold["member"]["id"] == hanh["id"]
    assert books.rows("SELECT outcome FROM swipes") == [("replaced",)]


def test_the_sale_as_it_stands_now(lane: Lane, shop: Shop, hanh: Json) -> None:
    """``state`` follows the returns; the name is filled in when it is shown."""
    sold = lane.sells(FRUIT, card=hanh["card"])
    assert sold["member"]["short_name"] == "Hạnh N."
    lane.takes_back(sold["id"], ("2", 1))
    shown = get_sale(lane.services, lane.caller, sold["id"])
    (version,) = shown.pop("promotions")
    assert (version["promotion"], version["version"], version["definition"]["code"]) == ("fruit-15", 1, "fruit-15")
    assert shown == sold | {"state": "partly_returned"}


def test_a_next_visit_coupon_is_the_members_own(lane: Lane, hanh: Json, books: Books, shop: Shop) -> None:
    """S36, S39: issued with the sale, points to one promotion, spends at the next one."""
    add_promotions(shop.services, [{
        "code": "next", "name": {"vi": "Lần sau", "en": "Next"}, "audience": {"members_only": True},
        "conditions": [{"kind": "min_amount", "amount": 100_000}],
        "rewards": [{"kind": "issue_coupon", "promotion": "ten-percent", "valid_days": 14}],
    }])  # fmt: skip
    assert lane.sells(bread(99_999), card=hanh["card"])["next_coupons"] == []
    given = lane.sells(COFFEE, card=hanh["card"])["next_coupons"]
    assert [(len(c["code"]), c["code"][:2], c["valid_to"]) for c in given] == [(18, "99", "2026-12-05")]
    spent = lane.sells(bread(50_000), card=hanh["card"], coupons=[given[0]["code"]])
    assert spent["totals"]["discount"] == 5_000
    assert books.faults() == []


def test_lapsed_points_are_not_spent_although_no_job_has_run(
    lane: Lane, hanh: Json, books: Books, clock: FixedClock
) -> None:
    """S20: gone at the end of their day, by the clock and not by the job."""
    settings = {"points": {"expiry": {"mode": "days", "days": 1}}}
    programme.change(lane.services, Request(SYSTEM), settings)
    lane.adjusts(hanh["id"], 300)
    assert lane.quotes(bread(100_000), card=hanh["card"], redeem_points=200)["points"]["redeemed"] == 200
    clock.move(days=2)
    assert lane.quotes(bread(100_000), card=hanh["card"], redeem_points=200)["points"]["redeemed"] == 0
    lane.adjusts(hanh["id"], 150)
    assert lane.sells(bread(100_000, earns=False), card=hanh["card"], redeem_points=400)["points"]["redeemed"] == 150
    assert books.faults() == []


def test_points_that_lapsed_before_a_late_settle_are_the_stores_exception(
    lane: Lane, hanh: Json, books: Books, clock: FixedClock
) -> None:
    """Facts are never refused: the hold lapsed, then the points did, and no job has run since."""
    settings = {"points": {"expiry": {"mode": "days", "days": 1}}}
    programme.change(lane.services, Request(SYSTEM), settings)
    lane.adjusts(hanh["id"], 300)
    opened = lane.opens(bread(100_000, earns=False), card=hanh["card"], redeem_points=200)
    clock.move(minutes=16)
    release_holds.run(lane.services)
    clock.move(days=2)
    sold = lane.settles(opened["id"])
    assert sold["exceptions"] == [{"code": "points_insufficient", "amount": 2_000}]
    assert sold["totals"] == opened["totals"]
    assert books.faults() == []


@pytest.mark.parametrize(("asked", "spent"), [(200, 200), (500, 300)])
def test_points_that_the_till_took_already_are_taken(
    lane: Lane, hanh: Json, books: Books, asked: int, spent: int
) -> None:
    """S47: the bill stays as charged; what the member does not have is the store's exception."""
    lane.adjusts(hanh["id"], 300)
    sold = lane.sells(bread(50_000, earns=False), card=hanh["card"], redeem_points=asked, as_sold=True)
    assert sold["totals"]["to_pay"] == 50_000 - 10 * asked
    missing = [{"code": "points_insufficient", "amount": 10 * (asked - spent)}] if asked > spent else []
    assert sold["exceptions"] == missing
    now = lane.points(hanh["id"])
    assert (now["active"], now["spent"]) == (300 - spent, spent)
    assert books.faults() == []


def test_lapsed_points_that_the_till_took_already(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """S47, S20: recorded as charged, although the points have lapsed and no job has run."""
    settings = {"points": {"expiry": {"mode": "days", "days": 1}}}
    programme.change(lane.services, Request(SYSTEM), settings)
    lane.adjusts(hanh["id"], 300)
    clock.move(days=2)
    lane.adjusts(hanh["id"], 50)
    sold = lane.sells(bread(50_000, earns=False), card=hanh["card"], redeem_points=200, as_sold=True)
    assert sold["exceptions"] == [{"code": "points_insufficient", "amount": 1_500}]
    assert lane.points(hanh["id"])["spent"] == 50
    assert books.faults() == []


@pytest.mark.parametrize("moment", ["1969-12-31T23:59:59+00:00", "9999-12-31T23:59:59+00:00"])
def test_a_time_out_of_range_is_no_time(lane: Lane, books: Books, moment: str) -> None:
    """A till without a clock is told so; nothing is recorded."""
    with pytest.raises(BadInput):
        lane.sells(bread(1_000), sold_at=moment)
    assert books.value("SELECT count(*) FROM sales") == 0
