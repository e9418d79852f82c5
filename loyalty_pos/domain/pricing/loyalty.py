"""The points of one bill: how it earns, what is spent, what the balances are afterwards."""

from __future__ import annotations

from loyalty_pos.domain.points import EarnPlan, EarnTerm, Redemption, Worth, earn_basis, earned, redeemable
from loyalty_pos.domain.pricing.compile import RuleSet
from loyalty_pos.domain.pricing.explain import message, points_text
from loyalty_pos.domain.pricing.facts import Facts
from loyalty_pos.domain.pricing.request import MemberFacts
from loyalty_pos.domain.pricing.result import PointsOutcome
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.pricing.table import Table
from loyalty_pos.domain.promotions.definition import dates_outside, hours_fit
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
    terms: list[EarnTerm] = []
    stop_below: int | None = None
    for made in rules.earnings:
        rule = made.rule
        if stop_below is not None and rule.priority < stop_below:
            break
        clock = f"{facts.now.hour:02d}:{facts.now.minute:02d}"
        if (
            dates_outside(rule.valid, facts.today)
            or not hours_fit(rule.valid, facts.now.isoweekday(), clock)
            or any(condition.miss(facts, table) for condition in made.conditions)
        ):
            continue
        lines = [board.lines[number] for number in board.matching(rule.scope)]
        names = [line.line for line in lines if line.earns]
        if not names:
            continue
        terms.append(
            EarnTerm(points=rule.points, per=rule.per, step=rule.per_amount or 1, basis=rule.basis, lines=names)
        )
        if rule.last:
            break
        if rule.stacking == "exclusive":
            stop_below = rule.priority
    tier = rules.tiers.get(facts.tier)
    return EarnPlan(
        terms=terms,
        multipliers=(tier.earn_multiplier if tier is not None else NORMAL, NORMAL),
        lines=earning,
        counts_points=rules.policy.earn_on_points_paid,
    )


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
