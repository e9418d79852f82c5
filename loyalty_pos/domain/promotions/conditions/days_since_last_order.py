"""``days_since_last_order``: how long ago the member last bought."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from loyalty_pos.domain.phrase import Phrase
from loyalty_pos.domain.pricing.facts import Facts, Miss, compare
from loyalty_pos.domain.pricing.table import Table
from loyalty_pos.domain.promotions.conditions.base import Condition
from loyalty_pos.domain.promotions.tell import Tell


class DaysSinceLastOrder(Condition, frozen=True, eq=False, kw_only=True):
    """Local days since the member's last order; never met on the first one."""

    kind: ClassVar[str] = "days_since_last_order"
    days: Annotated[int, Meta(ge=0, le=36_500)]
    op: Literal["gte", "gt", "lt", "lte", "eq"] = "gte"

    def asks(self, tell: Tell) -> Phrase:
        """``lần mua trước cách đây ít nhất 30 ngày``."""
        lead = {"gte": ("ít nhất", "at least"), "gt": ("hơn", "more than"), "lt": ("chưa đến", "less than"),
                "lte": ("nhiều nhất", "at most"), "eq": ("đúng", "exactly")}[self.op]  # fmt: skip
        return tell.words(
            "lần mua trước cách đây {op} {days}", "the last purchase was {op} {days} ago",
            op=tell.words(*lead), days=tell.days(self.days),
        )  # fmt: skip

    def miss(self, facts: Facts, table: Table | None) -> Miss | None:
        """The number of days compares as asked."""
        if facts.member is None:
            return Miss("member_required")
        last = facts.member.last_order
        if last is not None and compare((facts.today - last).days, self.op, self.days):
            return None
        return Miss("not_eligible")
