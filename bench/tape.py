"""The product's own statements, recorded once and played again: plainly, or through its store.

A ``Recorder`` stands between a service and its transaction and notes every statement with its
parameters.  Played on a copy of the same database in the same order, the statements meet the same
ids, so the plain driver writes the very rows that the product wrote: no HTTP, no pricing, no
Python around it, ``GROUP`` sales a commit.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import psycopg

from loyalty_pos.storage.tx import Store, Tx

GROUP = 16


class Statement(NamedTuple):
    """``how``: the method of Tx that ran it."""

    how: Literal["all", "run", "later"]
    sql: str
    params: Any

    @property
    def writes(self) -> bool:
        """Whether it changes a row."""
        head = self.sql.lstrip().upper()
        return head.startswith(("INSERT", "UPDATE", "DELETE")) or (head.startswith("WITH") and "INTO" in head)


class Taped(NamedTuple):
    """One sale: what it read on snapshots before and after, and its one writing transaction."""

    before: list[Statement]
    writing: list[Statement]
    after: list[Statement]


Tape = list[Taped]
Groups = list[list[Statement]]


class Recorder:
    """A transaction that notes what it is asked to run, and is the given one in all else."""

    one, insert, many = Tx.one, Tx.insert, Tx.many

    def __init__(self, tx: Tx, statements: list[Statement]) -> None:
        self._tx, self._statements = tx, statements

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    def all(self, sql: str, params: Sequence[object] = ()) -> list[Any]:
        self._statements.append(Statement("all", sql, params))
        return self._tx.all(sql, params)

    def each(self, sql: str, step: int) -> Iterator[Any]:
        self._statements.append(Statement("all", sql, ()))
        return self._tx.each(sql, step)

    def run(self, sql: str, params: Sequence[object] = ()) -> int:
        self._statements.append(Statement("run", sql, params))
        return self._tx.run(sql, params)

    def later(self, sql: str, params: Sequence[object] = ()) -> None:
        self._statements.append(Statement("later", sql, params))
        self._tx.later(sql, params)


class RecordingStore:
    """A store that records: ``tape`` has an entry for each writing transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._before: list[Statement] = []
        self.tape: Tape = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def read(self, work: Callable[[Tx], Any], brief: bool = False) -> Any:
        """Read as the store would, and note it."""
        return self._store.read(lambda tx: work(Recorder(tx, self._before)), brief)

    def write(self, work: Callable[[Tx], Any]) -> Any:
        """Write as the store would; keep what ran when it went through."""
        statements: list[Statement] = []

        def noted(tx: Tx) -> Any:
            statements.clear()
            return work(Recorder(tx, statements))

        value = self._store.write(noted)
        self.tape.append(Taped(self._before, statements, []))
        self._before = self.tape[-1].after
        return value

    def next_sale(self) -> None:
        """What is read from now on belongs to the next sale."""
        self._before = []


class StorePlayer:
    """Plays tapes through the product's own store: its transactions, snapshots and group commit.

    The writing transactions must run in the order of the tape.  SQLite's one writer keeps it for
    any number of tills; on PostgreSQL there is one till.  ``reads``: the snapshots too.
    """

    def __init__(self, store: Store, reads: bool) -> None:
        self._store, self._reads = store, reads
        self.tills = 16 if store.dialect == "sqlite" else 1

    def play(self, tape: Tape, each: Callable[[Callable[[Taped], None], Tape], None]) -> None:
        """Run a tape; ``each`` calls a function for every sale, from ``tills`` threads at once."""
        in_order = iter(tape)

        def sale(taped: Taped) -> None:
            if self._reads:
                self._store.read(lambda tx: _through(tx, taped.before), brief=True)
            self._store.write(lambda tx: _through(tx, next(in_order).writing))
            if self._reads:
                self._store.read(lambda tx: _through(tx, taped.after), brief=True)

        each(sale, tape)


def _through(tx: Tx, statements: Sequence[Statement]) -> None:
    for how, sql, params in statements:
        getattr(tx, how)(sql, params)


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

    def prepare(self, tape: Tape) -> Groups:
        """The tape's writing statements alone, in this driver's style (before the clock starts)."""
        sales = [[self._own(s) for s in taped.writing if s.writes] for taped in tape]
        return [sum(sales[start : start + GROUP], []) for start in range(0, len(sales), GROUP)]

    def _own(self, statement: Statement) -> Statement:
        if self._mark == "?":
            return statement
        return statement._replace(sql=statement.sql.replace("%", "%%").replace("?", "%s"))

    def play(self, groups: Groups) -> None:
        """Run a prepared tape, a commit for each group."""
        for statements in groups:
            began = time.perf_counter()
            self._group(statements)
            self.seconds.append(time.perf_counter() - began)

    def close(self) -> None:
        """Hang up."""
        self._raw.close()

    def _group(self, statements: list[Statement]) -> None:
        cursor = self._raw.cursor()
        cursor.execute(self._begin)
        for how, sql, params in statements:
            cursor.execute(sql, params)
            if how == "all":
                cursor.fetchall()
        cursor.execute("COMMIT")
