"""Members by tier: how many there are now, their points, and what they bought."""

from __future__ import annotations

from typing import Any

from loyalty_pos.reports.span import spanned, tenths
from loyalty_pos.services.context import Caller, Services
from loyalty_pos.storage import member_figures, sale_figures
from loyalty_pos.storage.member_figures import TierFigures
from loyalty_pos.storage.tx import Tx

CODE = "tiers"
NAME = {"vi": "Hạng hội viên", "en": "Tiers"}
COLUMNS = {
    "tier": {"vi": "Hạng", "en": "Tier"},
    "members": {"vi": "Hội viên", "en": "Members"},
    "share": {"vi": "Tỷ lệ, %", "en": "Share, %"},
    "points": {"vi": "Điểm chưa dùng", "en": "Points not used"},
    "buyers": {"vi": "Có mua", "en": "Bought"},
    "net": {"vi": "Doanh thu", "en": "Sales"},
    "net_share": {"vi": "Tỷ lệ doanh thu, %", "en": "Share of sales, %"},
}


def rows(
    services: Services, caller: Caller, first: str | None, last: str | None
) -> tuple[str, str, list[dict[str, Any]]]:
    """One row a tier (by its code; None: without one), lowest first.  Members are the chain's, sales the stores'."""

    def work(tx: Tx) -> tuple[str, str, list[dict[str, Any]]]:
        book = services.rules.current(tx)
        span = spanned(tx, book.programme, caller, services.now_ms(), first, last)
        counted, sold = member_figures.by_tier(tx), sale_figures.by_tier(tx, span.days)
        order = [level.code for level in book.rules.tiers.levels]
        codes = sorted({*order, *counted, *sold}, key=lambda code: order.index(code) if code in order else -1)
        members = sum(one.members for one in counted.values())
        net = sum(amount for _buyers, amount in sold.values())
        found = []
        for code in codes:
            here, (buyers, amount) = counted.get(code, TierFigures(0, 0)), sold.get(code, (0, 0))
            if code in order or here.members or buyers:
                found.append({
                    "tier": code, "members": here.members, "share": tenths(here.members, members),
                    "points": here.points, "buyers": buyers, "net": amount, "net_share": tenths(amount, net),
                })  # fmt: skip
        return span.days.first, span.days.last, found

    return services.store.read(work)
