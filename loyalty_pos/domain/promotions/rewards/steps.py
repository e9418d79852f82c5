"""``steps``: the more is bought, the more is given; the highest step that is reached counts alone.

Bounds are inclusive (S9).  What is measured is the value on the shelf or the number of units; what is
given comes off what is left.  A step's amount is given once (of a line: once a line), not for every
multiple of its bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from loyalty_pos.domain.money import percent_of
from loyalty_pos.domain.phrase import Phrase, joined
from loyalty_pos.domain.pricing.facts import Miss
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.pricing.table import Cut, Table
from loyalty_pos.domain.promotions.decode import Percent, check_one_of, check_percent
from loyalty_pos.domain.promotions.definition import StageName
from loyalty_pos.domain.promotions.rewards.base import LineShare, Reward
from loyalty_pos.domain.promotions.rewards.fixed_price_group import lacking
from loyalty_pos.domain.promotions.scope import EVERYTHING, Amount, Scope
from loyalty_pos.domain.promotions.tell import Tell


class Step(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"lowest": "from"}):
    """From ``from`` on: ``percent`` or ``amount`` off, or each unit at ``price``."""

    one_of: ClassVar[tuple[str, ...]] = ("percent", "amount", "price")

    lowest: Annotated[int, Meta(ge=1, le=10**12)]
    percent: Percent | None = None
    amount: Annotated[int, Meta(ge=1, le=10**12)] | None = None
    price: Amount | None = None

    def __post_init__(self) -> None:
        check_one_of(self, self.one_of)
        check_percent(self.percent)


class Steps(Reward, frozen=True, eq=False, kw_only=True):
    """What the basket (or the scope) comes to, what a line comes to, or how many units there are."""

    kind: ClassVar[str] = "steps"

    by: Literal["basket_amount", "line_amount", "quantity"]
    steps: Annotated[tuple[Step, ...], Meta(min_length=1, max_length=20)]
    scope: Scope = EVERYTHING

    def __post_init__(self) -> None:
        bounds = [step.lowest for step in self.steps]
        if any(second <= first for first, second in zip(bounds, bounds[1:], strict=False)):
            raise ValueError("steps:overlapping")

    @property
    def stage(self) -> StageName:
        """On the bill's value with the basket's offers, else with the items'."""
        return "basket" if self.by == "basket_amount" else "item"

    def scopes(self) -> tuple[Scope, ...]:
        """The lines it lowers."""
        return (self.scope,)

    def promise(self, tell: Tell) -> Phrase:
        """``theo giá trị cả hoá đơn, từ 500.000đ được giảm 10%, từ 1.000.000đ được giảm 15%``."""
        measured = {
            "basket_amount": tell.words("theo giá trị {goods} trong hoá đơn", "by the value of {goods} in the bill",
                                        goods=tell.goods(self.scope)),
            "line_amount": tell.words("theo giá trị từng dòng của {goods}", "by the value of each line of {goods}",
                                      goods=tell.goods(self.scope)),
            "quantity": tell.words("theo số món trong {goods}", "by the number of items of {goods}",
                                   goods=tell.goods(self.scope)),
        }[self.by]  # fmt: skip
        steps = joined((self._step(tell, step) for step in self.steps), ", ")
        return tell.words("được, {measured}: {steps}", "get, {measured}: {steps}", measured=measured, steps=steps)

    def _step(self, tell: Tell, step: Step) -> Phrase:
        bound = tell.items(step.lowest) if self.by == "quantity" else tell.say.money(step.lowest)
        if step.price is not None:
            price = tell.say.money(step.price)
            return tell.words("từ {bound} giá {price} mỗi món", "from {bound} {price} each", bound=bound, price=price)
        off = tell.off(step.percent, step.amount)
        return tell.words("từ {bound} giảm {off}", "from {bound} {off} off", bound=bound, off=off)

    def propose(self, table: Table) -> list[Cut]:
        """One cut, or one for each line."""
        board, lines = table.board, table.lines(self.scope)
        if self.by == "line_amount":
            cuts = [self._cut(table, [number], board.line_start[number]) for number in lines]
        else:
            measured = self._measured(table)
            cuts = [self._cut(table, lines, measured)]
        return [cut for cut in cuts if cut is not None and cut.total]

    def _measured(self, table: Table) -> int:
        if self.by == "basket_amount":
            return table.value_in(self.scope, table.board.line_start)
        return table.count(self.scope)

    def _cut(self, table: Table, lines: Sequence[int], measured: int) -> Cut | None:
        """What the highest step that is reached takes off; it remembers which one it was."""
        reached = [place for place, step in enumerate(self.steps) if measured >= step.lowest]
        if not reached:
            return None
        step = self.steps[reached[-1]]
        worth = sum(table.line_left[number] for number in lines)
        if step.price is not None:
            units = table.units_of(lines)
            prices = [table.board.unit_price(table.board.line_of[unit], step.price) for unit in units]
            amounts = [max(0, table.left[unit] - price) for unit, price in zip(units, prices, strict=True)]
            cut = Cut(units, amounts, sum(amounts), sum(amounts))
        else:
            granted = percent_of(worth, step.percent) if step.percent is not None else step.amount or 0
            cut = table.spread_lines(min(granted, worth), lines, granted)
        cut.part = reached[-1]
        return cut

    def miss(self, table: Table) -> Miss | None:
        """Units or money missing for the first step, of the line that is nearest to it (S13)."""
        first = self.steps[0].lowest
        if self.by == "quantity":
            found = self._measured(table)
            return lacking([(self.scope, first - found)], found) if found < first else None
        lines = [table.board.line_start[number] for number in table.lines(self.scope)]
        found = self._measured(table) if self.by == "basket_amount" else max(lines, default=0)
        if found >= first:
            return None
        return Miss("min_amount", amount=first - found, of=first, wanted=((self.scope, first - found),))

    def further(self, table: Table) -> Miss | None:
        """Units or money missing for the next step, of the line that is nearest to its own."""
        board, bounds = table.board, [step.lowest for step in self.steps]
        measured = {
            "quantity": lambda: [board.units_in(self.scope)],
            "basket_amount": lambda: [board.value_in(self.scope)],
            "line_amount": lambda: [board.line_start[number] for number in table.lines(self.scope)],
        }[self.by]()
        ways = [
            (bound - found, bound)
            for found in measured
            if found >= bounds[0]
            for bound in [next((bound for bound in bounds if bound > found), None)]
            if bound is not None
        ]
        if not ways:
            return None
        missing, bound = min(ways)
        wanted = ((self.scope, missing),)
        if self.by == "quantity":
            return Miss("min_quantity", quantity=missing, of=bound, wanted=wanted)
        return Miss("min_amount", amount=missing, of=bound, wanted=wanted)

    def explain(self, say: Say, share: LineShare) -> str:
        """``Từ 500.000đ: 10% của 620.000đ``."""
        step = self.steps[share.part]
        if self.by == "quantity":
            count = say.number(step.lowest)
            reached = say.text(f"Từ {count} sản phẩm: ", f"From {count} items: ")
        else:
            bound = say.money(step.lowest)
            reached = say.text(f"Từ {bound}: ", f"From {bound}: ")
        if step.percent is not None:
            rate, base = say.percent(step.percent), say.money(share.base)
            return reached + say.text(f"{rate} của {base}", f"{rate} of {base}")
        if step.price is not None:
            price, count = say.money(step.price), say.number(share.units)
            return reached + say.text(f"giá {price} × {count}", f"price {price} × {count}")
        off, part = say.money(step.amount or 0), say.money(share.share)
        if share.lines == 1 or self.by == "line_amount":
            return reached + say.text(f"giảm {off}", f"{off} off")
        return reached + say.text(f"giảm {off}, dòng này {part}", f"{off} off, {part} on this line")
