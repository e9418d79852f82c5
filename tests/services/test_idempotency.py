"""Exactly once: one key, one effect, one answer (contract.md section 1; reliability.md 3.2)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from actions import FixedClock
from services.lane import FRUIT, MILK, Books, Lane, bread, fresh_key, same

from loyalty_pos.errors import (
    BadInput,
    Conflict,
    InProgress,
    LoyaltyError,
    NotAllowed,
    NotFound,
    Refused,
    TooMany,
    Unavailable,
)
from loyalty_pos.services import coupons, idempotency, members
from loyalty_pos.services.context import Outcome, Request
from loyalty_pos.storage.tx import Stale, Tx

Json = dict[str, Any]
Act = Callable[[Lane, Json, str], Json]


def _opened(lane: Lane, hanh: Json) -> str:
    return str(lane.opens(FRUIT, card=hanh["card"], redeem_points=200)["id"])


def _sold(lane: Lane, hanh: Json) -> Json:
    return lane.sells(MILK, card=hanh["card"])


def _changes(lane: Lane, hanh: Json) -> Act:
    checkout = _opened(lane, hanh)
    return lambda lane, hanh, key: lane.changes(checkout, MILK, card=hanh["card"], key=key)


def _settles(lane: Lane, hanh: Json) -> Act:
    checkout = _opened(lane, hanh)
    return lambda lane, hanh, key: lane.settles(checkout, receipt="one", key=key)


def _voids(lane: Lane, hanh: Json) -> Act:
    checkout = _opened(lane, hanh)
    return lambda lane, hanh, key: lane.voids(checkout, key=key)


def _returns(lane: Lane, hanh: Json) -> Act:
    sale = _sold(lane, hanh)["id"]
    return lambda lane, hanh, key: lane.takes_back(sale, ("1", 1), receipt="back", key=key)


def _returns_by_receipt(lane: Lane, hanh: Json) -> Act:
    receipt = _sold(lane, hanh)["receipt"]
    return lambda lane, hanh, key: lane.takes_back_receipt(receipt, ("1", 1), receipt="back", key=key)


def _coupons(lane: Lane, hanh: Json) -> Act:
    return lambda lane, hanh, key: coupons.issue(
        lane.services, Request(lane.caller, key, b"x"), hanh["id"], "ten-percent"
    )[1]  # fmt: skip


WRITES: dict[str, Callable[[Lane, Json], Act]] = {
    "enrol": lambda lane, hanh: lambda lane, hanh, key: lane.enrols(key=key, name="Lê Văn Tám", phone="0909999888"),
    "identify": lambda lane, hanh: lambda lane, hanh, key: lane.identifies(hanh["card"], key=key),
    "open": lambda lane, hanh: lambda lane, hanh, key: lane.opens(FRUIT, card=hanh["card"], key=key),
    "change": _changes,
    "settle": _settles,
    "void": _voids,
    "sell": lambda lane, hanh: lambda lane, hanh, key: lane.sells(FRUIT, card=hanh["card"], receipt="r1", key=key),
    "return": _returns,
    "return-by-receipt": _returns_by_receipt,
    "park": lambda lane, hanh: lambda lane, hanh, key: lane.takes_back_receipt("no", ("1", 1), receipt="b", key=key),
    "adjust": lambda lane, hanh: lambda lane, hanh, key: lane.adjusts(hanh["id"], 77, key=key),
    "issue": _coupons,
}


@pytest.mark.parametrize("write", WRITES)
def test_a_repeat_is_the_same_answer_and_no_second_effect(
    lane: Lane, hanh: Json, books: Books, clock: FixedClock, write: str
) -> None:
    """Reliability row 3: replayed to the byte, also after forty days; nothing moves."""
    lane.adjusts(hanh["id"], 500)
    act, key = WRITES[write](lane, hanh), fresh_key()
    first = act(lane, hanh, key)
    before, tables = books.state(), counts(books)
    clock.move(days=40)
    again = act(lane, hanh, key)
    if write != "identify":
        assert same(again, first)
    assert again == first
    assert (books.state(), counts(books)) == (before, tables)
    assert books.faults() == []


def counts(books: Books) -> list[int]:
    """How many rows the tables of facts hold."""
    names = ("sales", "returns", "entries", "coupons", "swipes", "checkouts", "members", "answers", "parked_returns")
    return [books.value(f"SELECT count(*) FROM {name}") for name in names]


@pytest.mark.parametrize("write", WRITES)
def test_another_body_under_the_key_is_refused(lane: Lane, hanh: Json, books: Books, write: str) -> None:
    """422 ``key_reused``: never a second effect, and the first answer stays."""
    lane.adjusts(hanh["id"], 500)
    act, key = WRITES[write](lane, hanh), fresh_key()
    first = act(lane, hanh, key)
    tables = counts(books)
    with pytest.raises(Refused, match="key_reused"):
        idempotency.write(lane.services, Request(lane.caller, key, b"another body"), _never)
    assert counts(books) == tables
    assert act(lane, hanh, key) == first


def _never(_tx: Tx) -> Outcome:
    raise AssertionError("the work of a used key must not run")


def test_the_key_belongs_to_its_caller(lane: Lane, books: Books) -> None:
    """Scope: the caller; another one may use the same text."""
    from dataclasses import replace

    key = fresh_key()
    other = Lane(lane.services, replace(lane.caller, name="another"))
    lane.sells(bread(1_000), key=key)
    other.sells(bread(2_000), key=key)
    assert books.value("SELECT count(*) FROM sales") == 2


@pytest.mark.parametrize(
    "error",
    [
        NotFound("card_unknown"),
        Conflict("receipt_conflict"),
        Refused("more_than_bought", left=3),
        Conflict(errors={"phone": ["taken"]}),
    ],
    ids=lambda error: error.code,
)
def test_a_refusal_of_the_rules_is_final(lane: Lane, books: Books, error: LoyaltyError) -> None:
    """Saved and replayed with its code and facts; whatever the work had done is undone."""
    request = Request(lane.caller, fresh_key(), b"body")

    def work(tx: Tx) -> Outcome:
        tx.run("INSERT INTO categories (code, name) VALUES ('left', 'behind')")
        raise error

    outcomes = [idempotency.write(lane.services, request, work), idempotency.write(lane.services, request, _never)]
    for outcome, replayed in zip(outcomes, (False, True), strict=True):
        assert outcome.replayed is replayed
        with pytest.raises(type(error)) as refusal:
            outcome.value()
        assert (refusal.value.code, refusal.value.errors, refusal.value.facts) == (
            error.code,
            error.errors,
            error.facts,
        )
    assert books.value("SELECT count(*) FROM categories") == 0


@pytest.mark.parametrize(
    "error",
    [BadInput("invalid"), InProgress(), TooMany(retry_after=3), Unavailable(), NotAllowed(), RuntimeError(), Stale()],
    ids=lambda error: type(error).__name__,
)
def test_what_is_not_final_leaves_the_key_unused(lane: Lane, books: Books, error: Exception) -> None:
    """400, 401, 403, 422 ``invalid``, 429 and 5xx save nothing: the same key may try again."""
    request = Request(lane.caller, fresh_key(), b"body")

    def work(tx: Tx) -> Outcome:
        tx.run("INSERT INTO categories (code, name) VALUES ('left', 'behind')")
        raise error

    with pytest.raises(type(error)):
        idempotency.write(lane.services, request, work)
    assert books.value("SELECT count(*) FROM categories") == 0
    assert books.value("SELECT count(*) FROM answers WHERE caller = ?", lane.caller.key) == 0
    fine = idempotency.write(lane.services, request, lambda tx: Outcome("created", {"fine": True}))
    assert fine.value() == {"fine": True}


def test_while_one_runs_the_others_wait_outside(lane: Lane) -> None:
    """409 ``in_progress`` with a moment to wait; afterwards the answer."""
    request = Request(lane.caller, fresh_key(), b"body")
    running, go_on = threading.Event(), threading.Event()

    def slow(_tx: Tx) -> Outcome:
        running.set()
        assert go_on.wait(30)
        return Outcome("created", {"n": 1})

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(idempotency.write, lane.services, request, slow)
        assert running.wait(30)
        with pytest.raises(InProgress) as refusal:
            idempotency.write(lane.services, request, _never)
        go_on.set()
        assert first.result().value() == {"n": 1}
    assert refusal.value.facts == {"retry_after": 1}
    assert idempotency.write(lane.services, request, _never).replayed


def test_a_decision_whose_ground_moved_is_taken_again(lane: Lane) -> None:
    """``decide``: Stale reads and decides anew; the last try reads inside the writing transaction."""
    seen: list[int] = []

    def load(_tx: Tx) -> int:
        seen.append(len(seen))
        return seen[-1]

    def post(_tx: Tx, number: int) -> Outcome:
        if number < idempotency.TRIES:
            raise Stale
        return Outcome("created", {"number": number})

    outcome = idempotency.decide(lane.services, Request(lane.caller, fresh_key(), b""), load, post)
    assert outcome.value() == {"number": idempotency.TRIES}
    assert seen == list(range(idempotency.TRIES + 1))


def test_saved_answers_hold_no_personal_data(lane: Lane, hanh: Json, books: Books) -> None:
    """Ids and figures alone; the name is filled in again when an answer is replayed."""
    key = fresh_key()
    person = {"name": "Đặng Thuỳ Trâm", "phone": "0912345678", "email": "tram@example.vn"}
    person |= {"birthday": "1942-11-26", "address": "12 Phố Huế"}
    made = lane.enrols(key=key, **person)
    lane.identifies(made["card"]["number"], key=fresh_key())
    opened = lane.opens(FRUIT, card=made["card"]["number"])
    sold = lane.settles(opened["id"])
    lane.takes_back(sold["id"], ("2", 1))
    saved = [bytes(row[0]).decode() for row in books.rows("SELECT answer FROM answers WHERE answer IS NOT NULL")]
    saved += [bytes(row[0]).decode() for row in books.rows("SELECT answer FROM sales")]
    saved += [bytes(value).decode() for row in books.rows("SELECT basket, priced FROM checkouts") for value in row]
    assert len(saved) >= 5
    for text in saved:
        for private in ("Trâm", "Đặng", "0912345678", "912345678", "example.vn", "1942", "Huế"):
            assert private not in text
    again = lane.enrols(key=key, **person)
    assert (again["card"], again["page"]) == (made["card"], made["page"])
    assert again["member"]["name"] == "Đặng Thuỳ Trâm"


def test_a_replay_shows_the_name_of_today(lane: Lane, hanh: Json) -> None:
    """Names are filled in again: a correction shows, an erased member's stays empty."""
    key = fresh_key()
    sold = lane.sells(FRUIT, card=hanh["card"], receipt="r1", key=key)
    assert sold["member"]["short_name"] == "Hạnh N."
    members.change(lane.services, lane.request("name"), hanh["id"], {"name": "Nguyễn Thị Hoa"})
    again = lane.sells(FRUIT, card=hanh["card"], receipt="r1", key=key)
    assert again["member"]["short_name"] == "Hoa N."
    lane.services.store.write(lambda tx: tx.run("UPDATE members SET state = 'erased' WHERE id = ?", (int(hanh["id"]),)))
    assert lane.sells(FRUIT, card=hanh["card"], receipt="r1", key=key)["member"]["short_name"] is None


def test_every_final_refusal_can_be_thawed() -> None:
    """Each class of the error tree that may be saved comes back as itself."""
    from loyalty_pos import errors

    for name in ("NotFound", "Conflict", "Refused"):
        kind = getattr(errors, name)
        frozen = msgspec.json.encode(idempotency._freeze(kind("some_code", errors={"a": ["b"]}, left=2)))
        thawed = idempotency._thaw(frozen)
        assert (type(thawed), thawed.code, thawed.errors, thawed.facts) == (
            kind,
            "some_code",
            {"a": ["b"]},
            {"left": 2},
        )
