"""One attempt: a chosen set of offers applied to a board, in their order, books kept.

The order is stage, priority, code, whatever the order of choosing (S11).  An offer that gives
nothing leaves a Miss behind that says why (S13).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from decimal import Decimal

from loyalty_pos.domain.pricing.board import Board
from loyalty_pos.domain.pricing.eligible import Candidate
from loyalty_pos.domain.pricing.facts import Facts, Miss
from loyalty_pos.domain.pricing.policy import Policy
from loyalty_pos.domain.pricing.table import Applied, Cut, Gift, Table
from loyalty_pos.domain.promotions.rewards.percent_off import PercentOff

Percent = tuple[str, str | None, int, int]
"""A percentage on one line: promotion, coupon, the reward's index, the line's number."""


@dataclass(slots=True)
class Attempt:
    """What came of one chosen set."""

    table: Table
    total: int
    misses: dict[Candidate, Miss]


def play(facts: Facts, policy: Policy, chosen: Sequence[Candidate], before: Table | None = None) -> Attempt:
    """Apply ``chosen``, which must stand in their order, to what other offers have left ``before``, if any.

    Where only the best percentage of a line counts, one that gives nothing there (its threshold missed, say) is none
    of that line's: the next best one is tried.
    """
    if policy.percent_stacking != "best_per_line":
        return _played(facts, policy, before, chosen, None)
    idle: set[Percent] = set()
    while True:
        best = _best_percents(facts, chosen, idle)
        attempt = _played(facts, policy, before, chosen, best)
        given = {
            (done.promotion, done.coupon, index, facts.board.line_of[unit])
            for done in attempt.table.done
            for index, cut in done.cuts
            for unit, amount in zip(cut.units, cut.amounts, strict=True)
            if amount
        }
        idle_too = {owner for owner in best.values() if owner not in given}
        if not idle_too:
            return attempt
        idle |= idle_too


def _played(
    facts: Facts, policy: Policy, before: Table | None, chosen: Sequence[Candidate], best: Mapping[int, Percent] | None
) -> Attempt:
    table = Table(facts.board, policy) if before is None else before.copy()
    misses: dict[Candidate, Miss] = {}
    for candidate in chosen:
        if not candidate.offer.rewards:
            continue
        if best is not None:
            own = {line: percent[2] for line, percent in best.items() if percent[:2] == _name(candidate)}
            table.percents = {line: candidate.offer.rewards[index] for line, index in own.items()}
        miss = apply(candidate, facts, table)
        if miss is not None:
            misses[candidate] = miss
    return Attempt(table, table.total(), misses)


def conditions_miss(candidate: Candidate, facts: Facts, table: Table) -> Miss | None:
    """The first of an offer's discounted thresholds that does not hold at this table (S9)."""
    for part in candidate.offer.dynamic:
        miss = part.miss(facts, table)
        if miss is not None:
            return miss
    return None


def apply(candidate: Candidate, facts: Facts, table: Table) -> Miss | None:
    """Carry out one offer on a table; why not, when it gives nothing."""
    offer = candidate.offer
    if offer.stacking == "only_if_alone" and table.done:
        return Miss("not_combinable", winner=table.done[0].promotion)
    miss = conditions_miss(candidate, facts, table)
    if miss is not None:
        return miss
    applications, budget = candidate.applications, candidate.budget
    limited = applications is not None or budget is not None
    earlier = [applied for applied in table.done if applied.promotion == offer.code] if limited else []
    if applications is not None:
        applications -= sum(applied.uses for applied in earlier)
        if applications <= 0:
            return Miss("not_combinable", winner=offer.code)
    if budget is not None:
        budget -= sum(applied.given for applied in earlier)
    before = table.copy() if budget is not None else None
    table.applications = applications
    cuts, floored = _cuts(candidate, table)
    gifts = _gifts(candidate, facts, table) if offer.gives else []
    if not cuts and not gifts:
        return _why_nothing(candidate, table, floored)
    amount, worth = sum([cut.total for _, cut in cuts]), sum([gift.worth for _, gift in gifts])
    if budget is not None and before is not None and amount + worth > budget:
        table.go_back(before)
        if table.policy.over_budget == "refuse" or budget <= worth:
            return Miss("budget_exceeded")
        amount = budget - worth
        cuts = _within(cuts, amount, table)
        for _, cut in cuts:
            table.take(cut)
    table.note(Applied(offer.code, candidate.coupon, offer.key, cuts, amount, _uses(cuts, gifts), gifts))
    return None


def _uses(cuts: list[tuple[int, Cut]], gifts: list[tuple[int, Gift]]) -> int:
    """How often the offer applied: as often as that of its rewards that applied most often."""
    if len(cuts) == 1 and not gifts:
        return 1
    return max([*Counter(index for index, _ in cuts).values(), *(gift.uses for _, gift in gifts)])


def ceiling(candidate: Candidate, facts: Facts, table: Table) -> int:
    """At most what an offer can give from this table on, gifts by their worth."""
    return sum(reward.ceiling(table) for reward in candidate.offer.rewards) + gifts_worth(candidate, facts, table)


def gifts_worth(candidate: Candidate, facts: Facts, table: Table) -> int:
    """The part of it that is no discount."""
    return sum(gift.worth for _, gift in _gifts(candidate, facts, table)) if candidate.offer.gives else 0


def _gifts(candidate: Candidate, facts: Facts, table: Table) -> list[tuple[int, Gift]]:
    made = ((index, reward.gift(facts, table)) for index, reward in enumerate(candidate.offer.rewards))
    return [(index, gift) for index, gift in made if gift is not None]


def _cuts(candidate: Candidate, table: Table) -> tuple[list[tuple[int, Cut]], bool]:
    """Every reward's cuts, taken from the table; and whether a floor swallowed one whole."""
    cuts: list[tuple[int, Cut]] = []
    floored = False
    for index, reward in enumerate(candidate.offer.rewards):
        for proposed in reward.propose(table):
            cut = _above_floor(proposed, candidate.offer.floor, table)
            if cut.total:
                table.take(cut)
                cuts.append((index, cut))
            else:
                floored = True
    return cuts, floored


def _why_nothing(candidate: Candidate, table: Table, floored: bool) -> Miss:
    if floored:
        return Miss("below_floor")
    rewards = candidate.offer.rewards
    if not any(table.lines(scope) for reward in rewards for scope in reward.scopes()):
        return Miss("not_in_scope")
    return next((miss for reward in rewards if (miss := reward.miss(table))), Miss("no_effect"))


def _above_floor(cut: Cut, floor: str | int | None, table: Table) -> Cut:
    """The cut as far as floors allow: per unit, or over all units of a multi-buy together."""
    board, left = table.board, table.left
    if floor is None and not board.floors:
        return cut
    if cut.consumed:
        room = sum(left[unit] - _lowest(board, unit, floor) for unit in cut.consumed)
        return cut if cut.total <= room else table.shrink(cut, max(0, room))
    amounts = [
        min(amount, max(0, left[unit] - _lowest(board, unit, floor)))
        for unit, amount in zip(cut.units, cut.amounts, strict=True)
    ]
    return replace(cut, amounts=amounts, total=sum(amounts))


def _lowest(board: Board, unit: int, floor: str | int | None) -> int:
    """What a unit may cost at least, by its line's own floor and an offer's."""
    number = board.line_of[unit]
    line = board.lines[number]
    own = line.floor or 0
    ruled = line.unit_cost if floor == "cost" else floor
    return board.unit_price(number, max(own, ruled if isinstance(ruled, int) else 0))


def _within(cuts: list[tuple[int, Cut]], budget: int, table: Table) -> list[tuple[int, Cut]]:
    """The first cuts that fit into a budget, the last of them made smaller (S12)."""
    fitting: list[tuple[int, Cut]] = []
    for index, cut in cuts:
        if budget <= 0:
            break
        smaller = cut if cut.total <= budget else table.shrink(cut, budget)
        fitting.append((index, smaller))
        budget -= smaller.total
    return fitting


def _name(candidate: Candidate) -> tuple[str, str | None]:
    return candidate.offer.code, candidate.coupon


def _best_percents(facts: Facts, chosen: Sequence[Candidate], idle: Set[Percent]) -> dict[int, Percent]:
    """Line -> its highest percentage but for those that are idle there; of equal ones the first in order."""
    best: dict[int, tuple[Decimal, Percent]] = {}
    for candidate in chosen:
        for index, reward in enumerate(candidate.offer.rewards):
            if not isinstance(reward, PercentOff):
                continue
            for number in facts.board.covered(reward.scope):
                percent = (*_name(candidate), index, number)
                if percent not in idle and (number not in best or reward.percent > best[number][0]):
                    best[number] = (reward.percent, percent)
    return {number: percent for number, (_, percent) in best.items()}
