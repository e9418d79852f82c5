"""Backup and restore of the embedded database; PostgreSQL has pg_dump and its own archive.

A backup is taken while tills sell, and counts only when it was checked; a restore keeps the
present file aside, and refuses while the service runs.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from loyalty_pos.errors import NotFound
from loyalty_pos.storage import migrate, upkeep


def backup(url: str, target: Path) -> dict[str, Any]:
    """{"file", "bytes", "revision"} of a checked copy.

    Refused (``not_embedded``, ``copy_broken``), Conflict (``file_exists``), NotFound
    (``database_missing``).
    """
    source = upkeep.embedded_file(url)
    if not source.exists():
        raise NotFound("database_missing")
    upkeep.copy(source, target)
    return {"file": str(target), "bytes": target.stat().st_size, "revision": upkeep.verify(target)}


def restore(url: str, copied: Path, now: datetime) -> dict[str, Any]:
    """{"file", "revision", "kept"}: the copy is in force, the file before it is ``kept``.

    NotFound (``file_missing``), Refused (``not_embedded``, ``copy_broken``), Conflict
    (``database_in_use``).
    """
    live = upkeep.embedded_file(url)
    if not copied.is_file():
        raise NotFound("file_missing")
    kept = live.with_name(f"{live.stem}-before-{now:%Y%m%d-%H%M%S}{live.suffix}")
    before = live.exists()
    live.parent.mkdir(parents=True, exist_ok=True)
    upkeep.restore(copied, live, kept)
    return {"file": str(live), "revision": upkeep.verify(live), "kept": str(kept) if before else None}


def upgrade(url: str, folder: Path, now: datetime) -> dict[str, Any]:
    """Bring the database to the newest migration, an embedded one after a checked backup.

    {"before", "revision", "backup"}; ``backup`` is None when nothing had to change.
    """
    before = migrate.current(url)
    if before == migrate.newest():
        return {"before": before, "revision": before, "backup": None}
    saved = None
    if before is not None and url.startswith("sqlite"):
        name = f"before-{migrate.newest()}-{now:%Y%m%d-%H%M%S}.db"
        saved = backup(url, folder / "backups" / name)["file"]
    return {"before": before, "revision": migrate.upgrade(url), "backup": saved}
