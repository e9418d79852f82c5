"""Upkeep of the database as a whole: copies of the embedded file, and what ``doctor`` asks.

A copy counts only after it was checked from end to end; a file is put in place of another only
when nobody has that one open, and in one step.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import make_url

from loyalty_pos.errors import Conflict, Refused
from loyalty_pos.storage.tx import Tx

WAL_FAULT = ((3, 7, 0), (3, 51, 2))
"""The SQLite versions whose WAL can be reset under a writer's feet (reliability.md, finding 5)."""
MENDED = ((3, 50, 7), (3, 44, 6))
"""Older versions that carry the repair."""


def embedded_file(url: str) -> Path:
    """The file of an embedded database; Refused (``not_embedded``) for PostgreSQL."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise Refused("not_embedded")
    return Path(parsed.database)


def copy(source: Path, target: Path) -> None:
    """A consistent copy while others read and write, checked, then put in place under its name.

    Conflict (``file_exists``) when the name is taken; Refused (``copy_broken``) when the check fails.
    """
    if target.exists():
        raise Conflict("file_exists")
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    address = f"file:{source.resolve()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as live, closing(sqlite3.connect(part)) as fresh:
        live.backup(fresh)  # one step, one snapshot: in smaller ones every sale would begin it anew
        fresh.execute("PRAGMA journal_mode=DELETE")
    part.chmod(0o600)
    verify(part)
    _put(part, target)


def verify(file: Path) -> str:
    """Check a database file from end to end; its migration revision.

    Refused (``copy_broken``) when it is damaged, or no database of ours.
    """
    try:
        with closing(sqlite3.connect(f"file:{file.resolve()}?mode=ro&immutable=1", uri=True)) as raw:
            sound = raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            whole = not raw.execute("PRAGMA foreign_key_check").fetchall()
            row = raw.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise Refused("copy_broken") from error
    if not (sound and whole and row):
        raise Refused("copy_broken")
    return str(row[0])


def restore(copied: Path, live: Path, aside: Path) -> None:
    """Put a checked copy in the place of the live file, which is kept as ``aside``.

    Conflict (``database_in_use``) while any process has the live file open.
    """
    verify(copied)
    part = live.with_name(live.name + ".part")
    shutil.copyfile(copied, part)
    part.chmod(0o600)
    if live.exists():
        _settle(live)
        os.replace(live, aside)
    _put(part, live)


def _settle(live: Path) -> None:
    """Fold the write-ahead log into the file; it works only when nobody else has it open."""
    try:
        with closing(sqlite3.connect(live, timeout=1)) as raw:
            raw.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        raise Conflict("database_in_use") from error


def _put(part: Path, target: Path) -> None:
    """Give a finished file its name, durably."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(part, target)
    if os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def sqlite_version() -> tuple[str, bool]:
    """(version of the SQLite in use, whether it carries the WAL fault)."""
    now = sqlite3.sqlite_version_info
    repaired = any(now[:2] == mended[:2] and now >= mended for mended in MENDED)
    return sqlite3.sqlite_version, WAL_FAULT[0] <= now <= WAL_FAULT[1] and not repaired


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
