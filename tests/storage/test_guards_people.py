"""The guards of what happens to people: one decision, one member a sale, one standing merge, one holder of a card."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest
from actions import basket
from services.lane import Books, Lane, books, hanh, lane

from loyalty_pos.services.context import Services
from loyalty_pos.storage import approvals, merges, sales, staff
from loyalty_pos.storage.merges import Counted

__all__ = ["books", "hanh", "lane"]
Refusal = (sqlite3.DatabaseError, psycopg.Error)


def test_a_request_is_decided_once(services: Services, lane: Lane, books: Books, hanh: dict[str, str]) -> None:
    """And never approved by whoever asked, whatever the caller says."""

    def ask(tx: object) -> int:
        return approvals.add(tx, 1, "staff:a", int(hanh["id"]), 5, "x")  # type: ignore[arg-type]

    asked, own = services.store.write(ask), services.store.write(ask)
    for expected in (True, False):
        done = services.store.write(lambda tx: approvals.decide(tx, asked, "approved", "staff:b", 2, None))
        assert done is expected
    assert services.store.write(lambda tx: approvals.decide(tx, asked, "rejected", "staff:c", 3, None)) is False
    with pytest.raises(Refusal, match="ck_approvals_two_people"):
        services.store.write(lambda tx: approvals.decide(tx, own, "approved", "staff:a", 2, None))
    assert books.rows("SELECT state, decided_by FROM approvals ORDER BY id") == [
        ("approved", "staff:b"), ("waiting", None),
    ]  # fmt: skip


def test_a_sale_gets_a_member_once(services: Services, lane: Lane, books: Books, hanh: dict[str, str]) -> None:
    sale = int(lane.sells(*basket()["lines"])["id"])
    other = int(lane.enrols()["member"]["id"])
    for member, expected in ((int(hanh["id"]), True), (other, False)):
        done = services.store.write(lambda tx, m=member: sales.attach(tx, sale, m, None, 0, "{}", 1, "x"))
        assert done is expected
    assert books.value("SELECT member_id FROM sales") == int(hanh["id"])


def test_one_merge_stands_and_is_undone_once(
    services: Services, lane: Lane, books: Books, hanh: dict[str, str]
) -> None:
    source, target = int(lane.enrols()["member"]["id"]), int(hanh["id"])
    for expected in (True, False):
        assert services.store.write(lambda tx: merges.become_alias(tx, source, target)) is expected
    services.store.write(lambda tx: merges.add(tx, source, target, 1, "x", "x", "{}"))
    with pytest.raises(Refusal, match=r"(?i)unique|duplicate"):
        services.store.write(lambda tx: merges.add(tx, source, target, 2, "x", "x", "{}"))
    merge_id = books.value("SELECT id FROM merges")
    for expected in (True, False):
        assert services.store.write(lambda tx: merges.undo(tx, merge_id, 3, "x")) is expected
    services.store.write(lambda tx: merges.add(tx, source, target, 4, "x", "x", "{}"))


def test_balances_written_anew_are_never_negative(services: Services, lane: Lane, hanh: dict[str, str]) -> None:
    """I1: also where they are not moved but set."""
    for active, facts in ((-1, Counted(0, 0, 0)), (0, Counted(-1, 0, 0)), (0, Counted(0, 0, -1))):
        with pytest.raises(Refusal, match="ck_members"):
            services.store.write(lambda tx, a=active, f=facts: merges.set_balances(tx, int(hanh["id"]), a, 0, f))


def test_a_card_is_the_own_card_of_one_person(services: Services, lane: Lane, books: Books, hanh: object) -> None:
    card, (first, second) = books.value("SELECT id FROM cards"), (row[0] for row in books.rows(
        "SELECT id FROM staff ORDER BY id LIMIT 2"
    ))  # fmt: skip
    assert services.store.write(lambda tx: staff.set_card(tx, first, card)) is True
    assert services.store.write(lambda tx: staff.set_card(tx, second, card)) is False
    assert services.store.write(lambda tx: staff.set_card(tx, first, None)) is True
    assert services.store.write(lambda tx: staff.set_card(tx, second, card)) is True
