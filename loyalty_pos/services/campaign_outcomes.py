"""Each launched campaign's result, counted once a local day: dealing members out anew costs too much for a page.

What is kept is what ``campaign_results`` finds, never another figure; the page of a campaign counts at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loyalty_pos.services import campaign_results
from loyalty_pos.services.context import Services, from_ms
from loyalty_pos.storage import campaign_outcomes
from loyalty_pos.storage.campaign_outcomes import Outcome

NEWEST = 20
"""Older campaigns keep their last count."""
KEPT = ("members", "coupons", "discount", "sales", "margin")

Json = dict[str, Any]
Tell = Callable[[int, int], None]


def refresh(services: Services, tell: Tell = lambda _done, _total: None) -> int:
    """Count what was not counted today; how many."""
    now = services.now_ms()
    programme = services.store.read(services.rules.current).programme
    today = programme.day_begins(programme.local(now).date())
    rows = services.store.read(lambda tx: campaign_outcomes.newest(tx, NEWEST))
    due = [row.id for row in rows if row.at is None or row.at < today]
    for done, number in enumerate(due, 1):
        found = campaign_results.results(services, str(number))
        figures = {name: found[name] for name in KEPT}
        services.store.write(lambda tx, n=number, f=figures: campaign_outcomes.put(tx, n, now, f))  # type: ignore[misc]
        tell(done, len(due))
    return len(due)


def newest(services: Services, limit: int) -> list[Json]:
    """{"id", "name", "state", "ends_on", "counted_at", "figures"}; the last two None before the first count."""
    return [_shown(row) for row in services.store.read(lambda tx: campaign_outcomes.newest(tx, limit))]


def _shown(row: Outcome) -> Json:
    at = None if row.at is None else from_ms(row.at).isoformat(timespec="seconds")
    return {"id": str(row.id), "name": row.name, "state": row.state, "ends_on": row.ends_on, "counted_at": at,
            "figures": row.figures}  # fmt: skip
