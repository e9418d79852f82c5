"""``amount_off``: a sum of money off the basket (shared by value), off each line or each unit."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from loyalty_pos.domain.phrase import Phrase
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.pricing.table import Cut, Table
from loyalty_pos.domain.promotions.definition import StageName
from loyalty_pos.domain.promotions.rewards.base import LineShare, Reward
from loyalty_pos.domain.promotions.scope import EVERYTHING, Amount, Scope
from loyalty_pos.domain.promotions.tell import Tell


class AmountOff(Reward, frozen=True, eq=False, kw_only=True):
    """``amount`` minor units; never more than what it is taken from (S5)."""

    kind: ClassVar[str] = "amount_off"

    amount: Annotated[int, Meta(ge=1, le=10**12)]
    scope: Scope = EVERYTHING
    per: Literal["basket", "line", "unit"] = "basket"
    max_amount: Amount | None = None
    max_units: Annotated[int, Meta(ge=1)] | None = None
    max_units_per_line: Annotated[int, Meta(ge=1)] | None = None

    @property
    def stage(self) -> StageName:
        """A sum off the basket comes after the tier, one off lines or units before it."""
        return "basket" if self.per == "basket" else "item"

    def scopes(self) -> tuple[Scope, ...]:
        """The lines it lowers."""
        return (self.scope,)

    def promise(self, tell: Tell) -> Phrase:
        """``được giảm 5.000đ mỗi món cho Sữa tươi``."""
        per = {
            "basket": tell.words(" trên hoá đơn", " the bill"),
            "line": tell.words(" mỗi dòng hàng", " each line"),
            "unit": tell.words(" mỗi món", " each item"),
        }[self.per]
        scope = tell.on(self.scope) if self.scope.narrow else []
        amount = tell.say.money(self.amount)
        found = tell.words("được giảm {amount}{per}{on}", "get {amount} off{per}{on}", amount=amount, per=per, on=scope)
        return found + tell.at_most(self.max_amount, self.max_units, self.max_units_per_line)

    def propose(self, table: Table) -> list[Cut]:
        """One cut: shared by value, or the same off every line or unit."""
        lines = table.lines(self.scope)
        units = table.picked(lines, self.max_units, self.max_units_per_line)
        if self.per == "basket":
            return self._shared(table, lines, units)
        if units is None:
            units = table.units_of(lines)
        if self.per == "line":
            cut = self._per_line(table, units)
        else:
            board, left = table.board, table.left
            amounts = [min(board.unit_price(board.line_of[unit], self.amount), left[unit]) for unit in units]
            cut = Cut(units, amounts, sum(amounts), sum(amounts))
        if self.max_amount is not None and cut.total > self.max_amount:
            cut = table.shrink(cut, self.max_amount)
        return [cut] if cut.total else []

    def _shared(self, table: Table, lines: list[int], units: list[int] | None) -> list[Cut]:
        """One sum off all that is covered, at most what it is worth; ``units`` None: whole lines."""
        most = self.amount if self.max_amount is None else min(self.amount, self.max_amount)
        if units is None:
            amount = min(most, sum(map(table.line_left.__getitem__, lines)))
            return [table.spread_lines(amount, lines, self.amount)] if amount else []
        amount = min(most, sum(table.left[unit] for unit in units))
        return [table.spread(amount, units, self.amount)] if amount else []

    def _per_line(self, table: Table, units: list[int]) -> Cut:
        line_of = table.board.line_of
        amounts: list[int] = []
        granted = 0
        for number in dict.fromkeys(line_of[unit] for unit in units):
            members = [unit for unit in units if line_of[unit] == number]
            value = sum(table.left[unit] for unit in members)
            amounts.extend(table.spread(min(self.amount, value), members, self.amount).amounts)
            granted += self.amount
        return Cut(units, amounts, sum(amounts), granted)

    def ceiling(self, table: Table) -> int:
        """As many units or lines as there may be, the dearest: the cheap ones may be lower still by then."""
        board, left = table.board, table.left

        def unit(number: int) -> int:
            return min(board.unit_price(board.line_of[number], self.amount), left[number])

        if self.per == "unit":
            most = sum(table.greatest(self.scope, unit, self.max_units, self.max_units_per_line))
        else:
            limit = self.max_units if self.per == "line" else None
            lines = sorted((table.line_left[number] for number in table.lines(self.scope)), reverse=True)[:limit]
            most = sum(min(self.amount, line) for line in lines)
            most = min(self.amount, sum(lines)) if self.per == "basket" else most
        return most if self.max_amount is None else min(most, self.max_amount)

    def explain(self, say: Say, share: LineShare) -> str:
        """``Giảm 20.000đ``, and this line's part where several lines share it."""
        amount = say.money(self.amount)
        if self.per == "unit":
            count = say.number(share.units)
            return say.text(f"Giảm {amount} × {count}", f"{amount} off × {count}")
        if self.per == "basket" and share.total < share.granted:
            left = say.money(share.total)
            return say.text(f"Giảm {amount}, chỉ còn {left} để giảm", f"{amount} off, only {left} left to take it from")
        if self.per == "line" or share.lines == 1:
            return say.text(f"Giảm {amount}", f"{amount} off")
        part = say.money(share.share)
        return say.text(f"Giảm {amount}, dòng này {part}", f"{amount} off, {part} on this line")
