"""Reports: one file each, with its columns and its rows; the command line, the API and the page follow.

A report is a function of (services, caller, first day, last day).  It shows what the caller's role
may see and no more: another store's rows do not exist, personal data stays out.
"""

from __future__ import annotations

from typing import Any, Protocol

from loyalty_pos.errors import NotFound
from loyalty_pos.reports import cohorts, coupons, days, points, radar, rfm, sales, tiers
from loyalty_pos.services.context import Caller, Services


class Report(Protocol):
    """What each file of this package offers."""

    CODE: str
    NAME: dict[str, str]
    COLUMNS: dict[str, dict[str, str]]

    def rows(
        self, services: Services, caller: Caller, first: str | None, last: str | None
    ) -> tuple[str, str, list[dict[str, Any]]]:
        """(first day, last day, rows by column)."""
        ...


REPORTS: dict[str, Report] = {one.CODE: one for one in (days, sales, tiers, coupons, points, cohorts, rfm, radar)}


def listed() -> dict[str, Any]:
    """{"items", "next"}: every report with its name."""
    return {"items": [{"code": code, "name": one.NAME} for code, one in REPORTS.items()], "next": None}


def run(services: Services, caller: Caller, code: str, first: str | None, last: str | None) -> dict[str, Any]:
    """{"code", "name", "from", "to", "columns", "rows"}; days local and inclusive.

    NotFound (``report_unknown``), BadInput for a day that is none.
    """
    report = REPORTS.get(code)
    if report is None:
        raise NotFound("report_unknown")
    start, end, rows = report.rows(services, caller, first, last)
    columns = [{"code": name, "name": words} for name, words in report.COLUMNS.items()]
    return {"code": code, "name": report.NAME, "from": start, "to": end, "columns": columns, "rows": rows}
