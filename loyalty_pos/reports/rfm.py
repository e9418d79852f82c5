"""Members by how lately and how often they bought: fifths of the shop, 5 the best, as the last night found them."""

from __future__ import annotations

from typing import Any

from loyalty_pos.domain.habits.rfm import FIFTHS
from loyalty_pos.reports.span import spanned
from loyalty_pos.services.context import Caller, Services
from loyalty_pos.storage import member_figures
from loyalty_pos.storage.tx import Tx

CODE = "rfm"
NAME = {"vi": "Khách mua gần đây và mua thường xuyên", "en": "How lately and how often members buy"}
COLUMNS = {
    "recency": {"vi": "Gần đây (5 là mới nhất)", "en": "Recency (5: latest)"},
    "silence_from": {"vi": "Từ số ngày chưa mua", "en": "Days without a purchase, from"},
    "silence_to": {"vi": "Đến số ngày chưa mua", "en": "Days without a purchase, to"},
    **{f"f{number}": {"vi": f"Thường xuyên {number}", "en": f"Frequency {number}"} for number in range(1, FIFTHS + 1)},
}


def rows(
    services: Services, caller: Caller, first: str | None, last: str | None
) -> tuple[str, str, list[dict[str, Any]]]:
    """Five rows, the latest buyers first; no row at all before the first night."""

    def work(tx: Tx) -> tuple[str, str, list[dict[str, Any]]]:
        span = spanned(tx, services.rules.current(tx).programme, caller, services.now_ms(), first, last)
        cells = member_figures.standing(tx)
        found = []
        for recency in range(FIFTHS, 0, -1) if cells else ():
            mine = {cell.frequency: cell for cell in cells if cell.recency == recency}
            found.append({
                "recency": recency,
                "silence_from": min((cell.silence[0] for cell in mine.values()), default=None),
                "silence_to": max((cell.silence[1] for cell in mine.values()), default=None),
                **{f"f{n}": mine[n].members if n in mine else 0 for n in range(1, FIFTHS + 1)},
            })  # fmt: skip
        return span.days.first, span.days.last, found

    return services.store.read(work)
