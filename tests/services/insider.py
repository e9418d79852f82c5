"""Somebody with every right on the database: no trigger, foreign key or check stands in the way.

``insider(url)`` gives a transaction on a connection of its own; what is done in it is undone at the
end, so that one shop serves a thousand edits.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import psycopg
from databases import owner_url
from sqlalchemy import CheckConstraint

from loyalty_pos.services.context import Services
from loyalty_pos.storage.postgres import PostgresTx
from loyalty_pos.storage.sqlite import SqliteTx
from loyalty_pos.storage.tables import metadata
from loyalty_pos.storage.tx import Tx

T = TypeVar("T")


class OneTransaction:
    """A store that shows what one open transaction sees."""

    def __init__(self, url: str, tx: Tx) -> None:
        self.url, self.tx = url, tx
        self.dialect = "sqlite" if url.startswith("sqlite") else "postgresql"

    def read(self, work: Callable[[Tx], T], brief: bool = False) -> T:
        """As any store."""
        return work(self.tx)


@contextmanager
def insider(url: str) -> Iterator[Callable[[], Any]]:
    """``with insider(url) as begin: with begin() as tx: ...``; every transaction is undone."""
    lite = url.startswith("sqlite")
    raw: Any = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None) if lite else _postgres(url)
    if lite:
        raw.execute("PRAGMA ignore_check_constraints=ON")

    @contextmanager
    def begin() -> Iterator[Tx]:
        if lite:
            raw.execute("BEGIN IMMEDIATE")
            for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                raw.execute(f"DROP TRIGGER {name}")
        try:
            yield SqliteTx(raw) if lite else PostgresTx(raw)
        finally:
            raw.rollback()

    try:
        yield begin
    finally:
        raw.close()


def _postgres(url: str) -> psycopg.Connection:
    raw = psycopg.connect(owner_url(url).replace("+psycopg", ""))
    raw.execute("SET session_replication_role = replica")
    for name, table in metadata.tables.items():
        for rule in table.constraints:
            if isinstance(rule, CheckConstraint):
                raw.execute(f"ALTER TABLE {name} DROP CONSTRAINT IF EXISTS {rule.name}")
    raw.commit()
    return raw


def seen_by(services: Services, tx: Tx) -> Services:
    """The services as they would find the database after this transaction."""
    return replace(services, store=OneTransaction(services.store.url, tx))  # type: ignore[arg-type]
