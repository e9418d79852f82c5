"""From offers and coupons to verdicts, and from verdicts to what the till is told.

``screen`` decides what may be tried; after the search the same verdicts, with the table's own
misses, say why each remaining offer or coupon did not apply (S13).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from loyalty_pos.domain.pricing.compile import RuleSet
from loyalty_pos.domain.pricing.eligible import Candidate, candidate, coupon_miss, presented
from loyalty_pos.domain.pricing.explain import refusal
from loyalty_pos.domain.pricing.facts import Facts, Miss
from loyalty_pos.domain.pricing.offers import Offer
from loyalty_pos.domain.pricing.play import conditions_miss, play
from loyalty_pos.domain.pricing.request import CouponFacts
from loyalty_pos.domain.pricing.result import CouponOutcome, NextCoupon, NextVisit, NotApplied, Use
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.pricing.search import Found
from loyalty_pos.domain.promotions.names import name_in


@dataclass(slots=True)
class Verdicts:
    """Every offer that touches the basket and every coupon presented: to be tried, or why not."""

    tried: list[Candidate] = field(default_factory=list)
    """Offers with price rewards, by themselves or by coupon."""
    later: list[Candidate] = field(default_factory=list)
    """Offers that only give a coupon for the next visit."""
    missed: dict[Offer, Miss] = field(default_factory=dict)
    """Automatic offers that cannot be tried."""
    coupons: dict[str, Candidate | Miss] = field(default_factory=dict)
    known: dict[str, CouponFacts] = field(default_factory=dict)
    claims: dict[str, Candidate | Miss] = field(default_factory=dict)
    """Rewards of the catalogue that the cashier claims."""
    picking: bool = False
    """``"coupons": "best"``: only those that apply are told."""


@dataclass(slots=True)
class Issued:
    """Coupons for the next visit: as shown, as settle makes them, and the uses they count."""

    shown: list[NextCoupon] = field(default_factory=list)
    visits: list[NextVisit] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    by: set[Candidate] = field(default_factory=set)


def screen(rules: RuleSet, facts: Facts) -> Verdicts:
    """What may be tried on this basket."""
    verdicts = Verdicts(known={coupon.code: coupon for coupon in facts.request.coupons})
    offers = rules.touching(facts.board)
    own = rules.tier_offers.get(facts.tier) if facts.tier is not None else None
    for offer in (*offers, own) if own is not None else offers:
        ready = candidate(offer, facts)
        if isinstance(ready, Miss):
            verdicts.missed[offer] = ready
        else:
            _file(verdicts, ready)
    _coupons(rules, facts, verdicts)
    return verdicts


def _file(verdicts: Verdicts, ready: Candidate) -> None:
    if ready.offer.rewards:
        verdicts.tried.append(ready)
    if ready.offer.issues:
        verdicts.later.append(ready)


def _coupons(rules: RuleSet, facts: Facts, verdicts: Verdicts) -> None:
    """Judge every coupon presented; ``best`` means all of the identified member's own (S23)."""
    wanted = facts.request.basket.coupons
    member = facts.member
    if wanted == "best":
        verdicts.picking = True
        may = member is not None and member.may_spend
        own = [one for one in facts.request.coupons if member is not None and one.member == member.id]
        codes = sorted(one.code for one in own) if may else []
    else:
        codes = presented(wanted)
    for code in codes:
        coupon = verdicts.known.get(code)
        miss = coupon_miss(coupon, facts)
        offer = rules.offers.get(coupon.promotion) if coupon is not None else None
        if miss is None and (offer is None or offer.trigger != "coupon"):
            miss = Miss("coupon_not_usable")
        ready = miss or candidate(offer, facts, code) if offer is not None else miss
        assert ready is not None  # without an offer there is always a miss
        verdicts.coupons[code] = ready
        if isinstance(ready, Candidate):
            _file(verdicts, ready)


def issue(rules: RuleSet, facts: Facts, verdicts: Verdicts, found: Found, say: Say) -> Issued:
    """Coupons for the next visit, judged on the final price; a member is needed to own one (S35)."""
    issued = Issued()
    table = found.attempt.table
    given = {(done.promotion, done.coupon) for done in table.done}
    if facts.member is None:
        return issued
    for one in verdicts.later:
        offer = one.offer
        if offer.rewards:
            if (offer.code, one.coupon) not in given:
                continue
        elif _not_issued(one, facts, found) is not None:
            continue
        for reward in offer.issues:
            member = facts.request.member
            code, category = reward.choose(member.favourite if member else None)
            target = rules.offers.get(code)
            if target is None:
                continue
            last = facts.today + timedelta(days=reward.valid_days)
            reason = name_in(offer.name, say.language)
            name = name_in(target.name, say.language)
            issued.shown.append(NextCoupon(None, name, last.isoformat(), reason))
            issued.visits.append(NextVisit(target.code, reward.valid_days, reason, category))
            issued.by.add(one)
        if not offer.rewards and one in issued.by:
            issued.uses.append(Use(offer.code, 1, 0, one.coupon))
    return issued


def _not_issued(one: Candidate, facts: Facts, found: Found) -> Miss | None:
    """Why an offer that only gives a coupon does not.  It is worth 0 (S11), so whatever it competes with has won."""
    table = found.attempt.table
    applied = {done.promotion for done in table.done}
    winners = [other.offer for other in found.chosen if other.offer.code in applied]
    for offer in winners:
        rival = one.offer.group is not None and offer.group == one.offer.group
        if rival or "exclusive" in (offer.stacking, one.offer.stacking) or one.offer.stacking == "only_if_alone":
            return Miss("not_combinable", winner=offer.code)
    return conditions_miss(one, facts, table)


def coupon_outcomes(
    rules: RuleSet, facts: Facts, verdicts: Verdicts, found: Found, issued: Issued, say: Say
) -> list[CouponOutcome]:
    """Applied or refused, with the code and the sentence, in the order presented."""
    given = {done.coupon for done in found.attempt.table.done} | {one.coupon for one in issued.by}

    def name_of(code: str) -> str:
        return _name(rules, facts, code, say)

    outcomes: list[CouponOutcome] = []
    for code, verdict in verdicts.coupons.items():
        if code in given:
            outcomes.append(CouponOutcome(code, "applied"))
        elif not verdicts.picking:
            miss = verdict if isinstance(verdict, Miss) else dropped(verdict, rules, facts, found)
            text = refusal(miss, facts, say, name_of, verdicts.known.get(code))
            outcomes.append(CouponOutcome(code, "refused", miss.reason, text))
    return outcomes


def _name(rules: RuleSet, facts: Facts, code: str, say: Say) -> str:
    offer = rules.offers.get(code) or rules.tier_offers.get(facts.tier or "")
    return name_in(offer.name, say.language) if offer is not None else code


def dropped(one: Candidate, rules: RuleSet, facts: Facts, found: Found) -> Miss:
    """Why a candidate that could be tried is not in the answer."""
    if not one.offer.rewards:
        return _not_issued(one, facts, found) or Miss("no_effect")
    miss = found.attempt.misses.get(one)
    if miss is not None:
        return miss
    by_itself = play(facts, rules.policy, (one,))
    if by_itself.misses:
        return by_itself.misses[one]
    return Miss("not_combinable", winner=_winner(one, found))


def _winner(one: Candidate, found: Found) -> str | None:
    """The promotion that stands in the way: an exclusive, one of its group, else the first applied."""
    done = {applied.promotion for applied in found.attempt.table.done}
    chosen = [other.offer for other in found.chosen if other.offer.code in done]
    for offer in chosen:
        if offer.stacking == "exclusive" or (offer.group is not None and offer.group == one.offer.group):
            return offer.code
    return chosen[0].code if chosen else None


def not_applied(facts: Facts, rules: RuleSet, verdicts: Verdicts, found: Found, issued: Issued) -> list[NotApplied]:
    """Every automatic offer that touches the basket and did not apply, with its reason (S13)."""
    done = {(applied.promotion, applied.coupon) for applied in found.attempt.table.done}
    reasons = dict(verdicts.missed)
    for one in (*verdicts.tried, *verdicts.later):
        applied = (one.offer.code, one.coupon) in done or one in issued.by
        if one.offer.trigger == "automatic" and one.offer.code not in rules.catalogue and not applied:
            reasons[one.offer] = dropped(one, rules, facts, found)
    return [
        NotApplied(offer.code, miss.reason, miss.amount, miss.quantity, miss.winner)
        for offer, miss in sorted(reasons.items(), key=lambda entry: entry[0].order)
    ]
