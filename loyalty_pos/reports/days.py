"""Sales by day, of members and of others: the figures behind the first page's columns."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from loyalty_pos.reports.span import spanned
from loyalty_pos.services.context import Caller, Services
from loyalty_pos.storage import sale_figures
from loyalty_pos.storage.tx import Tx

CODE = "days"
NAME = {"vi": "Doanh thu theo ngày", "en": "Sales by day"}
COLUMNS = {
    "day": {"vi": "Ngày", "en": "Day"},
    "bills": {"vi": "Hoá đơn", "en": "Bills"},
    "carded": {"vi": "Hoá đơn có thẻ", "en": "Bills with a card"},
    "member_net": {"vi": "Hội viên", "en": "Members"},
    "other_net": {"vi": "Khách lẻ", "en": "Others"},
    "net": {"vi": "Tổng", "en": "All"},
}


def rows(
    services: Services, caller: Caller, first: str | None, last: str | None
) -> tuple[str, str, list[dict[str, Any]]]:
    """Every day of the span, also those without a sale; money in minor units, less what came back."""

    def work(tx: Tx) -> tuple[str, str, list[dict[str, Any]]]:
        span = spanned(tx, services.rules.current(tx).programme, caller, services.now_ms(), first, last)
        length = (span.last - span.first).days + 1
        days = {(span.first + timedelta(days=number)).isoformat(): [0, 0, 0, 0] for number in range(length)}
        for sold in sale_figures.by_day(tx, span.days):
            for place, figure in enumerate((sold.bills, sold.carded, sold.net, sold.member_net)):
                days[sold.day][place] += figure
        found = [
            {"day": day, "bills": bills, "carded": carded, "member_net": mine, "other_net": net - mine, "net": net}
            for day, (bills, carded, net, mine) in days.items()
        ]
        return span.days.first, span.days.last, found

    return services.store.read(work)
