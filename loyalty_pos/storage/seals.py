"""What is sealed, and the chain of seals (docs/decisions/0008).

A seal covers the rows of one kind of facts with ``after_id < id <= last_id``; the ranges of a kind
follow each other without a gap, so a row that appears, changes or vanishes in one shows.  What
a customer can have erased, free text, and figures that move later are not among the columns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from loyalty_pos.storage.tx import Tx

LOWEST = -(2**63)
"""Below every id: where the first seal of a kind begins."""

Tables = Mapping[str, tuple[str, str]]
"""Table -> (its column that the range is of, the columns that are sealed)."""

FACTS: Mapping[str, Tables] = {
    "entries": {
        "entries": (
            "id",
            "id, member_id, at, kind, points, lot_id, sale_id, return_id, terminal_id, by, idempotency_key",
        ),
    },
    "sales": {
        "sales": (
            "id",
            "id, store_id, terminal_id, cashier, receipt, business_date, sold_at, recorded_at, body_hash, rules, "
            "gross, discount, net, to_pay, due, redeemed, claimed, answer",
        ),
        "sale_lines": (
            "sale_id",
            "sale_id, position, line, sku, category, quantity, unit_price, unit_cost, gross, discount, net, earns, "
            "units, runs",
        ),
        "sale_uses": ("sale_id", "sale_id, at, promotion, uses, amount, coupon"),
    },
    "returns": {
        "returns": (
            "id",
            "id, sale_id, store_id, terminal_id, receipt, business_date, at, body_hash, refund, pay_back, taken_back, "
            "given_back, shortfall, value_back, answer",
        ),
        "return_lines": ("return_id", "return_id, line, units, refund"),
    },
    "coupons": {"coupons": ("id", "id, code, promotion, valid_from, valid_to, issued_at, from_sale_id, campaign_id")},
    "coupon_events": {"coupon_events": ("id", "id, coupon_id, at, state, by, sale_id")},
    "stored_values": {"stored_values": ("id", "id, code, kind, issued_at")},
    "value_entries": {
        "value_entries": (
            "id",
            "id, value_id, at, kind, amount, balance, sale_id, line, return_id, terminal_id, by, idempotency_key",
        )
    },
    "swipes": {
        "swipes": ("id", "id, at, recorded_at, store_id, terminal_id, cashier, card_id, member_id, entry, outcome")
    },
    "audit": {"audit": ("id", "id, at, by, what, subject")},
}
"""Kind of facts -> its tables; the first one bears the kind's name and its ids."""

TABLES = tuple(name for tables in FACTS.values() for name in tables)


class Seal(NamedTuple):
    """One seal; ``previous`` is the hash of the seal before it, ``at`` in ms."""

    number: int
    at: int
    facts: str
    after_id: int
    last_id: int
    size: int
    digest: bytes
    previous: bytes
    hash: bytes


_COLUMNS = ", ".join(Seal._fields)


def newest(tx: Tx) -> Seal | None:
    """The head of the chain."""
    row = tx.one(f"SELECT {_COLUMNS} FROM seals ORDER BY number DESC LIMIT 1")
    return Seal._make(row) if row else None


def find(tx: Tx, number: int) -> Seal | None:
    """One seal by its number."""
    row = tx.one(f"SELECT {_COLUMNS} FROM seals WHERE number = ?", (number,))
    return Seal._make(row) if row else None


def following(tx: Tx, number: int, limit: int) -> list[Seal]:
    """The next seals after ``number``, in order."""
    rows = tx.all(f"SELECT {_COLUMNS} FROM seals WHERE number > ? ORDER BY number LIMIT ?", (number, limit))
    return [Seal._make(row) for row in rows]


def how_many(tx: Tx) -> int:
    """The number of seals."""
    return int(tx.all("SELECT count(*) FROM seals")[0][0])


def add(tx: Tx, seal: Seal) -> bool:
    """Append a seal; False when another process was faster."""
    marks = ", ".join("?" * len(seal))
    return bool(tx.run(f"INSERT INTO seals ({_COLUMNS}) VALUES ({marks}) ON CONFLICT DO NOTHING", seal))


def sealed_up_to(tx: Tx, facts: str) -> int:
    """The last id that a seal of this kind covers."""
    found = tx.all("SELECT max(last_id) FROM seals WHERE facts = ?", (facts,))[0][0]
    return LOWEST if found is None else int(found)


def tops(tx: Tx) -> dict[str, int]:
    """Kind of facts -> the highest id that is committed."""
    found = {facts: tx.all(f"SELECT max(id) FROM {facts}")[0][0] for facts in FACTS}
    return {facts: LOWEST if top is None else int(top) for facts, top in found.items()}


def unsealed(tx: Tx) -> int:
    """How many rows wait for their seal."""
    counts = (tx.all(f"SELECT count(*) FROM {x} WHERE id > ?", (sealed_up_to(tx, x),))[0][0] for x in FACTS)
    return sum(int(count) for count in counts)


def next_range(tx: Tx, facts: str, after: int, top: int, limit: int) -> int | None:
    """The last id of the next ``limit`` rows after ``after`` and up to ``top``; None when there is none."""
    row = tx.one(
        f"SELECT max(id) FROM (SELECT id FROM {facts} WHERE id > ? AND id <= ? ORDER BY id LIMIT ?) AS part",
        (after, top, limit),
    )
    return int(row[0]) if row and row[0] is not None else None


def digest(tx: Tx, facts: str, after: int, last: int) -> tuple[int, bytes]:
    """(rows, SHA-256) of a range.

    Every row is one line of JSON; the lines of a table are in the order of their bytes, which is the
    same on every engine and under every collation.
    """
    found, count = hashlib.sha256(), 0
    for table, (key, columns) in FACTS[facts].items():
        rows = tx.all(f"SELECT {columns} FROM {table} WHERE {key} > ? AND {key} <= ?", (after, last))
        if table == facts:
            count = len(rows)
        found.update(table.encode() + b"\n")
        for line in sorted(map(msgspec.json.encode, rows)):
            found.update(line + b"\n")
    return count, found.digest()


def left_out(columns: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    """(table, column) of what the sealed tables hold beside what is sealed, given all their columns."""
    for tables in FACTS.values():
        for table, (_, sealed) in tables.items():
            yield from ((table, name) for name in columns[table] if name not in sealed.split(", "))
