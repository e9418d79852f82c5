"""``db``, ``backup``, ``restore``, ``doctor``: the database and the installation."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from loyalty_pos.cli.base import Failed, at_hand, json_option, line_of, opened, progress, reached, show, table
from loyalty_pos.config import load_config
from loyalty_pos.errors import Refused, Unavailable
from loyalty_pos.jobs import JOBS
from loyalty_pos.jobs import run as run_job
from loyalty_pos.jobs.summary import Summary
from loyalty_pos.services import backup as backups
from loyalty_pos.services import doctor as doctors
from loyalty_pos.services import privacy as privacies
from loyalty_pos.services import rotation
from loyalty_pos.services.context import Services
from loyalty_pos.storage import grants, migrate, upkeep

FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def db() -> None:
    """The database: bring it to the newest migration, check it."""


@db.command()
@json_option
def upgrade(as_json: bool) -> None:
    """Bring the database to the newest migration; an embedded one after a checked backup."""
    with reached() as services:
        done = backups.upgrade(services)
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


@db.command()
@click.option("--role", required=True, help="The PostgreSQL role that `serve` will connect as; it owns nothing.")
@json_option
def grant(role: str, as_json: bool) -> None:
    """Let ROLE serve, and rewrite nothing: facts are added by it, never changed or removed.

    Run it as the owner of the tables, after each `db upgrade`.
    """
    with reached() as services:
        if services.store.dialect != "postgresql":
            raise Refused("not_postgresql")
        done = {"role": role, "tables": services.store.write(lambda tx: grants.give(tx, role))}
    show(as_json, done, f"{role} may serve from {done['tables']} tables, and rewrite none of their facts.")


@db.command()
@click.option("--to", "url", required=True, help="The empty PostgreSQL database: postgresql+psycopg://user@host/name.")
@json_option
def copy(url: str, as_json: bool) -> None:
    """Move the embedded database into an empty PostgreSQL one: every row, proved on both sides, or nothing.

    The service must be stopped.  The embedded file stays as it is.
    """
    try:
        from loyalty_pos.services import moving
    except ModuleNotFoundError as error:
        raise Failed("PostgreSQL needs its driver: pip install 'loyalty-pos[postgresql]'.") from error
    with at_hand() as services, progress("Rows", 1000) as tell:
        done = moving.copy_to(services, url, lambda rows, total: tell(1000 * rows // max(total, 1)))
    rest = "Set LOYALTY_POS_DATABASE_URL to it, keep secret.key and seal.key, and put the old file away."
    show(as_json, done, f"{done['rows']} rows of {done['tables']} tables stand in PostgreSQL, proved. {rest}")


@click.command()
@click.argument("file", type=FILE)
@json_option
def backup(file: Path, as_json: bool) -> None:
    """Copy the embedded database to FILE while tills sell, and prove the copy.

    With PostgreSQL use pg_dump, or the server's own archive.
    """
    with at_hand() as services:
        done = backups.backup(services, file)
    show(as_json, done, f"{done['file']}: {done['bytes']} bytes, migration {done['revision']}, proved.")


@click.command()
@click.argument("file", type=FILE, required=False)
@click.option(
    "--check", "drill", is_flag=True, help="Only try it: restore FILE, or the newest backup, and throw it away."
)
@click.option("--unproven", is_flag=True, help="Accept a copy that is whole but whose ledger does not balance.")
@json_option
def restore(file: Path | None, drill: bool, unproven: bool, as_json: bool) -> None:
    """Put the backup FILE in force; the present database is kept beside it.

    FILE is proved first.  The service must be stopped: while it runs, nothing is changed.
    """
    if file is None and not drill:
        raise click.UsageError("Name the FILE to restore.")
    with at_hand() as services:
        if drill:
            tried = backups.drill(services, file or rotation.newest_of(services))
            show(
                as_json,
                tried,
                f"{tried['file']}: {tried['bytes']} bytes, migration {tried['revision']}, can be restored.",
            )
            return
        assert file is not None
        done = backups.restore(services, file, unproven=unproven)
    kept = f" The database before it is {done['kept']}." if done["kept"] else ""
    show(as_json, done, f"{done['file']} is restored, migration {done['revision']}.{kept}")


@click.command()
@click.option(
    "--disk", is_flag=True, help="Also test whether the disk keeps what it is told to keep (writes for a second)."
)
@click.option(
    "--privacy",
    is_flag=True,
    help="Search the database and every file for payment cards, secrets and phone numbers where none may be.",
)
@click.option(
    "--also",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="With --privacy: another file or folder to search, such as a log; may be repeated.",
)
@json_option
def doctor(disk: bool, privacy: bool, also: tuple[Path, ...], as_json: bool) -> None:
    """Look at everything that can go wrong here: settings, database, backups, disk, keys, terminals."""
    if also and not privacy:
        raise click.UsageError("--also goes with --privacy.")
    config = load_config()
    with at_hand(config) as services:
        findings = doctors.examine(services, disk)
        if privacy:
            with progress("files searched", 100) as tell:
                findings += privacies.examine(services, also, lambda done, total: tell(100 * done // total))
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


def _run_all(services: Services) -> list[Summary]:
    """Every job; one whose packages are not installed says so in a line."""
    done = []
    for name in JOBS:
        try:
            done.append(_run_job(services, name))
        except Unavailable as error:
            if error.code != "extra_missing":
                raise
            click.echo(f"{name}: {line_of(error)}", err=True)
    return done


def _run_job(services: Services, name: str) -> Summary:
    with progress(name, 100) as tell:
        return run_job(services, name, lambda done, total: tell(100 * done // total))


@jobs.command()
@click.argument("name", required=False)
@json_option
def run(name: str | None, as_json: bool) -> None:
    """Run the job NAME once, or every job."""
    if name is not None and name not in JOBS:
        raise click.UsageError(f"There is no such job; there are: {', '.join(sorted(JOBS))}.")
    with opened() as services:
        done = [_run_job(services, name)] if name else _run_all(services)
    answer = {"jobs": msgspec.to_builtins(done)}
    show(as_json, answer, "\n".join(f"{summary.name}: {summary.done}" for summary in done))
