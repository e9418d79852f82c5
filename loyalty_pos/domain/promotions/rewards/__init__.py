"""The reward kinds, as one explicit list: a kind that is not here does not exist."""

from __future__ import annotations

from loyalty_pos.domain.promotions.rewards.add_free_item import AddFreeItem
from loyalty_pos.domain.promotions.rewards.amount_off import AmountOff
from loyalty_pos.domain.promotions.rewards.base import Reward
from loyalty_pos.domain.promotions.rewards.bundle import Bundle
from loyalty_pos.domain.promotions.rewards.buy_get import BuyGet
from loyalty_pos.domain.promotions.rewards.cheapest_off import CheapestOff
from loyalty_pos.domain.promotions.rewards.fixed_price import FixedPrice
from loyalty_pos.domain.promotions.rewards.fixed_price_group import FixedPriceGroup
from loyalty_pos.domain.promotions.rewards.issue_coupon import IssueCoupon
from loyalty_pos.domain.promotions.rewards.percent_off import PercentOff
from loyalty_pos.domain.promotions.rewards.points import Points
from loyalty_pos.domain.promotions.rewards.steps import Steps

KINDS: dict[str, type[Reward]] = {
    kind.kind: kind
    for kind in (
        PercentOff, AmountOff, FixedPrice, CheapestOff, BuyGet, FixedPriceGroup, Bundle, AddFreeItem, Steps, Points,
        IssueCoupon,
    )
}  # fmt: skip
