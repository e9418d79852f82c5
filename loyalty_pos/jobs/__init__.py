"""Work that is due by the clock.  A job is a function (services) -> Summary that may run again at
any time and in any number of processes: each step is its own guarded transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from loyalty_pos.errors import LoyaltyError
from loyalty_pos.jobs import backup, expire_points, release_holds, release_points
from loyalty_pos.jobs.summary import Summary
from loyalty_pos.services.context import Services

JOBS: Mapping[str, Callable[[Services], Summary]] = {
    "release-holds": release_holds.run,
    "release-points": release_points.run,
    "expire-points": expire_points.run,
    "backup": backup.run,
}


def run_due(services: Services) -> list[Summary]:
    """Run every job once.  One that fails keeps no other from running; its error is raised at the end."""
    done, failed = [], None
    for job in JOBS.values():
        try:
            done.append(job(services))
        except LoyaltyError as error:
            failed = error
    if failed is not None:
        raise failed
    return done
