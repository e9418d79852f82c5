"""Gift cards and wallets: sold, loaded, paid with, held, given back, blocked; the same guarantees as points."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from actions import FixedClock
from conftest import Shop
from services.lane import FRUIT, MILK, Books, Lane, bread, fresh_key, lane_of

from loyalty_pos import jobs
from loyalty_pos.errors import BadInput, Conflict, LoyaltyError, NotAllowed, NotFound, Refused, TooMany
from loyalty_pos.services import merging, programme, stored_value
from loyalty_pos.services.context import SYSTEM, Caller, Request, Services
from loyalty_pos.services.requests import LoadIn, StoredValueIn

Json = dict[str, Any]
GIFT = {"line": "1", "sku": "gift", "name": "Thẻ quà tặng", "quantity": 1, "unit_price": 200_000}


@pytest.fixture
def gifts(lane: Lane) -> Lane:
    """The lane of a shop that sells gift cards."""
    programme.change(lane.services, Request(SYSTEM), {"gift_card_skus": ["gift"]})
    return lane


def person(role: str) -> Caller:
    """Somebody with this role."""
    return Caller("staff", role, role=role)


def block(services: Services, code: str) -> Json:
    """Block it."""
    return stored_value.block(services, Request(SYSTEM, fresh_key(), b""), code, "lost")[1]  # type: ignore[no-any-return]


# --- paying ---------------------------------------------------------------------------------


def test_a_gift_card_pays_last_and_earns_as_money(lane: Lane, hanh: Json, books: Books) -> None:
    """After all discounts and points; what it pays lowers what is due, not what earns (promotions.md)."""
    lane.adjusts(hanh["id"], 500)
    code = lane.gives_value(50_000)
    sold = lane.sells(FRUIT, card=hanh["card"], redeem_points=200, pay_with=[code])
    assert sold["totals"] == {"gross": 80_000, "discount": 12_000, "net": 68_000, "points_value": 2_000,
                              "to_pay": 66_000, "due": 16_000}  # fmt: skip
    assert sold["stored_value"] == {code: 0}
    assert (sold["points"]["basis"], sold["points"]["earned"]) == (66_000, 66)
    assert lane.value(code)["balance"] == 0
    assert books.faults() == []


def test_several_cards_pay_in_the_order_they_are_named_each_once(lane: Lane, books: Books) -> None:
    """Spaces and dashes do not make another card."""
    first, second = lane.gives_value(30_000), lane.gives_value(100_000)
    spaced = f"{first[:6]} {first[6:12]}-{first[12:]}"
    sold = lane.sells(bread(70_000), pay_with=[spaced, first, second])
    assert (sold["totals"]["due"], sold["stored_value"]) == (0, {first: 0, second: 60_000})
    assert books.faults() == []


def test_what_cannot_pay_is_told_and_pays_nothing(lane: Lane, hanh: Json, clock: FixedClock, books: Books) -> None:
    """Unknown, blocked, lapsed and somebody else's wallet are one answer (S36); the last day counts (S38)."""
    today = clock.now().date()
    lapsed = lane.gives_value(10_000, expires_on=str(today + timedelta(days=1)))
    blocked, wallet = lane.gives_value(10_000), lane.gives_value(10_000, kind="wallet", member=hanh["id"])
    block(lane.services, blocked)
    clock.move(days=1)
    assert lane.sells(bread(5_000), pay_with=[lapsed])["totals"]["due"] == 0
    clock.move(days=1)
    for code in (lapsed, blocked, wallet, "960000000000000000"):
        sold = lane.sells(bread(5_000), pay_with=[code])
        assert (sold["totals"]["due"], sold["stored_value"], sold["exceptions"]) == (5_000, {}, [])
        assert [message.split(":")[0] for message in sold["messages"]] == ["value_not_usable"]
    assert books.faults() == []


def test_a_wallet_pays_for_its_owner_whose_card_was_read(lane: Lane, hanh: Json, books: Books) -> None:
    """S23: a typed number earns only."""
    wallet = lane.gives_value(10_000, kind="wallet", member=hanh["id"])
    assert lane.quotes(bread(4_000), card=hanh["card"], entry="typed", pay_with=[wallet])["totals"]["due"] == 4_000
    assert lane.sells(bread(4_000), card=hanh["card"], pay_with=[wallet])["totals"]["due"] == 0
    assert [one["balance"] for one in stored_value.of_member(lane.services, hanh["id"])["items"]] == [6_000]
    with pytest.raises(NotFound, match="member_unknown"):
        stored_value.of_member(lane.services, "999")
    assert books.faults() == []


def test_spending_needs_the_scope(shop: Shop, lane: Lane) -> None:
    """contract.md section 3: a terminal without ``redeem`` earns only."""
    with pytest.raises(NotAllowed, match="scope_missing"):
        lane_of(shop, "hn-01-2").quotes(bread(5_000), pay_with=[lane.gives_value(5_000)])


def test_unknown_cards_are_guesses(lane: Lane, hanh: Json) -> None:
    """S36: five a minute, in baskets and in look-ups; a member's own is none."""
    wallet = lane.gives_value(10_000, kind="wallet", member=hanh["id"])
    for _ in range(8):
        lane.quotes(bread(5_000), card=hanh["card"], pay_with=[wallet])
    for number in range(3):
        lane.quotes(bread(5_000), pay_with=[f"96000000000000000{number}"])
        with pytest.raises(NotFound, match="value_unknown"):
            lane.value(f"96000000000000000{number}")
    with pytest.raises(TooMany):
        lane.value(wallet)
    with pytest.raises(TooMany):
        lane.quotes(bread(5_000), pay_with=[wallet])
    assert lane.quotes(bread(5_000))["totals"]["due"] == 5_000


def test_loading_an_unknown_card_is_a_guess_and_its_refusal_is_final(lane: Lane, books: Books) -> None:
    """contract.md section 1: every answer of the rules is saved with the key."""
    body, key = LoadIn(amount=1), fresh_key()
    for _ in range(2):
        with pytest.raises(NotFound, match="value_unknown"):
            stored_value.load(lane.services, Request(lane.caller, key, b""), "960000000000000009", body)
    assert books.value("SELECT misses FROM guesses") == 1


# --- holds ----------------------------------------------------------------------------------


def test_a_checkout_holds_and_a_settle_captures(lane: Lane, books: Books) -> None:
    """S21, S48: what is held is nobody else's; settle posts it, once."""
    code = lane.gives_value(50_000)
    opened = lane.opens(bread(30_000), pay_with=[code])
    assert (lane.value(code)["balance"], lane.value(code)["held"]) == (50_000, 30_000)
    assert lane.quotes(bread(30_000), pay_with=[code])["totals"]["due"] == 10_000
    key = fresh_key()
    sold = lane.settles(opened["id"], receipt="v-1", key=key)
    assert lane.settles(opened["id"], receipt="v-1", key=key) == sold
    assert (lane.value(code)["balance"], lane.value(code)["held"]) == (20_000, 0)
    assert books.faults() == []


def test_a_changed_checkout_has_its_own_hold_free(lane: Lane, books: Books) -> None:
    """S21: repricing adjusts the hold."""
    code = lane.gives_value(50_000)
    opened = lane.opens(bread(30_000), pay_with=[code])
    assert lane.changes(opened["id"], bread(45_000), pay_with=[code])["totals"]["due"] == 0
    assert lane.value(code)["held"] == 45_000
    assert lane.changes(opened["id"], bread(45_000))["totals"]["due"] == 45_000
    assert lane.value(code)["held"] == 0
    assert books.faults() == []


@pytest.mark.parametrize("ends", ["void", "expiry"])
def test_a_hold_is_given_back(lane: Lane, books: Books, clock: FixedClock, ends: str) -> None:
    """S21: by void and by expiry."""
    code = lane.gives_value(50_000)
    opened = lane.opens(bread(30_000), pay_with=[code])
    if ends == "void":
        lane.voids(opened["id"])
    else:
        clock.move(minutes=16)
        jobs.run(lane.services, "release-holds")
    assert (lane.value(code)["balance"], lane.value(code)["held"]) == (50_000, 0)
    assert books.rows("SELECT kind, amount FROM value_entries") == [("load", 50_000)]
    assert books.faults() == []


def test_a_late_settle_takes_what_is_there_and_the_store_bears_the_rest(
    lane: Lane, books: Books, clock: FixedClock
) -> None:
    """A fact is never refused (contract.md, Facts); the customer's receipt stays true."""
    code, gone = lane.gives_value(50_000), lane.gives_value(20_000)
    opened = lane.opens(bread(60_000), pay_with=[code, gone])
    clock.move(minutes=16)
    jobs.run(lane.services, "release-holds")
    lane.sells(bread(35_000), pay_with=[code])
    block(lane.services, gone)
    sold = lane.settles(opened["id"])
    assert (sold["status"], sold["totals"]["due"]) == ("accepted_with_exception", 0)
    assert sold["exceptions"] == [{"code": "value_insufficient", "amount": 45_000}]
    assert (lane.value(code)["balance"], lane.value(gone)["balance"]) == (0, 20_000)
    assert books.exceptions() == [("value_insufficient", 45_000)]
    back = lane.takes_back_all(sold)
    assert (back["pay_back"], back["value_back"]) == (0, {code: 15_000})
    assert books.faults() == []


def test_a_card_blocked_while_it_is_held_still_pays_that_bill(lane: Lane, books: Books) -> None:
    """The goods are at the till already."""
    code = lane.gives_value(50_000)
    opened = lane.opens(bread(30_000), pay_with=[code])
    block(lane.services, code)
    assert lane.settles(opened["id"])["status"] == "ok"
    assert lane.value(code)["balance"] == 20_000
    assert books.faults() == []


def test_a_sale_made_offline_takes_what_is_there(lane: Lane, books: Books) -> None:
    """S47: recorded as charged; a card that cannot pay is an exception."""
    code = lane.gives_value(30_000)
    sold = lane.sells(bread(50_000), pay_with=[code, "960000000000000009"], as_sold=True)
    assert (sold["totals"]["due"], sold["stored_value"]) == (20_000, {code: 0})
    assert sold["exceptions"] == [{"code": "value_not_usable", "amount": 0}]
    assert books.faults() == []


# --- returns --------------------------------------------------------------------------------


def test_what_cards_paid_comes_back_to_them_before_any_cash(lane: Lane, books: Books) -> None:
    """S28: cash handed out never exceeds cash paid, and no gift card is turned into cash."""
    first, second = lane.gives_value(25_000), lane.gives_value(20_000)
    sold = lane.sells(bread(20_000, quantity=3), pay_with=[first, second])
    assert sold["totals"]["due"] == 15_000
    heard = [lane.takes_back(sold["id"], ("1", 1)) for _ in range(3)]
    assert [(one["refund"], one["pay_back"], one["value_back"]) for one in heard] == [
        (20_000, 0, {first: 20_000}),
        (20_000, 0, {first: 5_000, second: 15_000}),
        (20_000, 15_000, {second: 5_000}),
    ]
    assert (lane.value(first)["balance"], lane.value(second)["balance"]) == (25_000, 20_000)
    assert books.faults() == []


def test_sale_and_full_return_is_the_state_before(lane: Lane, hanh: Json, books: Books) -> None:
    """S30, with points and a gift card beside each other."""
    lane.adjusts(hanh["id"], 700)
    code = lane.gives_value(90_000)
    before = books.state()
    sold = lane.sells(MILK, FRUIT, card=hanh["card"], redeem_points=333, pay_with=[code])
    lane.takes_back_all(sold)
    assert books.state() == before
    assert books.faults() == []


def test_money_back_on_a_lapsed_card_can_be_spent_for_thirty_days(lane: Lane, clock: FixedClock, books: Books) -> None:
    """S24, as for points; a blocked one gets it too, and stays blocked."""
    today = clock.now().date()
    code = lane.gives_value(10_000, expires_on=str(today + timedelta(days=2)))
    sold = lane.sells(bread(10_000), pay_with=[code])
    block(lane.services, code)
    clock.move(days=5)
    lane.takes_back_all(sold)
    found = lane.value(code)
    assert (found["balance"], found["state"]) == (10_000, "blocked")
    assert found["expires_on"] == str(today + timedelta(days=35))
    assert books.faults() == []


def test_an_exchange_pays_with_what_has_just_come_back(lane: Lane, books: Books) -> None:
    """S31: one transaction."""
    code = lane.gives_value(30_000)
    sold = lane.sells(bread(30_000), pay_with=[code])
    answer = lane.exchanges(sold["id"], [("1", 1)], bread(40_000), for_={"pay_with": [code]})
    assert (answer["value_back"], answer["sale"]["totals"]["due"], answer["balance"]) == (
        {code: 30_000},
        10_000,
        10_000,
    )
    assert books.faults() == []


def test_a_preview_moves_nothing(lane: Lane, books: Books) -> None:
    """A preview's figures are those of the return."""
    code = lane.gives_value(30_000)
    sold = lane.sells(bread(30_000), pay_with=[code])
    seen = lane.takes_back(sold["id"], ("1", 1), preview=True)
    assert seen["value_back"] == {code: 30_000}
    assert lane.value(code)["balance"] == 0


# --- selling them ---------------------------------------------------------------------------


def test_a_gift_card_is_sold_as_goods_that_earn_nothing(gifts: Lane, hanh: Json, books: Books) -> None:
    """S16: the money of it earns when it is spent, and no offer makes it cheaper."""
    coupon = gifts.issues(hanh["id"])
    sold = gifts.sells(GIFT, bread(100_000, 2), card=hanh["card"], coupons=[coupon])
    assert (sold["totals"]["discount"], sold["points"]["basis"]) == (10_000, 90_000)
    made = gifts.sells_value(sold, 150_000)
    again = gifts.sells_value(sold, 50_000, code=made["code"])
    assert (made["balance"], again["balance"]) == (150_000, 200_000)
    paid = gifts.sells(bread(200_000), card=hanh["card"], pay_with=[made["code"]])
    assert (paid["totals"]["due"], paid["points"]["earned"]) == (0, 200)
    assert books.faults() == []


def test_no_more_is_loaded_than_was_sold(gifts: Lane, books: Books) -> None:
    """Neither at once nor bit by bit, nor on goods that are no gift cards."""
    sold = gifts.sells(GIFT, bread(500_000, 2))
    with pytest.raises(Refused, match="value_not_sold"):
        gifts.sells_value(sold, 200_001)
    with pytest.raises(Refused, match="value_not_sold"):
        gifts.sells_value(sold, 1, line="2")
    gifts.sells_value(sold, 120_000)
    with pytest.raises(Refused, match="value_not_sold"):
        gifts.sells_value(sold, 80_001)
    gifts.sells_value(sold, 80_000)
    assert books.value("SELECT sum(balance) FROM stored_values") == 200_000
    assert books.faults() == []


def test_another_stores_sale_sells_nothing_here(gifts: Lane, shop: Shop) -> None:
    """Another store's sale is 404."""
    sold = gifts.sells(GIFT)
    with pytest.raises(NotFound, match="sale_unknown"):
        lane_of(shop, "hn-02-1").sells_value(sold, 1_000)


def test_loading_is_once_whatever_the_network_does(gifts: Lane, books: Books) -> None:
    """contract.md section 1: same key, same answer."""
    sold, key = gifts.sells(GIFT), fresh_key()
    made = gifts.sells_value(sold, 200_000, key=key)
    assert gifts.sells_value(sold, 200_000, key=key) == made
    assert books.rows("SELECT amount FROM value_entries") == [(200_000,)]


def test_a_returned_gift_card_is_emptied(gifts: Lane, books: Books) -> None:
    """Money is not there twice: on the card and in the hand."""
    sold = gifts.sells(GIFT)
    code = gifts.sells_value(sold, 200_000)["code"]
    assert gifts.takes_back_all(sold)["pay_back"] == 200_000
    assert gifts.value(code)["balance"] == 0
    with pytest.raises(Refused, match="value_not_sold"):
        gifts.sells_value(sold, 1)
    assert books.faults() == []


def test_a_gift_card_that_was_spent_does_not_come_back(gifts: Lane, books: Books) -> None:
    """Refused before anything is written; what is held is spent too."""
    sold = gifts.sells({**GIFT, "quantity": 2})
    first, second = (gifts.sells_value(sold, 200_000)["code"] for _ in range(2))
    opened = gifts.opens(bread(1), pay_with=[first])
    gifts.takes_back(sold["id"], ("1", 1))
    assert sorted((gifts.value(first)["balance"], gifts.value(second)["balance"])) == [1, 199_999]
    before = books.dump()
    with pytest.raises(Refused, match="value_spent"):
        gifts.takes_back(sold["id"], ("1", 1))
    after = books.dump()
    assert {name for name in before if before[name] != after[name]} == {"answers"}
    gifts.voids(opened["id"])
    assert gifts.takes_back(sold["id"], ("1", 1))["pay_back"] == 200_000
    assert books.faults() == []


def test_a_parked_return_of_a_spent_card_leaves_nothing_half_done(gifts: Lane, books: Books) -> None:
    """S31: it becomes the manager's; here the return waits, so nothing was loaded and it applies."""
    gifts.takes_back_receipt("later", ("1", 1))
    sold = gifts.sells(GIFT, receipt="later")
    with pytest.raises(Refused, match="value_not_sold"):
        gifts.sells_value(sold, 1)
    assert books.faults() == []


# --- by hand --------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "amount", "allowed"), [
    ("cashier", 1, False), ("manager", 1_000_000, True), ("manager", 1_000_001, False), ("owner", 1_000_001, True),
])  # fmt: skip
def test_by_hand_only_a_manager_and_within_the_limit(lane: Lane, role: str, amount: int, allowed: bool) -> None:
    """S50: a till that has sold nothing puts no money on a card."""
    code, body = lane.gives_value(0), LoadIn(amount=amount, reason="goodwill")
    request = Request(person(role), fresh_key(), b"")
    if allowed:
        assert stored_value.load(lane.services, request, code, body)[1]["balance"] == amount
    else:
        with pytest.raises(NotAllowed):
            stored_value.load(lane.services, request, code, body)
        assert lane.value(code)["balance"] == 0


def test_a_terminal_loads_nothing_by_hand(lane: Lane) -> None:
    with pytest.raises(NotAllowed):
        stored_value.load(lane.services, Request(lane.caller, fresh_key(), b""), lane.gives_value(0), LoadIn(amount=1))


@pytest.mark.parametrize(("body", "field"), [
    ({"amount": 5}, "reason"), ({"amount": 5, "sale": "1"}, "line"), ({"kind": "wallet"}, "member"),
    ({"member": "1"}, "member"), ({"expires_on": "2001-01-01"}, "expires_on"),
])  # fmt: skip
def test_what_does_not_fit_is_named(lane: Lane, books: Books, body: Json, field: str) -> None:
    """Refused by field, and nothing is half done."""
    with pytest.raises(BadInput) as refusal:
        stored_value.issue(lane.services, Request(SYSTEM, fresh_key(), b""), msgspec.convert(body, StoredValueIn))
    assert list(refusal.value.errors) == [field]
    assert books.value("SELECT count(*) FROM stored_values") == 0


def test_a_card_has_its_bound(lane: Lane) -> None:
    """The largest amount of money is the most that a card carries."""
    code = lane.gives_value(10**12)
    request = Request(SYSTEM, fresh_key(), b"")
    with pytest.raises(BadInput):
        stored_value.load(lane.services, request, code, LoadIn(amount=1, reason="more"))


def test_loading_gives_another_last_day(lane: Lane, clock: FixedClock) -> None:
    """A lapsed card pays again once it is loaded with a later day."""
    code = lane.gives_value(5_000, expires_on=str(clock.now().date()))
    clock.move(days=2)
    last = clock.now().date() + timedelta(days=30)
    body = LoadIn(amount=1_000, reason="again", expires_on=last)
    stored_value.load(lane.services, Request(SYSTEM, fresh_key(), b""), code, body)
    assert lane.sells(bread(6_000), pay_with=[code])["totals"]["due"] == 0
    assert date.fromisoformat(lane.value(code)["expires_on"]) == last


def test_blocking_and_letting_pay_again(lane: Lane) -> None:
    """Each once; a blocked card is not loaded."""
    code = lane.gives_value(5_000)
    assert block(lane.services, code)["state"] == "blocked"
    with pytest.raises(Conflict, match="value_blocked"):
        block(lane.services, code)
    with pytest.raises(Conflict, match="value_blocked"):
        stored_value.load(
            lane.services, Request(SYSTEM, fresh_key(), b""), code, LoadIn(amount=1, reason="to a lost card")
        )
    request = Request(SYSTEM, fresh_key(), b"")
    assert stored_value.unblock(lane.services, request, code, "found")[1]["state"] == "active"
    with pytest.raises(Conflict, match="value_active"):
        stored_value.unblock(lane.services, Request(SYSTEM, fresh_key(), b""), code, "found")
    with pytest.raises(NotFound, match="value_unknown"):
        block(lane.services, "960000000000000009")
    assert lane.sells(bread(5_000), pay_with=[code])["totals"]["due"] == 0


def test_the_entries_tell_every_movement(lane: Lane) -> None:
    """Their sum is the balance; each bears the balance after it; a list comes in pages."""
    code = lane.gives_value(50_000)
    sold = lane.sells(bread(30_000), pay_with=[code])
    lane.takes_back_all(sold)
    first = stored_value.entries(lane.services, lane.caller, code, None, 2)
    rest = stored_value.entries(lane.services, lane.caller, code, first["next"], 2)
    found = first["items"] + rest["items"]
    assert [(one["kind"], one["amount"], one["balance"], one["receipt"]) for one in found] == [
        ("load", 50_000, 50_000, None),
        ("pay", -30_000, 20_000, sold["receipt"]),
        ("refund", 30_000, 50_000, sold["receipt"]),
    ]
    assert rest["next"] is None


def test_a_gift_card_is_no_membership_card(lane: Lane) -> None:
    """Its code is never recorded as an unknown card."""
    with pytest.raises(LoyaltyError, match="card_is_coupon"):
        lane.identifies(lane.gives_value(5_000))


def test_merged_members_keep_their_wallets(lane: Lane, hanh: Json, books: Books) -> None:
    """Both wallets pay at either card; undone, each has their own again."""
    other = lane.enrols()
    mine = lane.gives_value(10_000, kind="wallet", member=hanh["id"])
    theirs = lane.gives_value(20_000, kind="wallet", member=other["member"]["id"])
    lane.merges(other["member"]["id"], hanh["id"])
    sold = lane.sells(bread(25_000), card=hanh["card"], pay_with=[theirs, mine])
    assert sold["stored_value"] == {theirs: 0, mine: 5_000}
    merging.unmerge(lane.services, Request(SYSTEM, fresh_key(), b""), other["member"]["id"])
    assert [one["code"] for one in stored_value.of_member(lane.services, hanh["id"])["items"]] == [mine]
    lane.takes_back_all(sold)
    assert (lane.value(mine)["balance"], lane.value(theirs)["balance"]) == (10_000, 20_000)
    assert books.faults() == []
