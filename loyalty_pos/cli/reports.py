"""``report``: what the shop looks at, as a table or as JSON."""

from __future__ import annotations

from datetime import datetime

import click

from loyalty_pos import reports
from loyalty_pos.cli import proof
from loyalty_pos.cli.base import json_option, opened, show, table, user_language
from loyalty_pos.services.context import SYSTEM


@click.command()
@click.argument("code", type=click.Choice(["day", *sorted(reports.REPORTS)]))
@click.option("--from", "first", help="From this local day on (YYYY-MM-DD).")
@click.option("--to", "last", help="Up to and with this local day.")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="Of `day`: the business day (default: today).")
@json_option
def report(code: str, first: str | None, last: str | None, day: datetime | None, as_json: bool) -> None:
    """Show the report CODE; `day` is the day's sales, points and open exceptions, and the head of the seals."""
    with opened() as services:
        if code == "day":
            proof.show_day(services, day.date() if day else None, as_json)
            return
        found = reports.run(services, SYSTEM, code, first, last)
    words = [column["name"][user_language()] for column in found["columns"]]
    cells = [["–" if cell is None else str(cell) for cell in row.values()] for row in found["rows"]]
    show(as_json, found, table([words, *cells]))
