"""PostgreSQL: a prepared connection per thread, READ COMMITTED, guards in the statements.

A transaction that loses a race inside the database (serialization failure, deadlock, or a row
that another one made unique first) runs again, at most ``RETRIES`` times after growing pauses, and
then sees it.  Nobody waits for a row longer than ``LOCK_TIMEOUT``: the caller is told ``busy``.  A
COMMIT whose connection breaks has an unknown outcome: the caller is told ``unavailable``.  Both
times it repeats with the same key.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from typing import Any, TypeVar

import psycopg
from psycopg import errors as pg
from psycopg.types.numeric import Int8Dumper
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, PoolProxiedConnection

from loyalty_pos.errors import Unavailable
from loyalty_pos.storage.tx import Claims, Tx

T = TypeVar("T")
RETRIES = 5
PAUSE = 0.01
"""Seconds before the first repetition; each further one waits twice as long as the one before."""
LOCK_TIMEOUT = "2s"
PREPARED = 300


class _AnyInt(Int8Dumper):
    """A whole number whose type its place in the statement decides, as NULL's is.

    The driver would type each by its size, and prepare a statement anew for each mixture of sizes.
    """

    oid = 0


@lru_cache(maxsize=1024)
def _translate(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")


def pause(attempt: int, who: int) -> float:
    """Seconds to wait after a lost race: doubling, and of another length for each thread, so that two
    that met do not meet again."""
    return PAUSE * float(2**attempt) * (1 + who % 16 / 16)


class PostgresTx(Tx):
    """A transaction on the driver's own connection; ``later`` statements share round trips."""

    writes_at = psycopg.IsolationLevel.READ_COMMITTED
    """Enough, for the guards are in the statements; the tests run the races at the other levels too."""

    def __init__(self, raw: psycopg.Connection) -> None:
        self._raw = raw
        self._pipeline: psycopg.Pipeline | None = None

    @property
    def closed(self) -> bool:
        """Whether the connection is gone."""
        return self._raw.closed

    @contextmanager
    def transaction(self, writing: bool) -> Iterator[None]:
        """One transaction: COMMIT at the end, ROLLBACK when something is raised.

        Reading sees a fixed snapshot.  Writing runs at READ COMMITTED and locks the rows it asks to
        lock; statements whose result nobody waits for share a round trip with the next one.
        """
        self.rules = None
        self.for_update = " FOR NO KEY UPDATE" if writing else ""
        level = self.writes_at if writing else psycopg.IsolationLevel.REPEATABLE_READ
        if (self._raw.isolation_level, self._raw.read_only) != (level, not writing):
            self._raw.isolation_level = level
            self._raw.read_only = not writing
        batched: AbstractContextManager[psycopg.Pipeline | None] = self._raw.pipeline() if writing else nullcontext()
        try:
            with batched as self._pipeline:
                if writing:
                    self._raw.execute("SAVEPOINT job")
                yield
                self._raw.commit()
        except BaseException:
            if not self._raw.closed:
                self._raw.rollback()
            raise

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Each statement by itself, committed as it runs."""
        self.rules, self.for_update, self._pipeline = None, "", None
        self._raw.autocommit = True
        try:
            yield
        finally:
            if not self._raw.closed:
                self._raw.autocommit = False

    def all(self, sql: str, params: Sequence[object] = ()) -> list[Any]:
        return self._raw.execute(_translate(sql), params).fetchall()

    def each(self, sql: str, step: int) -> Iterator[Any]:
        with self._raw.cursor(name="each") as cursor:
            cursor.itersize = step
            yield from cursor.execute(_translate(sql))

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Put many rows into a table by COPY."""
        names = ", ".join(f'"{name}"' for name in columns)
        with self._raw.cursor() as cursor, cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as stream:
            for row in rows:
                stream.write_row(row)

    def run(self, sql: str, params: Sequence[object] = ()) -> int:
        cursor = self._raw.execute(_translate(sql), params)
        if self._pipeline is not None:
            self._pipeline.sync()  # only now is the count known, and guards stand on it
        return cursor.rowcount

    def later(self, sql: str, params: Sequence[object] = ()) -> None:
        self._raw.execute(_translate(sql), params)

    def lock(self, name: str) -> bool:
        row = self.one("SELECT pg_try_advisory_xact_lock(hashtextextended(?, 0))", (name,))
        return bool(row and row[0])

    def wait_for(self, name: str) -> None:
        self.later("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", (name,))

    def writers(self, tables: Sequence[str]) -> frozenset[str]:
        """Whoever inserts takes this lock before the row gets its id, and keeps it until the end."""
        marks = ", ".join("to_regclass(?)" for _ in tables)
        rows = self.all(
            "SELECT DISTINCT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND granted "
            "AND mode = 'RowExclusiveLock' AND pid IS DISTINCT FROM pg_backend_pid() AND database = "
            f"(SELECT oid FROM pg_database WHERE datname = current_database()) AND relation IN ({marks})",
            tuple(tables),
        )
        return frozenset(row[0] for row in rows)

    def undo(self) -> None:
        self.rules = None
        self._raw.execute("ROLLBACK TO SAVEPOINT job")


class PostgresStore(Claims):
    """A PostgreSQL database, shared by any number of processes."""

    dialect = "postgresql"

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self._engine = create_engine(url, poolclass=NullPool, connect_args={"prepare_threshold": 2})
        self._local = threading.local()
        self._open: list[PoolProxiedConnection] = []
        self._lock = threading.Lock()

    def read(self, work: Callable[[Tx], T], brief: bool = False) -> T:
        return self._transaction(work, writing=False)

    def look(self, work: Callable[[Tx], T]) -> T:
        tx = self._tx()
        try:
            with tx.alone():
                return work(tx)
        except psycopg.Error as error:
            raise self._known(error) from error

    def write(self, work: Callable[[Tx], T]) -> T:
        for attempt in range(RETRIES + 1):
            try:
                return self._transaction(work, writing=True)
            except (pg.SerializationFailure, pg.DeadlockDetected, pg.UniqueViolation) as error:
                if attempt == RETRIES and isinstance(error, pg.UniqueViolation):
                    raise
                if attempt == RETRIES:
                    raise Unavailable("busy", retry_after=1) from error
                time.sleep(pause(attempt, threading.get_native_id()))
        raise AssertionError("unreachable")

    def close(self) -> None:
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()
        self._engine.dispose()

    def _transaction(self, work: Callable[[Tx], T], writing: bool) -> T:
        tx = self._tx()
        try:
            with tx.transaction(writing):
                return work(tx)
        except psycopg.Error as error:
            raise self._known(error) from error

    def _known(self, error: psycopg.Error) -> Exception:
        if isinstance(error, pg.SerializationFailure | pg.DeadlockDetected):
            return error
        if isinstance(error, pg.LockNotAvailable):
            return Unavailable("busy", retry_after=1)
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            self._local.tx = None
            return Unavailable("database_unavailable")
        return error

    def _tx(self) -> PostgresTx:
        tx: PostgresTx | None = getattr(self._local, "tx", None)
        if tx is None or tx.closed:
            tx = self._local.tx = self._connect()
        return tx

    def _connect(self) -> PostgresTx:
        try:
            connection = self._engine.raw_connection()
        except (DBAPIError, psycopg.Error) as error:
            raise Unavailable("database_unavailable") from error
        raw = connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        raw.adapters.register_dumper(int, _AnyInt)
        raw.prepared_max = PREPARED
        raw.autocommit = True
        raw.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        raw.autocommit = False
        with self._lock:
            self._open.append(connection)
        return PostgresTx(raw)
