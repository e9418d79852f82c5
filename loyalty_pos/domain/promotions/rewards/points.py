"""``points``: more points for this bill, as a number or as a multiplier; no price changes.

They are worked out on the final price, after everything else.  Of several multipliers the best one
counts, times the tier's (S17); points given as a number are multiplied by none.  A bonus for units
goes back with the units (S26).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from loyalty_pos.domain.phrase import Phrase
from loyalty_pos.domain.points import EarnTerm, Per
from loyalty_pos.domain.pricing.earning import shelf_points
from loyalty_pos.domain.pricing.facts import Facts
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.pricing.table import Gift, Table
from loyalty_pos.domain.promotions.decode import check_one_of
from loyalty_pos.domain.promotions.definition import StageName
from loyalty_pos.domain.promotions.rewards.base import GiftReward
from loyalty_pos.domain.promotions.scope import EVERYTHING, Scope
from loyalty_pos.domain.promotions.tell import Tell
from loyalty_pos.domain.tiers import NORMAL

_PER: dict[str, Per] = {"basket": "order", "unit": "unit"}


class Points(GiftReward, frozen=True, eq=False, kw_only=True):
    """``points`` once or per unit of ``scope``, or its points times ``multiplier`` (basis points)."""

    kind: ClassVar[str] = "points"
    one_of: ClassVar[tuple[str, ...]] = ("points", "multiplier")

    points: Annotated[int, Meta(ge=1, le=10**9)] | None = None
    multiplier: Annotated[int, Meta(ge=NORMAL + 1, le=100 * NORMAL)] | None = None
    per: Literal["basket", "unit"] = "basket"
    scope: Scope = EVERYTHING

    def __post_init__(self) -> None:
        check_one_of(self, self.one_of)
        if self.multiplier is not None and self.per == "unit":
            raise ValueError("per:contradictory")

    @property
    def stage(self) -> StageName:
        """Evaluated last, on the final price."""
        return "coupon"

    def scopes(self) -> tuple[Scope, ...]:
        """The lines that bring them."""
        return (self.scope,)

    def promise(self, tell: Tell) -> Phrase:
        """``được thêm 50 điểm``; ``được nhân 1,5 lần điểm của Sữa tươi``."""
        goods = tell.goods(self.scope)
        if self.multiplier is not None:
            times = tell.say.decimal(Decimal(self.multiplier) / NORMAL)
            return tell.words("được nhân {times} lần điểm của {goods}", "get {times} times the points of {goods}",
                              times=times, goods=goods)  # fmt: skip
        found = tell.words("được thêm {n} điểm", "get {n} more points", n=tell.say.number(self.points or 0))
        if self.per == "unit":
            return found + tell.words(" mỗi món trong {goods}", " for each item of {goods}", goods=goods)
        if self.scope.narrow:
            found += tell.words(" khi mua {goods}", " when they buy {goods}", goods=goods)
        return found

    def gift(self, facts: Facts, table: Table) -> Gift | None:
        """Worth what the points are worth when they are spent (S11); a seller's own card gets none."""
        lines = [facts.board.lines[number] for number in table.lines(self.scope)]
        earning = [line for line in lines if line.earns]
        names = [line.line for line in earning]
        if not names or (facts.member is not None and facts.member.own_till):
            return None
        if self.points is not None:
            count = 1 if self.per == "basket" else sum(line.units for line in earning)
            bonus = EarnTerm(points=self.points, per=_PER[self.per], step=1, basis="paid", lines=names)
            return Gift(self.points * count * facts.point_value, bonus=bonus)
        multiplier = self.multiplier or NORMAL
        more = shelf_points(facts, names) * (multiplier - NORMAL) * facts.tier_multiplier // (NORMAL * NORMAL)
        return Gift(more * facts.point_value, multiplier=multiplier, lines=tuple(names)) if more else None

    def announce(self, say: Say, gift: Gift) -> str:
        """``Thêm 100 điểm`` or ``Điểm × 1,5``."""
        if self.points is None:
            times = say.decimal(Decimal(self.multiplier or NORMAL) / NORMAL)
            return say.text(f"Điểm × {times}", f"Points × {times}")
        count = say.number(self.points)
        if self.per == "unit":
            return say.text(f"Thêm {count} điểm mỗi sản phẩm", f"{count} more points for each item")
        return say.text(f"Thêm {count} điểm", f"{count} more points")
