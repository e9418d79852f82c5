"""SQLite: the pragmas of every connection, and the one writer with its group commit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from services.lane import FRUIT, MILK, Lane, bread

from loyalty_pos.errors import Unavailable
from loyalty_pos.storage.driver import sqlite3
from loyalty_pos.storage.sqlite import PRAGMAS, SqliteStore, SqliteTx, make_engine
from loyalty_pos.storage.tx import Tx
from loyalty_pos.storage.writer import GROUP, Writer

Json = dict[str, Any]
ADD = "INSERT INTO notes (text) VALUES (?)"
sqlite_only = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)


class WatchedTx(SqliteTx):
    """A connection whose COMMITs are counted, can be held up, and can fail."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        super().__init__(raw)
        self.commits = 0
        self.fail = False
        self.go_on = threading.Event()
        self.go_on.set()

    def end(self, how: str) -> None:
        if how == "COMMIT":
            assert self.go_on.wait(30)
            if self.fail:
                self.fail = False
                raise sqlite3.OperationalError("database or disk is full")
            self.commits += 1
        super().end(how)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[Writer, WatchedTx]]:
    """A writer on a small database."""
    raw = sqlite3.connect(tmp_path / "small.db", check_same_thread=False, isolation_level=None)
    raw.execute("CREATE TABLE notes (text TEXT NOT NULL UNIQUE) STRICT")
    tx = WatchedTx(raw)
    writer = Writer(lambda: tx, threading.Lock())
    yield writer, tx
    tx.go_on.set()
    writer.close()
    raw.close()


def notes(tx: WatchedTx) -> list[str]:
    """What is kept."""
    return [row[0] for row in tx.all("SELECT text FROM notes ORDER BY rowid")]


def queued(writer: Writer, jobs: list[Callable[[Tx], Any]]) -> list[Future[Any]]:
    """The jobs, all waiting while the writer is busy with another; then let them go."""
    busy, free = threading.Event(), threading.Event()

    def first(_tx: Tx) -> None:
        busy.set()
        assert free.wait(30)

    pool = ThreadPoolExecutor(len(jobs) + 1)
    pool.submit(writer.submit, first)
    assert busy.wait(30)
    waiting = [pool.submit(writer.submit, job) for job in jobs]
    while writer._jobs.qsize() < len(jobs):
        threading.Event().wait(0.001)
    free.set()
    pool.shutdown(wait=False)
    return waiting


def add(text: str) -> Callable[[Tx], int]:
    """A job that writes one note."""
    return lambda tx: tx.run(ADD, (text,))


def test_waiting_jobs_share_one_commit(watched: tuple[Writer, WatchedTx]) -> None:
    """Ten jobs that wait are one group: the busy one's commit and theirs."""
    writer, tx = watched
    found = queued(writer, [add(f"n{number}") for number in range(10)])
    assert [future.result(30) for future in found] == [1] * 10
    assert tx.commits == 2
    assert len(notes(tx)) == 10


def test_a_group_has_its_size(watched: tuple[Writer, WatchedTx]) -> None:
    """At most ``GROUP`` jobs a commit."""
    writer, tx = watched
    for future in queued(writer, [add(f"n{number}") for number in range(GROUP + 10)]):
        future.result(30)
    assert tx.commits == 3


def test_a_failing_job_disturbs_no_neighbour(watched: tuple[Writer, WatchedTx]) -> None:
    """It leaves nothing behind and hears its own error; the others are kept."""
    writer, tx = watched

    def fails(one: Tx) -> None:
        one.run(ADD, ("half done",))
        raise ValueError("mine")

    found = queued(writer, [add("a"), fails, add("b"), add("a"), add("c")])
    assert [found[number].result(30) for number in (0, 2, 4)] == [1, 1, 1]
    with pytest.raises(ValueError, match="mine"):
        found[1].result(30)
    with pytest.raises(sqlite3.IntegrityError):
        found[3].result(30)
    assert sorted(notes(tx)) == ["a", "b", "c"]
    assert tx.commits == 2


def test_a_failed_commit_is_told_to_every_job(watched: tuple[Writer, WatchedTx]) -> None:
    """Nobody believes what was not kept, also whoever had failed already; the next group works."""
    writer, tx = watched
    tx.fail = True

    def fails(_tx: Tx) -> None:
        raise ValueError("mine")

    with pytest.raises(Unavailable, match="database_unavailable"):
        writer.submit(add("lost"))
    tx.go_on.clear()
    tx.fail = True
    found = queued(writer, [add("a"), fails, add("b")])
    tx.go_on.set()
    answers = [future.exception(30) for future in found]
    assert writer.submit(add("kept")) == 1
    lost = [error for error in answers if isinstance(error, Unavailable)]
    assert notes(tx) == (["kept"] if len(lost) == 3 else ["a", "b", "kept"])


def test_no_answer_before_the_commit_returned(watched: tuple[Writer, WatchedTx]) -> None:
    """Acknowledged = durable (reliability.md section 1, row 5)."""
    writer, tx = watched
    tx.go_on.clear()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(writer.submit, add("a"))
        with pytest.raises(TimeoutError):
            answer.result(0.2)
        tx.go_on.set()
        assert answer.result(30) == 1


def test_a_job_that_loses_the_transaction_takes_nobody_with_it_for_long(watched: tuple[Writer, WatchedTx]) -> None:
    """A full disk rolls everything back by itself: all of the group hear it, the writer lives on."""
    writer, tx = watched

    def disaster(one: Tx) -> None:
        one.run("ROLLBACK")
        raise sqlite3.OperationalError("database or disk is full")

    found = queued(writer, [add("a"), disaster, add("b")])
    assert all(isinstance(future.exception(30), Unavailable) for future in found)
    assert notes(tx) == []
    assert writer.submit(add("kept")) == 1


def test_closing_finishes_what_was_accepted(watched: tuple[Writer, WatchedTx]) -> None:
    """And refuses what comes after, at once."""
    writer, tx = watched
    found = queued(writer, [add(f"n{number}") for number in range(20)])
    writer.close()
    assert [future.result(30) for future in found] == [1] * 20
    with pytest.raises(Unavailable, match="shutting_down"):
        writer.submit(add("late"))
    assert len(notes(tx)) == 20


@sqlite_only
def test_every_connection_keeps_the_pragmas(store_url: str) -> None:
    """WAL with synchronous=FULL, foreign keys, recursive triggers: readers, the writer, migrations."""
    store = SqliteStore(store_url)

    def seen(tx: Tx) -> Json:
        return {name: tx.all(f"PRAGMA {name}")[0][0] for name in PRAGMAS}

    with ThreadPoolExecutor(3) as pool:
        found = [*pool.map(lambda _: store.read(seen), range(3)), store.write(seen)]
    engine = make_engine(store_url)
    with engine.connect() as connection:
        found.append({name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in PRAGMAS})
    engine.dispose()
    store.close()
    assert all(one == PRAGMAS for one in found)
    assert (PRAGMAS["journal_mode"], PRAGMAS["synchronous"]) == ("wal", 2)


def test_a_database_that_cannot_keep_them_is_refused() -> None:
    """A database in memory has no WAL: unsafe, and said so."""
    engine = make_engine("sqlite:///:memory:")
    with pytest.raises(Unavailable, match="database_unsafe"):
        engine.connect()
    engine.dispose()


@sqlite_only
def test_no_call_of_the_till_looks_through_a_table(lane: Lane, hanh: Json) -> None:
    """S46: every statement of the hot path finds its rows by an index."""
    said: list[str] = []
    tell = lambda tx: tx._raw.set_trace_callback(said.append)  # noqa: E731
    lane.services.store.read(tell)
    lane.services.store.write(tell)
    code = lane.issues(hanh["id"])
    lane.identifies(hanh["card"])
    lane.quotes(MILK, FRUIT, card="0901234567", entry="phone")
    sold = lane.sells(MILK, FRUIT, card=hanh["card"])
    opened = lane.opens(bread(50_000), card=hanh["card"], coupons=[code], redeem_points=100)
    lane.changes(opened["id"], bread(60_000), card=hanh["card"], redeem_points=100)
    lane.settles(opened["id"])
    lane.voids(lane.opens(bread(50_000), card=hanh["card"])["id"])
    lane.takes_back_all(sold)
    lane.takes_back_receipt("unknown", ("1", 1))
    small = {"settings", "promotions", "tier_tables", "rule_versions", "stores"}
    plans = lane.services.store.read(lambda tx: [
        (sql, row[3])
        for sql in dict.fromkeys(said)
        if sql.split()[0] in ("SELECT", "UPDATE", "DELETE")
        for row in tx.all(f"EXPLAIN QUERY PLAN {sql}")
    ])  # fmt: skip
    assert len(plans) > 50
    scans = [(sql, plan) for sql, plan in plans if plan.startswith("SCAN") and plan.split()[1] not in small]
    scans = [(sql, plan) for sql, plan in scans if "CONSTANT ROW" not in plan and "INDEX" not in plan]
    assert scans == []


def test_what_is_no_database_is_told_as_unavailable(tmp_path: Path) -> None:
    """Row 6: a file that cannot be read is the database's trouble, 503, not an error of ours."""
    (tmp_path / "loyalty.db").write_bytes(b"no database at all" * 500)
    store = SqliteStore(f"sqlite:///{tmp_path / 'loyalty.db'}")
    for ask in (store.read, store.write):
        with pytest.raises(Unavailable, match="database_unavailable"):
            ask(lambda tx: tx.one("SELECT 1 FROM members"))
    store.close()


@sqlite_only
def test_a_fault_of_a_statement_is_not_hidden(store_url: str) -> None:
    """A table that is not there is our own mistake and stays one."""
    store = SqliteStore(store_url)
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        store.read(lambda tx: tx.one("SELECT 1 FROM nowhere"))
    store.close()
