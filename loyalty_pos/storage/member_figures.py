"""Figures over all members: tiers, points that are owed, months in which they came back, where they stand.

Members are the whole chain's, whatever store asks (contract.md, Who may what).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from loyalty_pos.storage.reading import marks
from loyalty_pos.storage.tx import Tx


class TierFigures(NamedTuple):
    """Members who are in a tier now, and the points that they have (active, pending and held)."""

    members: int
    points: int


class Run(NamedTuple):
    """Lots that came to their end, member by member: members, points granted and lapsed, and their squares."""

    members: int
    granted: float
    lapsed: float
    granted_squares: float
    products: float
    lapsed_squares: float


class Cell(NamedTuple):
    """Members with one mark of recency and one of frequency (1 to 5), and what the marks mean."""

    recency: int
    frequency: int
    members: int
    silence: tuple[int, int]
    visits: tuple[int, int]


class Used(NamedTuple):
    """The coupons of one promotion in a span; minor units of the bills on which they were used."""

    promotion: str
    issued: int
    used: int
    lapsed: int
    discount: int
    net: int


def by_tier(tx: Tx) -> dict[str | None, TierFigures]:
    """Tier -> its members and their points; who was merged or erased is no member."""
    rows = tx.all(
        "SELECT tier, count(*), sum(active + pending + held) FROM members WHERE state = 'active' GROUP BY tier"
    )
    return {row[0]: TierFigures(int(row[1]), int(row[2])) for row in rows}


def points_moved(tx: Tx, start: int, end: int | None = None) -> dict[str, int]:
    """Kind of entry -> points from ``start`` to ``end`` (ms); a correction by hand downwards is ``adjust_down``."""
    until = "" if end is None else " AND at < ?"
    rows = tx.all(
        "SELECT CASE WHEN kind = 'adjust' AND points < 0 THEN 'adjust_down' ELSE kind END, sum(points) FROM entries "
        f"WHERE at >= ?{until} GROUP BY 1",
        (start,) if end is None else (start, end),
    )
    return {row[0]: int(row[1]) for row in rows}


def points_left(tx: Tx) -> list[tuple[int | None, int]]:
    """(when they lapse, points) of all lots with something left, soonest first; None: never."""
    rows = tx.all(
        "SELECT expires_at, sum(remaining) FROM lots WHERE remaining > 0 AND state <> 'expired' "
        "GROUP BY expires_at ORDER BY expires_at"
    )
    found = [(row[0], int(row[1])) for row in rows]
    return sorted(found, key=lambda one: (one[0] is None, one[0] or 0))


def run_out(tx: Tx, start: int, end: int) -> Run:
    """What became of the lots that came to their end from ``start`` to ``end`` (ms)."""
    row = tx.one(
        "SELECT count(*), coalesce(sum(g), 0), coalesce(sum(x), 0), coalesce(sum(g * g), 0), coalesce(sum(g * x), 0), "
        "coalesce(sum(x * x), 0) FROM (SELECT l.member_id, 1.0 * sum(l.granted) AS g, 1.0 * sum(coalesce((SELECT "
        "-sum(e.points) FROM entries e WHERE e.lot_id = l.id AND e.kind = 'expire'), 0)) AS x FROM lots l "
        "WHERE l.expires_at >= ? AND l.expires_at < ? GROUP BY l.member_id) AS m",
        (start, end),
    )
    assert row is not None
    return Run(int(row[0]), *(float(figure) for figure in row[1:]))


def cohorts(tx: Tx, begins: Sequence[int]) -> list[tuple[int, str, int]]:
    """(cohort, month as YYYY-MM, members who bought in it); cohort n first bought from ``begins[n]`` (ms) on and
    before the next."""
    cases = " ".join(f"WHEN p.first_at < ? THEN {number}" for number in range(len(begins) - 1))
    which = f"CASE {cases} ELSE {len(begins) - 1} END" if cases else "0"
    rows = tx.all(
        f"SELECT x.cohort, x.month, count(*) FROM (SELECT DISTINCT {which} AS cohort, d.member_id, "
        "substr(d.day, 1, 7) AS month FROM profiles p JOIN member_days d ON d.member_id = p.member_id "
        "WHERE p.first_at >= ? AND d.visits > 0) AS x GROUP BY x.cohort, x.month ORDER BY x.cohort, x.month",
        (*begins[1:], begins[0]),
    )
    return [(int(row[0]), row[1], int(row[2])) for row in rows]


def standing(tx: Tx) -> list[Cell]:
    """Members by recency and frequency, as the last night has found them."""
    rows = tx.all(
        "SELECT recency, frequency, count(*), min(silence), max(silence), min(visits), max(visits) "
        "FROM member_standing GROUP BY recency, frequency ORDER BY recency DESC, frequency"
    )
    return [Cell(row[0], row[1], int(row[2]), (row[3], row[4]), (row[5], row[6])) for row in rows]


def coupons(tx: Tx, stores: Sequence[int], span: tuple[int, int], days: tuple[str, str], today: str) -> list[Used]:
    """Coupons by promotion: issued from ``span[0]`` to ``span[1]`` (ms), used then at these stores, lapsed unused
    with a last day from ``days[0]`` to ``days[1]``."""
    fates = tx.all(
        "SELECT promotion, sum(CASE WHEN issued_at >= ? AND issued_at < ? THEN 1 ELSE 0 END), "
        "sum(CASE WHEN valid_to BETWEEN ? AND ? AND (state = 'expired' OR (state = 'issued' AND valid_to < ?)) "
        "THEN 1 ELSE 0 END) FROM coupons GROUP BY promotion",
        (*span, *days, today),
    )
    used = tx.all(
        "SELECT c.promotion, count(*), coalesce(sum(u.amount), 0), coalesce(sum(s.net - s.refunded), 0) FROM coupons c "
        "CROSS JOIN sales s LEFT JOIN sale_uses u ON u.sale_id = c.sale_id AND u.coupon = c.code "
        "WHERE s.id = c.sale_id AND c.state = 'used' AND c.used_at >= ? AND c.used_at < ? AND s.state <> 'returned' "
        f"AND s.store_id IN ({marks(stores) or 'NULL'}) GROUP BY c.promotion",
        (*span, *stores),
    )
    spent = {row[0]: tuple(int(figure) for figure in row[1:]) for row in used}
    found = []
    for promotion, issued, lapsed in fates:
        count, discount, net = spent.get(promotion, (0, 0, 0))
        if issued or lapsed or count:
            found.append(Used(promotion, int(issued), count, int(lapsed), discount, net))
    return sorted(found, key=lambda one: (-one.used, one.promotion))
