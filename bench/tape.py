"""The raw driver: the product's own statements, recorded once and played without the product.

A ``Recorder`` stands between a service and its transaction and notes every statement with its
parameters.  Played on a copy of the same database in the same order, the statements meet the same
ids, so the plain driver writes the very rows that the product wrote: no HTTP, no pricing, no
Python around it, ``GROUP`` sales a commit.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import psycopg

from loyalty_pos.storage.tx import Store, Tx

GROUP = 16


class Statement(NamedTuple):
    """``many``: ``params`` is a list of rows; ``fetch``: its rows are read (RETURNING, SELECT)."""

    sql: str
    params: Any
    many: bool
    fetch: bool

    @property
    def writes(self) -> bool:
        """Whether it changes a row."""
        head = self.sql.lstrip().upper()
        return head.startswith(("INSERT", "UPDATE", "DELETE")) or (head.startswith("WITH") and "INTO" in head)


Tape = list[list[Statement]]


class Recorder(Tx):
    """A transaction that notes what it is asked to run."""

    def __init__(self, tx: Tx, statements: list[Statement]) -> None:
        super().__init__(tx.sa)
        self._tx, self._statements, self.for_update = tx, statements, tx.for_update

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    def all(self, sql: str, params: Sequence[object] = ()) -> list[Any]:
        self._statements.append(Statement(sql, params, False, True))
        return self._tx.all(sql, params)

    def run(self, sql: str, params: Sequence[object] = ()) -> int:
        self._statements.append(Statement(sql, params, False, False))
        return self._tx.run(sql, params)

    def later(self, sql: str, params: Sequence[object] = ()) -> None:
        self._statements.append(Statement(sql, params, False, False))
        self._tx.later(sql, params)

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        listed = list(rows)
        self._statements.append(Statement(sql, listed, True, False))
        self._tx.many(sql, listed)

    def lock(self, name: str) -> bool:
        return self._tx.lock(name)

    def undo(self) -> None:
        self._tx.undo()


class RecordingStore:
    """A store whose writing transactions are recorded: one list of statements for each."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.tape: Tape = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write(self, work: Callable[[Tx], Any]) -> Any:
        """Run ``work`` as the store would; keep what it ran when it went through."""
        statements: list[Statement] = []

        def noted(tx: Tx) -> Any:
            statements.clear()
            return work(Recorder(tx, statements))

        value = self._store.write(noted)
        self.tape.append(statements)
        return value


def written_only(tape: Tape) -> Tape:
    """The tape without its queries: what must be written, and nothing that only decides."""
    return [[statement for statement in sale if statement.writes] for sale in tape]


class Player:
    """A plain connection that plays tapes; ``seconds`` holds how long each group took."""

    def __init__(self, url: str) -> None:
        self.seconds: list[float] = []
        self._begin = "BEGIN"
        self._mark = "?"
        if url.startswith("sqlite"):
            self._raw: Any = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
            for pragma in (
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
                "recursive_triggers=ON",
            ):
                self._raw.execute(f"PRAGMA {pragma}")
            self._raw.execute("PRAGMA cache_size=-16000")
            self._begin = "BEGIN IMMEDIATE"
        else:
            url = url.replace("postgresql+psycopg", "postgresql")
            self._raw = psycopg.connect(url, autocommit=True, prepare_threshold=2)
            self._mark = "%s"

    def prepare(self, tape: Tape) -> Tape:
        """The tape in this driver's parameter style (done before the clock starts)."""
        if self._mark == "?":
            return tape
        return [
            [
                statement._replace(sql=statement.sql.replace("%", "%%").replace("?", "%s"))
                for statement in sale
            ]
            for sale in tape
        ]

    def play(self, tape: Tape) -> None:
        """Run a prepared tape in groups."""
        for start in range(0, len(tape), GROUP):
            began = time.perf_counter()
            self._group(tape[start : start + GROUP])
            self.seconds.append(time.perf_counter() - began)

    def close(self) -> None:
        """Hang up."""
        self._raw.close()

    def _group(self, sales: Tape) -> None:
        cursor = self._raw.cursor()
        cursor.execute(self._begin)
        for sale in sales:
            for sql, params, many, fetch in sale:
                if many:
                    cursor.executemany(sql, params)
                else:
                    cursor.execute(sql, params)
                    if fetch:
                        cursor.fetchall()
        cursor.execute("COMMIT")
