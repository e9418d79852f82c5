"""Gives back what checkouts hold after their fifteen minutes (S21)."""

from __future__ import annotations

from functools import partial

from loyalty_pos.jobs.summary import Summary, Tell, silent
from loyalty_pos.services import holding
from loyalty_pos.services.context import Services
from loyalty_pos.storage import checkouts

STEP = 200


def run(services: Services, tell: Tell = silent) -> Summary:
    """Expire every overdue checkout, each in its own transaction."""
    total, done = services.store.read(lambda tx: checkouts.count_overdue(tx, services.now_ms())), 0
    while overdue := services.store.read(lambda tx: checkouts.overdue(tx, services.now_ms(), STEP)):
        moved = sum(services.store.write(partial(holding.expire, services, checkout)) for checkout in overdue)
        done += moved
        tell(done, max(done, total))
        if not moved:
            break
    return Summary("release-holds", done)
