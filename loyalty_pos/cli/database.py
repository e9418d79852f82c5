"""``db``, ``backup``, ``restore``, ``doctor``: the database and the installation."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from loyalty_pos.app import SystemClock, make_services
from loyalty_pos.cli.base import json_option, opened, reached, show, table
from loyalty_pos.config import load_config
from loyalty_pos.jobs import JOBS
from loyalty_pos.jobs import run as run_job
from loyalty_pos.services import backup as backups
from loyalty_pos.services import doctor as doctors
from loyalty_pos.storage import migrate, upkeep

FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def db() -> None:
    """The database: bring it to the newest migration, check it."""


@db.command()
@json_option
def upgrade(as_json: bool) -> None:
    """Bring the database to the newest migration; an embedded one after a checked backup."""
    config = load_config()
    with reached(config):
        pass
    done = backups.upgrade(config.database_url, config.data, SystemClock().now())
    kept = f"; the database before it is {done['backup']}" if done["backup"] else ""
    changed = done["before"] != done["revision"]
    show(as_json, done, f"{'Upgraded to' if changed else 'Already at'} migration {done['revision']}{kept}.")


@db.command()
@json_option
def check(as_json: bool) -> None:
    """Is the database there, at the newest migration, and undamaged?"""
    config = load_config()
    with reached(config) as services:
        current = migrate.current(config.database_url)
        faults = services.store.read(lambda tx: upkeep.faults(tx, services.store.dialect))
    good = current == migrate.newest() and not faults
    answer = {"ok": good, "migration": current, "newest": migrate.newest(), "faults": faults}
    show(as_json, answer, f"migration {current or 'none'}, newest {migrate.newest()}, {len(faults)} faults")
    if not good:
        sys.exit(1)


@click.command()
@click.argument("file", type=FILE)
@json_option
def backup(file: Path, as_json: bool) -> None:
    """Copy the embedded database to FILE while tills sell, and check the copy.

    With PostgreSQL use pg_dump, or the server's own archive.
    """
    done = backups.backup(load_config().database_url, file)
    show(as_json, done, f"{done['file']}: {done['bytes']} bytes, migration {done['revision']}, checked.")


@click.command()
@click.argument("file", type=FILE)
@json_option
def restore(file: Path, as_json: bool) -> None:
    """Put the backup FILE in force; the present database is kept beside it.

    FILE is checked first.  The service must be stopped: while it runs, nothing is changed.
    """
    done = backups.restore(load_config().database_url, file, SystemClock().now())
    kept = f" The database before it is {done['kept']}." if done["kept"] else ""
    show(as_json, done, f"{done['file']} is restored, migration {done['revision']}.{kept}")


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Look at everything that can go wrong here: settings, database, disk, keys, terminals."""
    config = load_config()
    services = make_services(config)
    try:
        findings = doctors.examine(services)
    finally:
        services.store.close()
    bad = [finding for finding in findings if finding.state == "fail"]
    answer = {"ok": not bad, "settings": config.shown(), "findings": msgspec.to_builtins(findings)}
    settings = table([["setting", "in force"], *([name, value] for name, value in config.shown().items())])
    found = table([["state", "what", ""], *([x.state, x.what, x.says] for x in findings)])
    show(as_json, answer, f"{settings}\n\n{found}")
    if bad:
        sys.exit(1)


@click.group()
def jobs() -> None:
    """Work that is due by the clock; `serve` does it by itself."""


@jobs.command()
@click.argument("name", required=False)
@json_option
def run(name: str | None, as_json: bool) -> None:
    """Run the job NAME once, or every job."""
    if name is not None and name not in JOBS:
        raise click.UsageError(f"There is no such job; there are: {', '.join(sorted(JOBS))}.")
    with opened() as services:
        done = [run_job(services, code) for code in JOBS if name in (None, code)]
    answer = {"jobs": msgspec.to_builtins(done)}
    show(as_json, answer, "\n".join(f"{summary.name}: {summary.done}" for summary in done))
