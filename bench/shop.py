"""A shop in an empty database: its programme, its tills and its members, as many as wanted.

Rules go in through the product's services; tills and members are written by plain SQL, because
a million enrolments are not what is measured.
"""

from __future__ import annotations

import hashlib
import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg

from bench.baskets import card_number
from loyalty_pos.services import programme
from loyalty_pos.services.context import SYSTEM, Request, Services
from loyalty_pos.services.rules import RuleBooks
from loyalty_pos.storage import rules
from loyalty_pos.storage.engine import open_store
from loyalty_pos.storage.migrate import upgrade
from loyalty_pos.storage.tx import Tx

OPENED = int(datetime(2016, 12, 1, tzinfo=UTC).timestamp() * 1000)
SECRET = b"benchmark-secret-benchmark-secret"
STORE = "bench"
SCOPES = "earn redeem refund enroll"


class FixedClock:
    """A clock that stands still."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        """The one time it knows."""
        return self._now


class CountedIds:
    """Numbers in a row instead of random ones, so that two runs write the same rows."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def digits(self, count: int) -> str:
        """The next number, spread over ``count`` digits."""
        return f"{next(self._numbers) * 7_368_787_163 % 10**count:0{count}d}"

    def secret(self) -> str:
        """The next number as text."""
        return self.digits(40)


def services_on(url: str, now: datetime) -> Services:
    """The product's services on a migrated database, at a fixed time, with repeatable ids."""
    return Services(
        store=open_store(url),
        clock=FixedClock(now),
        ids=CountedIds(),
        secret=SECRET,
        rules=RuleBooks(),
    )


def build(
    url: str,
    settings: dict[str, Any],
    tiers: list[dict[str, Any]],
    promotions: Sequence[dict[str, Any]] = (),
    tills: int = 16,
    members: int = 0,
) -> list[str]:
    """Migrate and fill an empty database; the keys of its tills."""
    upgrade(url)
    services = services_on(url, datetime.fromtimestamp(OPENED / 1000, UTC))
    try:
        programme.change(services, Request(SYSTEM), settings)
        programme.put_tiers(services, Request(SYSTEM), tiers)
        services.store.write(lambda tx: _promote(tx, promotions))
    finally:
        services.store.close()
    keys = [till_key(index) for index in range(tills)]
    _fill(url, keys, members, [tier["code"] for tier in tiers])
    return keys


def token() -> str:
    """The personal token of the shop's one person, its owner."""
    return hashlib.sha256(b"owner").hexdigest()


def _promote(tx: Tx, promotions: Sequence[dict[str, Any]]) -> None:
    number = rules.bump(tx, OPENED, SYSTEM.key, "promotions")
    for definition in promotions:
        row = rules.StoredPromotion(definition["code"], 1, "active", definition, OPENED, SYSTEM.key, number)
        rules.add_promotion(tx, row)


def till_key(index: int) -> str:
    """The key of till ``index``."""
    return hashlib.sha256(f"till {index}".encode()).hexdigest()


def _fill(url: str, keys: Sequence[str], members: int, tiers: Sequence[str]) -> None:
    lanes = [(1, f"{STORE}-{index:02d}", _hash(key), SCOPES, OPENED) for index, key in enumerate(keys, 1)]
    cards = ((card_number(index), index + 1, OPENED) for index in range(members))
    people = ((tiers[index % len(tiers)] if tiers else None, OPENED, 1) for index in range(members))
    tables: list[tuple[str, Iterator[tuple[object, ...]]]] = [
        ("stores (code, name, created_at)", iter([(STORE, "Benchmark", OPENED)])),
        ("terminals (store_id, code, key_hash, scopes, created_at)", iter(lanes)),
        ("staff (login, name, role, created_at)", iter([("bench", "Benchmark", "owner", OPENED)])),
        ("staff_tokens (staff_id, token_hash, created_at)", iter([(1, _hash(token()), OPENED)])),
        ("members (tier, enrolled_at, store_id)", people),
        ("cards (number, member_id, issued_at)", cards),
    ]
    insert(url, tables)


def insert(url: str, tables: Sequence[tuple[str, Iterable[tuple[object, ...]]]]) -> None:
    """Write rows by plain SQL: ``table (column, ...)`` and its rows, in this order."""
    (_fill_sqlite if url.startswith("sqlite") else _fill_postgres)(url, tables)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _fill_sqlite(url: str, tables: Sequence[tuple[str, Iterable[tuple[object, ...]]]]) -> None:
    raw = sqlite3.connect(url.removeprefix("sqlite:///"))
    with raw:
        for columns, rows in tables:
            marks = ", ".join("?" * (columns.count(",") + 1))
            raw.executemany(f"INSERT INTO {columns} VALUES ({marks})", rows)
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()


def _fill_postgres(url: str, tables: Sequence[tuple[str, Iterable[tuple[object, ...]]]]) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as raw:
        for columns, rows in tables:
            with raw.cursor() as cursor, cursor.copy(f"COPY {columns} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        raw.execute("VACUUM ANALYZE")
