"""Points: how a bill earns them, how they are spent, when they lapse, what a return takes back.

Points are integers of their own and are never rounded with money (S1).  Whole steps come first,
then the multipliers, and one floor at the end (S15).  A sale's ``EarnPlan`` is kept with the
sale, so that a return computes with the very rules that earned (S26).
"""

from __future__ import annotations

import calendar
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from loyalty_pos.domain.basket import line_order
from loyalty_pos.domain.money import allocate, floor_of
from loyalty_pos.domain.promotions.decode import check_percent
from loyalty_pos.domain.promotions.definition import Valid
from loyalty_pos.domain.promotions.names import Code, Name
from loyalty_pos.domain.promotions.scope import EVERYTHING, Scope
from loyalty_pos.domain.tiers import NORMAL

Positive = Annotated[int, Meta(ge=1, le=10**12)]
Per = Literal["amount", "unit", "order", "order_if_contains"]
Basis = Literal["paid", "gross"]


class EarnRule(Struct, frozen=True, eq=False, forbid_unknown_fields=True, kw_only=True):
    """``points`` per whole ``per_amount`` of money, per unit, or per order (S15)."""

    points: Positive
    per: Per = "amount"
    per_amount: Positive | None = None
    scope: Scope = EVERYTHING
    conditions: list[dict[str, Any]] = []
    valid: Valid = Valid()
    enabled: bool = True
    basis: Basis = "paid"
    rounding: Literal["down"] = "down"
    priority: int = 0
    stacking: Literal["combine", "exclusive"] = "combine"
    """``exclusive``: rules of lower priority are not looked at."""
    last: bool = False

    def __post_init__(self) -> None:
        if self.per == "amount" and self.per_amount is None:
            raise ValueError("per_amount:missing")


class Redeem(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Points as payment (S22): ``value`` minor units per point."""

    value: Positive = 10
    min: Annotated[int, Meta(ge=0)] = 100
    step: Positive = 1
    max_percent_of_ticket: Decimal = Decimal(50)

    def __post_init__(self) -> None:
        check_percent(self.max_percent_of_ticket, "max_percent_of_ticket")


class CatalogReward(Struct, frozen=True, eq=False, forbid_unknown_fields=True, kw_only=True):
    """A reward that is bought with ``cost`` points; ``reward`` as in a promotion, ``code`` is no promotion's."""

    code: Code
    cost: Positive
    reward: dict[str, Any]
    name: Name | None = None


class Expiry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a lot lapses (S20)."""

    mode: Literal["days", "months", "never"] = "months"
    days: Annotated[int, Meta(ge=1, le=36_500)] | None = None
    months: Annotated[int, Meta(ge=1, le=1_200)] | None = None

    def __post_init__(self) -> None:
        if self.mode == "days" and self.days is None:
            raise ValueError("days:missing")


class PointsProgram(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A shop's points; the defaults are those of S15, S18 and S22."""

    earn: tuple[EarnRule, ...] = (EarnRule(points=1, per_amount=1000),)
    redeem: Redeem | None = Redeem()
    rewards: Annotated[tuple[CatalogReward, ...], Meta(max_length=200)] = ()
    pending_days: Annotated[int, Meta(ge=0, le=366)] = 0
    expiry: Expiry = Expiry(mode="months", months=12)

    def expires_on(self, granted: date) -> date | None:
        """The last local day of a lot granted on ``granted`` (S20); None: never.

        Months run to the month's end: 2026-07-06 + 12 months is 2027-07-31.
        """
        if self.expiry.mode == "never":
            return None
        if self.expiry.mode == "days":
            return granted + timedelta(days=self.expiry.days or 0)
        count = granted.year * 12 + granted.month - 1 + (self.expiry.months or 12)
        year, month = divmod(count, 12)
        return date(year, month + 1, calendar.monthrange(year, month + 1)[1])

    def active_from(self, granted: date) -> date:
        """The day on which earned points become active (S18)."""
        return granted + timedelta(days=self.pending_days)


class EarnTerm(Struct, frozen=True, kw_only=True):
    """One earn rule as it applied to one sale: to these lines."""

    points: int
    per: Per
    step: int
    basis: Basis
    lines: list[str]


class EarnPlan(Struct, frozen=True, kw_only=True):
    """How one sale earns; stored with it, so that a return recomputes exactly (S26)."""

    terms: list[EarnTerm] = []
    bonuses: list[EarnTerm] = []
    """What promotions give beside the rules; no multiplier touches it."""
    multipliers: tuple[int, int] = (NORMAL, NORMAL)
    """The tier's and the best promotion's, in basis points (S17)."""
    multiplied: list[str] | None = None
    """The lines that the promotion's multiplier is for; None: all."""
    lines: list[str] = []
    """Lines that earn at all (S16)."""
    counts_points: bool = False
    """Whether money paid with points earns too (policy ``earn_on_points_paid``)."""


class Worth(Struct, frozen=True):
    """What a line brings in: units, money paid for them, money before discounts. Minor units."""

    units: int
    paid: int
    gross: int


def earn_basis(plan: EarnPlan, worth: Mapping[str, Worth], points_value: int) -> dict[str, int]:
    """Per earning line the money that earns: paid, minus its share of what points paid (S16)."""
    lines = sorted((line for line in plan.lines if line in worth), key=line_order)
    paid = [worth[line].paid for line in lines]
    tender = 0 if plan.counts_points else min(points_value, sum(paid))
    shares = allocate(tender, paid)
    return {line: value - share for line, value, share in zip(lines, paid, shares, strict=True)}


def earned(plan: EarnPlan, worth: Mapping[str, Worth], points_value: int) -> int:
    """Points for what ``worth`` says was bought (or is kept) and paid with ``points_value`` of points.

    Whole steps per rule over the whole ticket, rules add up, multipliers multiply, one floor
    (S15, S17): 632.000đ at 12500 and 20000 basis points = 632 x 2,5 = 1.580.
    """
    basis = earn_basis(plan, worth, points_value)
    tier, promotion = plan.multipliers
    points = NORMAL * terms_points(plan.terms, worth, basis)
    if promotion != NORMAL:
        points += (promotion - NORMAL) * terms_points(plan.terms, worth, basis, plan.multiplied)
    return points * tier // (NORMAL * NORMAL) + terms_points(plan.bonuses, worth, basis)


def terms_points(
    terms: Sequence[EarnTerm],
    worth: Mapping[str, Worth],
    basis: Mapping[str, int],
    only: Collection[str] | None = None,
) -> int:
    """What some terms come to, whole steps each over the whole ticket (S15); ``only`` for these lines of it."""
    return sum(_term_points(term, worth, basis, only) for term in terms)


def _term_points(
    term: EarnTerm, worth: Mapping[str, Worth], basis: Mapping[str, int], only: Collection[str] | None
) -> int:
    present = [line for line in term.lines if line in worth and worth[line].units and (only is None or line in only)]
    if term.per == "amount":
        if term.basis == "gross":
            return sum(worth[line].gross for line in present) // term.step * term.points
        return sum(basis[line] for line in present) // term.step * term.points
    if term.per == "unit":
        return sum(worth[line].units for line in present) * term.points
    return term.points if present else 0


class Redemption(Struct, frozen=True):
    """Points spent on a bill, their value in minor units, and why it is fewer than asked."""

    points: int = 0
    value: int = 0
    reason: str | None = None
    limit: int = 0
    """The figure the reason speaks of: points had, the minimum, the step, the most allowed."""


def redeemable(redeem: Redeem | None, asked: int, active: int, net: int) -> Redemption:
    """As many of the ``asked`` points as the rules allow on a bill of ``net`` (S22); never an error.

    The order of the checks decides which reason is told: what the customer has, the largest
    share of the ticket, the step, the minimum.
    """
    if asked <= 0:
        return Redemption()
    if redeem is None:
        return Redemption(reason="no_effect")
    share = floor_of(Decimal(net) * redeem.max_percent_of_ticket / 100) // redeem.value
    points, reason, limit = asked, None, 0
    if points > active:
        points, reason, limit = active, "points_insufficient", active
    if points > share:
        points, reason, limit = share, "points_share", share
    if points % redeem.step:
        points -= points % redeem.step
        if reason is None:
            reason, limit = "points_step", redeem.step
    if points < redeem.min:
        points = 0
        if reason is None or asked < redeem.min:
            reason, limit = "points_minimum", redeem.min
    return Redemption(points, points * redeem.value, reason, limit)


def restored_expiry(expires_on: date | None, today: date, grace_days: int = 30) -> date | None:
    """Expiry of points given back: the original one, at least ``grace_days`` from today (S24)."""
    return None if expires_on is None else max(expires_on, today + timedelta(days=grace_days))
