"""The doctor: is this installation sound?  Each finding says what is, and what to do about it.

``fail`` means that data is at risk or the service cannot work; ``warn`` that somebody should look.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from msgspec import Struct

from loyalty_pos.errors import LoyaltyError
from loyalty_pos.services.context import Services, from_ms
from loyalty_pos.storage import migrate, shops, upkeep

LITTLE_DISK, NO_DISK = 2 * 2**30, 200 * 2**20
UNSEEN_DAYS = 7
DAY_MS = 86_400_000


class Finding(Struct, frozen=True):
    """One thing that was looked at."""

    what: str
    state: Literal["ok", "warn", "fail"]
    says: str


def examine(services: Services) -> list[Finding]:
    """Everything that can be looked at, worst things named; never raises for what it finds."""
    found = [_database(services)]
    if found[0].state == "fail":
        return [*found, *_folder(Path(services.data_folder))]
    if services.store.dialect == "sqlite":
        found.append(_sqlite())
    else:
        found += _postgres(services)
    return [*found, *_folder(Path(services.data_folder)), *_lanes(services)]


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
        advice = "it carries the WAL-reset fault (3.7.0 - 3.51.2): keep one process, update Python's SQLite to 3.51.3"
        return Finding("sqlite", "warn", f"{version}: {advice}")
    return Finding("sqlite", "ok", version)


def _postgres(services: Services) -> Iterator[Finding]:
    settings = services.store.read(upkeep.postgres_settings)
    yield Finding("postgresql", "ok", settings["server_version"])
    for name in ("synchronous_commit", "fsync", "full_page_writes"):
        value = settings[name]
        if value == "off":
            yield Finding(name, "fail", "off: acknowledged sales can be lost; set it to on")
        else:
            yield Finding(name, "ok", value)


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
