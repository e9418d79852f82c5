"""Work that is due by the clock.  A job is a function (services) -> Summary that may run again at
any time and in any number of processes: each step is its own guarded transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from loyalty_pos.errors import LoyaltyError
from loyalty_pos.jobs import backup, expire_points, release_holds, release_points, seal_ledger
from loyalty_pos.jobs.summary import Summary
from loyalty_pos.services.context import Services
from loyalty_pos.storage import due

JOBS: Mapping[str, Callable[[Services], Summary]] = {
    "release-holds": release_holds.run,
    "release-points": release_points.run,
    "expire-points": expire_points.run,
    "seal-ledger": seal_ledger.run,
    "backup": backup.run,
}


def run_due(services: Services) -> list[Summary]:
    """Run every job once.  One that fails keeps no other from running; its error is raised at the end."""
    done, failed = [], None
    for name in JOBS:
        try:
            done.append(run(services, name))
        except LoyaltyError as error:
            failed = error
    if failed is not None:
        raise failed
    return done


def run(services: Services, name: str) -> Summary:
    """Run one job, and note when: by then its work was done (law L11)."""
    started = services.now_ms()
    done = JOBS[name](services)
    services.store.write(lambda tx: due.note_run(tx, name, started))
    return done
