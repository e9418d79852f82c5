"""Who answers a campaign, and which of its coupons: figures of the past, and a logistic model of each question.

``who`` has one row a member of an audience (does she use any coupon of it?), ``which`` one row a member and
coupon.  Every figure comes from the ``WINDOW`` days before the day on which the campaign starts, past
redemptions from all days before it; an answer counts when it was known at the cut.  Invariant: nothing that
happened on or after a campaign's first day is in its rows' features, nothing from the cut on in what is learned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import ibis
import numpy as np
from ibis.expr.types import NumericValue, Table

from loyalty_pos.insight import logistic
from loyalty_pos.insight.engine import Keep
from loyalty_pos.insight.logistic import Weights

WINDOW = 182
NEVER = 400
"""Days since something that did not happen."""
MEMBER = ("redeemed", "answered", "coupon_lines", "age", "visits", "spend")
WHO = (*MEMBER, "goods_days", "goods_kinds", "goods_coupons", "coupons")
WHICH = (
    *MEMBER, "days", "day_share", "since", "kinds", "with_coupon", "popular", "popular_days", "kind_days",
    "kind_share", "width", "breadth", "used_before",
)  # fmt: skip


class Past(NamedTuple):
    """``lines``: member, sku, category, day, amount, coupon (0/1: bought with one); ``campaigns``: campaign, start,
    end; ``sent``: campaign, member; ``goods``: campaign, coupon, sku; ``redeemed``: campaign, member, coupon, day.
    Days are whole numbers; each row of the last three stands once."""

    lines: Table
    campaigns: Table
    sent: Table
    goods: Table
    redeemed: Table


def who(past: Past, cut: int, keep: Keep) -> Table:
    """campaign, member, start, ``answer`` (0/1, known before day ``cut``) and the features ``WHO``."""
    base = keep(past.sent.join(past.campaigns, "campaign"))
    seen = _seen(past, base)
    goods = past.goods.select("campaign", "sku").distinct()
    liked = seen.join(goods, ["campaign", "sku"]).group_by(["campaign", "member"])
    own = liked.agg(goods_days=_days(), goods_kinds=ibis._.sku.nunique(), goods_coupons=ibis._.coupon.sum())
    size = past.goods.group_by("campaign").agg(coupons=ibis._.coupon.nunique())
    known = past.redeemed.filter(past.redeemed.day < cut).select("campaign", "member").distinct()
    found = _beside(_people(past, base, seen), own, ["campaign", "member"])
    found = _beside(_beside(found, size, ["campaign"]), known.mutate(answer=1.0), ["campaign", "member"])
    logs = {name: _log(found[name]) for name in ("goods_days", "goods_kinds", "goods_coupons", "coupons")}
    return keep(_members(found, logs))


def which(past: Past, cut: int, keep: Keep) -> Table:
    """campaign, member, coupon, start, ``answer`` and the features ``WHICH``, of every member and coupon."""
    base = keep(past.sent.join(past.campaigns, "campaign"))
    seen = keep(_seen(past, base))
    pair = ["campaign", "member", "coupon"]
    own = keep(seen.rename(paid="coupon").join(past.goods, ["campaign", "sku"]).group_by(pair).agg(
        days=_days(), kinds=ibis._.sku.nunique(), with_coupon=ibis._.paid.sum(), last=ibis._.day.max()
    ))  # fmt: skip
    categories = past.lines.group_by("sku").agg(category=ibis._.category.max())
    kinds = keep(past.goods.join(categories, "sku").select("campaign", "coupon", "category").distinct())
    kind_days = keep(seen.group_by(["campaign", "member", "category"]).agg(kind_days=_days()))
    near = kind_days.join(kinds, ["campaign", "category"]).group_by(pair).agg(kind_days=ibis._.kind_days.sum())
    people = keep(_people(past, base, seen))
    coupons = keep(_coupons(past, own, kinds, base))
    found = people.join(coupons, "campaign")
    known = past.redeemed.filter(past.redeemed.day < cut).select(*pair).distinct().mutate(answer=1.0)
    for part in (own, near, known):
        found = _beside(found, part, pair)
    visits = _or(found.visits) + 3.0
    logs = {
        **{name: _log(found[name]) for name in ("days", "kinds", "with_coupon", "kind_days", "width", "breadth")},
        "used_before": _log(found.used_before),
        "day_share": ((_or(found.days) + 0.2) / visits).ln(),
        "kind_share": ((_or(found.kind_days) + 0.5) / visits).ln(),
        "since": _log(_or(found.start - found["last"], WINDOW)),
        "popular": (_or(found.popular) + 0.01).ln(),
        "popular_days": (_or(found.popular_days) + 0.05).ln(),
    }
    return keep(_members(found, logs, ["coupon"]))


def learned(rows: Table, before: int, features: Sequence[str], known: Weights | None = None) -> dict[str, float]:
    """The weights of the rows whose campaign started before day ``before``; there is at least one answer of each."""
    names = [name for name in ("campaign", "member", "coupon") if name in rows.columns]
    taught = rows.filter(rows.start < before).order_by(names).to_pyarrow()
    columns = np.column_stack([taught[name].to_numpy() for name in features])
    return logistic.learned(columns, taught["answer"].to_numpy(), features, known or {})


def scored(rows: Table, weights: Weights) -> Table:
    """The rows with their ``chance``."""
    return rows.mutate(chance=logistic.chance(rows, weights))


def _seen(past: Past, base: Table) -> Table:
    """The lines of each audience within the window before its campaign."""
    joined = base.join(past.lines, "member")
    return joined.filter((joined.day < joined.start) & (joined.day >= joined.start - WINDOW))


def _people(past: Past, base: Table, seen: Table) -> Table:
    """What is known of each member before each campaign: purchases, coupons, answers to the campaigns before."""
    key = ["campaign", "member"]
    bought = seen.group_by(key).agg(
        visits=_days(), spend=ibis._.amount.sum(), latest=ibis._.day.max(), coupon_lines=ibis._.coupon.sum()
    )
    used = base.join(past.redeemed.select("member", "day", earlier="campaign"), "member")
    used = used.filter(used.day < used.start).group_by(key).agg(
        redeemed=_days(), answered=ibis._.earlier.nunique()
    )  # fmt: skip
    starts = past.campaigns.select(earlier="campaign", began="start")
    asked = base.join(past.sent.select("member", earlier="campaign").join(starts, "earlier"), "member")
    asked = asked.filter(asked.began < asked.start).group_by(key).agg(asked=ibis._.count())
    found = base
    for part in (bought, used, asked):
        found = _beside(found, part, key)
    mean = found.spend.fill_null(0.0).mean().over(group_by="campaign")
    return found.mutate(mean_spend=mean)


def _coupons(past: Past, own: Table, kinds: Table, base: Table) -> Table:
    """Each coupon of each campaign: how wide it is, how many of the audience buy its goods, its uses before."""
    key = ["campaign", "coupon"]
    found = past.goods.group_by(key).agg(width=ibis._.count())
    found = _beside(found, kinds.group_by(key).agg(breadth=ibis._.count()), key)
    bought = own.group_by(key).agg(buyers=ibis._.count(), bought=ibis._.days.sum())
    audience = base.group_by("campaign").agg(audience=ibis._.count(), start=ibis._.start.max())
    found = _beside(_beside(found, bought, key), audience, ["campaign"])
    uses = past.redeemed.select("coupon", "day").join(found.select(*key, "start"), "coupon")
    uses = uses.filter(uses.day < uses.start).group_by(key).agg(used_before=ibis._.count())
    found = _beside(found, uses, key)
    return found.select(
        *key, "width", "breadth", "used_before",
        popular=_or(found.buyers) / found.audience, popular_days=_or(found.bought) / found.audience,
    )  # fmt: skip


def _members(found: Table, logs: Mapping[str, NumericValue], keys: Sequence[str] = ()) -> Table:
    """The features of the member beside those of the goods."""
    shared = {
        "redeemed": _log(found.redeemed),
        "answered": ((_or(found.answered) + 0.3) / (_or(found.asked) + 2.0)).ln(),
        "coupon_lines": _log(found.coupon_lines),
        "age": _log(_or(found.start - found.latest, NEVER)),
        "visits": _log(found.visits),
        "spend": ((_or(found.spend) + 0.05 * found.mean_spend + 1e-9) / (found.mean_spend + 1e-9)).ln(),
    }
    return found.select("campaign", "member", *keys, "start", answer=_or(found.answer), **shared, **logs)


def _beside(rows: Table, more: Table, keys: Sequence[str]) -> Table:
    """``rows`` with what ``more`` knows of them."""
    joined = rows.left_join(more, list(keys), rname="{name}_again")
    return joined.drop(*(f"{key}_again" for key in keys))


def _days() -> NumericValue:
    return ibis._.day.nunique()


def _or(value: NumericValue, otherwise: float = 0.0) -> NumericValue:
    return value.cast("float64").fill_null(otherwise)


def _log(value: NumericValue) -> NumericValue:
    return (_or(value) + 1.0).ln()
