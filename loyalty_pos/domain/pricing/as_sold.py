"""A sale already made keeps its price (S47): recorded as charged, never priced again.

No promotion lowers it; the till's own discounts stand, and are the basis of points and returns.
Automatic offers of points that merely combine count all the same: they change no price.
A coupon that was good is applied (its discount is already in the lines), one that was not is
refused and its amount stays: the service files the exception.
"""

from __future__ import annotations

from msgspec.structs import replace

from loyalty_pos.domain.pricing.claims import as_charged
from loyalty_pos.domain.pricing.compile import RuleSet
from loyalty_pos.domain.pricing.eligible import Candidate, candidate, coupon_miss, presented
from loyalty_pos.domain.pricing.engine import answer, circumstances
from loyalty_pos.domain.pricing.explain import refusal
from loyalty_pos.domain.pricing.facts import Facts
from loyalty_pos.domain.pricing.loyalty import keep_best_multiplier
from loyalty_pos.domain.pricing.offers import Offer
from loyalty_pos.domain.pricing.play import play
from loyalty_pos.domain.pricing.request import PriceRequest
from loyalty_pos.domain.pricing.result import CouponOutcome, Priced, Proof, Use
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.pricing.table import Table


def record_as_sold(rules: RuleSet, request: PriceRequest) -> Priced:
    """Lines' net and discount as the till charged them; points earned on what was paid (S47)."""
    say = Say(request.language, rules.currency)
    facts = circumstances(rules, request)
    known = {coupon.code: coupon for coupon in request.coupons}
    coupons: list[CouponOutcome] = []
    uses: list[Use] = []
    for code in presented(request.basket.coupons if request.basket.coupons != "best" else ()):
        coupon = known.get(code)
        miss = coupon_miss(coupon, facts)
        if miss is None and coupon is not None:
            coupons.append(CouponOutcome(code, "applied"))
            uses.append(Use(coupon.promotion, 1, 0, code))
        elif miss is not None:
            text = refusal(miss, facts, say, str, coupon)
            coupons.append(CouponOutcome(code, "refused", miss.reason, text))
    table, offers = _with_points(rules, facts)
    uses += [Use(done.promotion, done.uses, done.given) for done in table.done]
    taken = as_charged(rules, facts)
    uses += [Use(code, 1, 0) for code in taken.rewards]
    priced = answer(rules, facts, table, offers, coupons, Proof(True, 0, 0, 0), say, taken, charged=True)
    return replace(priced, uses=uses)


def _with_points(rules: RuleSet, facts: Facts) -> tuple[Table, dict[str, Offer]]:
    """The table as charged, with the points that promotions give on it."""
    giving = [offer for offer in rules.touching(facts.board) if offer.last and offer.stacking == "combine"]
    ready = [one for one in (candidate(offer, facts) for offer in giving) if isinstance(one, Candidate)]
    attempt = play(facts, rules.policy, ready)
    keep_best_multiplier(facts, attempt, ready)
    return attempt.table, {offer.code: offer for offer in giving}
