"""Work that is due by the clock.  A job is a function (services) -> Summary that may run again at
any time and in any number of processes: each step is its own guarded transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from loyalty_pos.jobs import expire_points, release_holds, release_points, tier_review
from loyalty_pos.jobs.summary import Summary
from loyalty_pos.services.context import Services

JOBS: Mapping[str, Callable[[Services], Summary]] = {
    "release-holds": release_holds.run,
    "release-points": release_points.run,
    "expire-points": expire_points.run,
    "tier-review": tier_review.run,
}


def run_due(services: Services) -> list[Summary]:
    """Run every job once."""
    return [job(services) for job in JOBS.values()]
