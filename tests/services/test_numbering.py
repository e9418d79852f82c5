"""Tills that number what they record (S44, reliability.md 3.4, 3.9 story 7): order, gaps, clones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from actions import FixedClock
from conftest import Shop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from services.batches import hash_of, numbered, sale, sends, sends_swipes, swipe
from services.lane import FRUIT, Books, Lane, bread, fresh_key, lane_of, sqlite_only

from loyalty_pos.errors import NotAllowed
from loyalty_pos.services import checkout, connections, pairing, quarantine, staff
from loyalty_pos.services.context import SYSTEM, Request
from loyalty_pos.services.requests import SwipeIn
from loyalty_pos.storage import shops

Json = dict[str, Any]

L9 = (
    "SELECT e.terminal_id, e.epoch, e.highest, coalesce(r.top, 0), coalesce(r.here, 0), coalesce(g.away, 0) "
    "FROM till_epochs e LEFT JOIN (SELECT terminal_id, epoch, count(*) AS here, max(sequence) AS top "
    "FROM till_records GROUP BY terminal_id, epoch) AS r ON r.terminal_id = e.terminal_id AND r.epoch = e.epoch "
    "LEFT JOIN (SELECT terminal_id, epoch, sum(last - first + 1) AS away FROM till_gaps "
    "GROUP BY terminal_id, epoch) AS g ON g.terminal_id = e.terminal_id AND g.epoch = e.epoch "
    "WHERE e.highest <> coalesce(r.top, 0) OR e.highest <> coalesce(r.here, 0) + coalesce(g.away, 0)",
    "SELECT g.terminal_id, g.epoch, g.first, g.last, r.sequence FROM till_gaps g JOIN till_records r "
    "ON r.terminal_id = g.terminal_id AND r.epoch = g.epoch AND r.sequence BETWEEN g.first AND g.last",
    "SELECT g.terminal_id, g.epoch, g.first, o.first, o.last FROM till_gaps g JOIN till_gaps o "
    "ON o.terminal_id = g.terminal_id AND o.epoch = g.epoch AND o.first > g.first AND o.first <= g.last",
)
"""Law L9: what came and what is listed as missing make up all numbers; none is both, none is listed twice."""


def unlisted(books: Books) -> list[tuple[Any, ...]]:
    """What breaks L9."""
    return [row for law in L9 for row in books.rows(law)]


def stands(answer: Json) -> tuple[int | None, list[tuple[int, int]]]:
    """(high_contiguous, gaps) of an answer."""
    return answer["high_contiguous"], [(gap["from"], gap["to"]) for gap in answer["gaps"]]


def said(answer: Json) -> list[tuple[str, str | None]]:
    """(status, code) of each item."""
    return [(item["status"], item.get("code")) for item in answer["items"]]


def paired_anew(lane: Lane) -> Lane:
    """The lane after it was paired again: its next epoch, its new key."""
    code = lane.caller.name
    _, made = pairing.invite(lane.services, Request(SYSTEM), code)
    _, given = pairing.pair(lane.services, Request(SYSTEM), code, made["pairing_code"])
    return Lane(lane.services, staff.by_terminal_key(lane.services, given["key"]))


def health(lane: Lane) -> Json:
    """How the lane is, as staff see it."""
    items = connections.list_connections(lane.services, SYSTEM)["items"]
    found: Json = next(item for item in items if item["terminal"] == lane.caller.name)
    return found


def test_gaps_are_told_and_filled_in_any_order(lane: Lane, books: Books) -> None:
    """``high_contiguous`` goes up to the first number that is missing, ``gaps`` are what is missing above."""
    one, *rest = [numbered(n) for n in range(1, 10)]
    assert stands(sends(lane, one)) == (1, [])
    assert stands(sends(lane, rest[3], rest[6])) == (1, [(2, 4), (6, 7)])
    assert stands(sends(lane, rest[1])) == (1, [(2, 2), (4, 4), (6, 7)])
    assert stands(sends(lane, rest[0])) == (3, [(4, 4), (6, 7)])
    assert stands(sends(lane, rest[5], rest[2])) == (5, [(6, 6)])
    assert stands(sends(lane, rest[4], rest[7])) == (9, [])
    assert books.value("SELECT count(*) FROM sales") == 9
    assert unlisted(books) == []
    assert books.faults() == []


def test_a_till_that_does_not_number_is_told_nothing(lane: Lane) -> None:
    answer = sends(lane, sale("r-1"))
    assert (answer["high_contiguous"], answer["gaps"], answer["pair_again"]) == (None, [], False)


def test_a_replay_is_answered_the_same_to_the_letter(lane: Lane, hanh: Json, books: Books) -> None:
    """The same number, key and body: one effect, the same answer, refusals too."""
    items = [
        numbered(1, card=hanh["card"]),
        {"kind": "enrolment", "key": fresh_key(), "epoch": 1, "sequence": 2, "phone": "0901234567"},
        {"kind": "return", "key": fresh_key(), "epoch": 1, "sequence": 3, "sale_receipt": "r-1-1", "receipt": "x",
         "lines": [{"line": "1", "quantity": 1}]},
        {"kind": "void", "key": fresh_key(), "epoch": 1, "sequence": 4, "checkout": "77"},
    ]  # fmt: skip
    first = sends(lane, *items)
    assert said(first) == [("ok", None), ("refused", "phone_taken"), ("ok", None), ("refused", "checkout_unknown")]
    assert stands(first) == (4, [])
    before = books.state()
    assert sends(lane, *items) == first
    assert sends(lane, *items[::-1])["items"] == first["items"][::-1]
    assert books.state() == before
    assert books.exceptions() == []


def test_a_number_with_the_same_body_is_the_same_record_whatever_its_key(lane: Lane, books: Books) -> None:
    """A till that lost its key but not its journal makes another one: it hears the first answer."""
    first = sends(lane, numbered(1))
    assert sends(lane, numbered(1)) == first
    assert books.value("SELECT count(*) FROM sales") == 1
    assert books.exceptions() == []


def test_of_a_cloned_till_the_second_body_is_kept_aside(lane: Lane, hanh: Json, books: Books) -> None:
    """Story 7: both tills are to be paired again, a manager is told once, nothing is lost, nobody else waits."""
    mine = numbered(1, card=hanh["card"])
    ok = sends(lane, mine)
    theirs = [numbered(1, receipt="clone", card=hanh["card"]), numbered(2)]
    answer = sends(lane, *theirs)
    assert said(answer) == [("quarantined", "number_taken"), ("ok", None)]
    assert answer["pair_again"]
    assert stands(answer) == (2, [])
    assert said(sends(lane, *theirs)) == said(answer)
    again = sends(lane, mine)
    assert again["items"] == ok["items"]
    assert again["pair_again"]
    assert lane.points(hanh["id"])["active"] == 50
    assert books.exceptions() == [("number_taken", 0)]
    assert books.value("SELECT count(*) FROM quarantine") == 1
    kept = quarantine.list_quarantine(lane.services, SYSTEM)["items"]
    assert [(x["terminal"], x["epoch"], x["sequence"], x["receipt"], x["state"]) for x in kept] == [
        ("hn-01-1", 1, 1, "clone", "waiting")
    ]
    assert health(lane)["pair_again"]
    assert health(lane)["quarantined"] == 1


def test_a_till_to_be_paired_again_earns_but_spends_nothing(lane: Lane, hanh: Json, shop: Shop, books: Books) -> None:
    """Reliability 3.8: earning goes on; points and coupons are not given to one of two; facts are recorded."""
    lane.adjusts(hanh["id"], 500)
    held = lane.opens(bread(50_000), card=hanh["card"], redeem_points=100)
    sends(lane, numbered(1), numbered(1, receipt="clone"))
    lane = lane_of(shop)
    for act in (lane.opens, lane.quotes, lane.sells):
        with pytest.raises(NotAllowed, match="terminal_quarantined"):
            act(bread(50_000), card=hanh["card"], redeem_points=100)
    assert lane.sells(bread(50_000), card=hanh["card"])["points"]["earned"] == 50
    assert lane.settles(held["id"])["status"] == "ok"
    made = lane.sells(bread(50_000), card=hanh["card"], redeem_points=100, as_sold=True)
    assert made["points"]["redeemed"] == 100
    lane = paired_anew(lane)
    assert lane.sells(bread(50_000), card=hanh["card"], redeem_points=100)["points"]["redeemed"] == 100
    assert not health(lane)["pair_again"]
    assert books.faults() == []


def test_an_epoch_that_goes_back_is_kept_aside(lane: Lane, books: Books) -> None:
    """A record of an earlier pairing is not recorded and not dropped; what was recorded then is answered."""
    first = sends(lane, numbered(1))
    lane = paired_anew(lane)
    assert stands(sends(lane, numbered(1, epoch=2))) == (1, [])
    late = sends(lane, numbered(2), numbered(1))
    assert said(late) == [("quarantined", "epoch_old"), ("ok", None)]
    assert late["items"][1] == first["items"][0]
    assert not late["pair_again"]
    assert said(sends(lane, numbered(1, epoch=3))) == [("quarantined", "epoch_ahead")]
    assert books.exceptions() == [("epoch_old", 0), ("epoch_ahead", 0)]
    assert books.value("SELECT count(*) FROM sales") == 2
    assert books.value("SELECT count(*) FROM quarantine") == 2


def test_after_pairing_the_till_numbers_anew_what_it_has_not_sent(lane: Lane, books: Books) -> None:
    """The key stays: what had arrived is the same record, what had not is recorded now."""
    arrived, waiting = numbered(1), numbered(3)
    first = sends(lane, arrived)
    lane = paired_anew(lane)
    answer = sends(lane, arrived | {"epoch": 2, "sequence": 1}, waiting | {"epoch": 2, "sequence": 2})
    assert answer["items"][0] == first["items"][0]
    assert stands(answer) == (2, [])
    assert books.value("SELECT count(*) FROM sales") == 2
    assert books.exceptions() == []


def test_what_is_final_takes_its_number_what_is_malformed_leaves_it_open(lane: Lane, books: Books) -> None:
    """A number that stands for nothing is a gap, and it is told."""
    answer = sends(lane, numbered(1, unknown_field=1), numbered(2, card="4111111111111111"), numbered(3),
                   numbered(4, receipt="r-1-3", lines=[bread(1)]))  # fmt: skip
    assert said(answer) == [
        ("refused", "invalid"), ("refused", "payment_card"), ("ok", None), ("refused", "receipt_conflict"),
    ]  # fmt: skip
    assert stands(answer) == (0, [(1, 2)])
    assert books.value("SELECT count(*) FROM quarantine") == 0
    assert "4111" not in repr(books.rows("SELECT * FROM till_records"))


@pytest.mark.parametrize(
    "number",
    [{"epoch": 1}, {"sequence": 1}, {"epoch": 0, "sequence": 1}, {"epoch": 1, "sequence": 0},
     {"epoch": 1, "sequence": True}, {"epoch": "1", "sequence": 1}, {"epoch": 1, "sequence": 2**53},
     {"server_time_seen": "2026-11-21T11:00:00"}, {"server_time_seen": "0001-01-01T00:00:00Z"}],
)  # fmt: skip
def test_half_a_number_or_none_that_can_be_is_refused(lane: Lane, number: Json) -> None:
    answer = sends(lane, sale("r-1") | number, sale("r-2"))
    assert said(answer) == [("refused", "invalid"), ("ok", None)]


def test_numbers_are_a_terminals_own(lane: Lane, shop: Shop) -> None:
    """A person has none; another terminal's are others."""
    other = lane_of(shop, "hn-02-1")
    assert stands(sends(lane, numbered(1), numbered(2))) == (2, [])
    assert stands(sends(other, numbered(1))) == (1, [])
    person = Lane(shop.services, staff.by_token(shop.services, shop.tokens["cashier"]))
    answer = sends(person, numbered(1), sale("r-9"))
    assert said(answer) == [("refused", "invalid"), ("ok", None)]
    assert answer["high_contiguous"] is None


def test_gaps_that_stay_open_are_listed_for_staff(lane: Lane, shop: Shop, books: Books, clock: FixedClock) -> None:
    """L9: of earlier epochs too, since when, and for the caller's stores alone."""
    sends(lane, numbered(1), numbered(4))
    clock.move(minutes=20)
    sends(lane, numbered(5))
    lane = paired_anew(lane)
    sends(lane, numbered(3, epoch=2))
    found = health(lane)
    assert [(g["epoch"], g["from"], g["to"]) for g in found["gaps"]] == [(1, 2, 3), (2, 1, 2)]
    assert [g["since"][11:16] for g in found["gaps"]] == ["05:00", "05:20"]
    assert (found["epoch"], found["high_contiguous"]) == (2, 0)
    assert unlisted(books) == []
    manager = staff.by_token(shop.services, shop.tokens["manager"])
    seen = connections.list_connections(shop.services, manager)["items"]
    assert [x["terminal"] for x in seen] == ["hn-01-1", "hn-01-2"]


@pytest.mark.parametrize(
    "damage",
    ["UPDATE till_epochs SET highest = highest + 1 WHERE highest > 0", "DELETE FROM till_gaps WHERE first = 2",
     "UPDATE till_gaps SET last = last + 1 WHERE first = 2", "UPDATE till_gaps SET first = 1 WHERE first = 2",
     "UPDATE till_gaps SET first = 3, last = 4 WHERE first = 6"],
)  # fmt: skip
def test_law_nine_sees_what_is_not_listed(lane: Lane, books: Books, damage: str) -> None:
    """The law bites."""
    sends(lane, numbered(1), numbered(5), numbered(8))
    assert unlisted(books) == []
    books.change(damage)
    assert unlisted(books)


@sqlite_only
@given(order=st.lists(st.integers(1, 30), min_size=1, max_size=30))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_in_any_order_what_is_missing_is_what_is_listed(lane: Lane, books: Books, order: list[int]) -> None:
    """Whatever comes, in whatever order and however often: gaps and high_contiguous are those of the set."""
    lane = paired_anew(lane)
    epoch = lane.services.store.read(lambda tx: shops.terminal(tx, lane.caller.name)).epoch  # type: ignore[union-attr]
    cards = [{"key": fresh_key(), "swipe": f"29{n:011d}", "at": "2026-11-21T09:30:00+07:00", "epoch": epoch,
              "sequence": n} for n in order]  # fmt: skip
    answer = sends_swipes(lane, *cards)
    here, top = set(order), max(order)
    away = [n for gap in answer["gaps"] for n in range(gap["from"], gap["to"] + 1)]
    assert away == [n for n in range(1, top) if n not in here]
    assert answer["high_contiguous"] == (away[0] - 1 if away else top)
    assert unlisted(books) == []


def test_sixteen_at_once_with_one_number_have_one_effect(lane: Lane, books: Books) -> None:
    """The constraint decides: one body, sixteen keys, one sale; whoever is asked to wait hears the same then."""
    items = [numbered(1) for _ in range(16)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda item: sends(lane, item)["items"][0], items))
    assert {x.get("id", x.get("code")) for x in answers} <= {"1", "in_progress"}
    assert [sends(lane, item)["items"][0]["id"] for item in items] == ["1"] * 16
    assert books.value("SELECT count(*) FROM sales") == 1
    assert books.value("SELECT count(*) FROM till_records") == 1
    assert books.value("SELECT count(*) FROM quarantine") == 0
    assert books.faults() == []


def test_sixteen_clones_at_once_record_one_and_keep_fifteen(lane: Lane, books: Books) -> None:
    """Sixteen bodies for one number: one is recorded, none is lost, the manager has one line."""
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: sends(lane, numbered(1, receipt=f"c-{n}"))["items"][0], range(16)))
    assert sorted(x["status"] for x in answers) == ["ok"] + ["quarantined"] * 15
    assert books.value("SELECT count(*) FROM sales") == 1
    assert books.value("SELECT count(*) FROM quarantine") == 15
    assert books.exceptions() == [("number_taken", 0)]
    assert books.faults() == []


def test_sixteen_numbers_at_once_leave_no_gap(lane: Lane, books: Books) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: sends(lane, numbered(n)), range(1, 17)))
    assert stands(sends(lane, numbered(1))) == (16, [])
    assert unlisted(books) == []


# Swipes made offline ----------------------------------------------------------------------------


def test_offline_swipes_are_recorded_with_both_times(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """S43: when the till read the card, and when we heard of it; an unknown card is recorded too."""
    answer = sends_swipes(
        lane,
        swipe(hanh["card"], 1, cashier="C07"),
        swipe("2900000000001", 2),
        swipe("4111111111111111", 3),
        swipe(hanh["card"], 4, at="yesterday"),
        swipe(hanh["card"], 5, kind="sale"),
        swipe(hanh["card"], 6, entry="typed"),
    )
    assert said(answer) == [
        ("ok", None), ("refused", "card_unknown"), ("refused", "payment_card"), ("refused", "invalid"),
        ("refused", "invalid"), ("ok", None),
    ]  # fmt: skip
    assert stands(answer) == (2, [(3, 5)])
    read_at, now = 1_795_228_200_000, int(clock.at.timestamp() * 1000)
    assert books.rows("SELECT at, recorded_at, cashier, entry, outcome FROM swipes ORDER BY id") == [
        (read_at, now, "C07", "scan", "found"), (read_at, now, None, "scan", "unknown"),
        (read_at, now, None, "typed", "found"),
    ]  # fmt: skip
    assert "4111" not in repr(books.rows("SELECT * FROM swipes"))


def test_offline_swipes_sent_twice_are_recorded_once(lane: Lane, hanh: Json, books: Books) -> None:
    items = [swipe(hanh["card"], 1), swipe("2900000000001", 2), swipe(hanh["card"])]
    first = sends_swipes(lane, *items)
    assert sends_swipes(lane, *items) == first
    assert books.value("SELECT count(*) FROM swipes") == 3


def test_an_identification_sent_online_and_again_in_a_batch_is_one(lane: Lane, hanh: Json, books: Books) -> None:
    """Its key remembers it as the single call."""
    item = swipe(hanh["card"], 1)
    content = {"swipe": item["swipe"], "entry": "scan"}
    request = Request(lane.caller, item["key"], hash_of("POST", "/api/v1/cards/identify", content))
    _, first = checkout.identify(lane.services, request, SwipeIn(swipe=item["swipe"], entry="scan"))
    answer = sends_swipes(lane, item)
    assert answer["items"] == [{"status": "ok", "id": first["swipe_id"]}]
    assert stands(answer) == (1, [])
    assert books.value("SELECT count(*) FROM swipes") == 1


def test_swipes_and_sales_share_the_tills_numbers(lane: Lane, hanh: Json) -> None:
    """One journal: a swipe's number is no sale's."""
    sends_swipes(lane, swipe(hanh["card"], 1))
    assert stands(sends(lane, numbered(2))) == (2, [])
    assert said(sends(lane, numbered(1))) == [("quarantined", "number_taken")]
    moved = swipe(hanh["card"], 1, at="2026-11-21T09:31:00+07:00")
    assert said(sends_swipes(lane, moved)) == [("quarantined", "number_taken")]


def test_offline_swipes_are_no_guesses(lane: Lane, hanh: Json, books: Books) -> None:
    """The guess limit is never on batches."""
    sends_swipes(lane, *(swipe(f"29000000{n:05d}") for n in range(20)))
    assert books.exceptions() == []
    assert lane.identifies(hanh["card"])["member"]["id"] == hanh["id"]


@pytest.mark.parametrize(("at", "spends"), [
    ("2026-11-21T11:40:00+07:00", 100), ("2026-11-21T09:00:00+07:00", 0), ("2026-11-23T12:00:00+07:00", 100),
])  # fmt: skip
def test_an_old_swipe_shows_no_possession(lane: Lane, hanh: Json, clock: FixedClock, at: str, spends: int) -> None:
    """S23: the card must have been there half an hour ago at most, by the till's clock and by ours."""
    lane.adjusts(hanh["id"], 500)
    found = sends_swipes(lane, swipe(hanh["card"], at=at))["items"][0]["id"]
    assert lane.quotes(FRUIT, bread(100_000), swipe_id=found, redeem_points=100)["points"]["redeemed"] == spends
    clock.move(minutes=31)
    assert lane.quotes(FRUIT, bread(100_000), swipe_id=found, redeem_points=100)["points"]["redeemed"] == 0


def test_a_quarantined_swipe_can_be_let_through(lane: Lane, hanh: Json, books: Books) -> None:
    sends(lane, numbered(1))
    sends_swipes(lane, swipe(hanh["card"], 1))
    assert books.value("SELECT count(*) FROM swipes") == 0
    quarantine.accept(lane.services, Request(SYSTEM, fresh_key()), "1", None, hash_of)
    assert books.rows("SELECT terminal_id, outcome FROM swipes") == [(1, "found")]
