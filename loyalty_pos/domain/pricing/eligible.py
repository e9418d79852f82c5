"""Whether an offer or a coupon may be tried at all: time, audience, limits, fixed conditions.

Everything here holds or fails whatever else applies; what depends on other offers is decided at
the table.  A refusal is a Miss with one of the codes of promotions.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from loyalty_pos.domain.coupons import normalise_code
from loyalty_pos.domain.pricing.facts import Facts, Miss, days_to_birthday, first_miss
from loyalty_pos.domain.pricing.offers import Offer
from loyalty_pos.domain.pricing.request import CouponFacts, Usage
from loyalty_pos.domain.promotions.definition import time_fault

NO_USE = Usage()


class Candidate(Struct, frozen=True, eq=False):
    """An offer that may be tried: by itself or by one coupon."""

    offer: Offer
    coupon: str | None = None
    applications: int | None = None
    """How often its limits let it apply in this basket; None: any number."""
    budget: int | None = None
    """Minor units that are left of its budget."""

    @property
    def order(self) -> tuple[int, int, str, str]:
        """The order of application (S11)."""
        return (*self.offer.order, self.coupon or "")


def candidate(offer: Offer, facts: Facts, coupon: str | None = None) -> Candidate | Miss:
    """The offer with what its limits leave, or why it cannot be tried.

    Thresholds come last, so that one that is missed is the only thing that is missing (S13).
    """
    if offer.open:
        return _in_scope(offer, facts) or Candidate(offer, coupon)
    miss = _validity(offer, facts, coupon is not None) or _audience(offer, facts)
    if miss is not None:
        return miss
    if facts.member is None and offer.personal:
        return Miss("member_required")
    ready = _limits(offer, facts, coupon)
    if isinstance(ready, Miss):
        return ready
    return first_miss(condition.miss(facts, None) for condition in offer.static) or _in_scope(offer, facts) or ready


def _validity(offer: Offer, facts: Facts, by_coupon: bool) -> Miss | None:
    fault = time_fault(offer.valid, facts.now)
    if fault is None:
        return None
    if fault == "between" or not by_coupon:
        return Miss("not_eligible")
    return Miss("coupon_not_yet_valid" if fault == "before" else "coupon_expired")


def _audience(offer: Offer, facts: Facts) -> Miss | None:
    audience, member = offer.audience, facts.member
    if audience.stores and facts.request.store not in audience.stores:
        return Miss("not_eligible")
    if not audience.needs_member:
        return None
    if member is None:
        return Miss("member_required")
    if (
        (audience.tiers and facts.tier not in audience.tiers)
        or (audience.segments and audience.segments.isdisjoint(member.segments))
        or (audience.members and member.id not in audience.members)
    ):
        return Miss("not_eligible")
    days = audience.birthday_within_days
    if days is not None and (member.birthday is None or days_to_birthday(member.birthday, facts.today) > days):
        return Miss("not_eligible")
    return None


def _in_scope(offer: Offer, facts: Facts) -> Miss | None:
    """An offer with price rewards must find at least one line it may lower."""
    if not offer.rewards:
        return None
    for scope in offer.within:
        if facts.board.covered(scope):
            return None
    return Miss("not_in_scope")


def _limits(offer: Offer, facts: Facts, coupon: str | None) -> Candidate | Miss:
    """What total, member, period, store, cashier and budget still allow (S37)."""
    limits = offer.limits
    usage = facts.request.usage.get(offer.code, NO_USE)
    left: int | None = limits.per_basket
    personal = limits.per_member is not None or limits.per_period is not None
    if personal and facts.member is None:
        return Miss("member_required")
    period = limits.per_period.uses if limits.per_period is not None else None
    for allowed, used, reason in (
        (limits.total, usage.total, "limit_total"),
        (limits.per_member, usage.member, "limit_per_member"),
        (period, usage.member_in_period, "limit_per_period"),
        (limits.per_store, usage.store, "limit_total"),
        (limits.per_cashier, usage.cashier, "limit_total"),
    ):
        if allowed is None:
            continue
        if used >= allowed:
            return Miss(reason)
        left = allowed - used if left is None else min(left, allowed - used)
    budget = None
    if limits.budget is not None:
        budget = limits.budget - usage.budget
        if budget <= 0:
            return Miss("budget_exceeded")
    return Candidate(offer, coupon, left, budget)


def presented(codes: Sequence[str]) -> list[str]:
    """The codes of a basket, normalised, each once, in the order in which they were presented."""
    return list(dict.fromkeys(normalise_code(code) for code in codes))


def coupon_miss(coupon: CouponFacts | None, facts: Facts) -> Miss | None:
    """Why a coupon cannot be used, whatever its offer (S35, S36, S38); None when it can be.

    Unknown, foreign and used are one answer, except to the owner whose card was really read.
    """
    member = facts.member
    if coupon is None or (coupon.member is not None and (member is None or coupon.member != member.id)):
        return Miss("coupon_not_usable")
    if coupon.state == "used":
        owner = member is not None and coupon.member == member.id and member.may_spend
        return Miss("coupon_used" if owner else "coupon_not_usable")
    if coupon.state == "cancelled":
        return Miss("coupon_not_usable")
    if coupon.state == "expired" or (coupon.valid_to is not None and facts.today > coupon.valid_to):
        return Miss("coupon_expired")
    if coupon.valid_from is not None and facts.today < coupon.valid_from:
        return Miss("coupon_not_yet_valid")
    if coupon.state == "held" and (coupon.held_until is None or coupon.held_until > facts.request.now):
        return Miss("coupon_held")
    return None
