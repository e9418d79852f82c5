"""price(): one basket, one rule set, one answer; no clock, no database, no chance.

Screen what may apply, search the best combination, apply it, then points, coupons for the next
visit, and the reasons for everything that did not apply.  Line nets are never below 0 and all
figures add up by construction (S5); lines answer in the basket's own order.
"""

from __future__ import annotations

from dataclasses import replace

from msgspec.structs import replace as replace_struct

from loyalty_pos.domain.points import EarnPlan
from loyalty_pos.domain.pricing.board import Board
from loyalty_pos.domain.pricing.claims import Claimed, claimed, screen_claims
from loyalty_pos.domain.pricing.compile import RuleSet
from loyalty_pos.domain.pricing.explain import free_items, gift_messages, line_discounts, message
from loyalty_pos.domain.pricing.facts import Facts, days_to_birthday, facts_of
from loyalty_pos.domain.pricing.loyalty import (
    earn_plan,
    keep_best_multiplier,
    points_outcome,
    redemption,
    tier_of_purchase,
)
from loyalty_pos.domain.pricing.nearly import nearly
from loyalty_pos.domain.pricing.offers import Offer
from loyalty_pos.domain.pricing.outcome import coupon_outcomes, issue, not_applied, screen
from loyalty_pos.domain.pricing.request import PriceRequest
from loyalty_pos.domain.pricing.result import (
    CouponOutcome,
    MemberSummary,
    Payment,
    PointsNow,
    Priced,
    PricedLine,
    Pricing,
    Proof,
    TierName,
    Totals,
    Use,
)
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.pricing.search import Found, search
from loyalty_pos.domain.pricing.shares import unit_runs
from loyalty_pos.domain.pricing.table import Table
from loyalty_pos.domain.promotions.names import name_in
from loyalty_pos.domain.tiers import NORMAL, progress

BIRTHDAY_DAYS = 7


def price(rules: RuleSet, request: PriceRequest) -> Priced:
    """The basket priced under ``rules`` (S1-S18, S22, S35-S39, S42, S49)."""
    say = Say(request.language, rules.currency)
    facts = circumstances(rules, request)
    verdicts = screen(rules, facts)
    screen_claims(rules, facts, verdicts)
    found = search(facts, rules.policy, verdicts.tried)
    table = found.attempt.table
    proof = _proof(found)
    keep_best_multiplier(facts, found.attempt, found.chosen)
    offers = {one.offer.code: one.offer for one in verdicts.tried}
    issued = issue(rules, facts, verdicts, found, say)
    coupons = coupon_outcomes(rules, facts, verdicts, found, issued, say)
    uses = [Use(done.promotion, done.uses, done.given, done.coupon) for done in table.done] + issued.uses
    taken = claimed(rules, facts, verdicts, found, uses, say)
    priced = answer(rules, facts, table, offers, coupons, proof, say, taken)
    explained = request.explain or request.basket.explain
    pricing = priced.pricing
    pricing.nearly.extend(nearly(rules, facts, verdicts, found, say))
    if explained:
        pricing.not_applied.extend(not_applied(facts, rules, verdicts, found, issued))
    pricing.next_coupons.extend(issued.shown)
    return replace_struct(priced, pricing=pricing, uses=uses, issues=issued.visits)


def _proof(found: Found) -> Proof:
    """In money: what gifts were weighed with is no discount, and stands in neither figure."""
    discount = found.attempt.table.discount
    gifts = found.attempt.total - discount
    return Proof(found.optimal, discount, found.upper_bound - gifts, found.nodes)


def circumstances(rules: RuleSet, request: PriceRequest) -> Facts:
    """The board and the member of a request, with the tier that counts for this purchase."""
    board = Board(request.basket)
    facts = facts_of(board, request, request.member.tier if request.member is not None else None)
    redeem, code = rules.points.redeem, tier_of_purchase(rules, facts)
    tier = rules.tiers.get(code)
    return replace(
        facts,
        tier=code,
        earnings=rules.earnings,
        tier_multiplier=tier.earn_multiplier if tier is not None else NORMAL,
        point_value=redeem.value if redeem is not None else 0,
    )


def answer(
    rules: RuleSet,
    facts: Facts,
    table: Table,
    offers: dict[str, Offer],
    coupons: list[CouponOutcome],
    proof: Proof,
    say: Say,
    taken: Claimed,
    charged: bool = False,
) -> Priced:
    """A table as the contract's Pricing: lines, totals, points, stored value, messages."""
    lines = _lines(facts, table, offers, say)
    net = sum(line.net for line in lines)
    spent, messages = redemption(rules, facts, net, taken.points, say, charged)
    if facts.request.member is not None and facts.request.member.blocked:
        messages.insert(0, message("card_blocked", say))
    if facts.member is not None and facts.member.own_till:
        messages.append(message("staff_card", say))
    plan: EarnPlan = earn_plan(rules, facts, table)
    to_pay = net - spent.value
    payments, balances, refused = _stored_value(facts, to_pay)
    due = to_pay - sum(payment.amount for payment in payments)
    messages += taken.messages + gift_messages(facts, table, offers, say)
    if refused:
        messages.append(message("value_not_usable", say))
    gross = sum(line.gross for line in lines)
    pricing = Pricing(
        currency=rules.currency,
        member=_summary(rules, facts, say),
        lines=lines,
        totals=Totals(gross, gross - net, net, spent.value, to_pay, due),
        points=points_outcome(rules, facts, table, plan, spent, taken.points),
        coupons=coupons,
        nearly=[],
        next_coupons=[],
        messages=messages,
        free_items=free_items(table),
        stored_value=balances,
        rewards=taken.rewards,
        not_applied=[],
        proof=proof,
    )
    return Priced(pricing, unit_runs(table), [], [], plan, payments)


def _lines(facts: Facts, table: Table, offers: dict[str, Offer], say: Say) -> list[PricedLine]:
    """Every line in the basket's own order."""
    shares = line_discounts(table, offers, say)
    made: dict[str, PricedLine] = {}
    for number, line in enumerate(table.board.lines):
        gross, net = table.board.gross[number], table.line_left[number]
        made[line.line] = PricedLine(line.line, gross, gross - net, net, shares.get(number, []))
    return [made[line.line] for line in facts.request.basket.lines]


def _summary(rules: RuleSet, facts: Facts, say: Say) -> MemberSummary | None:
    member = facts.member
    if member is None:
        return None
    tier = rules.tiers.get(member.tier)
    near = member.birthday is not None and days_to_birthday(member.birthday, facts.today) <= BIRTHDAY_DAYS
    return MemberSummary(
        id=member.id,
        tier=TierName(tier.code, name_in(tier.name, say.language)) if tier is not None else None,
        points=PointsNow(member.points, member.pending, member.held),
        flags=["birthday"] if near else [],
        tier_progress=progress(member.standing, say.language),
    )


def _stored_value(facts: Facts, to_pay: int) -> tuple[list[Payment], dict[str, int], bool]:
    """(what each gift card or wallet pays, balance after of each, whether one was refused)."""
    known = {value.code: value for value in facts.request.stored_value}
    payments: list[Payment] = []
    balances: dict[str, int] = {}
    refused = False
    for code in dict.fromkeys(facts.request.basket.pay_with):
        value = known.get(code)
        if value is None or (value.expires is not None and facts.today > value.expires):
            refused = True
            continue
        part = min(value.balance, to_pay)
        balances[code] = value.balance - part
        to_pay -= part
        if part:
            payments.append(Payment(code, part))
    return payments, balances, refused
