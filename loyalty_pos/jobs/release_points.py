"""Makes pending points active when their day has come (S18)."""

from __future__ import annotations

from loyalty_pos.jobs.summary import Summary
from loyalty_pos.services.context import Services
from loyalty_pos.storage import due

STEP = 500


def run(services: Services) -> Summary:
    """Release every lot that is due, in steps of one transaction each."""
    done = 0
    while moved := services.store.write(lambda tx: due.release(tx, services.now_ms(), STEP)):
        done += moved
    return Summary("release-points", done)
