"""One transaction, as the statements see it, and the store that opens them.

``Store.read`` runs a function on a snapshot; ``Store.write`` runs it in a transaction and
returns only after COMMIT.  A function that raises leaves nothing behind.  Statements are written
once for both engines, with ``?`` for parameters, and go through the driver; SQLAlchemy describes
the schema, migrates it and makes the connections (docs/decisions/0004).
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NoReturn, Protocol, TypeVar

T = TypeVar("T")
Row = Sequence[Any]


LARGEST_GROUP = 32


class Stale(Exception):
    """What a decision was based on has moved since it was read: decide again."""


class Tx(ABC):
    """One open transaction.  Never kept, never committed by its user."""

    for_update = ""
    """Appended to a SELECT that must lock its row until a writing transaction ends."""

    clustered = False
    """Whether rows of one owner lie together, so that to look them up owner by owner costs less than to group them."""

    rules: int | None = None
    """The number of the rules in force, once this transaction has asked for it."""

    @abstractmethod
    def all(self, sql: str, params: Sequence[object] = ()) -> list[Any]:
        """The rows of a query."""

    @abstractmethod
    def each(self, sql: str, step: int) -> Iterator[Any]:
        """The rows of a query one by one, about ``step`` of them in memory: more than fit into it."""

    @abstractmethod
    def run(self, sql: str, params: Sequence[object] = ()) -> int:
        """Run one statement; the number of rows it changed."""

    @abstractmethod
    def later(self, sql: str, params: Sequence[object] = ()) -> None:
        """Run one statement whose count nobody needs: it may travel with the next ones."""

    @abstractmethod
    def lock(self, name: str) -> bool:
        """Claim ``name`` among all processes until the transaction ends; False when it is taken."""

    @abstractmethod
    def wait_for(self, name: str) -> None:
        """Claim ``name`` among all processes until the transaction ends; wait while it is taken."""

    @abstractmethod
    def writers(self, tables: Sequence[str]) -> frozenset[str]:
        """The other transactions that may have rows of these tables under way, each by a name of its own."""

    @abstractmethod
    def undo(self) -> None:
        """Take back all that this transaction's function has done so far."""

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one ``INSERT ... VALUES (?, ...)`` for all rows, up to 32 of them a statement.

        The groups are powers of two, so that a driver prepares six texts at most.
        """
        waiting = list(rows)
        while waiting:
            count = min(LARGEST_GROUP, 1 << len(waiting).bit_length() - 1)
            self.later(_for_rows(sql, count), [value for row in waiting[:count] for value in row])
            del waiting[:count]

    def one(self, sql: str, params: Sequence[object] = ()) -> Any | None:
        """The first row, or None."""
        rows = self.all(sql, params)
        return rows[0] if rows else None

    def insert(self, sql: str, params: Sequence[object] = ()) -> int:
        """Run an INSERT ... RETURNING id; the new id."""
        row = self.one(sql, params)
        assert row is not None
        return int(row[0])


@lru_cache(maxsize=256)
def _for_rows(sql: str, count: int) -> str:
    """An INSERT of one row as an INSERT of ``count`` rows."""
    head, values, rest = sql.partition("VALUES ")
    end = rest.index(")") + 1
    return f"{head}{values}{', '.join([rest[:end]] * count)}{rest[end:]}"


class Store(Protocol):
    """A database that answers reads on a snapshot and makes writes durable."""

    dialect: str
    url: str

    def read(self, work: Callable[[Tx], T], brief: bool = False) -> T:
        """Run ``work`` on one consistent snapshot; it changes nothing.

        ``brief``: it takes a millisecond or two, so it may wait for its turn among others like it.
        """
        ...

    def look(self, work: Callable[[Tx], T]) -> T:
        """Run ``work``, a single query, without a transaction around it: it is its own snapshot."""
        ...

    def write(self, work: Callable[[Tx], T]) -> T:
        """Run ``work`` in one transaction; return after it is durable.  ``work`` may run again."""
        ...

    def claim(self, name: str) -> bool:
        """Mark ``name`` as being worked on; False when somebody already does.  In this process."""
        ...

    def release(self, name: str) -> None:
        """Give back a claim."""
        ...

    def close(self) -> None:
        """Stop, after what was accepted is done."""
        ...


class Claims:
    """The names that are being worked on in this process: ``claim`` and ``release`` of a Store."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._guard = threading.Lock()

    def claim(self, name: str) -> bool:
        with self._guard:
            free = name not in self._names
            self._names.add(name)
            return free

    def release(self, name: str) -> None:
        with self._guard:
            self._names.discard(name)


class Opened:
    """A transaction that is open already, as a store that is only read: for proofs inside it."""

    def __init__(self, dialect: str, tx: Tx) -> None:
        self.dialect, self.url, self._tx = dialect, "", tx

    def read(self, work: Callable[[Tx], T], brief: bool = False) -> T:
        """Run ``work`` in the transaction."""
        return work(self._tx)

    def look(self, work: Callable[[Tx], T]) -> T:
        """The same."""
        return work(self._tx)

    def write(self, work: Callable[[Tx], T]) -> NoReturn:
        """Never."""
        raise TypeError("this store is only read")

    def claim(self, name: str) -> bool:
        """Nothing is worked on here."""
        return False

    def release(self, name: str) -> None:
        """Nothing was claimed."""

    def close(self) -> None:
        """The transaction is its opener's."""
