"""Seals what was committed, every hour and when the business day is over (reliability.md 3.7)."""

from __future__ import annotations

from loyalty_pos.errors import Unavailable
from loyalty_pos.jobs.summary import Summary, Tell, silent
from loyalty_pos.services import seals
from loyalty_pos.services.context import Services


def run(services: Services, _tell: Tell = silent) -> Summary:
    """Seal if it is time; when an older writer is in the way, the next run tries again."""
    try:
        rows = seals.seal(services).rows if seals.due(services) else 0
    except Unavailable:
        rows = 0
    return Summary("seal-ledger", rows)
