"""PostgreSQL: lost races run again, a broken connection is told and mended."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import errors as pg

from loyalty_pos.errors import Unavailable
from loyalty_pos.storage import postgres
from loyalty_pos.storage.engine import open_store
from loyalty_pos.storage.postgres import RETRIES, PostgresStore
from loyalty_pos.storage.tx import Tx

ADD = "INSERT INTO categories (code, name) VALUES (?, ?)"
pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.parametrize("store_url", ["postgresql"], indirect=True),
]


@pytest.fixture
def store(store_url: str) -> Iterator[PostgresStore]:
    """An open, migrated store."""
    made = open_store(store_url)
    assert isinstance(made, PostgresStore)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (pg.SerializationFailure, Unavailable),
        (pg.DeadlockDetected, Unavailable),
        (pg.UniqueViolation, pg.UniqueViolation),
    ],
)
def test_a_lost_race_runs_again(store: PostgresStore, error: type[psycopg.Error], told: type[Exception]) -> None:
    """At most five times more, each time from the beginning; then the till is asked to repeat (``busy``).

    A row that is not unique whatever is tried is a fault of ours, and is not called a busy database.
    """
    tries: list[int] = []

    def twice(tx: Tx) -> str:
        tries.append(tx.run(ADD, ("a", "A")))
        if len(tries) < 3:
            raise error
        return "done"

    assert store.write(twice) == "done"
    assert tries == [1, 1, 1]

    def always(_tx: Tx) -> None:
        tries.append(0)
        raise error

    with pytest.raises(told) as refused:
        store.write(always)
    assert tries.count(0) == RETRIES + 1
    if told is Unavailable:
        assert refused.value.code == "busy"  # type: ignore[attr-defined]


def test_nobody_waits_long_for_a_row(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """lock_timeout on every connection: ``busy`` after it, and the connection goes on."""
    assert store.write(lambda tx: tx.all("SHOW lock_timeout")[0][0]) == "2s"
    assert store.read(lambda tx: tx.all("SHOW lock_timeout")[0][0]) == "2s"
    store.write(lambda tx: tx.run(ADD, ("a", "0")))
    monkeypatch.setattr(postgres, "LOCK_TIMEOUT", "100ms")
    hasty = open_store(store.url)
    locked, go_on = threading.Event(), threading.Event()

    def holds(tx: Tx) -> None:
        tx.run("UPDATE categories SET name = '1'")
        locked.set()
        assert go_on.wait(30)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(store.write, holds)
        assert locked.wait(30)
        with pytest.raises(Unavailable, match="busy"):
            hasty.write(lambda tx: tx.run("UPDATE categories SET name = '2'"))
        go_on.set()
        first.result()
    assert hasty.write(lambda tx: tx.run("UPDATE categories SET name = '3'")) == 1
    hasty.close()


def test_a_deadlock_is_nobodys_error(store: PostgresStore) -> None:
    """Two writes that lock in opposite order: one runs again, both are done."""
    store.write(lambda tx: tx.many(ADD, [("a", "0"), ("b", "0")]))
    meet = threading.Barrier(2)
    first_time = threading.local()

    def work(order: str) -> None:
        def swap(tx: Tx) -> None:
            tx.run("UPDATE categories SET name = name || 'x' WHERE code = ?", (order[0],))
            if not getattr(first_time, "over", False):
                first_time.over = True
                meet.wait(30)
            tx.run("UPDATE categories SET name = name || 'x' WHERE code = ?", (order[1],))

        store.write(swap)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, ("ab", "ba")))
    rows = store.read(lambda tx: tx.all("SELECT name FROM categories"))
    assert [row[0] for row in rows] == ["0xx", "0xx"]


def test_a_cut_connection_is_told_and_mended(store: PostgresStore) -> None:
    """Reliability row 11: an unknown outcome is ``unavailable``; the next call has a new connection."""

    def cut(tx: Tx) -> None:
        if tx.for_update:
            tx.run(ADD, ("lost", ""))
        end_of(tx, store)
        tx.all("SELECT 1")

    for act in (store.write, store.read):
        with pytest.raises(Unavailable, match="database_unavailable"):
            act(cut)
        assert store.write(lambda tx: tx.run("DELETE FROM categories")) == 0
        assert store.read(lambda tx: tx.all("SELECT code FROM categories")) == []


def end_of(tx: Tx, store: PostgresStore) -> None:
    """End the server's side of this connection, from another one."""
    pid = tx.all("SELECT pg_backend_pid()")[0][0]
    with psycopg.connect(store.url.replace("+psycopg", ""), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (pid,))


def test_a_commit_that_never_answered_is_unknown(store: PostgresStore) -> None:
    """A connection that dies before COMMIT is ``unavailable``, and nothing of it is there."""

    def work(tx: Tx) -> None:
        tx.run(ADD, ("lost", ""))
        end_of(tx, store)

    with pytest.raises(Unavailable):
        store.write(work)
    assert store.read(lambda tx: tx.all("SELECT code FROM categories")) == []


def test_a_server_that_is_not_there(store_url: str) -> None:
    """``unavailable``, not a stack of ours."""
    store = open_store("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable, match="database_unavailable"):
        store.read(lambda tx: tx.all("SELECT 1"))
    store.close()


def test_a_name_is_claimed_among_processes(store: PostgresStore) -> None:
    """Two stores, as two processes have: the lock lasts as long as the transaction."""
    other = open_store(store.url)
    taken, go_on = threading.Event(), threading.Event()

    def holds(tx: Tx) -> bool:
        got = tx.lock("key")
        taken.set()
        assert go_on.wait(30)
        return got

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(store.write, holds)
        assert taken.wait(30)
        assert other.write(lambda tx: [tx.lock("key"), tx.lock("another")]) == [False, True]
        go_on.set()
        assert first.result()
    assert other.write(lambda tx: tx.lock("key"))
    other.close()


def test_a_written_row_is_locked_until_the_end(store: PostgresStore) -> None:
    """``for_update`` is empty where nothing may be locked, and locks where something is written."""
    assert store.read(lambda tx: tx.for_update) == ""
    assert store.write(lambda tx: tx.for_update) == " FOR NO KEY UPDATE"
