"""The ledger check finds every kind of planted error, one test for each law (reliability.md 3.10)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from actions import FixedClock
from conftest import add_promotions
from services.batches import numbered, sends
from services.insider import insider, seen_by
from services.lane import FRUIT, MILK, Books, Lane, bread
from services.test_campaigns import drafted, launched

from loyalty_pos import jobs
from loyalty_pos.services import ledger, programme, recount, seals
from loyalty_pos.services.context import SYSTEM, Request
from loyalty_pos.storage import due, laws

Json = dict[str, Any]
LIMITED: list[Json] = [{
    "code": "counted", "name": {"vi": "Có đếm", "en": "Counted"}, "limits": {"total": 100, "per_member": 50},
    "rewards": [{"kind": "percent_off", "percent": 5, "scope": {"categories": ["bakery"]}}],
}]  # fmt: skip


@pytest.fixture
def busy(lane: Lane, hanh: Json, books: Books) -> Json:
    """A member with sales, a return, a hold, a shortfall and a used coupon: everything the laws speak of."""
    add_promotions(lane.services, LIMITED)
    programme.change(lane.services, Request(SYSTEM), {"gift_card_skus": ["gift"]})
    lane.adjusts(hanh["id"], 300)
    lane.adjusts(hanh["id"], -20)
    other = lane.enrols()["member"]["id"]
    lane.adjusts(other, 50)
    earned = lane.sells(MILK, FRUIT, card=hanh["card"])
    code, free = lane.issues(hanh["id"]), lane.issues(hanh["id"])
    spent = lane.sells(bread(100_000), card=hanh["card"], coupons=[code], redeem_points=400)
    lane.takes_back_all(earned)
    lane.sells(bread(30_000), card=hanh["card"])
    opened = lane.opens(bread(50_000), card=hanh["card"], redeem_points=100)
    assert opened["points"]["redeemed"] >= 0
    gift = _gift_cards(lane)
    launched(lane.services, drafted(lane.services, audience={"members": [str(other)]}, control_percent=0))
    sends(lane, numbered(1), numbered(3))
    assert books.faults() == []
    jobs.run(lane.services, "release-holds")
    seals.seal(lane.services)
    assert books.faults() == []
    found = {"member": int(hanh["id"]), "sale": int(spent["id"]), "returned": int(earned["id"]), "other": int(other)}
    return found | {"code": code, "free": free} | gift


def _gift_cards(lane: Lane) -> Json:
    """Gift cards that were sold, paid with, given back to and are held."""
    sold = lane.sells(bread(90_000) | {"sku": "gift"})
    card = lane.sells_value(sold, 80_000)["code"]
    paid = lane.sells(bread(10_000, quantity=2), pay_with=[card])
    back = lane.takes_back(paid["id"], ("1", 1))
    lane.opens(bread(15_000), pay_with=[card])
    return {"gift": card, "sold": int(sold["id"]), "paid": int(paid["id"]), "back": int(back["id"])}


PLANTED = [
    ("L4", {"L4", "L5", "L7"}, "UPDATE entries SET points = points - 100000 WHERE id = (SELECT min(id) FROM entries)",
     "below zero"),
    ("L5", {"L5", "L7"}, "UPDATE members SET active = active + 1 WHERE id = {member}", "points, the entries say"),
    ("L5", {"L5"}, "UPDATE members SET pending = pending + 5, active = active - 5 WHERE id = {member}", "the lots say"),
    ("L5", {"L5"}, "UPDATE lots SET remaining = remaining - 1 WHERE id = "
     "(SELECT max(id) FROM lots WHERE member_id = {other})", "points left, its entries say"),
    ("L5", {"L5", "L7"}, "UPDATE lots SET granted = granted + 1 WHERE id = 1", "its first entry says"),
    ("L5", {"L5"}, "UPDATE lots SET held = held + 1 WHERE id = "
     "(SELECT max(id) FROM lots WHERE member_id = {other})", "the open checkouts hold"),
    ("L5", {"L5"}, "UPDATE checkouts SET points_held = points_held + 1 WHERE state = 'open'", "of the lots it names"),
    ("L5", {"L5", "L7"}, "UPDATE members SET spent = spent + 1 WHERE id = {member}", "has spent"),
    ("L5", {"L5", "L7"}, "UPDATE members SET expired = expired + 1 WHERE id = {member}", "has spent"),
    ("L5", {"L5"}, "UPDATE members SET shortfall = shortfall + 1 WHERE id = {member}", "owes"),
    ("L5", {"L5"}, "UPDATE sales SET redeemed = redeemed + 1 WHERE id = {sale}", "its entries say"),
    ("L5", {"L5"}, "UPDATE sales SET claimed = claimed + 1 WHERE id = {sale}", "points for rewards; its entries say"),
    ("L5", {"L5"}, "UPDATE sales SET gross = gross + 1, discount = discount + 1 WHERE id = {sale}", "its lines say"),
    ("L5", {"L5"}, "UPDATE sales SET points_given = points_given + 1 WHERE id = {sale}", "its returns say"),
    ("L5", {"L5"}, "UPDATE sales SET refunded = refunded + 1 WHERE id = {returned}", "refunded and"),
    ("L5", {"L5"}, "UPDATE sales SET points_back = 0 WHERE id = {returned}", "its returns took"),
    ("L5", {"L5"}, "UPDATE returns SET refund = refund + 1", "its lines say"),
    ("L5", {"L5", "L7"}, "UPDATE returns SET taken_back = taken_back + 1", "its entries say"),
    ("L5", {"L5"}, "UPDATE sale_lines SET discount = discount + 1, net = net - 1 WHERE sale_id = {sale}",
     "is not the sum of its units"),
    ("L5", {"L5"}, "UPDATE sale_lines SET units = units + 1 WHERE sale_id = {sale}", "is not the sum of its units"),
    ("L5", {"L5"}, "UPDATE sale_lines SET runs = '[[1,0,100000,99999]]' WHERE sale_id = {sale}",
     "worth 99999 on return"),
    ("L5", {"L5"}, "UPDATE return_lines SET units = units - 1 WHERE line = '1'", "its returns say"),
    ("L5", {"L5"}, "UPDATE return_lines SET refund = refund - 1 WHERE line = '1'", "refunded at their worth"),
    ("L5", {"L5"}, "UPDATE sales SET state = 'partly_returned' WHERE id = {sale}", "its lines say settled"),
    ("L5", {"L5"}, "UPDATE usage SET uses = uses + 1", "the sales say"),
    ("L5", {"L5"}, "UPDATE usage SET amount = amount - 1", "the sales say"),
    ("L5", {"L5"}, "DELETE FROM usage", "0 uses of 0 counted"),
    ("L5", {"L5"}, "UPDATE profiles SET visits = visits + 1", "visits is"),
    ("L5", {"L5"}, "UPDATE profiles SET spend = spend - 1, items = items + 1", "items is"),
    ("L5", {"L5"}, "UPDATE profiles SET weekday_6 = weekday_6 - 1, weekday_1 = weekday_1 + 1", "weekday_1 is"),
    ("L5", {"L5"}, "UPDATE profiles SET daypart_night = daypart_night + 1", "daypart_night is"),
    ("L5", {"L5"}, "UPDATE profiles SET first_at = first_at - 1, last_at = last_at + 1", "first_at is"),
    ("L5", {"L5"}, "UPDATE member_days SET spend = spend + 1", "member_days of member"),
    ("L5", {"L5"}, "UPDATE member_days SET earned = earned - 1", "earned is"),
    ("L5", {"L5"}, "DELETE FROM member_days", "there is no row"),
    ("L5", {"L5"}, "UPDATE member_stores SET visits = visits - 1", "member_stores of member"),
    ("L5", {"L5"}, "UPDATE member_products SET quantity = quantity + 1", "quantity is"),
    ("L5", {"L5"}, "UPDATE member_products SET weight = weight * 1.000001 WHERE sku = 'bread'", "weight is"),
    ("L5", {"L5"}, "UPDATE member_products SET gap_squares = gap_squares + 1 WHERE sku = 'bread'", "gap_squares is"),
    ("L5", {"L5"}, "UPDATE member_categories SET times = times + 1", "member_categories of member"),
    ("L5", {"L5", "L7"}, "UPDATE entries SET points = points + 1 WHERE id = (SELECT max(id) FROM entries)",
     "the entries say"),
    ("L5", {"L5", "L7"}, "DELETE FROM entries WHERE id = (SELECT max(id) FROM entries)", "the entries say"),
    ("L4", {"L4", "L5"}, "UPDATE value_entries SET amount = amount - 1 WHERE kind = 'load'", "after its entry"),
    ("L5", {"L5"}, "UPDATE stored_values SET balance = balance + 1", "on it, all its entries say"),
    ("L5", {"L5"}, "UPDATE stored_values SET held = held + 1", "held, open checkouts hold"),
    ("L5", {"L5"}, "UPDATE sales SET due = due + 1 WHERE id = {paid}", "left 0 to the store"),
    ("L5", {"L5"}, "UPDATE returns SET value_back = value_back - 1 WHERE id = {back}", "back to gift cards"),
    ("L5", {"L4", "L5"}, "UPDATE value_entries SET amount = 20001 WHERE kind = 'refund'",
     "more back than it had taken"),
    ("L5", {"L5"}, "UPDATE value_entries SET line = '1', sale_id = {paid} WHERE kind = 'load'", "is sold and kept"),
    ("L6", {"L6"}, "INSERT INTO coupon_events (id, coupon_id, at, state, by, sale_id) "
     "SELECT 999, coupon_id, at, state, by, sale_id FROM coupon_events WHERE state = 'used'", "was used 2 times"),
    ("L6", {"L6"}, "UPDATE sale_uses SET coupon = NULL WHERE sale_id = {sale}", "does not say so"),
    ("L6", {"L6"}, "UPDATE sale_uses SET coupon = '{free}' WHERE sale_id = {returned} AND promotion = 'milk-3for2'",
     "whose own record"),
    ("L6", {"L6"}, "UPDATE coupons SET state = 'cancelled' WHERE code = '{free}'", "its newest event says"),
    ("L6", {"L6"}, "UPDATE coupons SET state = 'issued', sale_id = NULL, used_at = NULL WHERE code = '{code}'",
     "its newest event says used"),
    ("L5", {"L5"}, "INSERT INTO promotions (id, code, version, state, definition, created_at, created_by, since) "
     "SELECT 999, code, 2, 'ended', definition, created_at, created_by, since FROM promotions "
     "WHERE code = 'milk-3for2'", "at once"),
    ("L6", {"L6"}, "UPDATE promotions SET since = NULL", "no version was in force"),
    ("L6", {"L6"}, "UPDATE coupons SET campaign_id = NULL", "do not say the same"),
    ("L7", {"L7"}, "UPDATE entries SET kind = 'take_back' WHERE kind = 'adjust' AND points < 0", "the sum is not 0"),
    ("L8", {"L8"}, "UPDATE swipes SET entry = 'qr' WHERE id = 1", "swipes up to id"),
    ("L8", {"L8"}, "DELETE FROM seals WHERE number = 2", "seal 2 is missing"),
    ("L9", {"L9"}, "UPDATE till_epochs SET highest = 4 WHERE highest = 3", "has numbered up to 4 in epoch 1"),
    ("L9", {"L9"}, "UPDATE till_gaps SET first = 1", "lists 1 to 2 of epoch 1 as missing"),
    ("L11", {"L11"}, "UPDATE checkouts SET expires_at = opened_at - 60001 WHERE state = 'open'", "still holds"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("law", "laws_that_speak", "sql", "said"), PLANTED, ids=[f"{law}-{n}" for n, (law, *_) in enumerate(PLANTED)]
)
def test_a_planted_error_is_found(
    lane: Lane, busy: Json, law: str, laws_that_speak: set[str], sql: str, said: str
) -> None:
    """Each breach makes its own law speak, and no law that it does not touch (sealed rows: L8 too)."""
    with insider(lane.services.store.url) as begin, begin() as tx:
        tx.run(sql.format(**busy))
        found = ledger.check(seen_by(lane.services, tx))
    spoken = {line.split(": ")[0] for line in found}
    assert spoken - {"L8"} == laws_that_speak - {"L8"}, found
    assert any(line.startswith(f"{law}: ") and said in line for line in found), found


def test_a_foreign_entry_is_found(books: Books, busy: Json) -> None:
    """L5: points out of nothing, written past every function of ours."""
    books.change(
        "INSERT INTO entries (member_id, at, kind, points, by) VALUES (?, 1, 'adjust', 1000, 'x')", busy["member"]
    )
    assert len(books.faults()) == 1


def test_progress_is_told_step_by_step(lane: Lane, busy: Json) -> None:
    """Long work shows how far it is, and ends at its end."""
    told: list[tuple[int, int]] = []
    assert ledger.check(lane.services, progress=lambda done, total: told.append((done, total))) == []
    assert len(told) > len(laws.LAWS)
    assert [done / total for done, total in told] == sorted(done / total for done, total in told)
    assert told[-1][0] == told[-1][1]


def test_every_law_has_its_planted_error() -> None:
    """A law that no test breaks is not known to bite."""
    assert {"L4", "L5", "L6", "L7", "L8", "L9", "L11"} == {law for law, *_ in PLANTED}
    for law in laws.LAWS:
        constant = re.split(r"\{[0-9]\}", law.sentence)
        assert any(part in said or said in part for *_, said in PLANTED for part in constant if part.strip()), law


def test_open_holds_are_judged_when_the_holds_were_last_released(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """L11: without a run of the job there is no promise to judge; after one, a minute's grace."""
    lane.adjusts(hanh["id"], 300)
    lane.opens(bread(50_000), card=hanh["card"], redeem_points=100)
    clock.move(hours=3)
    assert ledger.holds_judged_at(lane.services) is None
    assert ledger.check(lane.services) == []
    lane.services.store.write(lambda tx: due.note_run(tx, "release-holds", lane.services.now_ms()))
    assert [line[:4] for line in ledger.check(lane.services)] == ["L11:"]
    jobs.run(lane.services, "release-holds")
    assert ledger.holds_judged_at(lane.services) == lane.services.now_ms()
    assert ledger.check(lane.services) == []


def test_the_anchor_is_part_of_the_check(lane: Lane, busy: Json) -> None:
    """L8: intact up to the newest anchor."""
    head = seals.seal(lane.services).head
    assert ledger.check(lane.services, head) == []
    (gone,) = ledger.check(lane.services, "999-0123456789abcdef")
    assert gone.startswith("L8: the anchor names seal 999")


def test_a_shop_in_small_blocks_is_the_same_shop(lane: Lane, busy: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks bound the memory; where they are cut changes nothing."""
    for name in ("SALES", "MEMBERS", "COUNTED"):
        monkeypatch.setattr(recount, name, 1)
    assert ledger.check(lane.services) == []
    with insider(lane.services.store.url) as begin, begin() as tx:
        tx.run("UPDATE member_products SET times = times + 1")
        tx.run("UPDATE usage SET uses = uses + 1")
        assert len(ledger.check(seen_by(lane.services, tx))) >= 2


def test_goods_bought_again_after_they_came_back_begin_anew(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """S30: a returned purchase is no first purchase."""
    lane.takes_back_all(lane.sells(FRUIT, card=hanh["card"]))
    clock.move(days=3)
    lane.sells(FRUIT, card=hanh["card"])
    assert ledger.check(lane.services) == []


def test_one_sku_in_two_categories_comes_back_from_one(lane: Lane, hanh: Json) -> None:
    """S30: the category of which nothing is kept was not bought, though the sku was."""
    loaves = [bread(20_000), bread(20_000, 2) | {"category": "bakery/sale"}]
    sold = lane.sells(*loaves, card=hanh["card"])
    lane.takes_back(sold["id"], ("2", 1))
    assert ledger.check(lane.services) == []
    lane.takes_back(sold["id"], ("1", 1))
    assert ledger.check(lane.services) == []
