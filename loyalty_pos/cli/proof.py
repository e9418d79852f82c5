"""``ledger``: the ledger proves itself, and says so on the day's report."""

from __future__ import annotations

from datetime import date
from typing import Any

import click
import msgspec

from loyalty_pos.cli.base import Failed, json_option, opened, progress, show, user_language
from loyalty_pos.domain.money import format_money
from loyalty_pos.services import day_report, seals
from loyalty_pos.services import ledger as books
from loyalty_pos.services.context import Services, from_ms
from loyalty_pos.services.day_report import DayReport

ANCHOR = click.option("--anchor", metavar="HEAD", help="A head as it was printed; the chain must still contain it.")


@click.group()
def ledger() -> None:
    """The ledger proves itself."""


@ledger.command()
@ANCHOR
@json_option
def check(anchor: str | None, as_json: bool) -> None:
    """Recompute every balance, lot, limit, coupon, sale and habit from its rows (laws L4 to L9, L11).

    One line for each violation, and exit status 1.
    """
    with opened() as services, progress("Laws", 1000) as tell:
        broken = books.check(services, anchor, lambda done, total: tell(1000 * done // total))
        judged = books.holds_judged_at(services)
    when = None if judged is None else from_ms(judged).isoformat(timespec="seconds")
    note = f"at {when}" if when else "not judged: no job has run here yet"
    text = "\n".join(broken) if broken else f"The ledger is right. (Open holds: {note}.)"
    show(as_json, {"ok": not broken, "violations": broken, "holds_judged_at": when}, text)
    if broken:
        raise Failed(f"{len(broken)} violations.")


@ledger.command()
@json_option
def seal(as_json: bool) -> None:
    """Seal all facts that are committed, and print the head of the chain.

    Keep the head elsewhere (it is on the day's report): `ledger verify --anchor HEAD`.
    """
    with opened() as services:
        done = seals.seal(services)
    show(as_json, msgspec.to_builtins(done), f"{done.rows} rows sealed; head {done.head or 'none: nothing to seal'}")


@ledger.command()
@ANCHOR
@json_option
def verify(anchor: str | None, as_json: bool) -> None:
    """Find every edit, deletion, insertion or swap in what was sealed, and in the seals.

    That the newest seals were cut off shows only with --anchor.
    """
    with opened() as services, progress("Seals", 1000) as tell:
        found = seals.verify(services, anchor, lambda done, total: tell(1000 * done // total))
    counted = f"{found.rows} rows under {found.seals} seals, head {found.head}, {found.unsealed} rows not sealed yet"
    text = "\n".join(found.findings) if found.findings else f"All is as it was sealed: {counted}."
    show(as_json, {"ok": not found.findings} | msgspec.to_builtins(found), text)
    if found.findings:
        raise Failed(f"{len(found.findings)} findings.")


def show_day(services: Services, day: date | None, as_json: bool) -> None:
    """The report of a business day (None: today)."""
    found = day_report.day(services, day)
    show(as_json, _facts(found), _text(found))


def _facts(found: DayReport) -> dict[str, Any]:
    rest = {"currency": found.currency, "head": found.head, "unsealed": found.unsealed}
    return {"day": found.day.isoformat()} | found.figures._asdict() | rest


def _text(found: DayReport) -> str:
    """A slip for the cash drawer."""
    day = found.figures

    def money(amount: int) -> str:
        return format_money(amount, found.currency, user_language())

    return (
        f"Day {found.day.isoformat()}\n"
        f"Sales            {day.sales}, net {money(day.net)}\n"
        f"Returns          {day.returns}, refunded {money(day.refunded)}\n"
        f"Points           {day.issued} issued, {day.spent} spent, {day.taken_back} taken back, {day.expired} expired\n"
        f"Open exceptions  {day.open_exceptions}\n"
        f"Seals            {found.head or 'none'} ({found.unsealed} rows not sealed yet)"
    )
