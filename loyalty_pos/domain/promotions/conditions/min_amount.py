"""``min_amount``: the value of a scope against a threshold that names its basis (S9)."""

from __future__ import annotations

from typing import ClassVar, Literal

from loyalty_pos.domain.phrase import Phrase
from loyalty_pos.domain.pricing.facts import Facts, Miss, compare
from loyalty_pos.domain.pricing.table import Table
from loyalty_pos.domain.promotions.conditions.base import Condition
from loyalty_pos.domain.promotions.scope import EVERYTHING, Amount, Scope
from loyalty_pos.domain.promotions.tell import Tell


class MinAmount(Condition, frozen=True, eq=False, kw_only=True):
    """``gross``: what the customer can check on the shelf; ``discounted``: after earlier offers."""

    kind: ClassVar[str] = "min_amount"

    amount: Amount
    op: Literal["gte", "gt", "lt", "eq"] = "gte"
    scope: Scope = EVERYTHING
    basis: Literal["gross", "discounted"] = "gross"

    @property
    def dynamic(self) -> bool:
        """A discounted threshold, or one of what is not reduced yet, is tested when the offer's turn comes."""
        return self.basis == "discounted" or self.scope.exclude_discounted

    def asks(self, tell: Tell) -> Phrase:
        """``hoá đơn từ 500.000đ``; ``Sữa tươi trong hoá đơn trên 100.000đ, tính sau giảm giá``."""
        lead = {"gte": ("từ", "at least"), "gt": ("trên", "more than"), "lt": ("dưới", "less than"),
                "eq": ("đúng", "exactly")}[self.op]  # fmt: skip
        what = tell.goods(self.scope) if self.scope.narrow else tell.words("hàng", "the goods")
        found = tell.words(
            "{what} trong hoá đơn trị giá {op} {amount}", "{what} in the bill come to {op} {amount}",
            what=what, op=tell.words(*lead), amount=tell.say.money(self.amount),
        )  # fmt: skip
        return found + (tell.words(" sau giảm giá", " after discounts") if self.basis == "discounted" else [])

    def miss(self, facts: Facts, table: Table | None) -> Miss | None:
        """How much is missing to reach the threshold."""
        if table is None:
            value = facts.board.value_in(self.scope)
        else:
            values = table.line_left if self.basis == "discounted" else table.board.line_start
            value = table.value_in(self.scope, values)
        if compare(value, self.op, self.amount):
            return None
        if self.op in ("gte", "gt") and value <= self.amount:
            missing = self.amount - value + (self.op == "gt")
            return Miss("min_amount", amount=missing, of=self.amount, wanted=((self.scope, missing),))
        return Miss("min_amount")
