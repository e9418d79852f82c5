"""``percent_off``: a percentage of some lines or of the whole basket.

Rounded half-up once over the sum of what it covers, then shared (S3, S4).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from loyalty_pos.domain.money import percent_of
from loyalty_pos.domain.phrase import Phrase
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.pricing.table import Cut, Table
from loyalty_pos.domain.promotions.decode import Percent, check_percent
from loyalty_pos.domain.promotions.definition import StageName
from loyalty_pos.domain.promotions.rewards.base import LineShare, Reward
from loyalty_pos.domain.promotions.scope import EVERYTHING, Amount, Scope
from loyalty_pos.domain.promotions.tell import Tell


class PercentOff(Reward, frozen=True, eq=False, kw_only=True):
    """``percent`` of what is left (default) or of the original value; caps in units and money."""

    kind: ClassVar[str] = "percent_off"

    percent: Percent
    scope: Scope = EVERYTHING
    level: Literal["line", "basket"] = "line"
    base: Literal["remaining", "original"] = "remaining"
    max_amount: Amount | None = None
    max_units: Annotated[int, Meta(ge=1)] | None = None
    max_units_per_line: Annotated[int, Meta(ge=1)] | None = None

    def __post_init__(self) -> None:
        check_percent(self.percent)

    @property
    def stage(self) -> StageName:
        """A percentage of the basket comes after the tier, one of lines before it."""
        return "basket" if self.level == "basket" else "item"

    def scopes(self) -> tuple[Scope, ...]:
        """The lines it lowers."""
        return (self.scope,)

    def promise(self, tell: Tell) -> Phrase:
        """``được giảm 10% cho Sữa tươi, nhiều nhất 30.000đ``."""
        percent = tell.say.percent(self.percent)
        if self.level == "basket" and not self.scope.narrow:
            found = tell.words("được giảm {percent} cả hoá đơn", "get {percent} off the whole bill", percent=percent)
        else:
            goods = tell.goods(self.scope)
            found = tell.words(
                "được giảm {percent} cho {goods}", "get {percent} off {goods}", percent=percent, goods=goods
            )
        if self.base == "original":
            found += tell.words(" tính trên giá gốc", " reckoned from the shelf price")
        return found + tell.at_most(self.max_amount, self.max_units, self.max_units_per_line)

    def propose(self, table: Table) -> list[Cut]:
        """One cut over all covered lines."""
        original = self.base == "original" or table.policy.percent_stacking == "additive"
        lines = table.percent_lines(self.scope, self)
        units = table.picked(lines, self.max_units, self.max_units_per_line)
        if units is None and original:
            units = table.units_of(lines)
        if units is None:
            base = sum(map(table.line_left.__getitem__, lines))
            granted = percent_of(base, self.percent)
            amount = granted if self.max_amount is None else min(granted, self.max_amount)
            return [table.spread_lines(amount, lines, granted)] if amount else []
        values = table.board.start if original else table.left
        granted = percent_of(sum(values[unit] for unit in units), self.percent)
        amount = granted if self.max_amount is None else min(granted, self.max_amount)
        return [table.spread(amount, units, granted, original)] if amount else []

    def ceiling(self, table: Table) -> int:
        """On original prices the units that come last in price may be the ones that were dear."""
        start = table.board.start
        values = table.greatest(self.scope, start.__getitem__, self.max_units, self.max_units_per_line)
        most = percent_of(sum(values), self.percent)
        return most if self.max_amount is None else min(most, self.max_amount)

    def explain(self, say: Say, share: LineShare) -> str:
        """``10% của 18.000đ``; a cap is told."""
        rate, base = say.percent(self.percent), say.money(share.base)
        if self.base == "original":
            text = say.text(f"{rate} giá gốc", f"{rate} of the original price")
        else:
            text = say.text(f"{rate} của {base}", f"{rate} of {base}")
        if self.max_amount is not None and share.granted > self.max_amount:
            cap = say.money(self.max_amount)
            text += say.text(f", cả hoá đơn tối đa {cap}", f", at most {cap} for the bill")
        return text
