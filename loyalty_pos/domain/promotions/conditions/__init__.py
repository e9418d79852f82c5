"""The condition kinds, as one explicit list: a kind that is not here does not exist."""

from __future__ import annotations

from loyalty_pos.domain.promotions.conditions.base import Condition
from loyalty_pos.domain.promotions.conditions.combined import AllOf, AnyOf, Combined, NoneOf
from loyalty_pos.domain.promotions.conditions.days_since_last_order import DaysSinceLastOrder
from loyalty_pos.domain.promotions.conditions.member import MemberIs
from loyalty_pos.domain.promotions.conditions.min_amount import MinAmount
from loyalty_pos.domain.promotions.conditions.min_quantity import MinQuantity
from loyalty_pos.domain.promotions.conditions.nth_order import NthOrder
from loyalty_pos.domain.promotions.conditions.segment import SegmentIs
from loyalty_pos.domain.promotions.conditions.tier import TierIs

KINDS: dict[str, type[Condition]] = {
    kind.kind: kind for kind in (MinQuantity, MinAmount, TierIs, MemberIs, SegmentIs, NthOrder, DaysSinceLastOrder)
}

COMBINED: dict[str, type[Combined]] = {kind.kind: kind for kind in (AllOf, AnyOf, NoneOf)}
