"""``fixed_price``: each unit at a stated price; no effect on what is already cheaper."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from loyalty_pos.domain.phrase import Phrase
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.pricing.table import Cut, Table
from loyalty_pos.domain.promotions.rewards.base import LineShare, Reward
from loyalty_pos.domain.promotions.scope import EVERYTHING, Amount, Scope
from loyalty_pos.domain.promotions.tell import Tell


class FixedPrice(Reward, frozen=True, eq=False, kw_only=True):
    """``price`` per unit in minor units; a weighed line pays it per whole unit of weight."""

    kind: ClassVar[str] = "fixed_price"

    price: Amount
    scope: Scope = EVERYTHING
    max_units: Annotated[int, Meta(ge=1)] | None = None

    def scopes(self) -> tuple[Scope, ...]:
        """The lines it lowers."""
        return (self.scope,)

    def promise(self, tell: Tell) -> Phrase:
        """``mua Gạo giá 90.000đ``."""
        price, goods = tell.say.money(self.price), tell.goods(self.scope)
        found = tell.words("mua {goods} giá {price} mỗi món", "pay {price} each for {goods}", goods=goods, price=price)
        return found + tell.at_most(None, self.max_units, None)

    def propose(self, table: Table) -> list[Cut]:
        """What each unit costs above the price."""
        lines = table.lines(self.scope)
        units = table.picked(lines, self.max_units, None)
        if units is None:
            units = table.units_of(lines)
        line_of = table.board.line_of
        amounts = [max(0, table.left[unit] - table.board.unit_price(line_of[unit], self.price)) for unit in units]
        total = sum(amounts)
        return [Cut(units, amounts, total, total)] if total else []

    def ceiling(self, table: Table) -> int:
        """The units that are furthest above the price: which ones are chosen follows what they are worth then."""
        board, left = table.board, table.left

        def above(unit: int) -> int:
            return max(0, left[unit] - board.unit_price(board.line_of[unit], self.price))

        return sum(table.greatest(self.scope, above, self.max_units, None))

    def explain(self, say: Say, share: LineShare) -> str:
        """``Giá 172.000đ × 2``."""
        price, count = say.money(self.price), say.number(share.units)
        return say.text(f"Giá {price} × {count}", f"Price {price} × {count}")
