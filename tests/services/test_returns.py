"""Returns: units, points and coupons go back to where they were (S24-S31, S33)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from actions import FixedClock, line
from conftest import Shop, add_promotions
from services.lane import COFFEE, FRUIT, MILK, Books, Lane, basket, bread, lane_of

from loyalty_pos.errors import BadInput, Conflict, NotAllowed, NotFound, Refused
from loyalty_pos.jobs import expire_points, release_points
from loyalty_pos.services import programme
from loyalty_pos.services.context import SYSTEM, Request
from loyalty_pos.services.requests import ExchangeIn

Json = dict[str, Any]

LIMITED: Json = {
    "code": "limited", "name": {"vi": "Có hạn mức", "en": "Limited"},
    "limits": {"total": 100, "per_member": 10, "per_store": 50, "per_cashier": 20, "budget": 1_000_000},
    "rewards": [{"kind": "amount_off", "amount": 1_000, "per": "basket", "scope": {"all": True}}],
}  # fmt: skip
NEXT: Json = {
    "code": "next", "name": {"vi": "Lần sau", "en": "Next"}, "audience": {"members_only": True},
    "rewards": [{"kind": "issue_coupon", "promotion": "ten-percent", "valid_days": 14}],
}  # fmt: skip


def setting(lane: Lane, **values: Any) -> None:
    """Change settings of the shop."""
    programme.change(lane.services, Request(SYSTEM), values)


def pending(lane: Lane, days: int) -> None:
    """Points wait for so many days (S18)."""
    setting(lane, points={"pending_days": days})


def test_sale_and_full_return_is_the_state_before_on_every_counter(
    lane: Lane, hanh: Json, books: Books, shop: Shop, clock: FixedClock
) -> None:
    """S30, complaints 1 and 2: members, lots, profile, days, stores, goods, limits, coupons, tier."""
    add_promotions(shop.services, [LIMITED, NEXT])
    lane.sells(MILK, COFFEE, card=hanh["card"], cashier="C07")
    lane.adjusts(hanh["id"], 500)
    code = lane.issues(hanh["id"])
    clock.move(days=3, hours=7)
    before = books.state()
    goods = [MILK, FRUIT, COFFEE, bread(900_000, 9), line("5", sku="beef", price=300_000, quantity="0.435")]
    sold = lane.sells(*goods, card=hanh["card"], coupons=[code], redeem_points=400, cashier="C08")
    assert books.state() != before
    assert books.value("SELECT tier FROM members WHERE id = ?", int(hanh["id"])) == "silver"
    clock.move(minutes=20)
    lane.takes_back_all(sold)
    assert books.state() == before
    assert books.faults() == []


def test_the_same_unit_by_unit(lane: Lane, hanh: Json, books: Books, shop: Shop) -> None:
    """S25, S30: returned one by one, the figures end where the full return ends."""
    add_promotions(shop.services, [LIMITED])
    lane.adjusts(hanh["id"], 500)
    before = books.state()
    sold = lane.sells(MILK, FRUIT, card=hanh["card"], redeem_points=333, cashier="C07")
    parts = [lane.takes_back(sold["id"], (x["line"], 1)) for x in sold["lines"] for _ in x["units"]]
    assert sum(part["refund"] for part in parts) == sold["totals"]["net"]
    assert sum(part["pay_back"] for part in parts) == sold["totals"]["to_pay"]
    assert sum(part["points"]["taken_back"] for part in parts) == sold["points"]["earned"]
    assert sum(part["points"]["given_back"] for part in parts) == 333
    assert books.state() == before
    assert books.faults() == []


def test_a_unit_of_a_multi_buy_is_worth_its_share(lane: Lane, hanh: Json) -> None:
    """S25, complaint 22: of three at 30.000 in a 3-for-2 the nets are 30, 30, 0; each returns 20.000."""
    sold = lane.sells(MILK, card=hanh["card"])
    assert [lane.takes_back(sold["id"], ("1", 1))["refund"] for _ in range(3)] == [20_000] * 3


def test_points_go_back_one_by_one(lane: Lane, hanh: Json, books: Books) -> None:
    """S26: step 10.000, bought 95.000, returned 5.000 nineteen times: all 9 points go back."""
    setting(lane, points={"earn": [{"points": 1, "per_amount": 10_000}]})
    sold = lane.sells(line("1", sku="bread", price=5_000, quantity=19), card=hanh["card"])
    assert sold["points"]["earned"] == 9
    taken = [lane.takes_back(sold["id"], ("1", 1))["points"]["taken_back"] for _ in range(19)]
    assert (taken[0], sum(taken), max(taken)) == (0, 9, 1)
    assert books.faults() == []


def test_points_leave_the_tickets_own_lot_first(lane: Lane, hanh: Json, books: Books) -> None:
    """S27: other points stay, pending ones of the ticket go first."""
    first = lane.sells(bread(100_000), card=hanh["card"])
    pending(lane, 7)
    second = lane.sells(bread(50_000), card=hanh["card"])
    assert (lane.points(hanh["id"])["active"], lane.points(hanh["id"])["pending"]) == (100, 50)
    lane.takes_back_all(second)
    assert (lane.points(hanh["id"])["active"], lane.points(hanh["id"])["pending"]) == (100, 0)
    lane.takes_back_all(first)
    assert lane.points(hanh["id"])["active"] == 0
    assert books.faults() == []


def test_points_already_spent_become_a_shortfall(lane: Lane, hanh: Json, books: Books) -> None:
    """S27, complaint 23: never below 0, never blocked; recovered from future earning."""
    earned = lane.sells(bread(300_000), card=hanh["card"])
    lane.sells(bread(100_000, earns=False), card=hanh["card"], redeem_points=250)
    done = lane.takes_back_all(earned)
    assert done["points"] == {"taken_back": 50, "given_back": 0, "shortfall": 250}
    assert done["pay_back"] == 300_000
    assert [lane.points(hanh["id"])[name] for name in ("active", "shortfall")] == [0, 250]
    lane.sells(bread(100_000), card=hanh["card"])
    assert [lane.points(hanh["id"])[name] for name in ("active", "shortfall")] == [0, 150]
    lane.sells(bread(200_000), card=hanh["card"])
    assert [lane.points(hanh["id"])[name] for name in ("active", "shortfall")] == [50, 0]
    kinds = [entry["kind"] for entry in lane.entries(hanh["id"])]
    assert kinds.count("recover") == 2
    assert books.faults() == []


def test_the_shop_may_forgive_the_shortfall(lane: Lane, hanh: Json, books: Books) -> None:
    """S27, setting ``return_shortfall``: forgive."""
    setting(lane, return_shortfall="forgive")
    earned = lane.sells(bread(300_000), card=hanh["card"])
    lane.sells(bread(100_000, earns=False), card=hanh["card"], redeem_points=250)
    assert lane.takes_back_all(earned)["points"]["shortfall"] == 0
    assert lane.points(hanh["id"])["shortfall"] == 0
    assert books.faults() == []


def test_held_points_are_not_taken(lane: Lane, hanh: Json, books: Books) -> None:
    """S21, S27: what another checkout holds stays held; the rest is a shortfall."""
    earned = lane.sells(bread(300_000), card=hanh["card"])
    held = lane.opens(bread(100_000, earns=False), card=hanh["card"], redeem_points=250)
    assert lane.takes_back_all(earned)["points"] == {"taken_back": 50, "given_back": 0, "shortfall": 250}
    assert lane.points(hanh["id"])["held"] == 250
    assert lane.settles(held["id"])["status"] == "ok"
    assert books.faults() == []


def test_spent_points_come_back_in_proportion(lane: Lane, hanh: Json, books: Books) -> None:
    """S28: half the money back, half the points; cash refunded never exceeds cash paid."""
    lane.adjusts(hanh["id"], 500)
    sold = lane.sells(bread(50_000), bread(50_000, 2), card=hanh["card"], redeem_points=301)
    first = lane.takes_back(sold["id"], ("1", 1))
    assert (first["refund"], first["points"]["given_back"]) == (50_000, 150)
    assert first["pay_back"] == 50_000 - 1_500
    last = lane.takes_back(sold["id"], ("2", 1))
    assert last["points"]["given_back"] == 151
    assert first["pay_back"] + last["pay_back"] == sold["totals"]["to_pay"]
    assert lane.points(hanh["id"])["active"] == 500
    assert books.faults() == []


def test_points_given_back_live_at_least_thirty_days(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """S24: a lot that expired in between keeps its expiry, at least 30 days from the return."""
    setting(lane, points={"expiry": {"mode": "days", "days": 10}})
    lane.sells(bread(300_000), card=hanh["card"])
    sold = lane.sells(bread(100_000, earns=False), card=hanh["card"], redeem_points=200)
    clock.move(days=11)
    expire_points.run(lane.services)
    assert lane.points(hanh["id"])["expired"] == 100
    lane.takes_back_all(sold)
    now = lane.points(hanh["id"])
    assert (now["active"], now["lots"][0]["expires_on"]) == (200, "2027-01-01")
    expire_points.run(lane.services)
    assert lane.points(hanh["id"])["active"] == 200
    assert books.faults() == []


def test_the_grace_does_not_wait_for_the_job(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """S24: a lot that has lapsed by the clock is expired, also before a job said so."""
    setting(lane, points={"expiry": {"mode": "days", "days": 10}})
    lane.sells(bread(200_000), card=hanh["card"])
    sold = lane.sells(bread(100_000, earns=False), card=hanh["card"], redeem_points=200)
    clock.move(days=11)
    lane.takes_back_all(sold)
    expire_points.run(lane.services)
    assert lane.points(hanh["id"])["active"] == 200


def test_a_coupon_comes_back_with_a_full_return_only(lane: Lane, hanh: Json, books: Books) -> None:
    """S29: partly returned it stays used; fully returned it is issued again."""
    code = lane.issues(hanh["id"])
    sold = lane.sells(bread(50_000), bread(50_000, 2), card=hanh["card"], coupons=[code])
    assert lane.takes_back(sold["id"], ("1", 1))["coupons"] == []
    assert books.value("SELECT state FROM coupons WHERE code = ?", code) == "used"
    assert lane.takes_back(sold["id"], ("2", 1))["coupons"] == [code]
    assert books.value("SELECT state FROM coupons WHERE code = ?", code) == "issued"
    assert lane.sells(bread(50_000), card=hanh["card"], coupons=[code])["coupons"][0]["status"] == "applied"
    assert books.faults() == []


def test_a_coupon_that_lapsed_meanwhile_stays_used(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """S29: only if still valid."""
    code = lane.issues(hanh["id"], valid_to=date(2026, 11, 22))
    sold = lane.sells(bread(50_000), card=hanh["card"], coupons=[code])
    clock.move(days=2)
    assert lane.takes_back_all(sold)["coupons"] == []
    assert books.value("SELECT state FROM coupons WHERE code = ?", code) == "used"


def test_coupons_that_the_sale_gave_are_cancelled(lane: Lane, hanh: Json, books: Books, shop: Shop) -> None:
    """S30: what was issued by a sale that did not happen is no coupon."""
    add_promotions(shop.services, [NEXT])
    sold = lane.sells(bread(50_000), card=hanh["card"])
    code = sold["next_coupons"][0]["code"]
    lane.takes_back_all(sold)
    assert books.value("SELECT state FROM coupons WHERE code = ?", code) == "cancelled"


def test_an_upgrade_owed_to_returned_goods_is_undone(lane: Lane, hanh: Json, books: Books) -> None:
    """S33: at once, also by a partial return; a tier reached otherwise stays."""
    tier = "SELECT tier FROM members WHERE id = ?"
    sold = lane.sells(bread(900_000), bread(100_000, 2), card=hanh["card"])
    assert books.value(tier, int(hanh["id"])) == "silver"
    lane.takes_back(sold["id"], ("2", 1))
    assert books.value(tier, int(hanh["id"])) == "bronze"
    lane.sells(bread(200_000), card=hanh["card"])
    assert books.value(tier, int(hanh["id"])) == "silver"
    small = lane.sells(bread(10_000), card=hanh["card"])
    lane.takes_back_all(small)
    assert books.value(tier, int(hanh["id"])) == "silver"


def test_more_than_was_bought_is_refused(lane: Lane, books: Books) -> None:
    """S31: also in two returns, and nothing of a refused one is left."""
    sold = lane.sells(MILK)
    with pytest.raises(Refused, match="more_than_bought"):
        lane.takes_back(sold["id"], ("1", 4))
    lane.takes_back(sold["id"], ("1", 2))
    with pytest.raises(Refused, match="more_than_bought"):
        lane.takes_back(sold["id"], ("1", 2))
    assert books.value("SELECT count(*) FROM returns") == 1
    assert books.value("SELECT returned FROM sale_lines") == 2


def test_a_weighed_line_comes_back_whole(lane: Lane) -> None:
    """S4: one unit, its own weight."""
    sold = lane.sells(line("1", sku="beef", price=300_000, quantity="0.435"))
    with pytest.raises(BadInput):
        lane.takes_back(sold["id"], ("1", "0.200"))
    done = lane.takes_back(sold["id"], ("1", "0.435"))
    assert (done["refund"], done["lines"][0]["quantity"]) == (130_500, "0.435")


def test_unknown_sales_and_lines(lane: Lane, shop: Shop) -> None:
    """Another store's sale is 404; a line that is not there is named."""
    sold = lane.sells(MILK)
    with pytest.raises(NotFound, match="sale_unknown"):
        lane_of(shop, "hn-02-1").takes_back(sold["id"], ("1", 1))
    with pytest.raises(NotFound, match="sale_unknown"):
        lane.takes_back("999", ("1", 1))
    with pytest.raises(BadInput):
        lane.takes_back(sold["id"], ("7", 1))
    with pytest.raises(NotAllowed, match="scope_missing"):
        lane_of(shop, "hn-01-2").takes_back(sold["id"], ("1", 1))


def test_the_same_return_receipt_is_the_same_return(lane: Lane, hanh: Json, books: Books) -> None:
    """S45 for returns: a new key with the same body answers as before, another body is a conflict."""
    sold = lane.sells(MILK, card=hanh["card"])
    first = lane.takes_back(sold["id"], ("1", 1), receipt="back")
    assert lane.takes_back(sold["id"], ("1", 1), receipt="back") == first
    with pytest.raises(Conflict, match="receipt_conflict"):
        lane.takes_back(sold["id"], ("1", 2), receipt="back")
    assert books.value("SELECT count(*) FROM returns") == 1


def test_a_preview_changes_nothing(lane: Lane, hanh: Json, books: Books) -> None:
    """``preview`` shows the figures of the return that follows: part, whole, exchange, by receipt."""
    sold = lane.sells(MILK, FRUIT, card=hanh["card"], receipt="r1")
    new = basket(bread(90_000), kind=ExchangeIn, card=hanh["card"])
    before = books.dump()
    seen = [
        lane.takes_back(sold["id"], ("1", 1), preview=True),
        lane.takes_back_receipt("r1", ("1", 1), preview=True),
        lane.takes_back_all(sold, preview=True),
        lane.takes_back(sold["id"], ("1", 1), exchange=new, preview=True),
        lane.takes_back_receipt("never seen", ("1", 1), preview=True),
    ]
    assert books.dump() == before
    assert [shown["status"] for shown in seen] == ["preview"] * 4 + ["parked"]
    assert seen[0] == seen[1]
    assert "id" not in seen[3]
    assert "id" not in seen[3]["sale"]
    done = lane.takes_back(sold["id"], ("1", 1), exchange=new)
    assert figures(seen[3]) == figures(done)


def figures(answer: Json) -> Json:
    """What a return says in money, points and coupons."""
    names = ("refund", "pay_back", "lines", "points", "coupons", "balance")
    sale = {name: answer["sale"][name] for name in ("totals", "points", "lines")} if "sale" in answer else None
    return {name: answer.get(name) for name in names} | {"sale": sale}


def test_a_preview_says_what_would_be_refused(lane: Lane, books: Books) -> None:
    """The same refusals as the return itself; the sale can be returned afterwards."""
    sold = lane.sells(MILK)
    with pytest.raises(Refused, match="more_than_bought"):
        lane.takes_back(sold["id"], ("1", 4), preview=True)
    with pytest.raises(NotFound, match="sale_unknown"):
        lane.takes_back("999", ("1", 1), preview=True)
    assert lane.takes_back(sold["id"], ("1", 3))["refund"] == 60_000


def test_undo_within_thirty_seconds_is_the_state_before(
    lane: Lane, shop: Shop, hanh: Json, books: Books, clock: FixedClock
) -> None:
    """Undo of a finished bill: coupon, points, limits, counters, tier and profile are as before it."""
    add_promotions(shop.services, [LIMITED, NEXT])
    lane.sells(MILK, COFFEE, card=hanh["card"], cashier="C07")
    lane.adjusts(hanh["id"], 500)
    code = lane.issues(hanh["id"])
    clock.move(days=3, hours=7)
    before = books.state()
    goods = [MILK, FRUIT, COFFEE, bread(900_000, 9), line("5", sku="beef", price=300_000, quantity="0.435")]
    sold = lane.sells(*goods, card=hanh["card"], coupons=[code], redeem_points=400, cashier="C08")
    assert books.value("SELECT tier FROM members WHERE id = ?", int(hanh["id"])) == "silver"
    clock.move(seconds=30)
    done = lane.takes_back_all(sold, reason="undo")
    assert (done["pay_back"], done["coupons"]) == (sold["totals"]["to_pay"], [code])
    assert books.state() == before
    assert books.faults() == []


def test_what_is_no_undo_is_a_return(lane: Lane, shop: Shop, books: Books, clock: FixedClock) -> None:
    """contract.md 2: the whole bill, at its own terminal, within 30 s; else its own code, and nothing moves."""
    keys = shop.keys | {"hn-01-3": _new_lane(shop)}
    sold = lane.sells(MILK)
    with pytest.raises(Conflict, match="undo_elsewhere"):
        lane_of(Shop(shop.services, keys, shop.tokens), "hn-01-3").takes_back_all(sold, reason="undo")
    with pytest.raises(Conflict, match="undo_not_whole"):
        lane.takes_back(sold["id"], ("1", 2), reason="undo")
    lane.takes_back(sold["id"], ("1", 1))
    with pytest.raises(Conflict, match="undo_not_whole"):
        lane.takes_back(sold["id"], ("1", 2), reason="undo")
    late = lane.sells(MILK)
    clock.move(seconds=31)
    with pytest.raises(Conflict, match="undo_too_late"):
        lane.takes_back_all(late, reason="undo")
    assert books.value("SELECT count(*) FROM returns") == 1
    assert books.faults() == []


def test_a_terminal_without_refund_undoes_its_own_bill_only(lane: Lane, shop: Shop, clock: FixedClock) -> None:
    """Who may: the lane that sold, for 30 seconds; a return still needs ``refund``."""
    earning = lane_of(shop, "hn-01-2")
    own, other = earning.sells(MILK), lane.sells(MILK)
    assert earning.takes_back_all(own, reason="undo", receipt="u1")["refund"] == 60_000
    with pytest.raises(Conflict, match="undo_elsewhere"):
        earning.takes_back_all(other, reason="undo")
    for fields in ({}, {"reason": "broken"}):
        with pytest.raises(NotAllowed, match="scope_missing"):
            earning.takes_back_all(other, **fields)
    with pytest.raises(NotAllowed, match="scope_missing"):
        earning.takes_back_receipt("not here yet", ("1", 1), reason="undo")
    clock.move(minutes=5)
    assert earning.takes_back_all(own, reason="undo", receipt="u1")["refund"] == 60_000, "sent again, later"


def test_a_return_cannot_be_returned(lane: Lane, shop: Shop, books: Books) -> None:
    """S31: by the receipt of a return, also of one that is parked; a sale with the same number comes first."""
    sold = lane.sells(MILK)
    lane.takes_back(sold["id"], ("1", 1), receipt="back-1")
    lane.takes_back_receipt("not here yet", ("1", 1), receipt="back-2")
    for receipt in ("back-1", "back-2"):
        with pytest.raises(Refused, match="return_of_return"):
            lane.takes_back_receipt(receipt, ("1", 1))
    assert lane_of(shop, "hn-02-1").takes_back_receipt("back-1", ("1", 1))["status"] == "parked"
    lane.sells(MILK, receipt="back-1")
    assert lane.takes_back_receipt("back-1", ("1", 1))["refund"] == 20_000
    assert books.faults() == []


def test_a_sale_without_a_member_is_returned_too(lane: Lane, books: Books, shop: Shop) -> None:
    """S30: limits are given back, nobody's points move."""
    add_promotions(shop.services, [LIMITED | {"limits": {"total": 100, "per_store": 50, "per_cashier": 20}}])
    before = books.state()
    sold = lane.sells(bread(50_000), cashier="C07")
    assert lane.takes_back_all(sold)["refund"] == 49_000
    assert books.state() == before
    assert books.faults() == []


def test_a_return_before_its_sale_is_parked(lane: Lane, hanh: Json, books: Books) -> None:
    """S31, reliability 3.9 case 6: parked, then applied in the transaction of the sale."""
    parked = lane.takes_back_receipt("r9", ("1", 1), receipt="b9")
    assert parked["status"] == "parked"
    assert lane.outcome is not None
    assert lane.outcome.kind == "accepted"
    assert lane.takes_back_receipt("r9", ("1", 1), receipt="b9") == parked, "sent twice is parked once"
    with pytest.raises(Conflict, match="receipt_conflict"):
        lane.takes_back_receipt("r9", ("1", 2), receipt="b9")
    lane.sells(MILK, card=hanh["card"], receipt="r9")
    assert books.rows("SELECT state, refunded FROM sales") == [("partly_returned", 20_000)]
    assert books.value("SELECT count(*) FROM parked_returns WHERE return_id IS NULL") == 0
    assert books.faults() == []


def test_a_parked_return_is_the_return_of_its_own_lane(lane: Lane, shop: Shop, books: Books) -> None:
    """S31, S45: repeated from its lane after the sale came in at another, it is no second return."""
    keys = shop.keys | {"hn-01-3": _new_lane(shop)}
    third = lane_of(Shop(shop.services, keys, shop.tokens), "hn-01-3")
    third.takes_back_receipt("r9", ("1", 1), receipt="b9")
    lane.sells(MILK, receipt="r9")
    third.takes_back_receipt("r9", ("1", 1), receipt="b9")
    assert books.rows("SELECT refunded FROM sales") == [(20_000,)]
    assert books.rows("SELECT t.code FROM returns r JOIN terminals t ON t.id = r.terminal_id") == [("hn-01-3",)]


def test_a_parked_return_names_its_terminal(lane: Lane, shop: Shop, books: Books) -> None:
    """S31: the same number printed by another terminal is another sale."""
    lane.takes_back_receipt("r9", ("1", 1), sale_terminal="hn-01-2")
    lane.sells(MILK, receipt="r9")
    assert books.value("SELECT count(*) FROM returns") == 0
    lane_of(shop, "hn-01-2").sells(MILK, receipt="r9")
    assert books.value("SELECT count(*) FROM returns") == 1


def test_a_parked_return_that_does_not_fit_is_the_managers(lane: Lane, books: Books) -> None:
    """Facts are never refused: the sale is recorded, the manager sees the return."""
    lane.takes_back_receipt("r9", ("1", 5))
    lane.sells(MILK, receipt="r9")
    assert books.exceptions() == [("return_more_than_bought", 0)]
    assert books.value("SELECT count(*) FROM sales") == 1


def test_an_ambiguous_receipt_is_a_question(lane: Lane, shop: Shop, books: Books) -> None:
    """Several sales match: narrowed by terminal or day it is answered."""
    lane.sells(MILK, receipt="0001")
    lane_of(shop, "hn-01-2").sells(MILK, receipt="0001")
    with pytest.raises(Conflict, match="receipt_ambiguous"):
        lane.takes_back_receipt("0001", ("1", 1))
    done = lane.takes_back_receipt("0001", ("1", 1), sale_terminal="hn-01-2")
    assert done["status"] == "ok"
    assert books.rows("SELECT terminal_id, refunded FROM sales ORDER BY id") == [(1, 0), (2, 20_000)]


def _new_lane(shop: Shop) -> str:
    from loyalty_pos.services import stores

    scopes = ("earn", "redeem", "refund", "enroll")
    made = stores.add_terminal(shop.services, Request(SYSTEM), "hn-01-3", "hn-01", scopes)
    return str(made[1]["key"])


def test_a_return_after_release_takes_active_points(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """S27: pending, then active once the job has released them."""
    pending(lane, 3)
    sold = lane.sells(bread(100_000), card=hanh["card"])
    clock.move(days=3)
    release_points.run(lane.services)
    assert lane.points(hanh["id"])["active"] == 100
    lane.takes_back_all(sold)
    assert lane.points(hanh["id"])["active"] == 0
    assert books.faults() == []
