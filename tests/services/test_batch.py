"""Many facts in one call: each its own key and transaction, answers in the order of the items."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from services.batches import sale, sends
from services.lane import Books, Lane, bread, fresh_key, sqlite_only

from loyalty_pos.services import batch

Json = dict[str, Any]


def answers_to(lane: Lane, *items: Json) -> list[Json]:
    """The answers to the items of a batch."""
    found: list[Json] = sends(lane, *items)["items"]
    return found


@sqlite_only
def test_one_bad_item_never_blocks_the_others(lane: Lane, hanh: Json, books: Books) -> None:
    """The answers stand in the order of the items."""
    answers = answers_to(
        lane,
        sale("b1", card=hanh["card"], entry="scan"),
        sale("b2", lines=[]),
        sale("b3", card="4111111111111111"),
        {"receipt": 7},
        sale("b4", unknown_field=1),
        sale("b5", kind="dance"),
        sale("b6", as_sold=True),
    )
    assert [(x["receipt"], x["status"]) for x in answers] == [
        ("b1", "ok"), ("b2", "refused"), ("b3", "refused"), (None, "refused"), ("b4", "refused"),
        ("b5", "refused"), ("b6", "ok"),
    ]  # fmt: skip
    assert [x.get("code") for x in answers] == [None, "invalid", "payment_card", "invalid", "invalid", "invalid", None]
    assert books.rows("SELECT receipt FROM sales ORDER BY id") == [("b1",), ("b6",)]
    assert lane.points(hanh["id"])["active"] == 50
    assert books.faults() == []


@sqlite_only
def test_a_batch_sent_twice_is_recorded_once(lane: Lane, hanh: Json, books: Books) -> None:
    """Each item under its own key: the same answers, no second effect."""
    items = [sale(f"b{n}", card=hanh["card"], epoch=1, sequence=n + 1) for n in range(5)]
    first = answers_to(lane, *items)
    assert answers_to(lane, *items) == first
    assert books.value("SELECT count(*) FROM sales") == 5
    assert lane.points(hanh["id"])["active"] == 250


@sqlite_only
def test_the_same_key_twice_in_one_batch(lane: Lane, books: Books) -> None:
    """The same item is the same answer; another body under its key is refused alone."""
    one = sale("b1")
    answers = answers_to(lane, one, one, one | {"receipt": "b2"})
    assert answers[0] == answers[1]
    assert answers[2] == {"receipt": "b2", "status": "refused", "code": "key_reused"}
    assert books.value("SELECT count(*) FROM sales") == 1


@sqlite_only
def test_returns_voids_and_enrolments_travel_too(lane: Lane, hanh: Json, books: Books) -> None:
    """``kind``: a return may stand before its sale, in the same batch."""
    opened = lane.opens(bread(10_000), card=hanh["card"])
    back = {"kind": "return", "key": fresh_key(), "sale_receipt": "b1", "receipt": "x1",
            "lines": [{"line": "1", "quantity": 1}]}  # fmt: skip
    answers = answers_to(
        lane,
        back,
        sale("b1", card=hanh["card"]),
        {"kind": "void", "key": fresh_key(), "checkout": opened["id"]},
        {"kind": "enrolment", "key": fresh_key(), "name": "Lê Văn Tám", "phone": "0909000111"},
        {"kind": "enrolment", "key": fresh_key(), "phone": "0909000111"},
    )
    assert [x["status"] for x in answers] == ["parked", "ok", "ok", "ok", "refused"]
    assert answers[4]["code"] == "phone_taken"
    assert books.rows("SELECT state FROM sales") == [("returned",)]
    assert books.rows("SELECT state FROM checkouts") == [("voided",)]
    assert books.value("SELECT name FROM people WHERE phone = '+84909000111'") == "Lê Văn Tám"
    assert books.faults() == []


@sqlite_only
def test_a_used_coupon_in_a_batch_is_an_exception(lane: Lane, hanh: Json, books: Books) -> None:
    """Facts are never refused: recorded, told, and a manager sees it."""
    code = lane.issues(hanh["id"])
    items = [sale(f"b{n}", card=hanh["card"], entry="scan", coupons=[code], as_sold=True) for n in (1, 2)]
    assert [x["status"] for x in answers_to(lane, *items)] == ["ok", "accepted_with_exception"]
    assert books.exceptions() == [("coupon_used", 0)]


@pytest.mark.parametrize("count", [0, 501])
def test_a_batch_has_its_size(count: int) -> None:
    """1 to 500 items."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"sales": [{}] * count}, batch.BatchIn)
