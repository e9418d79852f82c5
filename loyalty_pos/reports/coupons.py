"""What became of coupons, by promotion: issued, used, lapsed, what they took off and what was bought with them."""

from __future__ import annotations

from typing import Any

from loyalty_pos.reports.span import spanned, tenths
from loyalty_pos.services.context import Caller, Services
from loyalty_pos.storage import member_figures
from loyalty_pos.storage.tx import Tx

CODE = "coupons"
NAME = {"vi": "Kết quả phiếu", "en": "Coupon results"}
COLUMNS = {
    "promotion": {"vi": "Khuyến mãi", "en": "Promotion"},
    "issued": {"vi": "Đã phát", "en": "Issued"},
    "used": {"vi": "Đã dùng", "en": "Used"},
    "lapsed": {"vi": "Hết hạn, chưa dùng", "en": "Lapsed unused"},
    "used_share": {"vi": "Được dùng, %", "en": "Used, %"},
    "discount": {"vi": "Đã giảm", "en": "Taken off"},
    "net": {"vi": "Doanh thu hoá đơn có phiếu", "en": "Sales on their bills"},
}


def rows(
    services: Services, caller: Caller, first: str | None, last: str | None
) -> tuple[str, str, list[dict[str, Any]]]:
    """One row a promotion, the most used first.  Issued and lapsed are the chain's, used the stores'; so the share
    of those that came to an end is told only where every store is counted."""

    def work(tx: Tx) -> tuple[str, str, list[dict[str, Any]]]:
        programme = services.rules.current(tx).programme
        now = services.now_ms()
        span = spanned(tx, programme, caller, now, first, last)
        today = programme.local(now).date().isoformat()
        days = (span.days.first, span.days.last)
        found = member_figures.coupons(tx, span.days.stores, (span.start, span.end), days, today)
        shown = [
            one._asdict() | {"used_share": tenths(one.used, one.used + one.lapsed) if span.everywhere else None}
            for one in found
        ]
        return *days, [{name: row[name] for name in COLUMNS} for row in shown]

    return services.store.read(work)
