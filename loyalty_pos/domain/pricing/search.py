"""Which offers apply together: the combination with the largest discount for the customer (S11).

Offers that merely combine are always in.  What competes becomes a choice: an exclusive offer
alone or the others, one of a group, a coupon or not, a multi-buy or not where two want the same
units.  Every combination that could still be the best is tried, the fullest first, until the
node limit.  No clock decides, so every till finds the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loyalty_pos.domain.pricing.eligible import Candidate
from loyalty_pos.domain.pricing.facts import Facts
from loyalty_pos.domain.pricing.play import Attempt, play
from loyalty_pos.domain.pricing.policy import Policy
from loyalty_pos.domain.pricing.table import Table

OFFERS_PER_NODE = 20

Option = tuple[Candidate, ...]
Rank = tuple[int, int, int, list[tuple[int, str]]]


@dataclass(frozen=True, slots=True)
class Found:
    """The best permitted combination, and the proof of it."""

    attempt: Attempt
    chosen: tuple[Candidate, ...]
    optimal: bool
    upper_bound: int
    nodes: int


def search(facts: Facts, policy: Policy, candidates: Sequence[Candidate]) -> Found:
    """The best combination of ``candidates``, or the best within ``policy.search_nodes``.

    A node is one combination applied to the basket, per ``OFFERS_PER_NODE`` offers in it.
    """
    alone = [one for one in candidates if one.offer.stacking == "exclusive"]
    rest = [one for one in candidates if one.offer.stacking != "exclusive"]
    contested = _contested(facts, rest)
    fixed, choices = _choices(rest, contested)
    ceilings = _ceilings(facts, policy, candidates) if choices or alone else {}
    walk = _Walk(fixed, choices, alone, ceilings, prune=policy.exclusive_by == "best")

    best: tuple[Rank, Attempt, tuple[Candidate, ...]] | None = None
    nodes = 0
    complete = True
    for chosen in walk:
        cost = 1 + len(chosen) // OFFERS_PER_NODE
        if best is not None and nodes + cost > policy.search_nodes:
            complete = False
            break
        nodes += cost
        attempt = play(facts, policy, chosen)
        rank = _rank(attempt, chosen, policy)
        if best is None or rank < best[0]:
            best = (rank, attempt, chosen)
            walk.reached = attempt.total
    assert best is not None  # the fullest set is always tried
    _, attempt, chosen = best
    optimal = complete and not contested
    bound = attempt.total if optimal else max(attempt.total, _bound(facts, rest, alone, ceilings))
    return Found(attempt, chosen, optimal or bound == attempt.total, bound, nodes)


@dataclass(slots=True)
class _Walk:
    """Every permitted set in its order of application, the fullest first.

    A branch whose ceilings cannot reach ``reached`` is not entered; so every step leads to a set
    worth trying, and the walk's own work is bounded by the number of tries.
    """

    fixed: Sequence[Candidate]
    choices: Sequence[Sequence[Option]]
    alone: Sequence[Candidate]
    ceilings: dict[Candidate, int]
    prune: bool
    reached: int = -1

    def __iter__(self) -> Iterator[tuple[Candidate, ...]]:
        hopes = [0]
        for options in reversed(self.choices):
            hopes.append(hopes[-1] + max(self._most(option) for option in options))
        hopes.reverse()
        ahead: list[tuple[int, Option, int]] = [(0, tuple(self.fixed), self._most(self.fixed))]
        first = True
        while ahead:
            depth, chosen, most = ahead.pop()
            if self.prune and most + hopes[depth] < self.reached:
                continue
            if depth < len(self.choices):
                for option in reversed(self.choices[depth]):
                    ahead.append((depth + 1, chosen + option, most + self._most(option)))
                continue
            yield tuple(sorted(chosen, key=lambda one: one.order))
            if first:
                first = False
                for one in self.alone:
                    if not self.prune or self.ceilings[one] >= self.reached:
                        yield (one,)

    def _most(self, chosen: Sequence[Candidate]) -> int:
        return sum(self.ceilings.get(one, 0) for one in chosen)


def _choices(rest: Sequence[Candidate], contested: frozenset[Candidate]) -> tuple[list[Candidate], list[list[Option]]]:
    """Those that always apply, and the choices among the others."""
    groups: dict[str, list[Candidate]] = {}
    fixed: list[Candidate] = []
    choices: list[list[Option]] = []
    for one in rest:
        if one.offer.group is not None:
            groups.setdefault(one.offer.group, []).append(one)
        elif one.coupon is not None or one in contested:
            choices.append([(one,), ()])
        else:
            fixed.append(one)
    for members in groups.values():
        choices.append([*((member,) for member in members), ()])
    return fixed, choices


def _rank(attempt: Attempt, chosen: Sequence[Candidate], policy: Policy) -> Rank:
    """Smaller is better: discount, then fewer promotions, then priority and code (S11).

    Under ``exclusive_by: priority`` the offer of the highest priority decides before the discount.
    """
    given = {(done.promotion, done.coupon) for done in attempt.table.done}
    applied = [one.offer for one in chosen if (one.offer.code, one.coupon) in given]
    keys = sorted((-offer.priority, offer.code) for offer in applied)
    first = keys[0][0] if keys and policy.exclusive_by == "priority" else 0
    return (first, -attempt.total, len(keys), keys)


def _contested(facts: Facts, rest: Sequence[Candidate]) -> frozenset[Candidate]:
    """Multi-buys that want a unit that another one wants too (S8)."""
    hungry = [one for one in rest if one.offer.consumes]
    if len(hungry) < 2:
        return frozenset()
    lines = {one: {line for scope in one.offer.scopes() for line in facts.board.covered(scope)} for one in hungry}
    return frozenset(
        one for pair in itertools.combinations(hungry, 2) if lines[pair[0]] & lines[pair[1]] for one in pair
    )


def _ceilings(facts: Facts, policy: Policy, candidates: Sequence[Candidate]) -> dict[Candidate, int]:
    """At most what each candidate can give, whatever else applies."""
    table = Table(facts.board, policy)
    return {one: sum(reward.ceiling(table) for reward in one.offer.rewards) for one in candidates}


def _bound(facts: Facts, rest: Sequence[Candidate], alone: Sequence[Candidate], ceilings: dict[Candidate, int]) -> int:
    """No permitted combination gives more than this."""
    groups: dict[str, int] = {}
    together = 0
    for one in rest:
        if one.offer.group is None:
            together += ceilings[one]
        else:
            groups[one.offer.group] = max(groups.get(one.offer.group, 0), ceilings[one])
    together += sum(groups.values())
    board = facts.board
    everything = sum(value for value, line in zip(board.line_start, board.lines, strict=True) if line.discountable)
    return min(everything, max([together, *(ceilings[one] for one in alone)]))
