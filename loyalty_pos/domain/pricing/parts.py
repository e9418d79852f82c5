"""A basket's offers divided into parts that cannot touch each other, and those that close the bill.

Two offers belong together when they may touch a common line, stand in one group, are of one
promotion, or when one of them looks at the whole basket.  What closes the bill (the tier's percent,
a sum or a percentage off everything) touches every part, and still couples none: each gives the
less the more was given before, by at most as much; so the parts' own best is the best of all.  Gifts
that merely combine lower no line, and points are worked out on the final price: they close it too.
Only where a gift is a choice does it matter what is left to lower: those parts are one, with what closes.

Invariant: in each part, the rivals of a row stand next to each other in the order of application.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loyalty_pos.domain.pricing.eligible import Candidate
from loyalty_pos.domain.pricing.facts import Facts
from loyalty_pos.domain.pricing.policy import Policy
from loyalty_pos.domain.promotions.rewards.amount_off import AmountOff
from loyalty_pos.domain.promotions.rewards.base import Reward
from loyalty_pos.domain.promotions.rewards.percent_off import PercentOff
from loyalty_pos.domain.promotions.rewards.points import Points
from loyalty_pos.domain.promotions.scope import EVERYTHING, Scope

Option = tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Candidates that are searched together."""

    members: Option
    """All but what closes it, in the order of application."""
    fixed: Option
    """Always in."""
    choices: tuple[tuple[Option, ...], ...]
    """Of each, exactly one option."""
    rows: tuple[Option, ...]
    """Multi-buys that want the same units (S8) and follow one another in one stage: any of a row may come first."""
    units: tuple[int, ...]
    """The units that they want."""
    closing: Option
    """What closes this part as others close the bill: applied once the rest is decided."""
    gifts: bool
    """Whether it is a choice what it gives beside the price."""

    @property
    def rivals(self) -> Option:
        """Those of all rows."""
        return tuple(itertools.chain.from_iterable(self.rows))


def divide(
    facts: Facts, policy: Policy, ordered: Sequence[Candidate], blindly: bool = True
) -> tuple[list[Part], Option]:
    """The parts of ``ordered`` candidates, none of them exclusive, and those that close the bill; none of them does
    where nothing is to be applied ``blindly``."""
    start = _open_until(facts, policy, ordered, facts.board.covered(EVERYTHING)) if blindly else len(ordered)
    parts = [_part(facts, policy, members, blindly) for members in _together(facts, ordered[:start])]
    return parts, tuple(ordered[start:])


def gathered(facts: Facts, policy: Policy, parts: Sequence[Part], closing: Option) -> tuple[list[Part], Part | None]:
    """The parts that are best by themselves, and one of all in which a gift is a choice, with what closes the bill."""
    rest = [one for part in parts if part.gifts for one in (*part.members, *part.closing)]
    if not rest or not _lowering(closing):
        return list(parts), None
    whole = _part(facts, policy, [*sorted(rest, key=lambda one: one.order), *closing], blindly=False)
    return [part for part in parts if not part.gifts], whole


def _lowering(some: Sequence[Candidate]) -> bool:
    return any(reward.lowers for one in some for reward in one.offer.rewards)


def _gift_varies(one: Candidate) -> bool:
    """Whether what it gives beside the price follows from a choice."""
    offer = one.offer
    chosen = one.coupon is not None or offer.group is not None or offer.consumes
    return offer.gives and (chosen or offer.whole or offer.looks_around or one.budget is not None)


def _open_until(facts: Facts, policy: Policy, ordered: Sequence[Candidate], lines: Sequence[int]) -> int:
    """From where on all that follows closes these lines.  One multiplier of points counts, so they are weighed
    together: all of them close, or none (S17)."""
    start = len(ordered)
    while start and _closes(facts, policy, ordered[start - 1], lines):
        start -= 1
    multiplying = [place for place, one in enumerate(ordered) if one.offer.multiplies]
    return max(start, multiplying[-1] + 1) if multiplying and multiplying[0] < start else start


def _closes(facts: Facts, policy: Policy, one: Candidate, lines: Sequence[int]) -> bool:
    """Whether an offer lowers all these lines, by no more the less is left: it may be applied blindly, last."""
    offer = one.offer
    if offer.stacking != "combine" or offer.dynamic:
        return False
    return (offer.last and not offer.whole) or _may_come_last(facts, policy, one, lines)


def _may_come_last(facts: Facts, policy: Policy, one: Candidate, lines: Sequence[int]) -> bool:
    offer = one.offer
    return (
        offer.floor is None
        and one.budget is None
        and policy.percent_stacking == "compound"
        and all(_lowers(facts, reward, lines) for reward in offer.rewards)
        and not facts.board.floors
    )


def _lowers(facts: Facts, reward: Reward, lines: Sequence[int]) -> bool:
    if not reward.lowers:
        return not any(scope.exclude_discounted for scope in reward.scopes())
    if isinstance(reward, PercentOff):
        plain = reward.base == "remaining"
    elif isinstance(reward, AmountOff):
        plain = reward.per == "basket"
    else:
        return False
    some = reward.max_units is not None or reward.max_units_per_line is not None or reward.scope.exclude_discounted
    return plain and not some and facts.board.covered(reward.scope) == lines


def _together(facts: Facts, ordered: Sequence[Candidate]) -> list[list[Candidate]]:
    """Candidates that share anything, as lists in their order."""
    leader = list(range(len(ordered)))
    first: dict[object, int] = {}
    seen: set[Scope] = set()
    alone = any(one.offer.stacking == "only_if_alone" for one in ordered)

    def find(place: int) -> int:
        while leader[place] != place:
            leader[place] = place = leader[leader[place]]
        return place

    for place, one in enumerate(ordered):
        for key in _touched(facts, one, alone, seen):
            other = first.setdefault(key, place)
            if leader[other] != leader[place]:
                leader[find(place)] = find(other)
    found: dict[int, list[Candidate]] = {}
    for place, one in enumerate(ordered):
        found.setdefault(find(place), []).append(one)
    return list(found.values())


def _touched(facts: Facts, one: Candidate, alone: bool, seen: set[Scope]) -> set[object]:
    """What a candidate may change or look at: lines, its group, its promotion; gifts too where one is ``alone``.  Of
    a scope that was ``seen`` one line stands for all, which belong together already."""
    offer = one.offer
    touched: set[object] = {("promotion", offer.code)}
    if offer.group is not None:
        touched.add(("group", offer.group))
    if offer.multiplies:
        touched.add("multiplier")
    if offer.stacking == "only_if_alone" or (alone and offer.gives):
        touched.add("anything")
    if one.offer.looks_around:
        return touched | set(range(len(facts.board.lines)))
    for scope in offer.touches:
        lines = facts.board.covered(scope)
        touched.update(lines[:1] if scope in seen else lines)
        seen.add(scope)
    return touched


def _part(facts: Facts, policy: Policy, together: Sequence[Candidate], blindly: bool) -> Part:
    start = _open_until(facts, policy, together, _lines(facts, together)) if blindly else len(together)
    if any(map(_gift_varies, together[:start])) and _lowering(together[start:]):
        start = len(together)
    members, closing = together[:start], tuple(together[start:])
    wants = _rivals(facts, members)
    contested = tuple(wants)
    ordered, rows = _rows(facts, wants, members) if policy.percent_stacking != "best_per_line" else (members, ())
    rivals = tuple(itertools.chain.from_iterable(rows))
    first = facts.board.first
    scopes = {scope for one in rivals for scope in one.offer.everywhere}
    numbers = sorted({number for scope in scopes for number in facts.board.covered(scope)})
    units = tuple(unit for number in numbers for unit in range(first[number], first[number + 1]))
    free = {id(one) for one in contested} - {id(one) for one in rivals}
    apart = {id(one) for one in rivals}
    fixed: list[Candidate] = []
    choices: list[tuple[Option, ...]] = []
    groups: dict[str, list[Option]] = {}
    for one in members:
        if id(one) in apart:
            continue
        if one.offer.group is not None:
            groups.setdefault(one.offer.group, []).append((one,))
        elif (one.coupon is not None and not _merely_multiplies(one)) or id(one) in free:
            choices.append(((one,), ()))
        else:
            fixed.append(one)
    choices += [(*options, ()) for options in groups.values()]
    gifts = bool(choices or rows) and any(map(_gift_varies, members))
    return Part(tuple(ordered), tuple(fixed), tuple(choices), rows, units, closing, gifts)


def _merely_multiplies(one: Candidate) -> bool:
    """Whether it is no choice either way: the best multiplier stands, and a coupon of another stays unused (S17)."""
    rewards = one.offer.rewards
    multiplying = all(isinstance(reward, Points) and reward.multiplier is not None for reward in rewards)
    return one.offer.stacking == "combine" and multiplying


def _lines(facts: Facts, members: Sequence[Candidate]) -> list[int]:
    """All lines that some offers may lower, in order."""
    scopes = {scope for one in members for scope in one.offer.within}
    return sorted({number for scope in scopes for number in facts.board.covered(scope)})


def _rivals(facts: Facts, members: Sequence[Candidate]) -> dict[Candidate, set[int]]:
    """Multi-buys that want a unit which another one wants too, with the lines whose units they use up."""
    hungry = [one for one in members if one.offer.consumes and one.offer.group is None]
    lines = [_wanted(facts, one) for one in hungry]
    wanting = Counter(itertools.chain.from_iterable(lines))
    return {one: wanted for one, wanted in zip(hungry, lines, strict=True) if any(wanting[line] > 1 for line in wanted)}


def _wanted(facts: Facts, one: Candidate) -> set[int]:
    """Lines whose units a multi-buy uses up."""
    return {line for scope in one.offer.uses_up for line in facts.board.covered(scope)}


def _rows(
    facts: Facts, wants: Mapping[Candidate, set[int]], members: Sequence[Candidate]
) -> tuple[Sequence[Candidate], tuple[Option, ...]]:
    """The order of application, and the rows of rivals in it.

    One joins a row of its stage (S7) where no offer between them has to do with them; those that have not come
    first, which is all the same.
    """
    ordered: list[Candidate] = []
    rows: list[list[Candidate]] = []
    for one in members:
        ordered.append(one)
        if one not in wants:
            continue
        for row in reversed(rows):
            begin = ordered.index(row[0])
            between = ordered[begin + len(row) : -1]
            if _follows(wants, one, row) and not any(_matters(facts, other, [*row, one]) for other in between):
                row.append(one)
                ordered[begin:] = [*between, *row]
                break
        else:
            rows.append([one])
    return ordered, tuple(tuple(row) for row in rows if len(row) > 1)


def _follows(wants: Mapping[Candidate, set[int]], one: Candidate, row: Sequence[Candidate]) -> bool:
    """Whether a rival is of a row's stage, and wants its units; another does no harm where none looks around."""
    if one.offer.stage != row[0].offer.stage:
        return False
    return any(wants[one] & wants[other] for other in row) or not any(other.offer.looks_around for other in (*row, one))


def _matters(facts: Facts, one: Candidate, row: Sequence[Candidate]) -> bool:
    """Whether it makes a difference to some rivals, or they to it, which comes first."""
    if one.offer.looks_around:
        return True
    touched = _changed(facts, one)
    if any(other.offer.looks_around for other in row):
        return bool(touched) or (one.offer.gives and any(other.offer.stacking == "only_if_alone" for other in row))
    return any(touched & set(facts.board.covered(scope)) for other in row for scope in other.offer.everywhere)


def _changed(facts: Facts, one: Candidate) -> set[int]:
    """Lines that it may lower, or of which it looks at whether they are whole."""
    return {line for scope in one.offer.touches for line in facts.board.covered(scope)}
