"""Members without a purchase: what their store or segment buys, and said to be no more than that.

A group's own figures are shrunk to everybody's as if ``SHRUNK_BY`` more of its members had bought like all, so that
three customers do not make a fashion.  Invariant: a member with a purchase before the cut is not here.
"""

from __future__ import annotations

from pathlib import Path

import ibis
from ibis.expr.types import Table

from loyalty_pos.insight.engine import Engine
from loyalty_pos.insight.features import LATE_DAYS, POPULAR
from loyalty_pos.insight.lines import read_table, text_of
from loyalty_pos.insight.reasons import newcomer_parts
from loyalty_pos.insight.visits import Visits

SHRUNK_BY = 20.0
EVERYBODY = ""


def read_members(engine: Engine, path: Path) -> Table:
    """member and ``home``: the segment, else the store that the file gives, else empty; BadInput as for lines."""
    raw = read_table(engine.files, path, ["member"])
    member, segment, store = (text_of(raw, name) for name in ("member", "segment", "store"))
    found = raw.select(member=member, home=ibis.coalesce(segment, store, ibis.literal(EVERYBODY)))
    homes = found.filter(found.member.notnull()).group_by("member").agg(home=found.home.max())
    return engine.bring(engine.files.keep(homes))


def newcomers(engine: Engine, known: Visits, asked: Table, top: int) -> Table:
    """member, rank, sku, score, chance and the parts of the reason of the asked members who have bought nothing yet."""
    late = known.bought.filter(known.bought.day >= known.today - LATE_DAYS).select("m", "s").distinct()
    homes = asked.filter(asked.home != EVERYBODY).join(known.members, "member").select("m", "home")
    overall = _bought(late.mutate(home=ibis.literal(EVERYBODY)))
    shares = overall.select("home", "s", share=overall.buyers / overall.active)
    grouped = _bought(late.join(homes, "m")).join(shares.select("s", "share"), "s")
    shrunk = (grouped.buyers + SHRUNK_BY * grouped.share) / (grouped.active + SHRUNK_BY)
    named = ibis.union(shares, grouped.select("home", "s", share=shrunk)).join(known.items.select("s", "sku"), "s")
    place = ibis.row_number().over(group_by="home", order_by=[named.share.desc(), named.sku])
    best = named.select("home", "sku", "share", rank=(place + 1).cast("int64"))
    best = engine.keep(best.filter(best["rank"] <= (top or POPULAR)))
    fresh = asked.anti_join(known.members, "member")
    served = fresh.semi_join(best, "home")
    others = fresh.anti_join(best, "home").mutate(home=ibis.literal(EVERYBODY))
    rows = engine.keep(ibis.union(served, others)).join(best, "home")
    why = newcomer_parts(rows.share, rows.home.nullif(EVERYBODY))
    return rows.select("member", "rank", "sku", score="share", chance="share", **why)


def _bought(rows: Table) -> Table:
    """Of m, s, home: per home and item the ``buyers`` of it, and the ``active`` members who bought anything."""
    whole = rows.group_by("home").agg(active=rows.m.nunique())
    return rows.group_by(["home", "s"]).agg(buyers=rows.m.nunique()).join(whole, "home")
