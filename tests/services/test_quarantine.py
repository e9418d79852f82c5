"""Records that contradict a till's numbers: kept, decided about once, then recorded or dismissed (story 7)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from conftest import Shop
from services.batches import hash_of, numbered, sends
from services.lane import Books, Lane, fresh_key

from loyalty_pos.errors import Conflict, LoyaltyError, NotFound
from loyalty_pos.services import quarantine
from loyalty_pos.services.context import SYSTEM, Caller, Request

Json = dict[str, Any]


def accepts(lane: Lane, record: str = "1", caller: Caller = SYSTEM) -> Json:
    """A manager lets it through."""
    request = Request(caller, fresh_key(), b"")
    found: Json = quarantine.accept(lane.services, request, record, "a sale of its own", hash_of)[1]
    return found


def dismisses(lane: Lane, record: str = "1", caller: Caller = SYSTEM) -> Json:
    """A manager says that it was no fact of its own."""
    found: Json = quarantine.dismiss(lane.services, Request(caller, fresh_key(), b""), record, "the same sale")[1]
    return found


def clone(lane: Lane, **more: Any) -> None:
    """A second body for the lane's first number."""
    sends(lane, numbered(1))
    sends(lane, numbered(1, receipt="clone", **more))


def test_an_accepted_sale_is_the_terminals_and_earns(lane: Lane, hanh: Json, books: Books) -> None:
    """Recorded as if it had come without a number; who let it through stands with it."""
    clone(lane, card=hanh["card"])
    done = accepts(lane)
    assert (done["state"], done["note"], done["resolved_by"]) == ("accepted", "a sale of its own", "system:system")
    assert books.rows("SELECT receipt, terminal_id FROM sales ORDER BY id") == [("r-1-1", 1), ("clone", 1)]
    assert lane.points(hanh["id"])["active"] == 50
    assert books.value("SELECT body FROM quarantine") is None
    assert books.faults() == []


def test_a_dismissed_record_leaves_no_trace_but_why(lane: Lane, books: Books) -> None:
    clone(lane)
    assert dismisses(lane)["state"] == "dismissed"
    assert books.value("SELECT count(*) FROM sales") == 1
    assert books.rows("SELECT body, note FROM quarantine") == [(None, "the same sale")]
    assert books.value("SELECT reason FROM audit WHERE what = 'quarantine.dismissed'") == "the same sale"


def test_it_is_decided_about_once(lane: Lane, books: Books) -> None:
    clone(lane)
    accepts(lane)
    for again in (accepts, dismisses):
        with pytest.raises(Conflict, match="record_resolved"):
            again(lane)
    assert books.value("SELECT count(*) FROM sales") == 2


def test_managers_at_once_record_it_once(lane: Lane, hanh: Json, books: Books) -> None:
    clone(lane, card=hanh["card"])

    def tries(_: int) -> str:
        try:
            return str(accepts(lane)["state"])
        except LoyaltyError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        heard = list(pool.map(tries, range(8)))
    assert heard.count("accepted") <= 1
    assert set(heard) <= {"accepted", "record_resolved", "in_progress"}
    assert books.value("SELECT count(*) FROM sales") == 2
    assert lane.points(hanh["id"])["active"] == 50


def test_what_the_single_call_refuses_waits_on(lane: Lane, books: Books) -> None:
    """Accepting is no way around the rules: the receipt is another sale's."""
    sends(lane, numbered(1), numbered(2))
    sends(lane, numbered(2, receipt="r-1-1", card="2900000000001"))
    with pytest.raises(Conflict, match="receipt_conflict"):
        accepts(lane)
    assert books.value("SELECT state FROM quarantine") == "waiting"
    assert dismisses(lane)["state"] == "dismissed"


def test_an_enrolment_keeps_no_personal_data_once_decided(lane: Lane, books: Books) -> None:
    """The body of a record that waits may hold a phone; afterwards it stands in people alone."""
    sends(lane, numbered(1))
    sends(lane, {"kind": "enrolment", "key": fresh_key(), "epoch": 1, "sequence": 1, "phone": "0909000111"})
    assert books.value("SELECT kind FROM quarantine") == "enrolment"
    accepts(lane)
    assert books.value("SELECT count(*) FROM people WHERE phone = '+84909000111'") == 1
    assert "909000111" not in repr(books.rows("SELECT * FROM quarantine"))


def test_another_stores_records_do_not_exist(lane: Lane, shop: Shop) -> None:
    clone(lane)
    far = Caller(kind="staff", name="far", role="manager", store_ids=frozenset({2}))
    assert quarantine.list_quarantine(shop.services, far)["items"] == []
    for act in (accepts, dismisses):
        for record in ("1", "99", "x"):
            with pytest.raises(NotFound, match="record_unknown"):
                act(lane, record, far)


def test_lists_come_in_pages(lane: Lane, shop: Shop) -> None:
    sends(lane, numbered(1), *(numbered(1, receipt=f"c-{n}") for n in range(3)))
    first = quarantine.list_quarantine(shop.services, SYSTEM, "waiting", limit=2)
    rest = quarantine.list_quarantine(shop.services, SYSTEM, "waiting", first["next"], 2)
    assert [x["receipt"] for x in first["items"] + rest["items"]] == ["c-2", "c-1", "c-0"]
    assert rest["next"] is None
    assert quarantine.list_quarantine(shop.services, SYSTEM, "accepted")["items"] == []
