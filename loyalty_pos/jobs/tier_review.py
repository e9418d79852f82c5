"""Reviews tiers whose date and days of grace are over: the only place where one is lowered (S33)."""

from __future__ import annotations

from loyalty_pos.jobs.summary import Summary, Tell, in_steps, silent
from loyalty_pos.services import tiers
from loyalty_pos.services.context import Services
from loyalty_pos.storage.tx import Tx

STEP = 200


def run(services: Services, tell: Tell = silent) -> Summary:
    """Review every member who is due, in steps of one transaction each."""

    def step(tx: Tx) -> int:
        return tiers.review_some(services, tx, STEP)

    return in_steps(services, "tier-review", lambda tx: tiers.waiting(services, tx), step, tell)
