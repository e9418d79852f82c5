"""Reviews tiers whose date and days of grace are over: the only place where one is lowered (S33)."""

from __future__ import annotations

from loyalty_pos.jobs.summary import Summary
from loyalty_pos.services import tiers
from loyalty_pos.services.context import Services

STEP = 200


def run(services: Services) -> Summary:
    """Review every member who is due, in steps of one transaction each."""
    done = 0
    while moved := services.store.write(lambda tx: tiers.review_some(services, tx, STEP)):
        done += moved
    return Summary("tier-review", done)
