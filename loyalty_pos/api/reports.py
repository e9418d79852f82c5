"""/reports: what the shop looks at, each as columns and rows."""

from __future__ import annotations

from flask import Response

from loyalty_pos import reports
from loyalty_pos.api.auth import current_caller
from loyalty_pos.api.base import api, services, show, text


@api.get("/reports")
def list_reports() -> Response:
    """Every report with its name."""
    return show(reports.listed())


@api.get("/reports/<report>")
def run_report(report: str) -> Response:
    """One report of the caller's stores, over local days (inclusive)."""
    return show(reports.run(services(), current_caller(), report, text("from"), text("to")))
