"""The doctor: is this installation sound?  Each finding says what is, and what to do about it.

``fail`` means that data is at risk or the service cannot work; ``warn`` that somebody should look.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

from loyalty_pos.errors import LoyaltyError
from loyalty_pos.services import disk as disks
from loyalty_pos.services import rotation
from loyalty_pos.services.context import Services, from_ms
from loyalty_pos.services.disk import Finding
from loyalty_pos.storage import grants, migrate, shops, upkeep

LITTLE_DISK, NO_DISK = 2 * 2**30, 200 * 2**20
UNSEEN_DAYS = 7
DAY_MS = 86_400_000


def examine(services: Services, disk: bool = False) -> list[Finding]:
    """Everything that can be looked at, worst things named; never raises for what it finds.

    ``disk``: also whether the data folder's disk keeps what it is told to keep (a second of writing).
    """
    folder = Path(services.data_folder)
    found = [_database(services)]
    if disk and folder.is_dir():
        found += disks.look(folder)
    if found[0].state == "fail":
        return [*found, *_folder(folder)]
    if services.store.dialect == "sqlite":
        found += [_sqlite(), *_backups(services)]
    else:
        found += [*_postgres(services), _role(services)]
    return [*found, *_folder(folder), *_lanes(services)]


def _database(services: Services) -> Finding:
    try:
        services.store.read(lambda _tx: None)
    except LoyaltyError:
        return Finding("database", "fail", "cannot be reached")
    current, newest = migrate.current(services.store.url), migrate.newest()
    if current == newest:
        return Finding("database", "ok", f"{services.store.dialect}, migration {current}")
    state = f"migration {current or 'none'}, this program needs {newest}"
    return Finding("database", "fail", f"{services.store.dialect}, {state}: run `loyalty-pos db upgrade`")


def _sqlite() -> Finding:
    version, faulty = upkeep.sqlite_version()
    if faulty:
        advice = "it carries the WAL-reset fault: keep to one process, and pip install 'loyalty-pos[sqlite]'"
        return Finding("sqlite", "warn", f"{version}: {advice}")
    return Finding("sqlite", "ok", version)


def _backups(services: Services) -> Iterator[Finding]:
    """How old is the newest proved backup, here and in the second folder?"""
    yield _newest("backups", rotation.first_folder(services), services)
    if services.backup_copy is None:
        advice = "none is set: name a folder on another disk with LOYALTY_POS_BACKUP_COPY"
        yield Finding("second backups", "warn", advice)
    elif not Path(services.backup_copy).is_dir():
        yield Finding("second backups", "fail", f"{services.backup_copy} is not there: plug its disk in")
    else:
        yield _newest("second backups", Path(services.backup_copy), services)


def _newest(what: str, folder: Path, services: Services) -> Finding:
    if rotation.unproven(folder):
        advice = "the newest copy does not balance and does not count: run `loyalty-pos ledger check`"
        return Finding(what, "fail", advice)
    newest = rotation.newest_backup(folder)
    if newest is None:
        return Finding(what, "warn", "none yet: `serve` makes them")
    age = services.clock.now() - newest[0]
    old = age > timedelta(days=1)
    says = f"newest proved one of {newest[0]:%Y-%m-%d %H:%M} UTC"
    return Finding(what, "warn" if old else "ok", says + (": too old; does `serve` run its jobs?" if old else ""))


def _postgres(services: Services) -> Iterator[Finding]:
    settings = services.store.read(upkeep.postgres_settings)
    yield Finding("postgresql", "ok", settings["server_version"])
    for name in ("synchronous_commit", "fsync", "full_page_writes"):
        value = settings[name]
        if value == "off":
            yield Finding(name, "fail", "off: acknowledged sales can be lost; set it to on")
        else:
            yield Finding(name, "ok", value)


def _role(services: Services) -> Finding:
    if services.store.read(grants.may_rewrite):
        advice = "this role can rewrite the ledger: make one for the service with `loyalty-pos db grant`"
        return Finding("role", "warn", advice)
    return Finding("role", "ok", "cannot rewrite the ledger")


def _folder(folder: Path) -> Iterator[Finding]:
    if not folder.is_dir():
        yield Finding("data folder", "fail", "is missing")
        return
    free = shutil.disk_usage(folder).free
    state: Literal["ok", "warn", "fail"] = "fail" if free < NO_DISK else "warn" if free < LITTLE_DISK else "ok"
    yield Finding("free disk", state, f"{free / 2**30:.1f} GiB")
    for name in ("secret.key", "seal.key"):
        key = folder / name
        if not key.exists():
            continue
        mode = stat.S_IMODE(key.stat().st_mode)
        open_to_others = bool(mode & 0o077)
        says = f"mode {mode:04o}" + (": others can read it; chmod 600" if open_to_others else "")
        yield Finding(name, "warn" if open_to_others else "ok", says)


def _lanes(services: Services) -> Iterator[Finding]:
    """Active terminals that have not sold or identified anybody for a week."""
    now = services.now_ms()
    lanes = services.store.read(shops.last_seen)
    silent = [
        f"{code} ({store}): {'never seen' if seen is None else f'last seen {from_ms(seen):%Y-%m-%d}'}"
        for code, store, seen in lanes
        if seen is None or now - seen > UNSEEN_DAYS * DAY_MS
    ]
    if silent:
        yield Finding("terminals", "warn", "; ".join(silent))
    elif lanes:
        yield Finding("terminals", "ok", f"{len(lanes)} in use")
