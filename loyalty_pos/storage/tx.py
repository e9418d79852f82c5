"""One transaction, as the statements see it, and the store that opens them.

``Store.read`` runs a function on a snapshot; ``Store.write`` runs it in a transaction and
returns only after COMMIT.  A function that raises leaves nothing behind.  Statements are written
once for both engines, with ``?`` for parameters, and go through the driver; SQLAlchemy describes
the schema, migrates it and makes the connections (docs/decisions/0004).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn, Protocol, TypeVar

T = TypeVar("T")
Row = Sequence[Any]


class Stale(Exception):
    """What a decision was based on has moved since it was read: decide again."""


class Tx(ABC):
    """One open transaction.  Never kept, never committed by its user."""

    for_update = ""
    """Appended to a SELECT that must lock its row until a writing transaction ends."""

    @abstractmethod
    def all(self, sql: str, params: Sequence[object] = ()) -> list[Any]:
        """The rows of a query."""

    @abstractmethod
    def run(self, sql: str, params: Sequence[object] = ()) -> int:
        """Run one statement; the number of rows it changed."""

    @abstractmethod
    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for each row."""

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

    def one(self, sql: str, params: Sequence[object] = ()) -> Any | None:
        """The first row, or None."""
        rows = self.all(sql, params)
        return rows[0] if rows else None

    def insert(self, sql: str, params: Sequence[object] = ()) -> int:
        """Run an INSERT ... RETURNING id; the new id."""
        row = self.one(sql, params)
        assert row is not None
        return int(row[0])


class Store(Protocol):
    """A database that answers reads on a snapshot and makes writes durable."""

    dialect: str
    url: str

    def read(self, work: Callable[[Tx], T]) -> T:
        """Run ``work`` on one consistent snapshot; it changes nothing."""
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


class Opened:
    """A transaction that is open already, as a store that is only read: for proofs inside it."""

    def __init__(self, dialect: str, tx: Tx) -> None:
        self.dialect, self.url, self._tx = dialect, "", tx

    def read(self, work: Callable[[Tx], T]) -> T:
        """Run ``work`` in the transaction."""
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
