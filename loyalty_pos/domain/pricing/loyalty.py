"""The points of one bill: how it earns, what is spent, what the balances are afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty_pos.domain.points import EarnPlan, Redemption, Worth, earn_basis, earned, redeemable, terms_points
from loyalty_pos.domain.pricing.compile import RuleSet
from loyalty_pos.domain.pricing.earning import earn_terms
from loyalty_pos.domain.pricing.eligible import Candidate
from loyalty_pos.domain.pricing.explain import message, points_text
from loyalty_pos.domain.pricing.facts import Facts, Miss
from loyalty_pos.domain.pricing.play import Attempt
from loyalty_pos.domain.pricing.request import MemberFacts
from loyalty_pos.domain.pricing.result import PointsOutcome
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.pricing.table import Applied, Gift, Table
from loyalty_pos.domain.tiers import NORMAL


def tier_of_purchase(rules: RuleSet, facts: Facts) -> str | None:
    """The tier that counts for this purchase: the member's, or the one it reaches (policy)."""
    member = facts.member
    if member is None or rules.policy.tier_of_purchase == "before":
        return facts.tier
    reached = rules.tiers.upgrade(member.tier, _figure_with(member, sum(facts.board.line_start)))
    return reached.code if reached is not None else facts.tier


def _figure_with(member: MemberFacts, bought: int) -> int:
    """The tier's figure with this purchase; its points are not known before it is priced (S32)."""
    if member.standing is None:
        return member.spend + bought
    return member.standing.figure + {"spend": bought, "visits": 1, "points": 0}[member.standing.metric]


def earn_plan(rules: RuleSet, facts: Facts, table: Table) -> EarnPlan:
    """How this sale earns (S15-S17), without a member too: a forgotten card may be attached later.

    A card earns nothing at the till of the one who holds it.
    """
    board = facts.board
    earning = [line.line for line in board.lines if line.earns]
    if facts.member is not None and facts.member.own_till:
        return EarnPlan(lines=earning)
    gifts = [gift for done in table.done for _, gift in done.gifts]
    best = next((gift for gift in gifts if gift.multiplier != NORMAL), None)
    return EarnPlan(
        terms=earn_terms(facts, table),
        bonuses=[gift.bonus for gift in gifts if gift.bonus is not None],
        multipliers=(facts.tier_multiplier, best.multiplier if best is not None else NORMAL),
        multiplied=list(best.lines) if best is not None and len(best.lines) < len(earning) else None,
        lines=earning,
        counts_points=rules.policy.earn_on_points_paid,
    )


def keep_best_multiplier(facts: Facts, attempt: Attempt, chosen: Sequence[Candidate]) -> None:
    """Of several promotions that multiply points only the one that brings most stands, of equal ones the first that
    needs no coupon (S17); the others were for nothing, and their coupons stay unused."""
    table = attempt.table
    rivals = [(done, gift) for done in table.done for _, gift in done.gifts if gift.multiplier != NORMAL]
    if len(rivals) < 2:
        return
    terms, worth = earn_terms(facts, table), bought(table)
    basis = {line: one.paid for line, one in worth.items()}

    def brings(rival: tuple[Applied, Gift]) -> tuple[int, bool]:
        done, gift = rival
        return (gift.multiplier - NORMAL) * terms_points(terms, worth, basis, gift.lines), done.coupon is None

    best = max(rivals, key=brings)
    for done, gift in rivals:
        if gift is not best[1]:
            done.gifts = [one for one in done.gifts if one[1] is not gift]
    beaten = {(done.promotion, done.coupon) for done in table.done if not done.cuts and not done.gifts}
    table.done = [done for done in table.done if done.cuts or done.gifts]
    for one in chosen:
        if (one.offer.code, one.coupon) in beaten:
            attempt.misses[one] = Miss("not_combinable", winner=best[0].promotion)


def redemption(
    rules: RuleSet, facts: Facts, net: int, claimed: int, say: Say, charged: bool = False
) -> tuple[Redemption, list[str]]:
    """The points spent on this bill, and what the cashier should say about it (S22, S23).

    ``claimed`` points are spent on rewards already.  ``charged``: the till has taken them already; the bill
    stays as it was (S47).
    """
    asked = facts.request.basket.redeem_points
    if not asked:
        return Redemption(), []
    member = facts.member
    if member is None:
        return Redemption(), [message("member_required", say)]
    if charged and rules.points.redeem is not None:
        return Redemption(asked, min(asked * rules.points.redeem.value, net)), []
    if not member.may_spend:
        return Redemption(), [message("typed_entry", say)]
    spent = redeemable(rules.points.redeem, asked, member.points - claimed, net)
    return spent, [points_text(spent.reason, spent.limit, say)] if spent.reason else []


def points_outcome(
    rules: RuleSet, facts: Facts, table: Table, plan: EarnPlan, spent: Redemption, claimed: int
) -> PointsOutcome:
    """Earned (nothing without a member), basis and balances after the bill, less what goes to a
    shortfall (S15, S16, S18, S27)."""
    worth = bought(table)
    basis = sum(earn_basis(plan, worth, spent.value).values())
    member = facts.member
    points = earned(plan, worth, spent.value) if member is not None else 0
    active = member.points if member is not None else 0
    pending = member.pending if member is not None else 0
    gain = points - min(points, member.owed if member is not None else 0)
    waits = rules.points.pending_days > 0
    return PointsOutcome(
        earned=points,
        basis=basis,
        redeemed=spent.points,
        active_after=max(0, active - spent.points - claimed) + (0 if waits else gain),
        pending_after=pending + (gain if waits else 0),
    )


def bought(table: Table) -> dict[str, Worth]:
    """Line id -> what it brings in now."""
    board = table.board
    return {
        line.line: Worth(line.units, table.line_left[number], board.gross[number])
        for number, line in enumerate(board.lines)
    }
