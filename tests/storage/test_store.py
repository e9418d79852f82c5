"""What every store promises, on both engines: snapshots, all or nothing, counts, claims."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from loyalty_pos.errors import Unavailable
from loyalty_pos.storage import rules
from loyalty_pos.storage.driver import sqlite3
from loyalty_pos.storage.engine import open_store
from loyalty_pos.storage.postgres import RETRIES, pause
from loyalty_pos.storage.tx import Store, Tx

Refusal = (sqlite3.DatabaseError, psycopg.Error)
ADD = "INSERT INTO categories (code, name) VALUES (?, ?)"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An open, migrated store."""
    made = open_store(store_url)
    yield made
    made.close()


def codes(store: Store) -> list[str]:
    """What stands in the small table that these tests write to."""
    return store.read(lambda tx: [row[0] for row in tx.all("SELECT code FROM categories ORDER BY code")])


def test_a_write_is_there_after_it_returned(store: Store) -> None:
    """Durable, and seen by the next reader."""
    assert store.write(lambda tx: tx.run(ADD, ("a", "A"))) == 1
    assert codes(store) == ["a"]


def test_a_write_that_raises_leaves_nothing(store: Store) -> None:
    """All or nothing; the error of the work comes out as it is."""

    def work(tx: Tx) -> None:
        tx.run(ADD, ("a", "A"))
        tx.later(ADD, ("b", "B"))
        tx.many(ADD, [("c", "C"), ("d", "D")])
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        store.write(work)
    assert codes(store) == []
    store.write(lambda tx: tx.run(ADD, ("e", "E")))
    assert codes(store) == ["e"]


def test_a_guard_knows_how_many_rows_it_changed(store: Store) -> None:
    """Guarded updates stand on the count: 1 where the row is as expected, 0 where it is not."""

    def work(tx: Tx) -> list[int]:
        tx.many(ADD, [("a", "A"), ("b", "A")])
        return [
            tx.run("UPDATE categories SET name = 'X' WHERE code = ? AND name = ?", ("a", "A")),
            tx.run("UPDATE categories SET name = 'X' WHERE code = ? AND name = ?", ("a", "A")),
            tx.run("UPDATE categories SET name = 'Y'"),
            tx.run("INSERT INTO categories (code, name) VALUES ('a', 'B') ON CONFLICT (code) DO NOTHING"),
            tx.run("DELETE FROM categories WHERE code = 'none'"),
        ]

    assert store.write(work) == [1, 0, 2, 0, 0]


@pytest.mark.parametrize("count", [0, 1, 2, 31, 32, 33, 100])
def test_rows_travel_in_groups_and_all_arrive(store: Store, count: int) -> None:
    """Many rows, few statements: none is lost or doubled at the edges of a group."""
    rows = [(f"{number:03}", f"name {number}") for number in range(count)]
    store.write(lambda tx: tx.many(f"{ADD} ON CONFLICT (code) DO NOTHING", rows))
    assert codes(store) == [code for code, _ in rows]
    store.write(lambda tx: tx.many(f"{ADD} ON CONFLICT (code) DO UPDATE SET name = excluded.name", rows))
    assert codes(store) == [code for code, _ in rows]


def test_a_look_is_one_query_by_itself(store: Store) -> None:
    """It sees what is committed, changes nothing, and leaves the connection fit for a transaction."""
    store.write(lambda tx: tx.run(ADD, ("a", "A")))
    assert store.look(lambda tx: tx.all("SELECT name FROM categories"))[0][0] == "A"
    with pytest.raises(Refusal):
        store.look(lambda tx: tx.all("SELECT no_such_column FROM categories"))
    assert codes(store) == ["a"]
    store.write(lambda tx: tx.run(ADD, ("b", "B")))
    assert store.look(lambda tx: tx.one("SELECT count(*) FROM categories")[0]) == 2  # type: ignore[index]


def test_the_rules_number_is_asked_once_a_transaction(store: Store) -> None:
    """And anew after it was changed, and after the change was undone."""

    def work(tx: Tx) -> list[int]:
        seen = [rules.version(tx), rules.bump(tx, 1, "test", "x"), rules.version(tx)]
        tx.undo()
        return [*seen, rules.version(tx)]

    before, made, after, undone = store.write(work)
    assert (before, after, undone) == (0, made, 0)
    assert store.read(rules.version) == 0
    number = store.write(lambda tx: rules.bump(tx, 1, "test", "x"))
    assert store.read(rules.version) == number


def test_undo_takes_back_the_work_and_goes_on(store: Store) -> None:
    """A saved refusal: what the work did is gone, what follows is kept."""

    def work(tx: Tx) -> None:
        tx.run(ADD, ("gone", ""))
        tx.later(ADD, ("gone too", ""))
        tx.undo()
        tx.later(ADD, ("kept", ""))

    store.write(work)
    assert codes(store) == ["kept"]


def test_a_statement_that_nobody_waited_for_still_fails_the_write(store: Store) -> None:
    """``later`` travels with others, but its error is not lost."""

    def work(tx: Tx) -> None:
        tx.later(ADD, ("a", "A"))
        tx.later("UPDATE members SET no_such_column = 1")

    with pytest.raises(Refusal):
        store.write(work)
    assert codes(store) == []


def test_a_read_sees_one_moment(store: Store) -> None:
    """A snapshot: what is committed meanwhile is not seen before the next read."""

    def work(tx: Tx) -> list[int]:
        seen = [tx.all("SELECT count(*) FROM categories")[0][0]]
        writer = threading.Thread(target=lambda: store.write(lambda other: other.run(ADD, ("a", "A"))))
        writer.start()
        writer.join(30)
        return [*seen, tx.all("SELECT count(*) FROM categories")[0][0]]

    assert store.read(work) == [0, 0]
    assert codes(store) == ["a"]


def test_a_read_changes_nothing(store: Store) -> None:
    """A reader that writes is refused, and reads on."""
    with pytest.raises((*Refusal, Unavailable)):
        store.read(lambda tx: tx.run(ADD, ("a", "A")))
    assert codes(store) == []


def test_parameters_are_never_part_of_the_statement(store: Store) -> None:
    """Quotes, question marks and per cent signs are text."""
    for code in ("'; DROP TABLE categories; --", "50% off", "%s", "a?b", '"'):
        store.write(lambda tx, code=code: tx.run(ADD, (code, "100%")))  # type: ignore[misc]
        row = store.read(lambda tx, code=code: tx.one("SELECT name FROM categories WHERE code = ?", (code,)))  # type: ignore[misc]
        assert row is not None
        assert row[0] == "100%"
    assert store.read(lambda tx: tx.one("SELECT 1 WHERE 'x%' LIKE '%%'")) is not None


def test_a_name_is_claimed_once(store: Store) -> None:
    """In this process: until it is given back."""
    assert store.claim("a")
    assert not store.claim("a")
    assert store.claim("b")
    store.release("a")
    store.release("a")
    assert store.claim("a")


def test_insert_gives_the_new_id(store: Store) -> None:
    """Ids are the database's own, ordered by time."""
    sql = "INSERT INTO members (enrolled_at) VALUES (?) RETURNING id"
    first, second = (store.write(lambda tx: tx.insert(sql, (1,))) for _ in range(2))
    assert second > first


def test_a_closed_store_can_be_opened_again(store_url: str) -> None:
    """Closing is orderly; closing twice is closing once."""
    for code in ("a", "b"):
        store = open_store(store_url)
        store.write(lambda tx, code=code: tx.run(ADD, (code, "")))  # type: ignore[misc]
        store.close()
        store.close()
    store = open_store(store_url)
    assert codes(store) == ["a", "b"]
    store.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "oracle://x"])
def test_other_databases_are_not_served(url: str) -> None:
    """An SQLite file or PostgreSQL; anything else is named at once."""
    with pytest.raises(Unavailable, match="database_unknown"):
        open_store(url)


def test_many_threads_share_a_store(store: Store) -> None:
    """Each thread has a connection of its own; every write is there."""

    def work(number: int) -> None:
        for part in range(5):
            store.write(lambda tx, part=part: tx.run(ADD, (f"{number}-{part}", "")))  # type: ignore[misc]
            store.read(lambda tx: tx.all("SELECT 1"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(codes(store)) == 40


def _types(store: Store) -> list[Any]:
    row = store.read(lambda tx: tx.one("SELECT answer FROM answers"))
    return list(row or [])


def test_bytes_come_back_as_bytes(store: Store) -> None:
    """A stored answer is the same to the byte."""
    body = bytes(range(256))
    store.write(lambda tx: tx.run(
        "INSERT INTO answers (caller, key, body_hash, at, outcome, answer) VALUES ('c', 'k', ?, 1, 'done', ?)",
        (body, body),
    ))  # fmt: skip
    assert bytes(_types(store)[0]) == body


def test_pauses_grow_and_differ() -> None:
    """Two threads that met do not meet again; all five together take less than a second."""
    for who in range(32):
        waits = [pause(attempt, who) for attempt in range(RETRIES)]
        assert waits == sorted(waits)
        assert sum(waits) < 1
    assert len({pause(0, who) for who in range(16)}) == 16
