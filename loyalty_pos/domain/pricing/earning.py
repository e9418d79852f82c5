"""By which rules a bill earns: the terms of its plan, and what the goods would earn at the shelf (S15, S16).

A rule counts for the lines of its scope that earn at all; its conditions are judged on the final
price, or on the shelf's where there is none yet.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loyalty_pos.domain.points import EarnRule, EarnTerm, Worth, terms_points
from loyalty_pos.domain.pricing.facts import Facts
from loyalty_pos.domain.pricing.table import Table
from loyalty_pos.domain.promotions.definition import time_fault

if TYPE_CHECKING:
    from loyalty_pos.domain.promotions.conditions.base import Condition


@dataclass(frozen=True, slots=True, eq=False)
class Earning:
    """One earn rule with its conditions made ready."""

    rule: EarnRule
    conditions: tuple[Condition, ...]


def earn_terms(facts: Facts, table: Table | None) -> list[EarnTerm]:
    """The rules that apply, the higher priority first; an exclusive or last one ends them (S17)."""
    terms: list[EarnTerm] = []
    stop_below: int | None = None
    for made in facts.earnings:
        rule = made.rule
        if stop_below is not None and rule.priority < stop_below:
            break
        if time_fault(rule.valid, facts.now) or any(part.miss(facts, table) for part in made.conditions):
            continue
        names = [facts.board.lines[number].line for number in facts.board.matching(rule.scope)]
        names = [name for name in names if name in facts.board.earning]
        if not names:
            continue
        terms.append(
            EarnTerm(points=rule.points, per=rule.per, step=rule.per_amount or 1, basis=rule.basis, lines=names)
        )
        if rule.last:
            break
        if rule.stacking == "exclusive":
            stop_below = rule.priority
    return terms


def shelf_points(facts: Facts, lines: Collection[str]) -> int:
    """What some lines would earn at the prices before our offers, without multipliers."""
    board = facts.board
    worth = {
        line.line: Worth(line.units, board.line_start[number], board.gross[number])
        for number, line in enumerate(board.lines)
    }
    return terms_points(earn_terms(facts, None), worth, {name: one.paid for name, one in worth.items()}, lines)
