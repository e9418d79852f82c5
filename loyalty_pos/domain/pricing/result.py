"""What pricing answers: the contract's Pricing, and beside it what a settle must post.

``Pricing`` encodes to exactly the object of contract.md section 2 (names of members are filled
in later, at the edge: a stored Pricing holds ids and figures, no personal data).  ``Priced``
adds what the till need not see: the shares of each unit (S4, S25) and the uses of each
promotion that its limits count (S37).
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from loyalty_pos.domain.points import EarnPlan
from loyalty_pos.domain.tiers import TierProgress


class TierName(Struct, frozen=True):
    """A tier as shown: its code and its name in the answer's language."""

    code: str
    name: str


class PointsNow(Struct, frozen=True):
    """Balances before this basket, in points; ``active`` does not include ``held``."""

    active: int
    pending: int
    held: int


class MemberSummary(Struct, frozen=True, omit_defaults=False):
    """Who holds the card, as little as the till needs; ``short_name`` is filled in at the edge."""

    id: str
    tier: TierName | None
    points: PointsNow
    flags: list[str] = field(default_factory=list)
    short_name: str | None = None
    tier_progress: TierProgress | None = None


class LineDiscount(Struct, frozen=True):
    """One offer's share on one line: minor units, and why (S14).

    ``promotion`` is None for what the host till took off itself (S49).
    """

    promotion: str | None
    name: str
    amount: int
    explanation: str


class PricedLine(Struct, frozen=True):
    """gross - discount = net; the discounts' amounts sum to ``discount``. Minor units."""

    line: str
    gross: int
    discount: int
    net: int
    discounts: list[LineDiscount]


class Totals(Struct, frozen=True):
    """gross - discount = net; net - points_value = to_pay; to_pay - stored value = due."""

    gross: int
    discount: int
    net: int
    points_value: int
    to_pay: int
    due: int


class PointsOutcome(Struct, frozen=True):
    """What the bill does to the points; ``basis`` in minor units (S15, S16)."""

    earned: int
    basis: int
    redeemed: int
    active_after: int
    pending_after: int


class CouponOutcome(Struct, frozen=True):
    """One presented coupon: applied, or refused with a code and a sentence for the customer."""

    code: str
    status: Literal["applied", "refused"]
    reason: str | None = None
    message: str | None = None


class Nearly(Struct, frozen=True):
    """An offer that almost applied, and what is missing (S13)."""

    promotion: str
    missing_amount: int | None
    missing_quantity: int | None
    message: str


class NextCoupon(Struct, frozen=True):
    """A coupon given for the next visit; ``code`` is None until settle has issued it."""

    code: str | None
    name: str
    valid_to: str
    reason: str


class NotApplied(Struct, frozen=True):
    """Why an automatic offer did not apply, when the caller asked (``explain: true``)."""

    promotion: str
    reason: str
    missing_amount: int | None = None
    missing_quantity: int | None = None
    winner: str | None = None
    """The promotion that stands in the way (``not_combinable``)."""


class Proof(Struct, frozen=True):
    """The combination is the best permitted one, or the bound that is not known to be reached."""

    optimal: bool
    discount: int
    upper_bound: int
    nodes: int


class Pricing(Struct, frozen=True):
    """The basket priced: contract.md section 2."""

    currency: str
    member: MemberSummary | None
    lines: list[PricedLine]
    totals: Totals
    points: PointsOutcome
    coupons: list[CouponOutcome]
    nearly: list[Nearly]
    next_coupons: list[NextCoupon]
    messages: list[str]
    free_items: dict[str, int]
    stored_value: dict[str, int]
    rewards: dict[str, int]
    """Rewards of the catalogue that this bill gives: code -> what it costs in points."""
    not_applied: list[NotApplied]
    proof: Proof

    @property
    def points_claimed(self) -> int:
        """Points that rewards cost."""
        return sum(self.rewards.values())

    @property
    def points_spent(self) -> int:
        """Points that leave the member: as money, and for rewards."""
        return self.points.redeemed + self.points_claimed


class UnitRun(Struct, frozen=True, array_like=True):
    """``count`` units in a row that share the same figures, in stored order (S25). Minor units."""

    count: int
    discount: int
    net: int
    refund: int


class Use(Struct, frozen=True):
    """One promotion's use by this basket: applications and minor units given (S37)."""

    promotion: str
    uses: int
    amount: int
    coupon: str | None = None


class NextVisit(Struct, frozen=True):
    """A coupon to issue when the sale settles: the promotion it points to and its days."""

    promotion: str
    valid_days: int
    reason: str
    category: str | None = None
    """The category that the member buys most of, where it chose the promotion."""


class Payment(Struct, frozen=True, array_like=True):
    """What one gift card or wallet pays of the bill. Minor units, above 0."""

    code: str
    amount: int


class Priced(Struct, frozen=True):
    """A Pricing and what settle posts with it.  ``units`` by line id."""

    pricing: Pricing
    units: dict[str, list[UnitRun]]
    uses: list[Use]
    issues: list[NextVisit] = field(default_factory=list)
    earning: EarnPlan = EarnPlan()
    """How this sale earns: kept with it, a return recomputes with it (S26)."""
    payments: list[Payment] = field(default_factory=list)
