"""Members without a purchase: what their store or segment buys, and said to be no more than that.

A group's own figures are shrunk to everybody's as if ``SHRUNK_BY`` more of its members had bought like all, so that
three customers do not make a fashion.  Invariant: a member with a purchase before the cut is not here.
"""

from __future__ import annotations

from pathlib import Path

import ibis
from ibis.expr.types import Table

from loyalty_pos.analysis.engine import Engine
from loyalty_pos.analysis.features import LATE_DAYS, POPULAR
from loyalty_pos.analysis.lines import read_table
from loyalty_pos.analysis.reasons import Language, newcomer_reason
from loyalty_pos.analysis.visits import Visits

SHRUNK_BY = 20.0


def read_members(engine: Engine, path: Path) -> Table:
    """member and ``home``: the segment, else the store that the file gives, else null; BadInput as for lines."""
    raw = read_table(engine, path, ["member"])
    text = {
        name: raw[name].cast("string").strip().nullif("") if name in raw.columns else ibis.null("string")
        for name in ("member", "segment", "store")
    }
    found = raw.select(member=text["member"], home=ibis.coalesce(text["segment"], text["store"]))
    return engine.keep(found.filter(found.member.notnull()).group_by("member").agg(home=found.home.max()))


def newcomers(engine: Engine, known: Visits, asked: Table, top: int, language: Language) -> Table:
    """member, rank, sku, score, chance and reason of the asked members who have bought nothing yet."""
    fresh = asked.anti_join(known.members, "member")
    late = known.bought.filter(known.bought.day >= known.today - LATE_DAYS).select("m", "s").distinct()
    homes = asked.join(known.members, "member").select("m", "home")
    overall = _shares(late.mutate(home=ibis.null("string")))
    grouped = _shares(late.join(homes.filter(homes.home.notnull()), "m").select("m", "s", "home"))
    base = overall.select("s", base=overall.buyers / overall.active)
    shrunk = grouped.join(base, "s")
    share = (shrunk.buyers + SHRUNK_BY * shrunk.base) / (shrunk.active + SHRUNK_BY)
    tables = engine.keep(
        ibis.union(
            shrunk.select("home", "s", share=share),
            base.select("s", home=ibis.null("string"), share="base").select("home", "s", "share"),
        )
    )
    named = tables.join(known.items.select("s", "sku"), "s")
    place = ibis.row_number().over(group_by="home", order_by=[named.share.desc(), named.sku])
    best = named.mutate(rank=place + 1)
    best = engine.keep(best.filter(best.rank <= (top or POPULAR)))
    served = fresh.left_join(best.select("home").distinct(), "home")
    group = served.home_right
    wanted = served.select("member", key=ibis.coalesce(group, ""))
    offers = best.mutate(key=best.home.fill_null(""))
    rows = wanted.join(offers, "key")
    return rows.select(
        "member",
        rank=rows["rank"].cast("int64"),
        sku="sku",
        score="share",
        chance="share",
        reason=newcomer_reason(rows.share, rows.home, language),
    )


def _shares(rows: Table) -> Table:
    """Per group and item: ``buyers`` of it, and the ``active`` members who bought anything."""
    buyers = rows.group_by(["home", "s"]).agg(buyers=rows.m.nunique())
    whole = rows.group_by("home").agg(active=rows.m.nunique())
    keyed = buyers.mutate(key=buyers.home.fill_null("")).drop("home")
    found = keyed.join(whole.mutate(key=whole.home.fill_null("")), "key")
    return found.select("home", "s", "buyers", "active")
