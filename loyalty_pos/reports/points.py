"""Points that are owed: how they moved in the span, when they lapse, and how many of them will lapse unused.

What is owed at a moment is what is owed now less the entries since, so that the rows add up by themselves.
Points are the whole chain's.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from loyalty_pos.domain.breakage import breakage
from loyalty_pos.reports.span import Span, spanned
from loyalty_pos.services.context import Caller, Services, from_ms
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import member_figures
from loyalty_pos.storage.tx import Tx

CODE = "points"
NAME = {"vi": "Điểm chưa dùng", "en": "Points that are owed"}
COLUMNS = {
    "part": {"vi": "Mục", "en": "Part"},
    "what": {"vi": "Khoản", "en": "What"},
    "points": {"vi": "Điểm", "en": "Points"},
    "value": {"vi": "Giá trị", "en": "Worth"},
}
FLOW = {
    "issued": ("earn", "opening"),
    "spent": ("redeem", "claim", "give_back"),
    "taken_back": ("take_back", "recover"),
    "expired": ("expire",),
    "by_hand": ("adjust", "adjust_down", "merge"),
}
"""Every kind of entry, once; points given back with a return are less spent."""
YEAR_MS = 365 * 86_400_000


def rows(
    services: Services, caller: Caller, first: str | None, last: str | None
) -> tuple[str, str, list[dict[str, Any]]]:
    """``part`` flow (from ``start`` to ``end``), lapse (by quarter; ``never``), breakage (share, low, high in
    thousandths of the points; absent where too few came to their end)."""

    def work(tx: Tx) -> tuple[str, str, list[dict[str, Any]]]:
        book, now = services.rules.current(tx), services.now_ms()
        span = spanned(tx, book.programme, caller, now, first, last)
        value = book.rules.points.redeem.value if book.rules.points.redeem else 0
        found = [*_flow(tx, span), *_lapse(tx, book), *_breakage(tx, now)]
        shown = [
            {"part": part, "what": what, "points": points, "value": None if part == "breakage" else points * value}
            for part, what, points in found
        ]
        return span.days.first, span.days.last, shown

    return services.store.read(work)


def _flow(tx: Tx, span: Span) -> list[tuple[str, str, int]]:
    owed = sum(one.points for one in member_figures.by_tier(tx).values())
    end = owed - sum(member_figures.points_moved(tx, span.end).values())
    moved = member_figures.points_moved(tx, span.start, span.end)
    parts = {name: sum(moved.get(kind, 0) for kind in kinds) for name, kinds in FLOW.items()}
    return [
        ("flow", what, points) for what, points in {"start": end - sum(moved.values()), **parts, "end": end}.items()
    ]


def _lapse(tx: Tx, book: Book) -> list[tuple[str, str, int]]:
    """The points that are left, by the quarter of their last day."""
    quarters: Counter[str] = Counter()
    for at, points in member_figures.points_left(tx):
        if at is None:
            quarters["never"] += points
        else:
            day = (from_ms(at).astimezone(book.programme.local(at).tzinfo) - timedelta(milliseconds=1)).date()
            quarters[f"{day.year}-Q{(day.month + 2) // 3}"] += points
    return [("lapse", quarter, points) for quarter, points in quarters.items()]


def _breakage(tx: Tx, now: int) -> list[tuple[str, str, int]]:
    found = breakage(*member_figures.run_out(tx, now - YEAR_MS, now))
    return [] if found is None else [("breakage", name, round(1000 * part)) for name, part in found._asdict().items()]
