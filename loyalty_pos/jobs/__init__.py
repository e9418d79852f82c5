"""Work that is due by the clock.  A job is a function (services) -> Summary that may run again at
any time and in any number of processes: each step is its own guarded transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from loyalty_pos.jobs import expire_points, release_holds, release_points, seal_ledger
from loyalty_pos.jobs.summary import Summary
from loyalty_pos.services.context import Services
from loyalty_pos.storage import due

JOBS: Mapping[str, Callable[[Services], Summary]] = {
    "release-holds": release_holds.run,
    "release-points": release_points.run,
    "expire-points": expire_points.run,
    "seal-ledger": seal_ledger.run,
}


def run_due(services: Services) -> list[Summary]:
    """Run every job once."""
    return [run(services, name) for name in JOBS]


def run(services: Services, name: str) -> Summary:
    """Run one job, and note when: by then its work was done (law L11)."""
    started = services.now_ms()
    done = JOBS[name](services)
    services.store.write(lambda tx: due.note_run(tx, name, started))
    return done
