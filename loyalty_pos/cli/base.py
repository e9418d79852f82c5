"""What every command shares: the services it opens, the line it fails with, how it shows progress.

A command translates: words to one service call, its answer to text or one JSON object.  Standard
output carries the answer alone; progress and complaints go to standard error.
"""

from __future__ import annotations

import json
import locale
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from loyalty_pos.api.faults import told
from loyalty_pos.api.sentences import Language
from loyalty_pos.app import make_services
from loyalty_pos.config import Config, load_config
from loyalty_pos.errors import LoyaltyError, Refused
from loyalty_pos.services.context import SYSTEM, Request, Services
from loyalty_pos.storage import migrate

F = TypeVar("F", bound=Callable[..., Any])


class Failed(click.ClickException):
    """The command could not do it: one clear line, exit status 1."""

    exit_code = 1


class Commands(click.Group):
    """A group whose commands may raise LoyaltyError."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a refusal becomes one line in the user's language."""
        try:
            return super().invoke(ctx)
        except LoyaltyError as error:
            raise Failed(line_of(error)) from error


def line_of(error: LoyaltyError) -> str:
    """The sentence of a refusal, with the fields at fault."""
    return told(error.code, user_language(), error.facts, error.errors)


def user_language() -> Language:
    """The language of the person at the keyboard: Vietnamese, or English."""
    return "vi" if (locale.getlocale()[0] or "").startswith("vi") else "en"


def json_option(command: F) -> F:
    """``--json``: one JSON object on standard output."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)


def show(as_json: bool, answer: Any, text: str) -> None:
    """Print an answer as JSON, or as text."""
    click.echo(json.dumps(answer, ensure_ascii=False) if as_json else text)


def table(rows: list[list[str]]) -> str:
    """Rows in columns; the first is the header."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines)


def write() -> Request:
    """A write by whoever has this machine."""
    return Request(SYSTEM)


@contextmanager
def at_hand(config: Config | None = None) -> Iterator[Services]:
    """The services of the settings, before any database is opened or made."""
    services = make_services(config or load_config())
    try:
        yield services
    finally:
        services.store.close()


@contextmanager
def reached(config: Config | None = None) -> Iterator[Services]:
    """The services on the database that is set, whatever its migration; Unavailable without it."""
    with at_hand(config) as services:
        services.store.read(lambda _tx: None)
        yield services


@contextmanager
def opened(config: Config | None = None) -> Iterator[Services]:
    """The same at its newest migration: an embedded database that does not exist yet is made,
    Refused (``database_old``) for one that must be upgraded first."""
    with reached(config) as services:
        ready(services.store.url)
        yield services


def ready(url: str) -> None:
    """Make an empty embedded database; Refused (``database_old``) when ``db upgrade`` is needed."""
    current = migrate.current(url)
    if current is None and url.startswith("sqlite"):
        migrate.upgrade(url)
    elif current != migrate.newest():
        raise Refused("database_old")


def all_items(page: Callable[[str | None], dict[str, Any]]) -> list[dict[str, Any]]:
    """Every item of a list that comes in pages."""
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        found = page(cursor)
        items += found["items"]
        cursor = found["next"]
        if cursor is None:
            return items


@contextmanager
def progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Tell how far a long work is: a bar on a terminal, a plain line every tenth otherwise."""
    if sys.stderr.isatty():
        with click.progressbar(length=total, label=label, file=sys.stderr) as bar:
            yield lambda done: bar.update(max(0, min(done, total) - bar.pos))
        return
    told = 0

    def tell(done: int) -> None:
        nonlocal told
        tenth = 10 * done // max(total, 1)
        if tenth > told:
            told = tenth
            click.echo(f"{label}: {min(tenth * 10, 100)} %", err=True)

    yield tell
