"""Tells the manager, once each, of returns that have waited a day for their sale (S31)."""

from __future__ import annotations

from loyalty_pos.jobs.summary import Summary, Tell, in_steps, silent
from loyalty_pos.services import parking
from loyalty_pos.services.context import Services

STEP = 200


def run(services: Services, tell: Tell = silent) -> Summary:
    """Report every return that waits too long, in steps of one transaction each."""
    return in_steps(
        services,
        "report-parked",
        lambda tx: parking.count_overdue(services, tx),
        lambda tx: parking.report_overdue(services, tx, STEP),
        tell,
    )
