"""The first page of the console: a few figures beside those of the days before, and what waits for somebody.

Everything is read from what is stored, on one snapshot.  The cost follows the bills of the two spans, never the
age of the shop; goods are counted on an even sample once the bills are many.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from loyalty_pos.reports.span import Span, spanned
from loyalty_pos.services import campaign_outcomes
from loyalty_pos.services.context import Caller, Services
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import approvals, campaigns, exceptions, member_figures, sale_figures, segment_rows
from loyalty_pos.storage.sale_figures import Days, Sold
from loyalty_pos.storage.tx import Tx

MOST_BILLS = 20_000
"""So many bills tell which goods moved; of more, every n-th is looked at."""
CAMPAIGNS, MOVERS, WAITING = 4, 6, 100
SEGMENTS = ("birthday-week", "slipping")

Json = dict[str, Any]


def figures(services: Services, caller: Caller, days: int) -> Json:
    """The board of the caller's stores over the last ``days``, up to today, beside as many days before.

    Money in minor units; ``now`` and ``before`` hold the same figures.  ``campaigns`` as they were last counted.
    """

    def work(tx: Tx) -> Json:
        book, now = services.rules.current(tx), services.now_ms()
        span = spanned(tx, book.programme, caller, now, None, None, days)
        before = _before(book, caller, span, tx)
        sold = sale_figures.by_day(tx, span.days)
        earlier = sale_figures.by_day(tx, before.days)
        return {
            "from": span.days.first, "to": span.days.last,
            "days": _by_day(sold, span), "days_before": _by_day(earlier, before),
            "now": _sums(tx, span, sold), "before": _sums(tx, before, earlier),
            "points": _points(tx, book, span),
            "tiers": [{"tier": tier, "members": one.members} for tier, one in member_figures.by_tier(tx).items()],
            "movers": _movers(tx, span, before, sum(one.bills for one in (*sold, *earlier))),
            "waiting": _waiting(tx, caller),
        }  # fmt: skip

    found = services.store.read(work)
    return found | {"campaigns": campaign_outcomes.newest(services, CAMPAIGNS)}


def _before(book: Book, caller: Caller, span: Span, tx: Tx) -> Span:
    """As many days, up to the eve of the span."""
    length = span.last - span.first
    last = span.first - timedelta(days=1)
    return spanned(tx, book.programme, caller, 0, (last - length).isoformat(), last.isoformat())


def _by_day(sold: list[Sold], span: Span) -> list[Json]:
    """Every day of the span, also those without a sale."""
    found: dict[str, Json] = {}
    for number in range((span.last - span.first).days + 1):
        day = (span.first + timedelta(days=number)).isoformat()
        found[day] = {"day": day, "member_net": 0, "net": 0}
    for one in sold:
        found[one.day]["member_net"] += one.member_net
        found[one.day]["net"] += one.net
    return list(found.values())


def _sums(tx: Tx, span: Span, sold: list[Sold]) -> Json:
    return {
        "bills": sum(one.bills for one in sold),
        "carded": sum(one.carded for one in sold),
        "net": sum(one.net for one in sold),
        "member_net": sum(one.member_net for one in sold),
        "buyers": sale_figures.buyers(tx, span.days),
        "coupons_used": sale_figures.coupons_used(tx, span.days.stores, span.start, span.end),
    }


def _points(tx: Tx, book: Book, span: Span) -> Json:
    """What is owed now, and was when the span began: points, and their worth."""
    value = book.rules.points.redeem.value if book.rules.points.redeem else 0
    owed = sum(one.points for one in member_figures.by_tier(tx).values())
    before = owed - sum(member_figures.points_moved(tx, span.start).values())
    return {"points": owed, "before": before, "value": owed * value}


def _movers(tx: Tx, span: Span, before: Span, bills: int) -> Json:
    """The goods that changed most; ``every``: each n-th bill was looked at."""
    every = max(1, -(-bills // MOST_BILLS))
    both = Days(span.days.stores, before.days.first, span.days.last)
    found = sale_figures.moved(tx, both, span.days.first, every, MOVERS)
    return {"every": every, "goods": [one._asdict() for one in found]}


def _waiting(tx: Tx, caller: Caller) -> Json:
    """How much waits: exceptions of the caller's stores, approvals, campaigns, and the sizes of two segments;
    counted up to WAITING."""
    kept = {code: row for code in SEGMENTS if (row := segment_rows.find(tx, code))}
    sizes = {code: segment_rows.size(tx, row.id) for code, row in kept.items()}
    return {
        "exceptions": len(exceptions.listed(tx, 0, WAITING, caller.store_ids, "open")),
        "approvals": len(approvals.listed(tx, 0, WAITING, "waiting")),
        "campaigns": len(campaigns.in_states(tx, "waiting")),
        "segments": {code: size for code, size in sizes.items() if size},
    }
