"""Upkeep of the database as a whole: what ``doctor`` and ``db check`` ask the engine."""

from __future__ import annotations

from loyalty_pos.storage.driver import has_wal_fault, sqlite3
from loyalty_pos.storage.tx import Tx


def sqlite_version() -> tuple[str, bool]:
    """(version of the SQLite in use, whether it carries the WAL fault)."""
    return sqlite3.sqlite_version, has_wal_fault(sqlite3.sqlite_version_info)


def postgres_settings(tx: Tx) -> dict[str, str]:
    """What decides about durability on a PostgreSQL server."""
    names = ("server_version", "synchronous_commit", "fsync", "full_page_writes", "TimeZone")
    return {name: str(tx.all(f"SHOW {name}")[0][0]) for name in names}


def faults(tx: Tx, dialect: str) -> list[str]:
    """What the engine itself finds wrong with its file; PostgreSQL keeps checksums of its own."""
    if dialect != "sqlite":
        return []
    broken = [row[0] for row in tx.all("PRAGMA quick_check") if row[0] != "ok"]
    return broken + [f"foreign key of {row[0]}" for row in tx.all("PRAGMA foreign_key_check")]
