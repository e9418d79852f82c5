"""What a campaign may cost before anybody used a coupon: the most, the likely, and whether goods go below cost.

The most is a bound that the rule itself gives (a sum off the bill, a cap, a budget in its limits); where it
gives none there is none, and nothing is guessed.  Minor units throughout.
"""

from __future__ import annotations

from decimal import Decimal
from math import sqrt
from typing import NamedTuple

from loyalty_pos.domain.pricing.offers import Offer
from loyalty_pos.domain.promotions.conditions.min_amount import MinAmount
from loyalty_pos.domain.promotions.rewards.amount_off import AmountOff
from loyalty_pos.domain.promotions.rewards.base import Reward
from loyalty_pos.domain.promotions.rewards.percent_off import PercentOff
from loyalty_pos.domain.promotions.rewards.points import Points

ASSUMED = (0.05, 0.30)
"""The share of coupons that is used where the shop has no history of its own yet."""
ENOUGH = 30
"""Coupons whose fate is known, from which on the shop's own history is believed."""
NORMAL_95 = 1.96


def most_of(offer: Offer, point_value: int) -> int | None:
    """The most that one coupon of this offer takes off a bill, with points at what they are worth; None: no bound."""
    parts = [_most(reward, point_value) for reward in offer.rewards]
    return None if None in parts else sum(part for part in parts if part is not None)


def _most(reward: Reward, point_value: int) -> int | None:
    if isinstance(reward, AmountOff) and reward.per == "basket":
        return min(reward.amount, reward.max_amount or reward.amount)
    if isinstance(reward, Points):
        return reward.points * point_value if reward.points is not None and reward.per == "basket" else None
    cap = getattr(reward, "max_amount", None)
    return int(cap) if cap is not None else None


def bound(offer: Offer, coupons: int, point_value: int) -> int | None:
    """The most that so many coupons cost together, within the promotion's own limits (S37)."""
    each, limits = most_of(offer, point_value), offer.limits
    sums = [] if each is None else [each * min(coupons, limits.total or coupons)]
    return min([*sums, *([] if limits.budget is None else [limits.budget])], default=None)


class Rate(NamedTuple):
    """The share of coupons that will be used, between two figures; ``known`` from so many coupons (0: assumed)."""

    low: float
    high: float
    known: int


def rate_of(used: int, over: int) -> Rate:
    """The range (95 %, Wilson) from coupons that were used or let lapse; assumed where there are too few."""
    if over < ENOUGH:
        return Rate(*ASSUMED, 0)
    share, square = used / over, NORMAL_95**2
    middle = (share + square / (2 * over)) / (1 + square / over)
    half = NORMAL_95 * sqrt(share * (1 - share) / over + square / (4 * over**2)) / (1 + square / over)
    return Rate(max(0.0, middle - half), min(1.0, middle + half), over)


def discount_percent(offer: Offer) -> Decimal | None:
    """The share of the goods' price that is taken off at most, in percent; None where the rule does not say."""
    least = max((one.amount for one in (*offer.static, *offer.dynamic) if isinstance(one, MinAmount)), default=0)
    shares: list[Decimal] = []
    for reward in offer.rewards:
        if isinstance(reward, PercentOff):
            shares.append(reward.percent)
        elif isinstance(reward, AmountOff) and reward.per == "basket" and least:
            shares.append(min(Decimal(100), Decimal(100 * reward.amount) / least))
        elif not isinstance(reward, Points):
            return None
    return sum(shares, Decimal(0)) if shares else None
