"""Signs at the counter, read from the facts: sales, swipes, returns and points by hand.

Each query answers for some stores and a span of time, with at most ``MOST`` rows, the strongest
or newest first.  A sign is no proof: it says where to look.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from loyalty_pos.storage.reading import marks
from loyalty_pos.storage.tx import Tx

MOST = 200


class Sign(NamedTuple):
    """What was seen; time in ms.  ``of`` is what ``times`` (or the points) are measured against."""

    at: int
    store: str | None = None
    cashier: str | None = None
    member_id: int | None = None
    times: int = 1
    of: int | None = None
    points: int = 0
    sale_id: int | None = None
    receipt: str | None = None
    by: str | None = None


class Span(NamedTuple):
    """Which stores, and from when (ms, inclusive) to when (exclusive)."""

    stores: Sequence[int]
    start: int
    end: int

    @property
    def values(self) -> tuple[int, ...]:
        """As the parameters of ``_within``."""
        return (*self.stores, self.start, self.end)


def _within(column: str, moment: str, span: Span) -> str:
    return f"{column} IN ({marks(span.stores) or 'NULL'}) AND {moment} >= ? AND {moment} < ?"


def one_card_in_a_shift(tx: Tx, span: Span, most: int) -> list[Sign]:
    """A card on more than ``most`` tickets of one shift: a cashier (else a terminal) on a business day."""
    rows = tx.all(
        "SELECT max(s.sold_at), o.code, coalesce(s.cashier, t.code), s.member_id, count(*), sum(s.earned) FROM sales s "
        "JOIN stores o ON o.id = s.store_id JOIN terminals t ON t.id = s.terminal_id "
        f"WHERE {_within('s.store_id', 's.sold_at', span)} AND s.member_id IS NOT NULL "
        "GROUP BY o.code, s.business_date, coalesce(s.cashier, t.code), s.member_id HAVING count(*) > ? "
        "ORDER BY count(*) DESC, max(s.sold_at) DESC LIMIT ?",
        (*span.values, most, MOST),
    )
    return [Sign(at, store, who, member, n, most, int(points)) for at, store, who, member, n, points in rows]


def cashier_and_card(tx: Tx, span: Span, least: int, percent: int) -> list[Sign]:
    """A card that is shown at one cashier: ``least`` tickets or more, ``percent`` of all of its tickets, and
    twice what that cashier's share of all members' tickets would let one expect."""
    rows = tx.all(
        "SELECT at, cashier, member_id, tickets, of_card, points FROM (SELECT max(s.sold_at) AS at, s.cashier, "
        "s.member_id, count(*) AS tickets, sum(s.earned) AS points, "
        "sum(count(*)) OVER (PARTITION BY s.member_id) AS of_card, "
        "sum(count(*)) OVER (PARTITION BY s.cashier) AS of_cashier, sum(count(*)) OVER () AS everything "
        f"FROM sales s WHERE {_within('s.store_id', 's.sold_at', span)} AND s.member_id IS NOT NULL "
        "AND s.cashier IS NOT NULL GROUP BY s.cashier, s.member_id) AS pair WHERE tickets >= ? "
        "AND tickets * 100 >= ? * of_card AND tickets * everything >= 2 * of_card * of_cashier "
        "ORDER BY tickets DESC, at DESC LIMIT ?",
        (*span.values, least, percent, MOST),
    )
    return [Sign(at, None, who, member, n, int(of), int(points)) for at, who, member, n, of, points in rows]


def attached_after_payment(tx: Tx, span: Span) -> list[Sign]:
    """Sales to which a card was attached when they were paid; not those at which it was shown, then enrolled."""
    rows = tx.all(
        "SELECT s.attached_at, o.code, s.cashier, s.member_id, s.earned, s.id, s.receipt, s.attached_by FROM sales s "
        "JOIN stores o ON o.id = s.store_id LEFT JOIN cards c ON c.number = s.unknown_card "
        f"WHERE {_within('s.store_id', 's.sold_at', span)} AND s.attached_at IS NOT NULL "
        "AND (c.id IS NULL OR c.member_id <> s.member_id) ORDER BY s.attached_at DESC, s.id DESC LIMIT ?",
        (*span.values, MOST),
    )
    return [
        Sign(at, store, who, member, points=points, sale_id=sale, receipt=receipt, by=by)
        for at, store, who, member, points, sale, receipt, by in rows
    ]


def refund_after_redemption(tx: Tx, span: Span, within_ms: int) -> list[Sign]:
    """Returns of a sale whose points were on their way out: the member spent points, as money or for rewards, between
    sale and return."""
    rows = tx.all(
        "SELECT * FROM (SELECT r.at, o.code, s.cashier, s.member_id, r.taken_back + r.shortfall, s.id, s.receipt, "
        "(SELECT coalesce(sum(x.redeemed + x.claimed), 0) FROM sales x WHERE x.member_id = s.member_id AND x.id > s.id "
        "AND x.recorded_at < r.at) AS spent FROM returns r JOIN sales s ON s.id = r.sale_id "
        f"JOIN stores o ON o.id = r.store_id WHERE {_within('r.store_id', 'r.at', span)} AND s.member_id IS NOT NULL "
        "AND r.taken_back + r.shortfall > 0 AND r.at - s.sold_at <= ?) AS late WHERE spent > 0 "
        "ORDER BY spent DESC, at DESC LIMIT ?",
        (*span.values, within_ms, MOST),
    )
    return [
        Sign(at, store, who, member, 1, int(spent), points, sale, receipt)
        for at, store, who, member, points, sale, receipt, spent in rows
    ]


def second_cards(tx: Tx, span: Span, least: int) -> list[Sign]:
    """A card that was shown ``least`` times or more where another card was first (S42)."""
    rows = tx.all(
        "SELECT max(w.at), o.code, coalesce(w.cashier, t.code), w.member_id, count(*) FROM swipes w "
        "JOIN terminals t ON t.id = w.terminal_id JOIN stores o ON o.id = w.store_id "
        f"WHERE {_within('t.store_id', 'w.at', span)} AND w.outcome = 'conflict' AND w.member_id IS NOT NULL "
        "GROUP BY o.code, coalesce(w.cashier, t.code), w.member_id HAVING count(*) >= ? "
        "ORDER BY count(*) DESC, max(w.at) DESC LIMIT ?",
        (*span.values, least, MOST),
    )
    return [Sign(at, store, who, member, n, least) for at, store, who, member, n in rows]


def own_cards(tx: Tx, span: Span) -> list[Sign]:
    """Sales at which the cashier's own card was shown; they earned nothing."""
    rows = tx.all(
        "SELECT s.sold_at, o.code, s.cashier, s.member_id, s.earned, s.id, s.receipt FROM staff f "
        "JOIN staff_cards k ON k.staff_id = f.id JOIN cards c ON c.id = k.card_id "
        "JOIN sales s ON s.member_id = c.member_id AND s.cashier = f.login JOIN stores o ON o.id = s.store_id "
        f"WHERE {_within('s.store_id', 's.sold_at', span)} ORDER BY s.sold_at DESC, s.id DESC LIMIT ?",
        (*span.values, MOST),
    )
    return [
        Sign(at, store, who, member, points=points, sale_id=sale, receipt=receipt)
        for at, store, who, member, points, sale, receipt in rows
    ]


def granted_by_hand(tx: Tx, span: Span) -> list[tuple[Sign, int | None]]:
    """(points given by hand, the store they were given at); without a store where the giver has no terminal."""
    rows = tx.all(
        "SELECT e.at, o.code, e.member_id, e.points, e.by, t.store_id FROM entries e "
        "LEFT JOIN terminals t ON t.id = e.terminal_id LEFT JOIN stores o ON o.id = t.store_id "
        f"WHERE e.kind = 'adjust' AND (t.store_id IS NULL OR t.store_id IN ({marks(span.stores) or 'NULL'})) "
        "AND e.at >= ? AND e.at < ? AND e.points > 0 ORDER BY e.at DESC, e.id DESC",
        span.values,
    )
    return [
        (Sign(at, code, None, member, 1, None, points, by=by), store) for at, code, member, points, by, store in rows
    ]


def last_sale(tx: Tx, span: Span) -> int | None:
    """When the last sale of a span was made."""
    row = tx.one(f"SELECT max(sold_at) FROM sales WHERE {_within('store_id', 'sold_at', span)}", span.values)
    return None if row is None or row[0] is None else int(row[0])
