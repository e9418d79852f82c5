"""SQLite: many readers on snapshots, one writer thread with group commit.

Short reads and the writer's jobs take turns.  Each of their statements lets go of the interpreter's
lock for microseconds; threads that fight for it at every statement took the sale's reads ten times
as long as one after the other (docs/performance.md).  Long reads and COMMIT wait for no turn and
hold none.

Every connection runs under the pragmas below, asserted when it opens: WAL with
``synchronous=FULL`` (NORMAL loses acknowledged sales at power loss), foreign keys, and
recursive triggers (without them INSERT OR REPLACE would slip past the append-only triggers).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, PoolProxiedConnection

from loyalty_pos.errors import Unavailable
from loyalty_pos.storage.driver import sqlite3
from loyalty_pos.storage.tx import Claims, Tx
from loyalty_pos.storage.writer import Writer

T = TypeVar("T")

# The patience comes first: opening the log of a file that others open too may have to wait.
PRAGMAS = {
    "busy_timeout": 5000,
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "recursive_triggers": 1,
    "trusted_schema": 0,
    "wal_autocheckpoint": 4000,
}


# Pages that a connection keeps, in KiB: one writer touches everything, many readers little each.
WRITER_CACHE, READER_CACHE = 32_000, 3_000


class SqliteTx(Tx):
    """A transaction on one connection; the writer's jobs are savepoints inside it."""

    clustered = True

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw

    def begin(self, how: str) -> None:
        """Open the transaction: BEGIN for a snapshot, BEGIN IMMEDIATE to write."""
        self.rules = None
        self._raw.execute(how)

    def end(self, how: str) -> None:
        """COMMIT or ROLLBACK, if it is still open."""
        if self._raw.in_transaction:
            self._raw.execute(how)

    def all(self, sql: str, params: Sequence[object] = ()) -> list[Any]:
        return self._raw.execute(sql, params).fetchall()

    def each(self, sql: str, step: int) -> Iterator[Any]:
        return iter(self._raw.execute(sql))

    def run(self, sql: str, params: Sequence[object] = ()) -> int:
        return self._raw.execute(sql, params).rowcount

    def later(self, sql: str, params: Sequence[object] = ()) -> None:
        self._raw.execute(sql, params)

    def lock(self, name: str) -> bool:
        return True

    def wait_for(self, name: str) -> None:
        """One writer: nobody to wait for."""

    def writers(self, tables: Sequence[str]) -> frozenset[str]:
        """One writer: ids are committed in their order."""
        return frozenset()

    def savepoint(self) -> None:
        """Begin one job inside the group."""
        self._raw.execute("SAVEPOINT job")

    def undo(self) -> None:
        self.rules = None
        self._raw.execute("ROLLBACK TO job")

    def release(self) -> None:
        """End one job inside the group."""
        self._raw.execute("RELEASE job")


# What is no fault of a statement: the disk, the file or another process says no.
_OUT_OF_REACH = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOTADB,
})  # fmt: skip


@contextmanager
def _reachable() -> Iterator[None]:
    """Tell a full or failing disk as Unavailable: nothing was stored, come again with the same key."""
    try:
        yield
    except (sqlite3.DatabaseError, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if getattr(cause, "sqlite_errorcode", 0) & 0xFF in _OUT_OF_REACH:
            raise Unavailable("database_unavailable") from error
        raise


def _prepare(raw: sqlite3.Connection, _record: object) -> None:
    raw.isolation_level = None
    for name, wanted in PRAGMAS.items():
        raw.execute(f"PRAGMA {name}={wanted}")
        got = raw.execute(f"PRAGMA {name}").fetchone()[0]
        if got != wanted:
            raise Unavailable("database_unsafe", pragma=name)


def make_engine(url: str) -> Engine:
    """An engine whose connections keep the pragmas; its own transactions open with BEGIN IMMEDIATE."""
    engine = create_engine(url, module=sqlite3, poolclass=NullPool, connect_args={"check_same_thread": False})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


class SqliteStore(Claims):
    """The embedded database: one file, one process."""

    dialect = "sqlite"

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self._engine = make_engine(url)
        self._local = threading.local()
        self._open: list[PoolProxiedConnection] = []
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._writer = Writer(partial(self._connect, WRITER_CACHE), self._turn)

    def read(self, work: Callable[[Tx], T], brief: bool = False) -> T:
        with self._turn if brief else nullcontext(), _reachable():
            tx = self._reader()
            tx.begin("BEGIN")
            try:
                return work(tx)
            finally:
                tx.end("ROLLBACK")

    def look(self, work: Callable[[Tx], T]) -> T:
        with _reachable():
            tx = self._reader()
            tx.rules = None
            return work(tx)

    def write(self, work: Callable[[Tx], T]) -> T:
        with _reachable():
            return self._writer.submit(work)

    def close(self) -> None:
        self._writer.close()
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()
        self._engine.dispose()

    def _connect(self, cache: int) -> SqliteTx:
        connection = self._engine.raw_connection()
        raw = connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.execute(f"PRAGMA cache_size=-{cache}")
        with self._lock:
            self._open.append(connection)
        return SqliteTx(raw)

    def _reader(self) -> SqliteTx:
        tx: SqliteTx | None = getattr(self._local, "tx", None)
        if tx is None:
            tx = self._connect(READER_CACHE)
            tx.run("PRAGMA query_only=ON")
            self._local.tx = tx
        return tx
