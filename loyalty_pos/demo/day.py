"""A day's business in one transaction: the shop's past is written a day at a time.

The services see an ordinary ``Store``; their reads and writes happen inside one open
transaction, each write in a savepoint of its own, so that a refusal takes back its own work
alone.  Nobody else uses the database meanwhile and nothing is promised to anybody before the
whole shop stands: a day that fails leaves nothing, and one commit a day is durable enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, TypeVar, cast

from loyalty_pos.services.context import Services
from loyalty_pos.storage.tx import Store, Tx

T = TypeVar("T")


class Nested(Protocol):
    """What a transaction of the embedded database offers beside ``Tx``."""

    def savepoint(self) -> None:
        """Begin one write inside the transaction."""
        ...

    def undo(self) -> None:
        """Take back the innermost write."""
        ...

    def release(self) -> None:
        """End the innermost write."""
        ...


class OneDay(Store):
    """A store that lives inside one transaction of another."""

    def __init__(self, store: Store, tx: Tx) -> None:
        self.dialect, self.url = store.dialect, store.url
        self._tx = tx

    def read(self, work: Callable[[Tx], T], brief: bool = False) -> T:
        return work(self._tx)

    def look(self, work: Callable[[Tx], T]) -> T:
        return work(self._tx)

    def write(self, work: Callable[[Tx], T]) -> T:
        nested = cast(Nested, self._tx)
        nested.savepoint()
        try:
            return work(self._tx)
        except BaseException:
            nested.undo()
            raise
        finally:
            nested.release()

    def claim(self, name: str) -> bool:
        return True

    def release(self, name: str) -> None:
        """Nobody else is here to claim anything."""

    def close(self) -> None:
        """The transaction ends with its day."""


def in_one_day(services: Services, live: Callable[[Services], T]) -> T:
    """Run ``live`` with services whose every write is part of one transaction; what it returns."""
    return services.store.write(lambda tx: live(replace(services, store=OneDay(services.store, tx))))
