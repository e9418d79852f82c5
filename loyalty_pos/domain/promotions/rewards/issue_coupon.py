"""``issue_coupon``: a coupon for the next purchase; it changes no price and is given at settle."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from loyalty_pos.domain.phrase import Phrase, joined
from loyalty_pos.domain.pricing.table import Cut, Table
from loyalty_pos.domain.promotions.definition import StageName
from loyalty_pos.domain.promotions.names import Code
from loyalty_pos.domain.promotions.rewards.base import Reward
from loyalty_pos.domain.promotions.scope import EVERYTHING, Scope
from loyalty_pos.domain.promotions.tell import Tell


class IssueCoupon(Reward, frozen=True, eq=False, kw_only=True):
    """A coupon of ``promotion`` (trigger coupon), good for ``valid_days`` local days from tomorrow."""

    kind: ClassVar[str] = "issue_coupon"
    lowers: ClassVar[bool] = False

    promotion: Code
    valid_days: Annotated[int, Meta(ge=1, le=3660)]
    by_category: dict[str, Code] = {}
    """Category -> the promotion for members who buy most of it (children count); others get ``promotion``."""

    def choose(self, favourite: str | None) -> tuple[str, str | None]:
        """The promotion for a member whose most bought category is ``favourite``, and the category that decided."""
        while favourite:
            if favourite in self.by_category:
                return self.by_category[favourite], favourite
            favourite = favourite.rpartition("/")[0]
        return self.promotion, None

    @property
    def stage(self) -> StageName:
        """Evaluated last, on the final price."""
        return "coupon"

    def scopes(self) -> tuple[Scope, ...]:
        """Any basket."""
        return (EVERYTHING,)

    def promise(self, tell: Tell) -> Phrase:
        """``được nhận cho lần mua sau: Phiếu 10%, dùng trong 30 ngày``."""
        special = joined(
            (
                tell.words(
                    "{coupon} nếu mua nhiều {kind} nhất",
                    "{coupon} when they buy {kind} most",
                    coupon=tell.named("promotions", code),
                    kind=tell.named("categories", category),
                )  # fmt: skip
                for category, code in sorted(self.by_category.items())
            ),
            ", ",
        )
        return tell.words(
            "được nhận cho lần mua sau: {coupon}, dùng trong {days}{other}",
            "get for the next purchase: {coupon}, good for {days}{other}",
            coupon=tell.named("promotions", self.promotion), days=tell.days(self.valid_days),
            other=tell.words(" (hoặc {special})", " (or {special})", special=special) if special else [],
        )  # fmt: skip

    def propose(self, table: Table) -> list[Cut]:
        """No price changes."""
        return []
