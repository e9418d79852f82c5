"""Makes pending points active when their day has come (S18)."""

from __future__ import annotations

from loyalty_pos.jobs.summary import Summary, Tell, in_steps, silent
from loyalty_pos.services.context import Services
from loyalty_pos.storage import due
from loyalty_pos.storage.tx import Tx

STEP = 500


def run(services: Services, tell: Tell = silent) -> Summary:
    """Release every lot that is due, in steps of one transaction each."""

    def step(tx: Tx) -> int:
        return due.release(tx, services.now_ms(), STEP)

    return in_steps(services, "release-points", lambda tx: due.releasing(tx, services.now_ms()), step, tell)
