"""Work that is due by the clock.  A job is a function (services, tell) -> Summary that may run again at
any time and in any number of processes: each step is its own guarded transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import cache

from loyalty_pos.errors import LoyaltyError
from loyalty_pos.jobs import (
    backup,
    campaign_outcomes,
    campaigns,
    cross_sell,
    expire_points,
    lifecycle,
    rank,
    refresh_segments,
    release_holds,
    release_points,
    report_parked,
    seal_ledger,
    tier_review,
)
from loyalty_pos.jobs.summary import Summary, Tell, silent
from loyalty_pos.services.context import Services
from loyalty_pos.storage import due

JOBS: Mapping[str, Callable[[Services, Tell], Summary]] = {
    "release-holds": release_holds.run,
    "release-points": release_points.run,
    "expire-points": expire_points.run,
    "tier-review": tier_review.run,
    "refresh-segments": refresh_segments.run,
    "campaigns": campaigns.run,
    "campaign-outcomes": campaign_outcomes.run,
    "report-parked": report_parked.run,
    "seal-ledger": seal_ledger.run,
    "backup": backup.run,
    "lifecycle": lifecycle.run,
    "cross-sell": cross_sell.run,
    "rank": rank.run,
}
LONG = ("rank",)
"""Those that may take minutes: the others must not wait for them."""

log = logging.getLogger("loyalty_pos.jobs")


def run_due(services: Services, names: Iterable[str] | None = None) -> list[Summary]:
    """Run every job, or these, once; one that fails does not keep the others from their work."""
    done = []
    for name in JOBS if names is None else names:
        try:
            done.append(run(services, name))
        except LoyaltyError as error:
            say = _say_once if error.code == "extra_missing" else log.warning
            say("%s: %s", name, error.code)
        except Exception:
            log.exception("%s failed", name)
    return done


@cache
def _say_once(text: str, *values: str) -> None:
    """What stays as it is until somebody installs something is said once a process."""
    log.warning(text, *values)


def run(services: Services, name: str, tell: Tell = silent) -> Summary:
    """Run one job, and note when: by then its work was done (law L11)."""
    started = services.now_ms()
    done = JOBS[name](services, tell)
    services.store.write(lambda tx: due.note_run(tx, name, started))
    return done
