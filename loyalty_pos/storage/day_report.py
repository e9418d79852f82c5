"""The figures of a day, in a few queries."""

from __future__ import annotations

from typing import NamedTuple

from loyalty_pos.storage.tx import Tx


class DayFigures(NamedTuple):
    """Minor units and points; ``issued`` are all points granted, ``spent`` is less what came back."""

    sales: int
    net: int
    returns: int
    refunded: int
    issued: int
    spent: int
    taken_back: int
    expired: int
    open_exceptions: int


def day(tx: Tx, business_date: str, start: int, end: int) -> DayFigures:
    """Sales and returns of a business day, the points that moved from ``start`` to ``end`` (ms), and
    the exceptions that are open now."""
    sales = tx.all("SELECT count(*), coalesce(sum(net), 0) FROM sales WHERE business_date = ?", (business_date,))[0]
    back = tx.all("SELECT count(*), coalesce(sum(refund), 0) FROM returns WHERE business_date = ?", (business_date,))[0]
    points = tx.all(
        "SELECT coalesce(sum(CASE WHEN kind IN ('earn', 'opening') OR (kind = 'adjust' AND points > 0) "
        "THEN points ELSE 0 END), 0), "
        "coalesce(-sum(CASE WHEN kind IN ('redeem', 'give_back', 'claim') THEN points ELSE 0 END), 0), "
        "coalesce(-sum(CASE WHEN kind = 'take_back' THEN points ELSE 0 END), 0), "
        "coalesce(-sum(CASE WHEN kind = 'expire' THEN points ELSE 0 END), 0) FROM entries WHERE at >= ? AND at < ?",
        (start, end),
    )[0]
    waiting = tx.all("SELECT count(*) FROM exceptions WHERE state = 'open'")[0]
    return DayFigures(*(int(figure) for figure in (*sales, *back, *points, *waiting)))
