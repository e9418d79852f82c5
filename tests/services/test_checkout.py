"""Checkouts: what they hold, for how long, and how they end (S21, S23, S36, S42, S43, S48)."""

from __future__ import annotations

from typing import Any

import pytest
from actions import FixedClock
from conftest import Shop, add_promotions
from services.lane import BREAD, COFFEE, FRUIT, MILK, Books, Lane, bread, lane_of

from loyalty_pos.errors import Conflict, NotAllowed, NotFound
from loyalty_pos.jobs import release_holds

Json = dict[str, Any]


def test_quotes_change_nothing(lane: Lane, hanh: Json, books: Books) -> None:
    """S21, S43: a quote holds nothing and records nothing."""
    code = lane.issues(hanh["id"])
    lane.adjusts(hanh["id"], 500)
    before = books.state()
    priced = lane.quotes(FRUIT, card=hanh["card"], coupons=[code], redeem_points=200)
    assert priced["points"]["redeemed"] == 200
    assert [c["status"] for c in priced["coupons"]] == ["applied"]
    assert books.state() == before
    assert books.value("SELECT count(*) FROM swipes") == 0
    assert books.value("SELECT count(*) FROM checkouts") == 0


def test_opening_sets_points_and_coupons_aside(lane: Lane, hanh: Json, books: Books) -> None:
    """S21: held points are neither active nor spent; a held coupon is free for nobody else."""
    code = lane.issues(hanh["id"])
    lane.adjusts(hanh["id"], 500)
    made = lane.opens(FRUIT, card=hanh["card"], coupons=[code], redeem_points=200)
    assert made["state"] == "open"
    assert made["expires_at"] == "2026-11-21T05:15:00+00:00"
    now = lane.points(hanh["id"])
    assert (now["active"], now["held"], now["spent"]) == (300, 200, 0)
    assert books.value("SELECT state FROM coupons WHERE code = ?", code) == "held"
    other = lane.quotes(COFFEE, card=hanh["card"], coupons=[code], redeem_points=500)
    assert other["coupons"][0]["reason"] == "coupon_held"
    assert other["points"]["redeemed"] == 300
    assert books.faults() == []


def test_settle_posts_what_was_priced(lane: Lane, hanh: Json, books: Books, shop: Shop) -> None:
    """S48: a rule that changed after opening does not move the price."""
    opened = lane.opens(FRUIT, card=hanh["card"])
    add_promotions(shop.services, [{
        "code": "half", "name": {"vi": "Nửa giá", "en": "Half"},
        "rewards": [{"kind": "percent_off", "percent": 50, "scope": {"all": True}, "level": "basket"}],
    }])  # fmt: skip
    sold = lane.settles(opened["id"])
    assert sold["totals"] == opened["totals"]
    assert lane.quotes(FRUIT, card=hanh["card"])["totals"]["net"] < sold["totals"]["net"]
    assert books.faults() == []


def test_settle_captures_the_hold(lane: Lane, hanh: Json, books: Books) -> None:
    """S21: 200 points held, 200 spent, the coupon used, nothing held any more."""
    code = lane.issues(hanh["id"])
    lane.adjusts(hanh["id"], 500)
    opened = lane.opens(bread(100_000), card=hanh["card"], coupons=[code], redeem_points=200)
    sold = lane.settles(opened["id"])
    assert (sold["totals"]["net"], sold["totals"]["to_pay"]) == (90_000, 88_000)
    now = lane.points(hanh["id"])
    assert (now["active"], now["held"], now["spent"]) == (500 - 200 + 88, 0, 200)
    assert books.value("SELECT state FROM coupons WHERE code = ?", code) == "used"
    assert books.faults() == []


def test_void_gives_everything_back(lane: Lane, hanh: Json, books: Books) -> None:
    """S21: after a void everything is as it was; a second void is the same as one."""
    code = lane.issues(hanh["id"])
    lane.adjusts(hanh["id"], 500)
    before = books.state()
    opened = lane.opens(FRUIT, card=hanh["card"], coupons=[code], redeem_points=200)
    assert lane.voids(opened["id"])["state"] == "voided"
    assert books.state() == before
    assert lane.voids(opened["id"])["state"] == "voided"
    assert books.state() == before


def test_a_voided_checkout_cannot_be_settled_nor_changed(lane: Lane, hanh: Json) -> None:
    """A contradiction is an error (contract.md, Facts)."""
    opened = lane.opens(FRUIT, card=hanh["card"])
    lane.voids(opened["id"])
    with pytest.raises(Conflict, match="checkout_voided"):
        lane.settles(opened["id"])
    with pytest.raises(Conflict, match="checkout_voided"):
        lane.changes(opened["id"], MILK)


def test_a_settled_checkout_cannot_be_voided_nor_changed(lane: Lane, hanh: Json) -> None:
    """409 after settle; the same receipt again is the same sale."""
    opened = lane.opens(FRUIT, card=hanh["card"])
    sold = lane.settles(opened["id"], receipt="one")
    with pytest.raises(Conflict, match="checkout_settled"):
        lane.voids(opened["id"])
    with pytest.raises(Conflict, match="checkout_settled"):
        lane.changes(opened["id"], MILK)
    with pytest.raises(Conflict, match="checkout_settled"):
        lane.settles(opened["id"], receipt="two")
    assert lane.settles(opened["id"], receipt="one") == sold
    assert lane.outcome is not None
    assert lane.outcome.kind == "done"


def test_repricing_moves_the_holds(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """S21: priced from zero, holds adjusted, the fifteen minutes begin again."""
    code, other = lane.issues(hanh["id"]), lane.issues(hanh["id"], "coffee-20k")
    lane.adjusts(hanh["id"], 500)
    opened = lane.opens(COFFEE, card=hanh["card"], coupons=[code], redeem_points=200)
    clock.move(minutes=10)
    changed = lane.changes(opened["id"], COFFEE, card=hanh["card"], coupons=[other], redeem_points=500)
    assert changed["id"] == opened["id"]
    assert changed["expires_at"] == "2026-11-21T05:25:00+00:00"
    assert changed["points"]["redeemed"] == 500
    assert dict(books.rows("SELECT code, state FROM coupons")) == {code: "issued", other: "held"}
    assert lane.points(hanh["id"])["held"] == 500
    assert books.faults() == []


def test_repricing_to_nothing_frees_everything(lane: Lane, hanh: Json, books: Books) -> None:
    """S21: what the new price does not use is free again."""
    code = lane.issues(hanh["id"])
    lane.adjusts(hanh["id"], 500)
    before = books.state()
    opened = lane.opens(COFFEE, card=hanh["card"], coupons=[code], redeem_points=200)
    lane.changes(opened["id"], COFFEE)
    assert books.state() == before


def test_a_line_that_is_taken_out_leaves_no_discount_behind(lane: Lane, hanh: Json, books: Books) -> None:
    """The bill is priced from nothing, as if the line had never been there."""
    whole = lane.opens(MILK, FRUIT, BREAD, card=hanh["card"])
    assert [line["net"] for line in whole["lines"]] == [60_000, 68_000, 10_000]
    for left in ((FRUIT, BREAD), (BREAD,), (MILK, BREAD)):
        changed = lane.changes(whole["id"], *left, card=hanh["card"])
        fresh = lane.quotes(*left, card=hanh["card"])
        assert (changed["lines"], changed["totals"]) == (fresh["lines"], fresh["totals"])
    sold = lane.settles(whole["id"])
    assert [line["net"] for line in sold["lines"]] == [60_000, 10_000]
    assert books.faults() == []


def test_a_member_who_takes_the_card_away_pays_their_own_price(lane: Lane, hanh: Json, books: Books) -> None:
    """A checkout without member settles for nobody."""
    opened = lane.opens(FRUIT, card=hanh["card"])
    changed = lane.changes(opened["id"], FRUIT)
    assert changed["member"] is None
    sold = lane.settles(opened["id"])
    assert sold["member"] is None
    assert lane.points(hanh["id"])["active"] == 0
    assert books.faults() == []


def test_holds_lapse_after_fifteen_minutes(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """S21, L11: released by expiry, not a moment before."""
    code = lane.issues(hanh["id"])
    lane.adjusts(hanh["id"], 500)
    before = books.state()
    lane.opens(FRUIT, card=hanh["card"], coupons=[code], redeem_points=200)
    clock.move(minutes=15, seconds=-1)
    assert release_holds.run(lane.services).done == 0
    clock.move(seconds=1)
    assert release_holds.run(lane.services).done == 1
    assert books.state() == before
    assert release_holds.run(lane.services).done == 0


def test_a_lapsed_hold_that_no_job_has_released_yet_is_still_a_hold(
    lane: Lane, hanh: Json, books: Books, clock: FixedClock
) -> None:
    """S21: between the end of the hold and the job, the coupon is held; nobody gets an error."""
    code = lane.issues(hanh["id"])
    lane.opens(FRUIT, card=hanh["card"], coupons=[code])
    clock.move(minutes=16)
    assert lane.quotes(FRUIT, card=hanh["card"], coupons=[code])["coupons"][0]["reason"] == "coupon_held"
    assert lane.opens(FRUIT, card=hanh["card"], coupons=[code])["coupons"][0]["reason"] == "coupon_held"
    assert lane.sells(FRUIT, card=hanh["card"], coupons=[code])["coupons"][0]["reason"] == "coupon_held"
    release_holds.run(lane.services)
    assert lane.sells(FRUIT, card=hanh["card"], coupons=[code])["coupons"][0]["status"] == "applied"
    assert books.faults() == []


def test_an_expired_checkout_is_revived_by_a_new_price(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """PUT revives an expired checkout when its values are free."""
    code = lane.issues(hanh["id"])
    lane.adjusts(hanh["id"], 500)
    goods = {"card": hanh["card"], "coupons": [code], "redeem_points": 200}
    opened = lane.opens(FRUIT, **goods)
    clock.move(minutes=15)
    release_holds.run(lane.services)
    changed = lane.changes(opened["id"], FRUIT, **goods)
    assert changed["state"] == "open"
    assert (lane.points(hanh["id"])["held"], changed["coupons"][0]["status"]) == (200, "applied")
    lane.settles(opened["id"])
    assert books.faults() == []


def test_reviving_finds_the_points_spent_elsewhere(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """S21, S22: an expired checkout gets what is left, with a message."""
    lane.adjusts(hanh["id"], 500)
    opened = lane.opens(bread(100_000), card=hanh["card"], redeem_points=500)
    clock.move(minutes=15)
    release_holds.run(lane.services)
    lane.sells(bread(80_000), card=hanh["card"], redeem_points=400)
    left = lane.points(hanh["id"])["active"]
    changed = lane.changes(opened["id"], bread(100_000), card=hanh["card"], redeem_points=500)
    assert changed["points"]["redeemed"] == left < 500
    assert changed["messages"]
    assert books.faults() == []


def test_another_member_needs_the_cashiers_word(lane: Lane, hanh: Json, books: Books) -> None:
    """S42: one card per sale; a second one is a conflict unless ``replace_card``."""
    other = lane.enrols(name="Trần Văn Nam")["card"]["number"]
    lane.adjusts(hanh["id"], 500)
    opened = lane.opens(bread(100_000), card=hanh["card"], redeem_points=200)
    with pytest.raises(Conflict, match="card_conflict"):
        lane.changes(opened["id"], bread(100_000), card=other)
    changed = lane.changes(opened["id"], bread(100_000), card=other, replace_card=True)
    assert changed["member"]["short_name"] == "Nam T."
    assert lane.points(hanh["id"])["held"] == 0
    assert lane.points(hanh["id"])["active"] == 500
    assert books.faults() == []


def test_a_total_limit_is_reserved_at_the_checkout(lane: Lane, books: Books, shop: Shop) -> None:
    """S37: counted at settle, reserved at checkout, given back by void; n-1, n and n+1."""
    add_promotions(shop.services, [limited({"total": 2})])
    first, second = lane.opens(bread(10_000)), lane.opens(bread(10_000))
    assert [x["totals"]["discount"] for x in (first, second)] == [1_000, 1_000]
    third = lane.opens(bread(10_000))
    assert third["totals"]["discount"] == 0
    lane.voids(first["id"])
    assert lane.opens(bread(10_000))["totals"]["discount"] == 1_000
    assert books.value("SELECT uses FROM usage") == 2


@pytest.mark.parametrize(
    ("limits", "gets"),
    [
        ({"per_member": 2}, [1_000, 1_000, 0]),
        ({"per_store": 2}, [1_000, 1_000, 0]),
        ({"per_cashier": 2}, [1_000, 1_000, 0]),
        ({"budget": 2_999}, [1_000, 1_000, 0]),
        ({"budget": 2_000}, [1_000, 1_000, 0]),
        ({"per_period": {"days": 7, "uses": 2}}, [1_000, 1_000, 0]),
        ({"per_member": 2, "total": 1}, [1_000, 0]),
    ],
    ids=["member", "store", "cashier", "budget", "even-budget", "period", "both"],
)
def test_every_limit_ends_where_it_says(
    lane: Lane, hanh: Json, books: Books, shop: Shop, limits: Json, gets: list[int]
) -> None:
    """S37: one sale after another, each limit at n-1, n and n+1; never an error at the end."""
    add_promotions(shop.services, [limited(limits)])
    sold = [lane.sells(bread(10_000), card=hanh["card"], cashier="C07") for _ in gets]
    assert [x["totals"]["discount"] for x in sold] == gets
    assert books.faults() == []


def limited(limits: Json) -> Json:
    """10 % off every basket, under a limit."""
    return {
        "code": "ten-off", "name": {"vi": "Giảm 10%", "en": "10% off"}, "limits": limits,
        "rewards": [{"kind": "percent_off", "percent": 10, "scope": {"all": True}, "level": "basket"}],
    }  # fmt: skip


def test_a_lane_without_redeem_cannot_hold(lane: Lane, hanh: Json, shop: Shop) -> None:
    """Coupons and points in a basket need the scope ``redeem`` (contract.md section 3)."""
    poor = lane_of(shop, "hn-01-2")
    code = lane.issues(hanh["id"])
    for more in ({"coupons": [code]}, {"redeem_points": 100}):
        with pytest.raises(NotAllowed, match="scope_missing"):
            poor.opens(FRUIT, card=hanh["card"], **more)
    assert poor.opens(FRUIT, card=hanh["card"])["state"] == "open"


def test_another_stores_checkout_does_not_exist(lane: Lane, shop: Shop) -> None:
    """Another store's checkout is 404 (contract.md section 1)."""
    far = lane_of(shop, "hn-02-1")
    opened = lane.opens(FRUIT)
    for act in (far.voids, far.settles, lambda number: far.changes(number, FRUIT)):
        with pytest.raises(NotFound, match="checkout_unknown"):
            act(opened["id"])
    with pytest.raises(NotFound, match="checkout_unknown"):
        lane.voids("not-a-number")


def test_the_service_picks_the_best_of_the_members_own_coupons(lane: Lane, hanh: Json) -> None:
    """S11, S23: of what the member may use now, what gives most; the cashier can change it, and settle uses it."""
    mine = [lane.issues(hanh["id"], "coffee-20k"), lane.issues(hanh["id"])]
    other = lane.enrols()
    lane.issues(other["member"]["id"])
    opened = lane.opens(COFFEE, card=hanh["card"], coupons="best")
    assert sorted((c["code"], c["status"]) for c in opened["coupons"]) == sorted((code, "applied") for code in mine)
    assert opened["totals"]["discount"] == 20_000 + 12_500
    changed = lane.changes(opened["id"], COFFEE, card=hanh["card"], coupons=[mine[1]])
    assert changed["totals"]["discount"] == 14_500
    again = lane.changes(opened["id"], FRUIT, card=hanh["card"], coupons="best")
    assert [c["code"] for c in again["coupons"]] == [mine[1]]
    sold = lane.settles(opened["id"])
    assert [(c["code"], c["status"]) for c in sold["coupons"]] == [(mine[1], "applied")]
    assert Books(lane.services).rows("SELECT state FROM coupons WHERE code = ?", mine[1]) == [("used",)]


def test_nothing_is_picked_for_a_number_that_was_typed(lane: Lane, hanh: Json) -> None:
    """S23: a typed number identifies for earning only."""
    lane.issues(hanh["id"])
    assert lane.quotes(COFFEE, card=hanh["card"], entry="typed", coupons="best")["coupons"] == []
    assert lane.quotes(COFFEE, coupons="best")["coupons"] == []


def test_the_same_coupon_written_twice_is_one_coupon(lane: Lane, hanh: Json) -> None:
    """S36: spaces and dashes do not matter, twice is once."""
    code = lane.issues(hanh["id"])
    spaced = f"{code[:4]} {code[4:9]}-{code[9:]}"
    opened = lane.opens(bread(50_000), card=hanh["card"], coupons=[code, spaced])
    assert [(c["code"], c["status"]) for c in opened["coupons"]] == [(code, "applied")]
    assert opened["totals"]["discount"] == 5_000
