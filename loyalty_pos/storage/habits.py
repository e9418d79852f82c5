"""The habit counters that each sale moves, in its own transaction (habits.md section 1).

What one purchase adds is told by ``domain/habits/profile.py``; here it becomes one upsert a row.
Invariant: in the order of time nothing is read; a sale or return among older ones re-reads the
goods that it touches.  A product or category of which nothing is kept has no row.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from loyalty_pos.domain.habits.profile import HOUR_MS, gap_squares, weight_at
from loyalty_pos.storage.tx import Tx

DAYPARTS = ("night", "morning", "afternoon", "evening")


class Bought(NamedTuple):
    """What one sale adds for a sku or category; quantity in thousandths, spend in minor units."""

    name: str
    quantity: int
    spend: int


def _upsert(table: str, key: str) -> str:
    gap = f"(excluded.last_at / {HOUR_MS} - {table}.last_at / {HOUR_MS})"
    return (
        f"INSERT INTO {table} (member_id, {key}, times, quantity, spend, first_at, last_at, weight) "
        f"VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (member_id, {key}) DO UPDATE SET "
        f"times = {table}.times + excluded.times, quantity = {table}.quantity + excluded.quantity, "
        f"spend = {table}.spend + excluded.spend, weight = {table}.weight + excluded.weight, "
        f"first_at = CASE WHEN excluded.first_at < {table}.first_at "
        f"THEN excluded.first_at ELSE {table}.first_at END, "
        f"last_at = CASE WHEN excluded.last_at > {table}.last_at THEN excluded.last_at ELSE {table}.last_at END, "
        f"gap_squares = {table}.gap_squares + excluded.times * {gap} * {gap}"
    )


_PRODUCTS = _upsert("member_products", "sku")
_CATEGORIES = _upsert("member_categories", "category")


def count_goods(
    tx: Tx,
    member_id: int,
    at: int,
    sign: int,
    products: Sequence[Bought],
    categories: Sequence[Bought],
    full: bool = True,
    among: bool = False,
) -> None:
    """Add (sign 1) or take back (sign -1) what a ticket bought.  ``full``: the times count too.

    ``among``: it is not simply the member's newest, so the goods are read again for their ends and gaps.
    """
    weight = sign * weight_at(at) if full else 0.0
    times = sign if full else 0
    for sql, goods in ((_PRODUCTS, products), (_CATEGORIES, categories)):
        rows = [
            (member_id, item.name, times, sign * item.quantity, sign * item.spend, at, at, weight) for item in goods
        ]
        if rows:
            tx.many(sql, rows)
    if among:
        _reread(tx, member_id, products, categories)


def count_visit(
    tx: Tx,
    member_id: int,
    store_id: int,
    at: int,
    day: str,
    weekday: int,
    hour: int,
    items: int,
    spend: int,
    earned: int,
) -> None:
    """One visit: totals, weekday, daypart, the day's row and the store's."""
    weekday_column = f"weekday_{weekday}"
    daypart_column = f"daypart_{DAYPARTS[hour // 6]}"
    tx.later(
        f"INSERT INTO profiles (member_id, visits, items, spend, earned, first_at, last_at, "
        f"{weekday_column}, {daypart_column}) "
        "VALUES (?, 1, ?, ?, ?, ?, ?, 1, 1) ON CONFLICT (member_id) DO UPDATE SET "
        "visits = profiles.visits + 1, items = profiles.items + excluded.items, "
        "spend = profiles.spend + excluded.spend, earned = profiles.earned + excluded.earned, "
        f"{weekday_column} = profiles.{weekday_column} + 1, {daypart_column} = profiles.{daypart_column} + 1, "
        "first_at = CASE WHEN excluded.first_at < profiles.first_at OR profiles.first_at IS NULL "
        "THEN excluded.first_at ELSE profiles.first_at END, "
        "last_at = CASE WHEN excluded.last_at > profiles.last_at OR profiles.last_at IS NULL "
        "THEN excluded.last_at ELSE profiles.last_at END",
        (member_id, items, spend, earned, at, at),
    )
    add_day(tx, member_id, day, 1, spend, earned)
    tx.later(
        "INSERT INTO member_stores (member_id, store_id, visits, last_at) VALUES (?, ?, 1, ?) "
        "ON CONFLICT (member_id, store_id) DO UPDATE SET visits = member_stores.visits + 1, "
        "last_at = CASE WHEN member_stores.visits = 0 OR excluded.last_at > member_stores.last_at "
        "THEN excluded.last_at ELSE member_stores.last_at END",
        (member_id, store_id, at),
    )


def add_day(tx: Tx, member_id: int, day: str, visits: int, spend: int, earned: int) -> None:
    """Move the day's row: what the tier's window is summed from (S32), by signed amounts."""
    tx.later(
        "INSERT INTO member_days (member_id, day, visits, spend, earned) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (member_id, day) DO UPDATE SET visits = member_days.visits + excluded.visits, "
        "spend = member_days.spend + excluded.spend, earned = member_days.earned + excluded.earned",
        (member_id, day, visits, spend, earned),
    )


def take_back_visit(
    tx: Tx,
    member_id: int,
    store_id: int,
    day: str,
    weekday: int,
    hour: int,
    whole: bool,
    items: int,
    spend: int,
    earned: int,
) -> None:
    """Correct the counters for a return (S30); ``whole``: the visit itself did not happen."""
    visits = 1 if whole else 0
    weekday_column = f"weekday_{weekday}"
    daypart_column = f"daypart_{DAYPARTS[hour // 6]}"
    tx.later(
        "UPDATE profiles SET visits = visits - ?, items = items - ?, spend = spend - ?, earned = earned - ?, "
        f"{weekday_column} = {weekday_column} - ?, {daypart_column} = {daypart_column} - ? WHERE member_id = ?",
        (visits, items, spend, earned, visits, visits, member_id),
    )
    add_day(tx, member_id, day, -visits, -spend, -earned)
    tx.later(
        "UPDATE member_stores SET visits = visits - ? WHERE member_id = ? AND store_id = ?",
        (visits, member_id, store_id),
    )


def refresh_ends(tx: Tx, member_id: int) -> None:
    """After a whole return: first and last purchase, in all and by store, from the visits that are left."""
    tx.run(
        "UPDATE profiles SET "
        "first_at = (SELECT min(sold_at) FROM sales WHERE member_id = ? AND state <> 'returned'), "
        "last_at = (SELECT max(sold_at) FROM sales WHERE member_id = ? AND state <> 'returned') WHERE member_id = ?",
        (member_id, member_id, member_id),
    )
    tx.run(
        "UPDATE member_stores SET last_at = coalesce((SELECT max(s.sold_at) FROM sales s WHERE s.member_id = ? "
        "AND s.store_id = member_stores.store_id AND s.state <> 'returned'), last_at) WHERE member_id = ?",
        (member_id, member_id),
    )


def _reread(tx: Tx, member_id: int, products: Sequence[Bought], categories: Sequence[Bought]) -> None:
    """First and last purchase and the gaps of these goods, from all tickets of which any of them is kept."""
    for table, key, goods in (("member_products", "sku", products), ("member_categories", "category", categories)):
        if not goods:
            continue
        asked = [item.name for item in goods]
        found = tx.all(
            f"SELECT DISTINCT l.{key}, s.sold_at, s.id FROM sales s JOIN sale_lines l ON l.sale_id = s.id "
            f"WHERE s.member_id = ? AND l.{key} IN ({', '.join('?' * len(asked))}) AND l.returned < l.units "
            f"ORDER BY l.{key}, s.sold_at",
            (member_id, *asked),
        )
        kept = {name: [row[1] for row in rows] for name, rows in groupby(found, key=itemgetter(0))}
        for name in asked:
            if name not in kept:
                tx.later(f"DELETE FROM {table} WHERE member_id = ? AND {key} = ?", (member_id, name))
                continue
            moments = kept[name]
            tx.later(
                f"UPDATE {table} SET first_at = ?, last_at = ?, gap_squares = ? WHERE member_id = ? AND {key} = ?",
                (moments[0], moments[-1], gap_squares(moments), member_id, name),
            )


def forget(tx: Tx, member_id: int) -> None:
    """Take every counter of a member away, to count anew."""
    for table in ("profiles", "member_days", "member_stores", "member_products", "member_categories"):
        tx.run(f"DELETE FROM {table} WHERE member_id = ?", (member_id,))


def profile(tx: Tx, member_id: int) -> Any | None:
    """The counters of a member, in the order of the table's columns."""
    return tx.one(
        "SELECT visits, items, spend, first_at, last_at, weekday_1, weekday_2, weekday_3, weekday_4, weekday_5, "
        "weekday_6, weekday_7, daypart_night, daypart_morning, daypart_afternoon, daypart_evening "
        "FROM profiles WHERE member_id = ?",
        (member_id,),
    )


class Favourite(NamedTuple):
    """A product or category as a member buys it: thousandths, minor units, ms, hours squared (``profile.py``)."""

    name: str
    times: int
    quantity: int
    spend: int
    first_at: int
    last_at: int
    gap_squares: int
    weight: float


def favourites(tx: Tx, table: str, key: str, member_id: int, limit: int) -> list[Favourite]:
    """What the member buys, heaviest first."""
    assert (table, key) in (("member_products", "sku"), ("member_categories", "category"))
    rows = tx.all(
        f"SELECT {key}, {', '.join(Favourite._fields[1:])} FROM {table} "
        f"WHERE member_id = ? ORDER BY weight DESC, {key} LIMIT ?",
        (member_id, limit),
    )
    return [Favourite(*row) for row in rows]


def bought(tx: Tx, member_id: int, skus: Sequence[str]) -> dict[str, Favourite]:
    """sku -> what the member bought of it, for those they did."""
    if not skus:
        return {}
    rows = tx.all(
        f"SELECT sku, {', '.join(Favourite._fields[1:])} FROM member_products "
        f"WHERE member_id = ? AND sku IN ({', '.join('?' * len(skus))})",
        (member_id, *skus),
    )
    return {row[0]: Favourite(*row) for row in rows}


def purchases(tx: Tx, member_id: int, skus: Sequence[str], since: int) -> list[tuple[str, int]]:
    """(sku, sold at) of the tickets since ``since`` of which any of these is kept, oldest first."""
    if not skus:
        return []
    rows = tx.all(
        "SELECT DISTINCT l.sku, s.sold_at FROM sales s JOIN sale_lines l ON l.sale_id = s.id WHERE s.member_id = ? "
        f"AND s.sold_at >= ? AND l.sku IN ({', '.join('?' * len(skus))}) AND l.returned < l.units ORDER BY s.sold_at",
        (member_id, since, *skus),
    )
    return [(str(row[0]), int(row[1])) for row in rows]


def days(tx: Tx, member_id: int) -> list[str]:
    """The local days with a visit, oldest first."""
    rows = tx.all("SELECT day FROM member_days WHERE member_id = ? AND visits > 0 ORDER BY day", (member_id,))
    return [str(row[0]) for row in rows]


def stores(tx: Tx, member_id: int) -> list[tuple[Any, ...]]:
    """(store code, visits, last_at), most visited first."""
    return tx.all(
        "SELECT s.code, m.visits, m.last_at FROM member_stores m JOIN stores s ON s.id = m.store_id "
        "WHERE m.member_id = ? AND m.visits > 0 ORDER BY m.visits DESC, s.code",
        (member_id,),
    )
