"""Which offers apply together: the combination with the largest discount for the customer (S11).

Offers that merely combine are always in.  What competes is a choice: an exclusive offer alone or the
others, one of a group, a coupon or not, and of multi-buys that want the same units which come
first.  Offers that share no line, group or condition are searched apart (parts.py); each part is
searched exactly, by branch and bound, until the node limit of the whole basket.  No clock decides,
so every till finds the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from loyalty_pos.domain.pricing.ceilings import Ceilings
from loyalty_pos.domain.pricing.contest import Contest
from loyalty_pos.domain.pricing.eligible import Candidate
from loyalty_pos.domain.pricing.facts import Facts, Miss
from loyalty_pos.domain.pricing.parts import Part, divide, gathered
from loyalty_pos.domain.pricing.play import Attempt, apply, play
from loyalty_pos.domain.pricing.policy import Policy
from loyalty_pos.domain.pricing.table import Table

OFFERS_PER_NODE = 6
AFTER_ALL = 10**7  # beyond every priority

Chosen = tuple[Candidate, ...]
Rank = tuple[int, int, list[tuple[int, str]]]


@dataclass(frozen=True, slots=True)
class Found:
    """The best permitted combination, and the proof of it."""

    attempt: Attempt
    chosen: Chosen
    optimal: bool
    upper_bound: int
    nodes: int


@dataclass(slots=True)
class Limit:
    """How many nodes there may be; the first of each part is always there."""

    most: int
    used: int = 0
    reached: bool = False

    def spend(self, offers: int) -> bool:
        """Whether one more try, of so many offers, may be made."""
        cost = 1 + offers // OFFERS_PER_NODE
        if self.used + cost > self.most:
            self.reached = True
            return False
        self.used += cost
        return True


def search(facts: Facts, policy: Policy, candidates: Sequence[Candidate]) -> Found:
    """The best combination of ``candidates``, or the best within ``policy.search_nodes``.

    A node is one combination tried on one part of the basket, per ``OFFERS_PER_NODE`` offers in it.
    """
    ordered = sorted(candidates, key=attrgetter("order"))
    rest = tuple(one for one in ordered if one.offer.stacking != "exclusive")
    alone = [one for one in ordered if one.offer.stacking == "exclusive"]
    limit = Limit(policy.search_nodes)
    ceilings = Ceilings(facts, policy)
    whole = _whole(facts, policy, rest, limit, ceilings)
    bound = 0 if whole.exact else _bound(facts, whole, ceilings) + ceilings.gifts(rest)
    if _nothing_left(facts, whole):
        again = _whole(facts, policy, rest, limit, ceilings, blindly=False)
        whole = min(whole, again, key=lambda one: _rank(one.attempt))
    attempt, chosen = whole.attempt, whole.chosen
    best = (_first(policy, attempt), _rank(attempt)) if alone else None
    for one in alone:
        if policy.exclusive_by == "best" and ceilings.of(one) < attempt.total:
            continue
        if not limit.spend(1):
            bound = max(bound, ceilings.of(one))
            continue
        single = play(facts, policy, (one,))
        rank = _first(policy, single), _rank(single)
        if best is None or rank < best:
            best, attempt, chosen = rank, single, (one,)
    bound = max(bound, attempt.total)
    return Found(attempt, chosen, bound == attempt.total, bound, max(1, limit.used))


def _whole(facts: Facts, policy: Policy, rest: Chosen, limit: Limit, ceilings: Ceilings, blindly: bool = True) -> Whole:
    """The best of all that is not exclusive, part by part."""
    parts, closing = divide(facts, policy, rest, blindly)
    apart, last = gathered(facts, policy, parts, closing)
    ends = [_Search(facts, policy, part, limit, ceilings).best() for part in apart]
    attempt = _together(facts, policy, ends, closing if last is None else ())
    if last is None:
        return Whole(ends, closing, closing, attempt)
    attempt.table.done = []
    ends.append(_Search(facts, policy, last, limit, ceilings, attempt.table).best())
    return Whole(ends, (), closing, _together(facts, policy, ends, ()))


def _nothing_left(facts: Facts, whole: Whole) -> bool:
    """Whether what closes the bill, or a part, takes all there is: it may do as much after fewer offers (S11)."""
    left, covered = whole.attempt.table.line_left, facts.board.covered
    closing = itertools.chain(whole.closers, *(end.part.closing for end in whole.ends))
    lowering = (reward for one in closing for reward in one.offer.rewards if reward.lowers)
    return any(not any(left[line] for line in covered(scope)) for reward in lowering for scope in reward.scopes())


def _together(facts: Facts, policy: Policy, ends: Sequence[End], closing: Chosen) -> Attempt:
    """All parts on one table, as if each offer had been applied in its place, and what closes the bill.

    Parts share nothing, so only the order within each of them matters.
    """
    table, misses = Table(facts.board, policy), dict[Candidate, Miss]()
    for end in ends:
        for done in end.attempt.table.done:
            table.note(done)
            for _, cut in done.cuts:
                table.take(cut)
        misses.update(end.attempt.misses)
    _close(facts, table, closing, misses)
    return Attempt(table, table.total(), misses)


def _close(facts: Facts, table: Table, closing: Chosen, misses: dict[Candidate, Miss]) -> None:
    """Apply what closes the bill, or a part of it."""
    for one in closing:
        miss = apply(one, facts, table) if one.offer.rewards else None
        if miss is not None:
            misses[one] = miss


def _first(policy: Policy, attempt: Attempt) -> int:
    """Under ``exclusive_by: priority`` the highest priority decides first; what gives nothing has none."""
    if policy.exclusive_by == "best":
        return 0
    return min((done.key[0] for done in attempt.table.done), default=AFTER_ALL)


def _rank(attempt: Attempt) -> Rank:
    """Smaller is better: discount, then fewer promotions, then priority and code (S11)."""
    keys = sorted([done.key for done in attempt.table.done])
    return (-attempt.total, len(keys), keys)


@dataclass(frozen=True, slots=True)
class End:
    """What the search of one part came to."""

    part: Part
    chosen: Chosen
    attempt: Attempt
    exact: bool


@dataclass(frozen=True, slots=True)
class Whole:
    """What the search of all parts came to, and what closes the bill with it."""

    ends: Sequence[End]
    closing: Chosen
    closers: Chosen  # the same, or what of a part closes it there
    attempt: Attempt

    @property
    def chosen(self) -> Chosen:
        """All that was tried."""
        return (*(one for end in self.ends for one in end.chosen), *self.closing)

    @property
    def exact(self) -> bool:
        """Whether no combination gives more."""
        return all(end.exact for end in self.ends)


def _bound(facts: Facts, whole: Whole, ceilings: Ceilings) -> int:
    """No permitted combination without an exclusive offer gives more than this."""
    board = facts.board
    everything = sum(value for value, line in zip(board.line_start, board.lines, strict=True) if line.discountable)
    most = ceilings.sum(whole.closing)
    for end in whole.ends:
        total = end.attempt.total
        most += total if end.exact else max(total, _most(facts, end.part, ceilings))
    return min(everything, most)


def _most(facts: Facts, part: Part, ceilings: Ceilings) -> int:
    options = sum(max(ceilings.sum(option) for option in choice) for choice in part.choices)
    return ceilings.sum((*part.fixed, *part.closing)) + _rivals_most(facts, part, ceilings) + options


def _rivals_most(facts: Facts, part: Part, ceilings: Ceilings) -> int:
    """At most what the rivals of a part give together, row by row."""
    if not part.rows:
        return 0
    untouched = ceilings.untouched
    return sum(
        min(Contest(facts, row, ceilings, untouched).most(row, frozenset()), ceilings.sum(row)) for row in part.rows
    )


def _look_at_units_alone(rivals: Chosen) -> bool:
    """Whether what each can give follows from the units that are left: no threshold, whole line or shared limit."""
    offers = [one.offer for one in rivals]
    whole = any(scope.exclude_discounted for offer in offers for scope in offer.everywhere)
    return not (whole or any(offer.dynamic for offer in offers)) and len(set(offers)) == len(offers)


class Way(NamedTuple):
    """A set in the order in which it is applied: what came first, the row's rivals so far, what comes after them."""

    before: Chosen
    rivals: Chosen
    after: Chosen

    def with_one(self, one: Candidate) -> Way:
        """One more rival."""
        return self._replace(rivals=(*self.rivals, one))

    def so_far(self, wanting: Chosen) -> Chosen:
        """All up to the end of the row, those that got nothing too."""
        return (*self.before, *self.rivals, *wanting)


class _Search:
    """The best of one part.  ``best`` is the only thing to ask for."""

    def __init__(
        self, facts: Facts, policy: Policy, part: Part, limit: Limit, ceilings: Ceilings, before: Table | None = None
    ) -> None:
        self._facts, self._policy, self._part = facts, policy, part
        self._before = before
        self._limit, self._ceilings = limit, ceilings
        self._rank: Rank | None = None
        self._chosen: Chosen = ()
        self._attempt: Attempt | None = None
        self._goods_only = all(reward.consumes for one in part.rivals for reward in one.offer.rewards)
        self._alike = self._goods_only and _look_at_units_alone(part.rivals)
        self._seen: set[tuple[frozenset[int], frozenset[int], int]] = set()

    def best(self) -> End:
        """The best permitted combination of the part, whether all were tried or beaten."""
        part = self._part
        if not part.choices and not part.rivals:
            whole = (*part.fixed, *part.closing)
            return End(part, whole, play(self._facts, self._policy, whole, self._before), exact=True)
        complete = all(self._tried(chosen) for chosen in self._walk())
        assert self._attempt is not None  # the fullest set is always tried
        return End(part, (*self._chosen, *part.closing), self._closed(self._attempt), complete)

    def _closed(self, attempt: Attempt) -> Attempt:
        table, misses = attempt.table.copy(), attempt.misses.copy()
        _close(self._facts, table, self._part.closing, misses)
        return Attempt(table, table.total(), misses)

    @property
    def _reached(self) -> int:
        return -1 if self._attempt is None else self._attempt.total

    def _walk(self) -> Iterator[Chosen]:
        """Every permitted set but for the order of rivals, the fullest first.

        A branch whose ceilings cannot reach what is known is not entered, so every step leads to a
        set worth trying and the walk's own work is bounded by the number of tries.
        """
        part, ceilings = self._part, self._ceilings
        always = (*part.fixed, *part.rivals)
        if not part.choices:
            yield always
            return
        hopes = [0]
        for options in reversed(part.choices):
            hopes.append(hopes[-1] + max(ceilings.sum(option) for option in options))
        hopes.reverse()
        most = ceilings.sum(part.fixed) + _rivals_most(self._facts, part, ceilings)
        ahead: list[tuple[int, Chosen, int]] = [(0, always, most)]
        while ahead:
            depth, chosen, most = ahead.pop()
            if most + hopes[depth] < self._reached:
                continue
            if depth == len(part.choices):
                yield chosen
                continue
            for option in reversed(part.choices[depth]):
                ahead.append((depth + 1, chosen + option, most + ceilings.sum(option)))

    def _tried(self, chosen: Chosen) -> bool:
        """Try one set, its rivals in every order worth trying; False when the limit came first."""
        if not self._may(len(chosen)):
            return False
        there = set(map(id, chosen))
        members = tuple(one for one in self._part.members if id(one) in there)
        if not self._part.rows:
            self._note(play(self._facts, self._policy, members, self._before), members)
            return True
        self._seen.clear()
        start = self._before or Table(self._facts.board, self._policy)
        return self._on(Attempt(start, 0, {}), (), members)

    def _on(self, attempt: Attempt, before: Chosen, ahead: Chosen) -> bool:
        """Apply what comes before the next row of rivals, then go through its orders; without one it is the end."""
        row = next((row for row in self._part.rows if row[0] in ahead), ())
        place = ahead.index(row[0]) if row else len(ahead)
        table, misses = attempt.table.copy(), attempt.misses.copy()
        _close(self._facts, table, ahead[:place], misses)
        made = Attempt(table, table.total(), misses)
        if not row:
            self._note(made, (*before, *ahead))
            return True
        way = Way((*before, *ahead[:place]), (), ahead[place + len(row) :])
        return self._orders(made, way, row, Contest(self._facts, row, self._ceilings, table))

    def _may(self, offers: int) -> bool:
        return self._limit.spend(offers) or self._attempt is None

    def _orders(self, attempt: Attempt, way: Way, wanting: Chosen, contest: Contest) -> bool:
        """The rivals that still want units, each as the next: branch and bound over their orders."""
        table = attempt.table
        complete = self._end(attempt, way, wanting)
        enough = self._enough(table, way)
        if self._free(table) < enough or contest.most(wanting, table.taken) < enough:
            return complete
        for most, one in contest.ahead(wanting, table):
            enough = self._enough(table, way)
            if most < enough:
                break
            if most == enough and self._later(table, way, one):
                continue
            if not self._may(1):
                return False
            copy = Attempt(table.copy(), 0, attempt.misses)
            miss = apply(one, self._facts, copy.table)
            if miss is not None:
                if not way.rivals:
                    attempt.misses[one] = miss
                continue
            left = tuple(other for other in wanting if other is not one)
            if not self._known(copy.table, left, way):
                complete &= self._orders(copy, way.with_one(one), left, contest)
        return complete

    def _enough(self, table: Table, way: Way) -> int:
        """What further rivals must give to come to something better than what is known."""
        enough = self._reached - table.total() - self._ceilings.sum(way.after)
        with_more = self._rank is not None and len(table.done) >= self._rank[1]
        return enough + with_more  # with one offer more an equal total is no better

    def _later(self, table: Table, way: Way, one: Candidate) -> bool:
        """Whether with ``one`` an equal total would only come later: by priority and code (S11)."""
        if way.after or self._rank is None or len(table.done) + 1 < self._rank[1]:
            return False
        return sorted([*(done.key for done in table.done), one.offer.key]) >= self._rank[2]

    def _free(self, table: Table) -> int:
        """What the units are worth that rivals can still have: together they give no more, but for gifts."""
        if not self._goods_only:
            return self._ceilings.sum(self._part.rivals)
        left, taken = table.left, table.taken
        return sum([left[unit] for unit in self._part.units if unit not in taken])

    def _known(self, table: Table, left: Chosen, way: Way) -> bool:
        """Whether the same units were taken for as much before, so that nothing better can follow."""
        if way.after or not self._alike:
            return False
        state = frozenset(table.taken), frozenset(map(id, left)), table.total()
        if state in self._seen:
            return True
        self._seen.add(state)
        return False

    def _end(self, attempt: Attempt, way: Way, wanting: Chosen) -> bool:
        """What it comes to when no further rival of the row applies."""
        if way.after:
            return self._on(attempt, way.so_far(wanting), way.after)
        total = attempt.table.total()
        if total >= self._reached:
            self._note(Attempt(attempt.table, total, attempt.misses), way.so_far(wanting))
        return True

    def _note(self, attempt: Attempt, chosen: Chosen) -> None:
        if attempt.total < self._reached:
            return
        rank = _rank(attempt)
        if self._rank is None or rank < self._rank:
            self._rank, self._chosen, self._attempt = rank, chosen, attempt
