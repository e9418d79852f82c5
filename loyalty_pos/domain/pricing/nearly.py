"""The offers that are nearly there: what to add to the basket, and the most worthwhile first (S13).

An offer is told when at least half of its threshold is there and nothing else is missing; of one that
applies already, the next of its steps.  What the customer would gain is what the offer alone gives
once the missing goods are in the basket, taken as the cheapest that count.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec

from loyalty_pos.domain.basket import Line, line_order
from loyalty_pos.domain.pricing.board import Board
from loyalty_pos.domain.pricing.compile import RuleSet
from loyalty_pos.domain.pricing.eligible import candidate
from loyalty_pos.domain.pricing.explain import nearly_text
from loyalty_pos.domain.pricing.facts import Facts, Miss
from loyalty_pos.domain.pricing.offers import Offer
from loyalty_pos.domain.pricing.outcome import Verdicts, dropped
from loyalty_pos.domain.pricing.play import play
from loyalty_pos.domain.pricing.result import Nearly
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.pricing.search import Found
from loyalty_pos.domain.pricing.table import Table
from loyalty_pos.domain.promotions.names import name_in
from loyalty_pos.domain.promotions.scope import Scope

MOST_TOLD = 5
MOST_TRIED = 10
"""How many of the nearest are tried with what they lack; a bill waits for this."""


def nearly(rules: RuleSet, facts: Facts, verdicts: Verdicts, found: Found, say: Say) -> list[Nearly]:
    """At most ``MOST_TOLD`` automatic offers, the largest gain first, then the nearest."""
    misses = dict(verdicts.missed)
    misses.update((one.offer, miss) for one, miss in found.attempt.misses.items() if one.coupon is None)
    misses.update(_untold(rules, facts, verdicts, found))
    more = _further(rules, found)
    misses.update(more)
    near: list[tuple[int, str, Offer, Miss]] = []
    for offer, miss in misses.items():
        missing = miss.amount if miss.amount is not None else miss.quantity
        if missing and miss.of and missing * 2 <= miss.of:
            near.append((missing * 1_000_000 // miss.of, offer.code, offer, miss))
    near.sort(key=lambda entry: entry[:2])
    gains = [
        (_gain(rules, facts, offer, miss, _alone(rules, facts, offer) if offer in more else 0), place)
        for place, (*_, offer, miss) in enumerate(near[:MOST_TRIED])
    ]
    best = sorted((-gain, place) for gain, place in gains if gain is not None and gain >= 0)
    told = [near[place][2:] for _, place in best[:MOST_TOLD]]
    return [_told(offer, miss, say, offer in more) for offer, miss in told]


def _further(rules: RuleSet, found: Found) -> dict[Offer, Miss]:
    """Automatic offers that apply and would give more, and what is missing for that."""
    table = found.attempt.table
    done = {applied.promotion for applied in table.done if applied.coupon is None} & rules.offers.keys()
    ways = ((rules.offers[code], reward.further(table)) for code in done for reward in rules.offers[code].rewards)
    return {offer: miss for offer, miss in ways if miss is not None}


def _untold(rules: RuleSet, facts: Facts, verdicts: Verdicts, found: Found) -> dict[Offer, Miss]:
    """Multi-buys that the search saw no use for, and why."""
    done = {(applied.promotion, applied.coupon) for applied in found.attempt.table.done}
    untouched = Table(facts.board, rules.policy)
    return {
        one.offer: dropped(one, rules, facts, found)
        for one in verdicts.tried
        if one.offer.consumes
        and one.coupon is None
        and (one.offer.code, None) not in done
        and _lacks(one.offer, untouched)
    }


def _lacks(offer: Offer, table: Table) -> bool:
    """Whether goods may be missing: a threshold there is, or units of a reward."""
    return bool(offer.dynamic) or any(reward.miss(table) for reward in offer.rewards)


def _told(offer: Offer, miss: Miss, say: Say, further: bool) -> Nearly:
    text = nearly_text(miss, name_in(offer.name, say.language), say, further)
    return Nearly(offer.code, miss.amount, miss.quantity, text)


def _gain(rules: RuleSet, facts: Facts, offer: Offer, miss: Miss, given: int) -> int | None:
    """What the offer would give with the missing goods beyond ``given``, minor units; None when something else is
    missing too."""
    basket = facts.request.basket
    more = tuple(
        _goods(facts, scope, missing, miss.amount is not None, f"+{place}")
        for place, (scope, missing) in enumerate(miss.wanted)
        if missing
    )
    fuller = replace(facts, board=Board(msgspec.structs.replace(basket, lines=(*basket.lines, *more))))
    ready = candidate(offer, fuller)
    if isinstance(ready, Miss):
        return 0 if ready.reason == miss.reason else None
    return play(fuller, rules.policy, (ready,)).total - given


def _alone(rules: RuleSet, facts: Facts, offer: Offer) -> int:
    """What an offer gives on this basket if it is the only one."""
    ready = candidate(offer, facts)
    return 0 if isinstance(ready, Miss) else play(facts, rules.policy, (ready,)).total


def _goods(facts: Facts, scope: Scope, missing: int, is_amount: bool, name: str) -> Line:
    """A line that brings what is missing of a scope: like the cheapest one there, else like what it names."""
    board = facts.board
    there = [board.lines[number] for number in board.covered(scope)]
    if there:
        like = min(there, key=lambda line: (line.unit_price, line_order(line.line)))
    else:
        sku = min(scope.skus, default="")
        like = Line(
            line=name,
            sku=sku,
            quantity=1,
            unit_price=facts.price_of(sku) or scope.price_min or 0,
            category=min(scope.categories, default=None),
            brand=min(scope.brands, default=None),
        )
    if is_amount:
        return msgspec.structs.replace(like, line=name, quantity=1, unit_price=missing, discount=0)
    return msgspec.structs.replace(like, line=name, quantity=missing, discount=0)
