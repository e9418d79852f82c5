"""Which offers apply together: the combination with the largest discount for the customer (S11).

Offers that merely combine are always in.  What competes becomes a choice: an exclusive offer
alone or the others, one of a group, a coupon or not, a multi-buy or not where two want the same
units.  Every combination of choices is tried, the most generous first, until the node limit.
No clock decides, so every till finds the same.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loyalty_pos.domain.pricing.eligible import Candidate
from loyalty_pos.domain.pricing.facts import Facts
from loyalty_pos.domain.pricing.play import Attempt, play
from loyalty_pos.domain.pricing.policy import Policy
from loyalty_pos.domain.pricing.table import Table

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
    """The best combination of ``candidates``, or the best within ``policy.search_nodes``."""
    alone = [one for one in candidates if one.offer.stacking == "exclusive"]
    rest = [one for one in candidates if one.offer.stacking != "exclusive"]
    contested = _contested(facts, rest)
    fixed, choices = _choices(rest, contested)
    combinations = math.prod(len(options) for options in choices) + len(alone)
    ceilings = _ceilings(facts, policy, candidates) if combinations > 1 or contested else {}
    prune = policy.exclusive_by == "best"

    best: tuple[Rank, Attempt, tuple[Candidate, ...]] | None = None
    nodes = 0
    complete = True
    for chosen in _sets(fixed, choices, alone):
        if best is not None and prune and sum(ceilings[one] for one in chosen) < best[1].total:
            continue
        if nodes >= policy.search_nodes:
            complete = False
            break
        nodes += 1
        attempt = play(facts, policy, chosen)
        rank = _rank(attempt, chosen, policy)
        if best is None or rank < best[0]:
            best = (rank, attempt, chosen)
    assert best is not None  # the empty choice is always tried
    _, attempt, chosen = best
    optimal = complete and not contested
    bound = attempt.total if optimal else max(attempt.total, _bound(facts, rest, alone, ceilings))
    return Found(attempt, chosen, optimal or bound == attempt.total, bound, nodes)


def _choices(
    rest: Sequence[Candidate], contested: frozenset[Candidate]
) -> tuple[list[Candidate], list[list[Option]]]:
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


def _sets(
    fixed: Sequence[Candidate], choices: Sequence[Sequence[Option]], alone: Sequence[Candidate]
) -> Iterator[tuple[Candidate, ...]]:
    """Every permitted set in its order of application, the fullest first."""
    combined = (
        tuple(sorted(itertools.chain(fixed, *options), key=lambda one: one.order))
        for options in itertools.product(*choices)
    )
    yield next(combined)
    for one in alone:
        yield (one,)
    yield from combined


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
    lines = {
        one: {line for scope in one.offer.scopes() for line in facts.board.covered(scope)} for one in hungry
    }
    return frozenset(
        one for pair in itertools.combinations(hungry, 2) if lines[pair[0]] & lines[pair[1]] for one in pair
    )


def _ceilings(facts: Facts, policy: Policy, candidates: Sequence[Candidate]) -> dict[Candidate, int]:
    """At most what each candidate can give, whatever else applies."""
    table = Table(facts.board, policy)
    return {one: sum(reward.ceiling(table) for reward in one.offer.rewards) for one in candidates}


def _bound(
    facts: Facts, rest: Sequence[Candidate], alone: Sequence[Candidate], ceilings: dict[Candidate, int]
) -> int:
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
    everything = sum(
        value for value, line in zip(board.line_start, board.lines, strict=True) if line.discountable
    )
    return min(everything, max([together, *(ceilings[one] for one in alone)]))
