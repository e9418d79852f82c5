"""What is known of a member and an item, as grouped queries over the history: one row a candidate.

Candidates are the member's own items and, in the same list, items new to the member: late popular,
bought with what they buy, bought by others on the visit after such a basket.  Invariants: every
figure comes from the history that is given and from nothing else; ages count from the member's own
last visit, so that somebody who has not come for a month is not somebody who has stopped liking milk.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
from ibis.expr.types import IntegerColumn, NumericColumn, Table

from loyalty_pos.insight.engine import Keep

PER_VISIT, SHORT_VISIT = 0.95, 0.75
LONG_DAYS, SHORT_DAYS = 90.0, 21.0
LATE_DAYS = 28
POPULAR, PARTNERS, OFFERED = 60, 20, 40
PAIR_ITEMS, PAIR_MEMBERS, PAIR_VISITS, PAIR_SUPPORT = 3_000, 20_000, 60, 5
GAP_ITEM = 5.0


def people(history: Table) -> Table:
    """m, visits, first_day, last_day, kinds (different items), size (items a visit), rhythm (days between visits)."""
    found = history.group_by("m").agg(
        visits=history.newest.max(),
        first_day=history.day.min(),
        last_day=history.day.max(),
        kinds=history.s.nunique(),
        lines=history.count(),
    )
    return found.mutate(
        size=found.lines / found.visits,
        rhythm=(found.last_day - found.first_day + 14.0) / (found.visits + 0.0),
    )


def own_items(history: Table) -> Table:
    """One row a member and item: how often, how lately, in what rhythm."""
    last_day = history.day.max().over(group_by="m")
    gap = history.day - history.day.lag().over(group_by=("m", "s"), order_by="day")
    aged = history.mutate(gap=gap, ago=(last_day - history.day).cast("float64"), back=history.newest - history.v)
    return aged.group_by(["m", "s", "c"]).agg(
        times=aged.count(),
        per_visit=_decayed(PER_VISIT, aged.back),
        short_visit=_decayed(SHORT_VISIT, aged.back),
        per_day=(-aged.ago / LONG_DAYS).exp().sum(),
        short_day=(-aged.ago / SHORT_DAYS).exp().sum(),
        age=aged.ago.min(),
        back=aged.back.min(),
        gaps=aged.gap.count(),
        gap_sum=aged.gap.sum().fill_null(0),
        last_gap=aged.gap.argmax(aged.day),
        bought_last=aged.day.max(),
        bought_first=aged.day.min(),
    )


def item_facts(history: Table, own: Table, today: int) -> Table:
    """One row an item: share of members who buy it at all, again, lately, first lately, on their newest visit."""
    everyone = history.m.nunique()
    late, earlier = history.day >= today - LATE_DAYS, history.day >= today - 2 * LATE_DAYS
    days = history.group_by("s").agg(
        late=history.m.nunique(where=late),
        earlier=history.m.nunique(where=earlier & ~late),
        newest=(history.v == history.newest).sum(),
    )
    pairs = own.group_by(["s", "c"]).agg(
        buyers=own.count(),
        again=(own.times > 1).sum(),
        gap_sum=own.gap_sum.sum(),
        gaps=own.gaps.sum(),
        firsts=(own.bought_first >= today - LATE_DAYS).sum(),
    )
    kinds = pairs.group_by("c").agg(kind_gap=(pairs.gap_sum.sum() + 30.0) / (pairs.gaps.sum() + 1.0))
    active = history.filter(late).agg(active=ibis._.m.nunique())
    total = history.agg(everyone=everyone)
    found = pairs.join(days, "s").join(kinds, "c").cross_join(active).cross_join(total)
    active_members = found.active + 1.0
    return found.select(
        "s",
        "c",
        "buyers",
        popular=found.buyers / found.everyone,
        repeat=(found.again + 0.5) / (found.buyers + 2.0),
        late=(found.late + 0.1) / active_members,
        trend=(found.late + 2.0) / (found.earlier + 2.0),
        newest=(found.newest + 0.1) / (found.everyone + 1.0),
        firsts=(found.firsts + 0.1) / active_members,
        item_gap=(found.gap_sum + GAP_ITEM * found.kind_gap) / (found.gaps + GAP_ITEM),
    )


def kind_facts(history: Table) -> Table:
    """One row a member and category: how often and how lately anything of it was bought."""
    seen = history.select("m", "c", "v", "newest").distinct()
    back = seen.newest - seen.v
    return seen.group_by(["m", "c"]).agg(kind_count=_decayed(PER_VISIT, back), kind_back=back.min())


def partners(history: Table, facts: Table, keep: Keep) -> tuple[Table, Table]:
    """(a, b, share) of items bought on one visit and of items bought on the visit after: share of a's visits with b.

    Counted among the best known items, on the newest visits of at most a fixed number of members, every k-th by
    number, so that the cost does not grow with the chain.
    """
    known = facts.order_by([facts.buyers.desc(), facts.s]).limit(PAIR_ITEMS).select("s")
    step = ibis.greatest(1, history.m.max().as_scalar() // PAIR_MEMBERS)
    recent = history.filter(((history.m % step) == 0) & (history.newest - history.v < PAIR_VISITS))
    seen = keep(recent.join(known, "s").select("m", "s", "v"))
    # Each visit's own number, so that one equality joins it to the same or to the next visit.
    first = seen.select("m", "v", a="s")
    return _shares(first, seen, 0), _shares(first, seen, 1)


def together(first: Table, second: Table, keys: Sequence[str]) -> Table:
    """(a, b, together): on how many of the visits that ``keys`` name a is in the first table and b in the second."""
    joined = first.join(second, list(keys))
    return joined.group_by(["a", "b"]).agg(together=joined.count())


def _shares(first: Table, seen: Table, ahead: int) -> Table:
    after = seen.select("m", v=seen.v - ahead, b="s")
    pairs = together(first, after, ["m", "v"])
    strong = pairs.filter((pairs.together >= PAIR_SUPPORT) & (pairs.a != pairs.b))
    visits = first.group_by("a").agg(visits=first.count())
    found = strong.join(visits, "a")
    found = found.mutate(share=found.together / (found.visits + 10.0))
    place = ibis.row_number().over(group_by="a", order_by=[found.share.desc(), found.b])
    ranked = found.mutate(place=place)
    return ranked.filter(ranked.place < PARTNERS).select("a", "b", "share")


def suggested(basket: Table, shares: Table, name: str) -> Table:
    """m, s and the strength with which the items of ``basket`` (m, s, weight) suggest s."""
    joined = basket.join(shares, basket.s == shares.a)
    found = joined.group_by(["m", "b"]).agg(strength=(joined.weight * joined.share).sum())
    place = ibis.row_number().over(group_by="m", order_by=[found.strength.desc(), found.b])
    return found.mutate(place=place).select("m", "place", s="b", **{name: found.strength})


def candidates(history: Table, today: int, keep: Keep, step: int = 1) -> Table:
    """All candidates of every ``step``-th member with every figure; ``times`` is null for an item new to them."""
    own = keep(own_items(history))
    facts = keep(item_facts(history, own, today))
    members = people(history)
    members = keep(members.filter(members.m % step == 0))
    together, following = partners(history, facts, keep)
    own = own.semi_join(members, "m")
    latest = history.filter(history.v == history.newest).semi_join(members, "m")
    with_own = keep(suggested(own.select("m", "s", weight=own.short_visit), keep(together), "together"))
    after_last = keep(suggested(latest.select("m", "s", weight=ibis.literal(1.0)), keep(following), "following"))
    popular = facts.order_by([facts.late.desc(), facts.s]).limit(POPULAR).select("s")
    offered = ibis.union(
        members.select("m").cross_join(popular).select("m", "s"),
        *(part.filter(part.place < OFFERED).select("m", "s") for part in (with_own, after_last)),
        distinct=True,
    )
    pairs = keep(ibis.union(own.select("m", "s"), offered.anti_join(own, ["m", "s"])))
    found = pairs.join(facts, "s").join(members, "m")
    for part, keys in (
        (own.drop("c"), ["m", "s"]),
        (kind_facts(history), ["m", "c"]),
        (with_own.drop("place"), ["m", "s"]),
        (after_last.drop("place"), ["m", "s"]),
    ):
        found = found.left_join(part, keys, rname="{name}_again")
        found = found.drop(*(f"{key}_again" for key in keys))
    return found


def _decayed(factor: float, back: IntegerColumn) -> NumericColumn:
    return ibis.literal(factor).pow(back).sum()
