"""A shop that grows: its embedded database moves into PostgreSQL, whole or not at all.

Ids, keys, tokens and saved answers are rows like all others, so a till goes on with the key it has,
and what it sends again is answered as before.  The embedded file stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

from loyalty_pos.errors import NotFound, Refused
from loyalty_pos.services.backup import prove
from loyalty_pos.services.context import Services
from loyalty_pos.services.rules import RuleBooks
from loyalty_pos.storage import copies, migrate, transfer
from loyalty_pos.storage.engine import is_postgresql, open_store
from loyalty_pos.storage.sqlite import SqliteTx
from loyalty_pos.storage.tx import Opened, Tx

Progress = Callable[[int, int], None]


def copy_to(services: Services, url: str, progress: Progress = lambda _done, _total: None) -> dict[str, Any]:
    """{"tables", "rows"}: every row stands in the PostgreSQL database at ``url``.

    Both sides are proved (every law of the ledger), and all rows are read back and compared, before
    COMMIT.  Refused (``not_embedded``, ``target_unknown``, ``database_old``, ``copy_broken``,
    ``books_wrong``, ``rows_unfit``, ``rows_differ``), NotFound (``database_missing``), Conflict
    (``database_in_use``: the service must be stopped; ``target_not_empty``), Unavailable.
    """
    live = copies.embedded_file(services.store.url)
    if not live.exists():
        raise NotFound("database_missing")
    if not is_postgresql(url):
        raise Refused("target_unknown")
    with copies.alone(live) as source:
        if source is None:
            raise Refused("copy_broken")
        if copies.revision(source) != migrate.newest():
            raise Refused("database_old")
        _prepare(url)
        return _copy(services, source, url, progress)


def _prepare(url: str) -> None:
    """Bring an empty target to the newest migration."""
    with closing(open_store(url)) as store:
        store.read(lambda _tx: None)
    if migrate.current(url) is None:
        migrate.upgrade(url)
    if migrate.current(url) != migrate.newest():
        raise Refused("database_old")


def _copy(services: Services, source: SqliteTx, url: str, progress: Progress) -> dict[str, Any]:
    _proved(services, "sqlite", source)
    with transfer.target(url) as into:
        total = 2 * transfer.count(source)
        seen = transfer.move(source, into, lambda done: progress(done, total))
        rows = sum(number for number, _ in seen.values())
        transfer.compare(into, seen, lambda done: progress(rows + done, total))
        _proved(services, "postgresql", into)
    return {"tables": len(seen), "rows": rows}


def _proved(services: Services, dialect: str, tx: Tx) -> None:
    broken = prove(replace(services, store=Opened(dialect, tx), rules=RuleBooks()))
    if broken:
        raise Refused("books_wrong", count=len(broken), database=dialect)
