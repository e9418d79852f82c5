"""A sale comes to its member late: the forgotten card, and the card enrolled after the sale (S42, S48)."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from actions import FixedClock
from conftest import Shop
from services.batches import numbered, sends
from services.lane import FRUIT, MILK, Books, Lane, bread, fresh_key, lane_of, sqlite_only

from loyalty_pos.errors import BadInput, Conflict, LoyaltyError, NotFound, Refused, TooMany
from loyalty_pos.services import attach, imports, profiles, programme, sales
from loyalty_pos.services.context import SYSTEM, Request
from loyalty_pos.services.requests import AttachIn

Json = dict[str, Any]
UNKNOWN = "2900000000018"


def attaches(lane: Lane, sale: str, key: str | None = None, **body: Any) -> Json:
    """Attach a card to a sale."""
    answer: Json = attach.attach(lane.services, lane.request(body, key), sale, AttachIn(**body))[1]
    return answer


def test_a_forgotten_card_earns_what_the_sale_would_have_earned(lane: Lane, hanh: Json, books: Books) -> None:
    """S48: no price changes; points, habits and tier are as if the card had been there."""
    lan = lane.enrols(name="Lan")
    at_once = lane.sells(bread(1_234_000, 9), MILK, card=lan["card"]["number"])
    forgotten = lane.sells(bread(1_234_000, 9), MILK)
    said = attaches(lane, forgotten["id"], swipe=hanh["card"])
    assert said["points"]["earned"] == at_once["points"]["earned"] == 1_294
    shown = sales.get_sale(lane.services, lane.caller, forgotten["id"])
    assert (shown["totals"], shown["lines"]) == (forgotten["totals"], forgotten["lines"])
    assert (shown["member"]["id"], shown["points"]["earned"]) == (hanh["id"], 1_294)
    state = books.state()
    for name in ("profiles", "days", "stores", "products", "categories"):
        late, early = ([{k: v for k, v in row.items() if k != "member_id"} for row in state[name]
                        if row["member_id"] == int(who)] for who in (hanh["id"], lan["member"]["id"]))  # fmt: skip
        assert late == early, name
    assert [row[1] for row in state["members"]] == ["silver", "silver"]
    assert books.rows("SELECT attached_by FROM sales WHERE attached_at IS NOT NULL") == [("terminal:hn-01-1",)]
    assert books.value("SELECT count(*) FROM audit WHERE what = 'sale.attach'") == 1
    assert books.faults() == []


def test_the_rules_of_the_sale_and_the_tier_of_today(lane: Lane, hanh: Json, books: Books) -> None:
    """A change of the earning rules after the sale does not touch it; the member's multiplier counts (S17)."""
    lane.sells(bread(5_000_000), card=hanh["card"])
    sold = lane.sells(bread(100_000))
    programme.change(lane.services, Request(SYSTEM), {"points": {"earn": [{"points": 9, "per_amount": 1_000}]}})
    assert attaches(lane, sold["id"], card=hanh["card"])["points"]["earned"] == 125
    assert books.faults() == []


def test_what_came_back_earns_nothing_and_what_comes_back_later_is_taken(lane: Lane, hanh: Json, books: Books) -> None:
    """S26: of three loaves one came back before the card, the others after it."""
    sold = lane.sells(bread(10_000, quantity=3))
    lane.takes_back(sold["id"], ("1", 1))
    assert attaches(lane, sold["id"], swipe=hanh["card"])["points"]["earned"] == 20
    lane.takes_back(sold["id"], ("1", 1))
    assert lane.points(hanh["id"])["active"] == 10
    lane.takes_back(sold["id"], ("1", 1))
    assert lane.points(hanh["id"])["active"] == 0
    profile = profiles.profile(lane.services, lane.caller, hanh["id"])
    assert (profile["visits"], profile["spend"], profile["items"]) == (0, 0, 0)
    assert books.faults() == []


def test_points_owed_are_taken_first(lane: Lane, hanh: Json, books: Books) -> None:
    """S27: a shortfall is recovered from what is attached, as from any earning."""
    first = lane.sells(bread(300_000), card=hanh["card"])
    lane.sells(bread(500_000, earns=False), card=hanh["card"], redeem_points=300)
    lane.takes_back_all(first)
    assert lane.points(hanh["id"])["shortfall"] == 300
    attaches(lane, lane.sells(bread(200_000))["id"], swipe=hanh["card"])
    now = lane.points(hanh["id"])
    assert (now["active"], now["shortfall"]) == (0, 100)
    assert books.faults() == []


@sqlite_only
@pytest.mark.parametrize(("days", "fine"), [(7, True), (7.001, False)])
def test_within_seven_days(lane: Lane, hanh: Json, clock: FixedClock, days: float, fine: bool) -> None:
    """Setting ``attach_days``."""
    sold = lane.sells(bread(100_000))
    clock.move(days=days)
    if fine:
        attaches(lane, sold["id"], swipe=hanh["card"])
    else:
        with pytest.raises(Conflict, match="attach_too_late"):
            attaches(lane, sold["id"], swipe=hanh["card"])
        programme.change(lane.services, Request(SYSTEM), {"attach_days": 30})
        attaches(lane, sold["id"], swipe=hanh["card"])


@sqlite_only
def test_each_wrong_way_has_its_code_and_changes_nothing(
    lane: Lane, hanh: Json, books: Books, shop: Shop, clock: FixedClock
) -> None:
    sold = lane.sells(bread(100_000))
    blocked = lane.enrols()["card"]["number"]
    books.change("UPDATE cards SET state = 'blocked' WHERE number = ?", blocked)
    before = books.state()
    wrong: list[tuple[Json, type[LoyaltyError], str]] = [
        ({}, BadInput, "invalid"),
        ({"card": hanh["card"], "swipe": hanh["card"]}, BadInput, "invalid"),
        ({"swipe": "4111111111111111"}, BadInput, "payment_card"),
        ({"swipe": UNKNOWN}, NotFound, "card_unknown"),
        ({"swipe": blocked}, Refused, "card_blocked"),
        ({"swipe": lane.issues(hanh["id"])}, Refused, "card_is_coupon"),
    ]
    books.change("DELETE FROM usage")
    for body, kind, code in wrong:
        with pytest.raises(kind, match=code):
            attaches(lane, sold["id"], **body)
    with pytest.raises(NotFound, match="sale_unknown"):
        attaches(lane_of(shop, "hn-02-1"), sold["id"], swipe=hanh["card"])
    with pytest.raises(NotFound, match="sale_unknown"):
        attaches(lane, "999", swipe=hanh["card"])
    attaches(lane, sold["id"], swipe=hanh["card"])
    other = lane.enrols()["card"]["number"]
    for card in (hanh["card"], other):
        with pytest.raises(Conflict, match="sale_has_member"):
            attaches(lane, sold["id"], swipe=card)
    gone = lane.sells(bread(50_000))
    lane.takes_back_all(gone)
    with pytest.raises(Conflict, match="sale_returned"):
        attaches(lane, gone["id"], swipe=hanh["card"])
    assert {row["member_id"] for row in books.state()["profiles"]} - {int(hanh["id"])} == set(), before
    assert books.rows("SELECT outcome FROM swipes WHERE number IN (?, ?) ORDER BY id", UNKNOWN, blocked) == [
        ("unknown",), ("blocked",),
    ]  # fmt: skip
    assert books.faults() == []


@sqlite_only
def test_guessing_cards_by_attaching_is_slowed_down(lane: Lane) -> None:
    """contract.md, guess limit: an unknown card is a guess here too."""
    sold = lane.sells(bread(100_000))
    for number in range(6):
        with pytest.raises(NotFound):
            attaches(lane, sold["id"], swipe=f"29000000{number:04d}1")
    with pytest.raises(TooMany):
        attaches(lane, sold["id"], swipe=UNKNOWN)


def test_two_cards_at_once_have_one_winner(lane: Lane, hanh: Json, books: Books) -> None:
    """A sale has one member, once; on both engines."""
    other = lane.enrols()["card"]["number"]
    sold = lane.sells(bread(100_000))
    cards = [hanh["card"], other] * 4
    start = threading.Barrier(len(cards))
    said: list[str] = []

    def run(card: str) -> None:
        start.wait()
        try:
            attaches(lane, sold["id"], swipe=card)
            said.append("won")
        except LoyaltyError as error:
            said.append(error.code)

    threads = [threading.Thread(target=run, args=(card,)) for card in cards]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["sale_has_member"] * 7 + ["won"]
    assert books.value("SELECT sum(active) FROM members") == 100
    assert books.faults() == []


def test_the_same_key_attaches_once(lane: Lane, hanh: Json, books: Books) -> None:
    sold = lane.sells(bread(100_000))
    key = fresh_key()
    assert attaches(lane, sold["id"], key, swipe=hanh["card"]) == attaches(lane, sold["id"], key, swipe=hanh["card"])
    assert lane.points(hanh["id"])["active"] == 100


# The card that was not known yet ------------------------------------------------------------------


def test_a_card_brings_its_sales_when_it_is_enrolled(lane: Lane, shop: Shop, books: Books, clock: FixedClock) -> None:
    """S42: within seven days, of every store and by every way of selling; never twice."""
    old = lane.sells(bread(900_000), card=UNKNOWN)
    clock.move(days=7, minutes=1)
    direct = lane.sells(FRUIT, card=UNKNOWN)
    held = lane.opens(bread(20_000), card=UNKNOWN)["id"]
    lane.settles(held)
    lane_of(shop, "hn-02-1").sells(bread(30_000), card=UNKNOWN, as_sold=True)
    back = lane.sells(bread(40_000), card=UNKNOWN)
    lane.takes_back_all(back)
    lane.sells(bread(50_000))
    made = lane.enrols(card=UNKNOWN)
    member = made["member"]["id"]
    earned = direct["points"]["basis"] // 1_000
    assert lane.points(member)["active"] == earned + 20 + 30
    assert profiles.profile(lane.services, lane.caller, member)["visits"] == 3
    assert sales.get_sale(lane.services, lane.caller, old["id"])["member"] is None
    with pytest.raises(Conflict, match="sale_has_member"):
        attaches(lane, direct["id"], swipe=UNKNOWN)
    attaches(lane, lane.sells(bread(60_000))["id"], swipe=UNKNOWN)
    assert lane.points(member)["active"] == earned + 20 + 30 + 60
    assert books.faults() == []


def test_one_more_card_of_a_member_brings_its_sales_too(lane: Lane, hanh: Json, books: Books) -> None:
    lane.sells(bread(70_000), card=UNKNOWN)
    lane.gives_card(hanh["id"], card=UNKNOWN)
    assert lane.points(hanh["id"])["active"] == 70
    assert books.faults() == []


def test_a_members_file_brings_the_sales_of_its_cards(lane: Lane, books: Books) -> None:
    """A shop that comes over with its cards in use: the file is an enrolment as any other."""
    lane.sells(bread(70_000), card=UNKNOWN)
    rows = [(2, {"card": UNKNOWN, "name": "Lan", "opening_points": "30"})]
    imports.import_members(lane.services, Request(SYSTEM), rows, lambda _done: None)
    assert books.rows("SELECT active, cashier FROM members m JOIN sales s ON s.member_id = m.id") == [(100, None)]
    assert books.faults() == []


def test_enrolled_between_opening_and_paying(lane: Lane, books: Books) -> None:
    """The bill was opened when nobody knew the card, and is paid when somebody does."""
    held = lane.opens(bread(80_000), card=UNKNOWN)["id"]
    member = lane.enrols(card=UNKNOWN)["member"]["id"]
    sold = lane.settles(held)
    assert lane.points(member)["active"] == 80
    assert sales.get_sale(lane.services, lane.caller, sold["id"])["member"]["id"] == member
    assert books.faults() == []


def test_sales_and_the_enrolment_at_once_lose_nothing(lane: Lane, books: Books) -> None:
    """However the enrolment falls among the sales, every sale is credited once; on both engines."""
    numbers = [f"29000000000{n}{n}" for n in range(4)]
    start = threading.Barrier(len(numbers) * 3)
    failed: list[Exception] = []

    def run(work: Any, **fields: Any) -> None:
        start.wait()
        try:
            work(**fields)
        except Exception as error:
            failed.append(error)

    def sell(card: str) -> None:
        lane.sells(bread(10_000), card=card)

    threads = [threading.Thread(target=run, args=(sell,), kwargs={"card": n}) for n in numbers for _ in range(2)]
    threads += [threading.Thread(target=run, args=(lane.enrols,), kwargs={"card": n}) for n in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert books.rows("SELECT active FROM members") == [(20,)] * 4
    assert books.value("SELECT count(*) FROM sales WHERE member_id IS NULL") == 0
    assert books.faults() == []


def test_the_card_of_a_numbered_batch_is_credited_once_however_late_it_comes(lane: Lane, books: Books) -> None:
    """S42, S44: a sale that fills a gap after its enrolment is credited too, and a resent batch moves nothing."""
    first, last = (numbered(number, card=UNKNOWN, entry="scan") for number in (1, 3))
    enrolment = {"kind": "enrolment", "key": fresh_key(), "epoch": 1, "sequence": 2, "card": UNKNOWN}
    enrolled = sends(lane, last, enrolment)["items"][1]["id"]
    for _ in range(2):
        assert sends(lane, first, enrolment, last)["high_contiguous"] == 3
    assert books.rows("SELECT member_id, earned > 0 FROM sales") == [(int(enrolled), True)] * 2
    assert books.value("SELECT active FROM members") == books.value("SELECT sum(earned) FROM sales")
    assert not books.faults()
