"""Backup and restore of the embedded database; PostgreSQL has pg_dump and its own archive.

A copy is made while tills sell and counts only after it was proved (``prove``): undamaged, of
ours, and its books in balance.  A restore keeps the present file aside, and refuses while the
service runs.  A copy whose books do not balance is never thrown away: it is kept as ``.unproven``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from loyalty_pos.errors import Conflict, NotFound, Refused
from loyalty_pos.services import ledger
from loyalty_pos.services.context import Services
from loyalty_pos.services.rules import RuleBooks
from loyalty_pos.storage import copies, migrate
from loyalty_pos.storage.tx import Opened

UNPROVEN = ".unproven"


def prove(services: Services) -> list[str]:
    """What must hold in a copy beyond its bytes, one line for each violation; ``services`` stand on the copy.

    Every law, and with L8 every seal: a copy that was changed after it was sealed does not count.
    """
    return ledger.check(services)


def verify(services: Services, file: Path) -> str:
    """The migration of a proved copy.

    Refused: ``copy_broken`` when it is damaged or no database of ours, ``copy_newer`` when a later
    program made it, ``copy_unproven`` when its books do not balance.  The books of an older
    migration are not judged: the laws speak of the newest tables (``drill`` does it).
    """
    with copies.opened(file) as tx:
        revision = copies.revision(tx)
        if not migrate.knows(revision):
            raise Refused("copy_newer", revision=revision)
        if revision == migrate.newest():
            broken = prove(replace(services, store=Opened("sqlite", tx), rules=RuleBooks()))
            if broken:
                raise Refused("copy_unproven", count=len(broken))
    return revision


def backup(services: Services, target: Path) -> dict[str, Any]:
    """{"file", "bytes", "revision"} of a proved copy of the embedded database.

    Refused (``not_embedded`` and what ``verify`` raises), Conflict (``file_exists``), NotFound
    (``database_missing``), Unavailable (``disk_full``, ``disk_failed``).
    """
    source = copies.embedded_file(services.store.url)
    if not source.exists():
        raise NotFound("database_missing")
    if target.exists():
        raise Conflict("file_exists")
    with copies.part_of(target) as part:
        copies.snapshot(source, part)
        try:
            revision = verify(services, part)
        except Refused as error:
            if error.code == "copy_unproven":
                copies.put(part, target.with_name(target.name + UNPROVEN))
            raise
        copies.put(part, target)
        return {"file": str(target), "bytes": target.stat().st_size, "revision": revision}


def restore(services: Services, copied: Path, *, unproven: bool = False) -> dict[str, Any]:
    """{"file", "revision", "kept"}: the copy is in force, the file before it is ``kept``.

    ``unproven`` accepts books that do not balance.  NotFound (``file_missing``), Refused
    (``not_embedded`` and what ``verify`` raises), Conflict (``database_in_use``), Unavailable
    (``disk_full``, ``disk_failed``).
    """
    live = copies.embedded_file(services.store.url)
    if not copied.is_file():
        raise NotFound("file_missing")
    aside = live.with_name(f"{live.stem}-before-{services.clock.now():%Y%m%d-%H%M%S}{live.suffix}")
    before = live.exists()
    with copies.part_of(live) as part:
        copies.snapshot(copied, part)
        try:
            revision = verify(services, part)
        except Refused as error:
            if error.code != "copy_unproven" or not unproven:
                raise
            with copies.opened(part) as tx:
                revision = copies.revision(tx)
        copies.replace(part, live, aside)
    return {"file": str(live), "revision": revision, "kept": str(aside) if before else None}


def drill(services: Services, copied: Path) -> dict[str, Any]:
    """Restore a copy beside the database, upgrade it, prove it and throw it away: {"file", "revision", "bytes"}.

    Nothing in force is touched.  Raises what ``restore`` raises.
    """
    copies.embedded_file(services.store.url)
    if not copied.is_file():
        raise NotFound("file_missing")
    with copies.part_of(Path(services.data_folder) / "drill.db") as part:
        copies.snapshot(copied, part)
        revision = verify(services, part)
        if revision != migrate.newest():
            migrate.upgrade(f"sqlite:///{part}")
            with copies.alone(part):  # folds its log in, for a copy is read without one
                pass
            verify(services, part)
        return {"file": str(copied), "revision": revision, "bytes": part.stat().st_size}


def upgrade(services: Services) -> dict[str, Any]:
    """Bring the database to the newest migration, an embedded one after a proved backup.

    {"before", "revision", "backup"}; ``backup`` is None when nothing had to change.
    """
    url = services.store.url
    before = migrate.current(url)
    if before == migrate.newest():
        return {"before": before, "revision": before, "backup": None}
    saved = None
    if before is not None and url.startswith("sqlite"):
        name = f"before-{migrate.newest()}-{services.clock.now():%Y%m%d-%H%M%S}.db"
        saved = backup(services, Path(services.data_folder) / "backups" / name)["file"]
    return {"before": before, "revision": migrate.upgrade(url), "backup": saved}
