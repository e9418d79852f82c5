"""Takes points out of lots whose last local day is over; held points do not expire meanwhile (S20, S21)."""

from __future__ import annotations

from loyalty_pos.jobs.summary import Summary, Tell, in_steps, silent
from loyalty_pos.services.context import Services
from loyalty_pos.storage import due
from loyalty_pos.storage.tx import Tx

STEP = 500


def run(services: Services, tell: Tell = silent) -> Summary:
    """Expire every lot that is due, in steps of one transaction each."""

    def step(tx: Tx) -> int:
        return due.expire(tx, services.now_ms(), STEP)

    return in_steps(services, "expire-points", lambda tx: due.lapsing(tx, services.now_ms()), step, tell)
