"""The shop's rules as stored: settings, promotions and tiers, under one version number.

Every change of any of them adds a row to ``rule_versions`` in the same transaction, so one
indexed read tells every process whether its compiled rules are still in force.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from loyalty_pos.storage.tx import Tx


class StoredRules(NamedTuple):
    """Everything that pricing is compiled from; ``promotions`` as their definitions."""

    version: int
    settings: dict[str, Any]
    promotions: list[dict[str, Any]]
    tiers: list[dict[str, Any]]


class StoredPromotion(NamedTuple):
    """One version of a promotion."""

    code: str
    version: int
    state: str
    definition: dict[str, Any]
    created_at: int
    created_by: str


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


_COLUMNS = "code, version, state, definition, created_at, created_by"


def _promotion(row: Any) -> StoredPromotion:
    return StoredPromotion(row[0], row[1], row[2], json.loads(row[3]), row[4], row[5])


def promotion(tx: Tx, code: str) -> StoredPromotion | None:
    """The newest version of a promotion."""
    row = tx.one(f"SELECT {_COLUMNS} FROM promotions WHERE code = ? ORDER BY version DESC LIMIT 1", (code,))
    return _promotion(row) if row else None


def versions(tx: Tx, code: str) -> list[StoredPromotion]:
    """Every version of a promotion, the newest first."""
    return [
        _promotion(row)
        for row in tx.all(f"SELECT {_COLUMNS} FROM promotions WHERE code = ? ORDER BY version DESC", (code,))
    ]


def promotions(tx: Tx, after: str, limit: int, state: str | None = None) -> list[StoredPromotion]:
    """The newest version of each promotion, by code, after ``after``, of one state if asked."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM promotions p WHERE code > ? AND version = "
        "(SELECT max(version) FROM promotions q WHERE q.code = p.code) "
        f"{'' if state is None else 'AND state = ? '}ORDER BY code LIMIT ?",
        (after, *([] if state is None else [state]), limit),
    )
    return [_promotion(row) for row in rows]


def add_promotion(tx: Tx, row: StoredPromotion) -> None:
    """Add a version; unique by (code, version)."""
    tx.run(
        "INSERT INTO promotions (code, version, state, definition, created_at, created_by) VALUES (?, ?, ?, ?, ?, ?)",
        (
            row.code,
            row.version,
            row.state,
            json.dumps(row.definition, ensure_ascii=False),
            row.created_at,
            row.created_by,
        ),
    )


def set_promotion(tx: Tx, code: str, version_: int, state: str, definition: dict[str, Any] | None = None) -> None:
    """Change the state of a version, or the definition of a draft."""
    tx.run("UPDATE promotions SET state = ? WHERE code = ? AND version = ?", (state, code, version_))
    if definition is not None:
        tx.run(
            "UPDATE promotions SET definition = ? WHERE code = ? AND version = ? AND state = 'draft'",
            (json.dumps(definition, ensure_ascii=False), code, version_),
        )


def replace_promotion(tx: Tx, row: StoredPromotion) -> None:
    """Write the state and the rule of a version anew (the rule only of one that never ran)."""
    tx.run(
        "UPDATE promotions SET state = ?, definition = ? WHERE code = ? AND version = ?",
        (row.state, json.dumps(row.definition, ensure_ascii=False), row.code, row.version),
    )
