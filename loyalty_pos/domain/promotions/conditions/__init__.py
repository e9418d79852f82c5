"""The condition kinds, as one explicit list: a kind that is not here does not exist."""

from __future__ import annotations

from loyalty_pos.domain.promotions.conditions.base import Condition
from loyalty_pos.domain.promotions.conditions.combined import AllOf, AnyOf, Combined, NoneOf
from loyalty_pos.domain.promotions.conditions.min_amount import MinAmount
from loyalty_pos.domain.promotions.conditions.min_quantity import MinQuantity
from loyalty_pos.domain.promotions.conditions.orders import DaysSinceLastOrder, NthOrder
from loyalty_pos.domain.promotions.conditions.who import MemberIs, SegmentIs, TierIs

KINDS: dict[str, type[Condition]] = {
    kind.kind: kind
    for kind in (MinQuantity, MinAmount, TierIs, MemberIs, SegmentIs, NthOrder, DaysSinceLastOrder)
}

COMBINED: dict[str, type[Combined]] = {kind.kind: kind for kind in (AllOf, AnyOf, NoneOf)}
