"""Clean lines become visits: whole numbers in place of names, one row for a member, an item and a day.

A visit is everything a member buys in one day, however many baskets that were, so a ticket that was
sent twice changes nothing.  Invariant: what happens at or after the cut is not in any table here,
and numbers follow the order of the names, so that every engine gives the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
from ibis.expr.types import Table

from loyalty_pos.insight.engine import Keep

DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Visits:
    """``bought``: m (member), s (sku), c (category), day (days since 1970), v (the member's visits counted from 1)
    and newest (the member's last v); ``members`` and ``items`` give the numbers their names; ``today`` is the day of
    the cut, which may be known in part."""

    bought: Table
    members: Table
    items: Table
    today: int


def visits(lines: Table, today: int, keep: Keep) -> Visits:
    """The visits of ``lines`` (member, time, sku, category), all of which lie before the cut."""
    members = keep(lines.select("member").distinct().mutate(m=_number("member")))
    kinds = lines.group_by("sku").agg(category=lines.category.max())
    named = kinds.mutate(category=ibis.coalesce(kinds.category, kinds.sku))
    items = keep(named.mutate(s=_number("sku"), c=ibis.dense_rank().over(order_by="category")))
    days = lines.select("member", "sku", day=lines.time.epoch_seconds() // DAY_SECONDS).distinct()
    coded = days.join(members, "member").join(items, "sku").select("m", "s", "c", "day")
    counted = coded.mutate(v=ibis.dense_rank().over(group_by="m", order_by="day") + 1)
    bought = keep(counted.mutate(newest=counted.v.max().over(group_by="m")))
    return Visits(bought, members, items, today)


def before_newest(bought: Table) -> tuple[Table, Table]:
    """What stood before each member's newest visit, and what was in that visit (m, s)."""
    history = bought.filter(bought.v < bought.newest).mutate(newest=bought.newest - 1)
    return history, bought.filter((bought.v == bought.newest) & (bought.newest > 1)).select("m", "s")


def before_day(bought: Table, day: int) -> tuple[Table, Table]:
    """What stood before ``day``, and what was bought from then on (m, s, day)."""
    early = bought.filter(bought.day < day)
    history = early.mutate(newest=early.v.max().over(group_by="m"))
    return history, bought.filter(bought.day >= day).select("m", "s", "day")


def _number(name: str) -> ibis.Value:
    return ibis.row_number().over(order_by=name)
