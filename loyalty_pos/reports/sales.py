"""How much of what each store sold was sold to members."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from loyalty_pos.reports.span import spanned, tenths
from loyalty_pos.services.context import Caller, Services
from loyalty_pos.storage import sale_figures, shops
from loyalty_pos.storage.tx import Tx

CODE = "sales"
NAME = {"vi": "Tỷ lệ doanh thu của hội viên", "en": "Members' share of sales"}
COLUMNS = {
    "store": {"vi": "Cửa hàng", "en": "Store"},
    "bills": {"vi": "Hoá đơn", "en": "Bills"},
    "carded": {"vi": "Hoá đơn có thẻ", "en": "Bills with a card"},
    "member_net": {"vi": "Hội viên", "en": "Members"},
    "other_net": {"vi": "Khách lẻ", "en": "Others"},
    "net": {"vi": "Tổng", "en": "All"},
    "share": {"vi": "Tỷ lệ hội viên, %", "en": "Members' share, %"},
}


def rows(
    services: Services, caller: Caller, first: str | None, last: str | None
) -> tuple[str, str, list[dict[str, Any]]]:
    """One row a store, the highest share first; money in minor units, less what came back."""

    def work(tx: Tx) -> tuple[str, str, list[dict[str, Any]]]:
        span = spanned(tx, services.rules.current(tx).programme, caller, services.now_ms(), first, last)
        names = {one.id: one.name for one in shops.named(tx, span.days.stores)}
        sums: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        for sold in sale_figures.by_day(tx, span.days):
            for place, figure in enumerate((sold.bills, sold.carded, sold.net, sold.member_net)):
                sums[sold.store_id][place] += figure
        found = [
            {"store": names[store], "bills": bills, "carded": carded, "member_net": mine, "other_net": net - mine,
             "net": net, "share": tenths(mine, net)}
            for store, (bills, carded, net, mine) in sums.items()
        ]  # fmt: skip
        return span.days.first, span.days.last, sorted(found, key=lambda one: (-(one["share"] or 0), one["store"]))

    return services.store.read(work)
