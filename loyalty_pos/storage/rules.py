"""The shop's rules as stored: settings, promotions and tiers, under one version number.

Every change of any of them adds a row to ``rule_versions`` in the same transaction, so one
indexed read tells every process whether its compiled rules are still in force.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from loyalty_pos.storage.reading import marks
from loyalty_pos.storage.tx import Tx


class StoredRules(NamedTuple):
    """Everything that pricing is compiled from; ``promotions`` as their definitions."""

    version: int
    settings: dict[str, Any]
    promotions: list[dict[str, Any]]
    tiers: list[dict[str, Any]]


class StoredPromotion(NamedTuple):
    """One version of a promotion; it was in force from the rules numbered ``since`` until before ``until``."""

    code: str
    version: int
    state: str
    definition: dict[str, Any]
    created_at: int
    created_by: str
    since: int | None = None
    until: int | None = None


def version(tx: Tx) -> int:
    """The number of the rules in force; asked once a transaction."""
    if tx.rules is None:
        row = tx.one("SELECT max(id) FROM rule_versions")
        tx.rules = int(row[0] or 0) if row else 0
    return tx.rules


def bump(tx: Tx, at: int, by: str, what: str) -> int:
    """Say that the rules changed; the new version."""
    tx.rules = None
    return tx.insert("INSERT INTO rule_versions (at, by, what) VALUES (?, ?, ?) RETURNING id", (at, by, what))


def load(tx: Tx) -> StoredRules:
    """The rules in force, whole."""
    settings = {name: json.loads(value) for name, value in tx.all("SELECT name, value FROM settings")}
    active = tx.all("SELECT definition FROM promotions WHERE state = 'active' ORDER BY code")
    table = tx.one("SELECT definition FROM tier_tables ORDER BY id DESC LIMIT 1")
    tiers = json.loads(table[0]) if table else []
    return StoredRules(version(tx), settings, [json.loads(row[0]) for row in active], tiers)


def save_settings(tx: Tx, values: dict[str, Any]) -> None:
    """Set some settings (the caller bumps the version)."""
    for name, value in values.items():
        text = json.dumps(value, ensure_ascii=False)
        if not tx.run("UPDATE settings SET value = ? WHERE name = ?", (text, name)):
            tx.run("INSERT INTO settings (name, value) VALUES (?, ?)", (name, text))


def save_tiers(tx: Tx, tiers: list[dict[str, Any]], at: int, by: str) -> None:
    """Add a new tier table; the older ones stay as history."""
    tx.run(
        "INSERT INTO tier_tables (definition, created_at, created_by) VALUES (?, ?, ?)",
        (json.dumps(tiers, ensure_ascii=False), at, by),
    )


_COLUMNS = ", ".join(StoredPromotion._fields)
_CURRENT = "CASE q.state WHEN 'active' THEN 0 ELSE 1 END, q.version DESC LIMIT 1"
"""The order in which the version in force comes first, else the newest."""


def _promotion(row: Any) -> StoredPromotion:
    found = StoredPromotion._make(row)
    return found._replace(definition=json.loads(row[3]))


def promotion(tx: Tx, code: str) -> StoredPromotion | None:
    """The version of a promotion that is in force, else its newest."""
    row = tx.one(f"SELECT {_COLUMNS} FROM promotions q WHERE code = ? ORDER BY {_CURRENT}", (code,))
    return _promotion(row) if row else None


def versions(tx: Tx, code: str) -> list[StoredPromotion]:
    """Every version of a promotion, the newest first."""
    rows = tx.all(f"SELECT {_COLUMNS} FROM promotions WHERE code = ? ORDER BY version DESC", (code,))
    return [_promotion(row) for row in rows]


def promotions(tx: Tx, after: str, limit: int, state: str | None = None) -> list[StoredPromotion]:
    """The version in force of each promotion, else its newest, by code, after ``after``, of one state if asked."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM promotions p WHERE code > ? AND version = "
        f"(SELECT q.version FROM promotions q WHERE q.code = p.code ORDER BY {_CURRENT}) "
        f"{'' if state is None else 'AND state = ? '}ORDER BY code LIMIT ?",
        (after, *([] if state is None else [state]), limit),
    )
    return [_promotion(row) for row in rows]


def drafts(tx: Tx, codes: Sequence[str]) -> dict[str, StoredPromotion]:
    """The draft of each of these promotions that has one, by code."""
    if not codes:
        return {}
    rows = tx.all(f"SELECT {_COLUMNS} FROM promotions WHERE code IN ({marks(codes)}) AND state = 'draft'", codes)
    return {row[0]: _promotion(row) for row in rows}


def pricing(tx: Tx, sale_id: int) -> list[StoredPromotion]:
    """The versions that were in force for the promotions of a sale, by code.

    Exact: a sale keeps the number of the rules that priced it, at most one version of a promotion is in
    force at a number, and what has started is never rewritten (docs/decisions/0011).
    """
    rows = tx.all(
        f"SELECT {', '.join('p.' + name for name in StoredPromotion._fields)} FROM promotions p "
        "JOIN sales s ON s.id = ? AND p.since <= s.rules AND (p.until IS NULL OR p.until > s.rules) "
        "WHERE p.code IN (SELECT promotion FROM sale_uses WHERE sale_id = ?) ORDER BY p.code",
        (sale_id, sale_id),
    )
    return [_promotion(row) for row in rows]


def add_promotion(tx: Tx, row: StoredPromotion) -> None:
    """Add a version; unique by (code, version), and one draft and one in force of each code."""
    tx.run(
        f"INSERT INTO promotions ({_COLUMNS}) VALUES ({', '.join('?' * len(row))})",
        row._replace(definition=json.dumps(row.definition, ensure_ascii=False)),  # type: ignore[arg-type]
    )


def redefine(tx: Tx, row: StoredPromotion) -> None:
    """Write the rule of a draft anew, and who did."""
    tx.run(
        "UPDATE promotions SET definition = ?, created_at = ?, created_by = ? "
        "WHERE code = ? AND version = ? AND state = 'draft'",
        (json.dumps(row.definition, ensure_ascii=False), row.created_at, row.created_by, row.code, row.version),
    )


def start(tx: Tx, code: str, version_: int, number: int) -> None:
    """Put a draft in force from the rules ``number`` on; the version before it is superseded."""
    stop(tx, code, number, "superseded")
    tx.run(
        "UPDATE promotions SET state = 'active', since = ? WHERE code = ? AND version = ? AND state = 'draft'",
        (number, code, version_),
    )


def stop(tx: Tx, code: str, number: int, state: str = "ended") -> None:
    """The version in force, if there is one, is so no more from the rules ``number`` on."""
    tx.run("UPDATE promotions SET state = ?, until = ? WHERE code = ? AND state = 'active'", (state, number, code))


def set_aside(tx: Tx, code: str) -> None:
    """End a draft that never ran."""
    tx.run("UPDATE promotions SET state = 'ended' WHERE code = ? AND state = 'draft'", (code,))


def drop_draft(tx: Tx, code: str) -> bool:
    """Throw a draft away; False when there is none."""
    return bool(tx.run("DELETE FROM promotions WHERE code = ? AND state = 'draft'", (code,)))
