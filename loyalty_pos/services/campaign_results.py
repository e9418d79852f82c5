"""What a campaign brought: coupons and their cost, and both sides compared by sales and by margin.

Members count on the side and from the moment of their first assignment, whether or not they used the coupon.
What they spent in the ninety days before is taken out (CUPED), the interval is one of 95 %.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date
from typing import Any

from loyalty_pos.domain.campaigns.uplift import Group, Uplift, uplift
from loyalty_pos.errors import Conflict
from loyalty_pos.services.campaigns import definition_of, find, get
from loyalty_pos.services.context import Services, from_ms
from loyalty_pos.services.coupons import DEFAULT_DAYS
from loyalty_pos.storage import campaign_figures, campaigns
from loyalty_pos.storage.campaign_figures import Measured
from loyalty_pos.storage.campaigns import OPEN, CampaignRow
from loyalty_pos.storage.tx import Tx

Json = dict[str, Any]
DAY_MS = 86_400_000
BEFORE_DAYS = 90
FOR_EVER = 10_000 * DAY_MS
VERDICTS = {
    "more": {"vi": "Bán được nhiều hơn", "en": "More was sold"},
    "less": {"vi": "Bán được ít hơn", "en": "Less was sold"},
    "unclear": {"vi": "Chưa rõ", "en": "Unclear"},
}


def results(services: Services, campaign_id: str) -> Json:
    """Figures so far; money in minor units, of a member on average where it says so.

    NotFound (``campaign_unknown``), Conflict (``campaign_not_running``) before the launch.
    """
    row, until, window, found = services.store.read(lambda tx: _read(services, tx, campaign_id))
    given, sales, margin, known, back, sides = found
    treated = sum(1 for one in sales if one.side == "treated")
    return {
        "campaign": get(services, str(row.id)),
        "from": from_ms(row.launched_at or 0).isoformat(timespec="seconds"),
        "until": from_ms(until).isoformat(timespec="seconds"),
        "days_each": window // DAY_MS if window < FOR_EVER else None,
        "members": {"treated": treated, "control": len(sales) - treated,
                    "left_out": sum(sides.values()) - len(sales)},
        "coupons": {"issued": given.issued, "used": given.used, "cancelled": given.cancelled,
                    "used_percent": round(100 * given.used / given.issued, 1) if given.issued else None},
        "discount": given.discount,
        "returns": {"count": back[0], "refund": back[1]},
        "sales": _compared(row.id, sales),
        "margin": _compared(row.id, margin) if known[0] else None,
        "cost_known_percent": round(100 * known[0] / known[1]) if known[1] else None,
    }  # fmt: skip


def _read(services: Services, tx: Tx, campaign_id: str) -> tuple[CampaignRow, int, int, tuple[Any, ...]]:
    row = find(tx, campaign_id)
    if row.state in OPEN:
        raise Conflict("campaign_not_running")
    until, window = _span(services, tx, row)
    span = (row.id, BEFORE_DAYS * DAY_MS, window, until)
    return row, until, window, (
        campaign_figures.given(tx, row.id),
        campaign_figures.sales(tx, *span),
        campaign_figures.margins(tx, *span),
        campaign_figures.cost_known(tx, row.id, window, until),
        campaign_figures.came_back(tx, row.id, window, until),
        campaigns.sides(tx, row.id),
    )  # fmt: skip


def _span(services: Services, tx: Tx, row: CampaignRow) -> tuple[int, int]:
    """(until when sales count, and for how long after a member's assignment), in ms."""
    body, now = definition_of(row), services.now_ms()
    if row.withdraw and row.stopped_at is not None:
        now = min(now, row.stopped_at)
    if body.always is not None:
        return now, (body.valid_days or DEFAULT_DAYS) * DAY_MS
    programme = services.rules.current(tx).programme
    assert row.ends_on is not None
    return min(now, programme.day_ends(date.fromisoformat(row.ends_on))), FOR_EVER


def _compared(campaign_id: int, members: Sequence[Measured]) -> Json:
    sides = {side: [one for one in members if one.side == side] for side in ("treated", "control")}
    treated, control = (Group([x.since for x in side], [x.before for x in side]) for side in sides.values())
    return _said(uplift(treated, control, random.Random(f"campaign {campaign_id}")), len(sides["treated"]))


def _said(found: Uplift, treated: int) -> Json:
    ends = found.interval
    return {
        "treated": round(found.treated),
        "control": round(found.control),
        "difference": round(found.difference),
        "interval": None if ends is None else [round(ends[0]), round(ends[1])],
        "total": round(found.difference * treated),
        "verdict": found.verdict,
        "verdict_text": VERDICTS[found.verdict],
        "settled_by": found.settled_by,
    }
