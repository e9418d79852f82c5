"""The backups that are made by themselves: when one is due, what is kept, and the second folder.

Invariant: an old backup goes only after a newer proved one stands in its place.  The names carry
the time (UTC), so that everything is told from the folder alone: ``loyalty-20261124T051500Z.db``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from loyalty_pos.errors import NotFound, Refused, Unavailable
from loyalty_pos.services.backup import UNPROVEN, backup
from loyalty_pos.services.context import Services, to_ms
from loyalty_pos.storage import copies

NAME = "loyalty-%Y%m%dT%H%M%SZ.db"
KEPT = (("%Y%m%d%H", 24), ("%Y%m%d", 30), ("%Y%m", 12))
"""The newest backup of each of the last 24 hours, 30 days and 12 months that have one."""
STALE_PART = timedelta(days=1)


def run(services: Services) -> bool:
    """Make the backup if one is due, copy it to the second folder, let old ones go; whether one was made.

    Raises what ``backup`` raises, and Unavailable (``backup_folder_missing``) when the second
    folder is not there: the backup itself is made all the same.
    """
    now = services.clock.now()
    if services.store.dialect != "sqlite" or not due(services, now):
        return False
    folder = first_folder(services)
    target = folder / f"{now.astimezone(UTC):{NAME}}"
    try:
        backup(services, target)
    except Refused:
        _forget_unproven(folder)
        raise
    rotate(folder, now)
    if services.backup_copy is not None:
        _second(Path(services.backup_copy), target, now)
    return True


def first_folder(services: Services) -> Path:
    """Where the backups are made."""
    return Path(services.data_folder) / "backups"


def due(services: Services, now: datetime) -> bool:
    """Whether the newest backup is older than the interval, or of a business day that is over (S45)."""
    made = _times(first_folder(services), also=UNPROVEN)
    newest = max((one for one in made if one <= now), default=None)  # a clock that was ahead stops nothing
    if newest is None:
        return True
    if services.backup_every and now - newest >= timedelta(minutes=services.backup_every):
        return True
    programme = services.store.read(services.rules.current).programme
    return programme.business_date(to_ms(newest)) < programme.business_date(to_ms(now))


def newest_backup(folder: Path) -> tuple[datetime, Path] | None:
    """The newest proved backup of a folder."""
    made = max(_times(folder), default=None)
    return None if made is None else (made, folder / f"{made:{NAME}}")


def unproven(folder: Path) -> bool:
    """Whether the newest copy of a folder does not balance, so that it does not count."""
    broken = max(_times(folder, only=UNPROVEN), default=None)
    return broken is not None and broken > max(_times(folder), default=broken - STALE_PART)


def newest_of(services: Services) -> Path:
    """The newest backup of this installation; NotFound (``backup_missing``)."""
    found = newest_backup(first_folder(services))
    if found is None:
        raise NotFound("backup_missing")
    return found[1]


def kept(times: Iterable[datetime]) -> set[datetime]:
    """Which backups stay: the newest of each hour, day and month, as far back as ``KEPT`` says."""
    stay: set[datetime] = set()
    for unit, count in KEPT:
        newest: dict[str, datetime] = {}
        for made in sorted(times):
            newest[f"{made:{unit}}"] = made
        stay.update(newest[name] for name in sorted(newest)[-count:])
    return stay


def rotate(folder: Path, now: datetime) -> None:
    """Remove what is not kept any more, and what an interrupted copy left behind."""
    times = _times(folder)
    for made in set(times) - kept(times):
        (folder / f"{made:{NAME}}").unlink(missing_ok=True)
    for part in folder.glob("loyalty-*.part*"):
        if now - datetime.fromtimestamp(part.stat().st_mtime, UTC) > STALE_PART:
            part.unlink(missing_ok=True)


def _second(folder: Path, made: Path, now: datetime) -> None:
    if not folder.is_dir():
        raise Unavailable("backup_folder_missing")
    copies.duplicate(made, folder / made.name)
    rotate(folder, now)


def _forget_unproven(folder: Path) -> None:
    """Of copies whose books do not balance, the newest is enough."""
    for made in sorted(_times(folder, only=UNPROVEN))[:-1]:
        (folder / f"{made:{NAME}}{UNPROVEN}").unlink(missing_ok=True)


def _times(folder: Path, *, only: str | None = None, also: str | None = None) -> list[datetime]:
    """The times in the names of a folder's backups."""
    endings = {only} if only is not None else {"", also or ""}
    found = []
    for path in folder.glob("loyalty-*.db*"):
        stem, ending = path.name.partition(".db")[0] + ".db", path.name.partition(".db")[2]
        try:
            made = datetime.strptime(stem, NAME).replace(tzinfo=UTC)
        except ValueError:
            continue
        if ending in endings:
            found.append(made)
    return found
