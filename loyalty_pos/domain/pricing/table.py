"""One attempt at pricing a board: what each unit is still worth, and what was cut, in order.

A reward proposes cuts; the table shares amounts over units (S4), keeps every unit between 0 and
its value (S5) and remembers which units a multi-buy has consumed (S8).  A table is used for one
attempt and thrown away; the board under it never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from loyalty_pos.domain.money import allocate, unit_shares
from loyalty_pos.domain.points import EarnTerm
from loyalty_pos.domain.pricing.board import Board
from loyalty_pos.domain.pricing.policy import Policy
from loyalty_pos.domain.promotions.scope import Scope
from loyalty_pos.domain.tiers import NORMAL


@dataclass(slots=True)
class Cut:
    """One application of a reward: what each covered unit loses, in minor units."""

    units: Sequence[int]
    amounts: Sequence[int]
    total: int
    granted: int = 0
    """What the rule promised before the basket or a cap made it smaller (S12)."""
    consumed: Sequence[int] = ()
    """Units used up by a multi-buy, triggers and given ones (S8, S25)."""
    part: int = 0
    """Which of a reward's own parts it came from: the number of a step."""


@dataclass(frozen=True, slots=True)
class Gift:
    """What a reward gives beside the price: goods, points, or points multiplied."""

    worth: int
    """Minor units, as the search weighs it: by itself, and at the prices before any offer (S11)."""
    uses: int = 1
    sku: str = ""
    quantity: int = 0
    bonus: EarnTerm | None = None
    multiplier: int = NORMAL
    lines: tuple[str, ...] = ()
    """The lines whose points are multiplied."""


@dataclass(slots=True)
class Applied:
    """One offer as applied: ``cuts`` and ``gifts`` beside the index of the reward each came from."""

    promotion: str
    coupon: str | None
    key: tuple[int, str]
    """Priority (higher first), code: which of equal combinations is better (S11)."""
    cuts: list[tuple[int, Cut]]
    amount: int
    uses: int
    gifts: list[tuple[int, Gift]] = field(default_factory=list)

    def by_reward(self) -> list[tuple[int, list[Cut]]]:
        """The cuts of each reward that made any, in order."""
        found: dict[int, list[Cut]] = {}
        for index, cut in self.cuts:
            found.setdefault(index, []).append(cut)
        return list(found.items())

    @property
    def given(self) -> int:
        """The discount and what the gifts are worth, in minor units."""
        return self.amount + sum(gift.worth for _, gift in self.gifts)


@dataclass(slots=True)
class Table:
    """The state of one attempt."""

    board: Board
    policy: Policy
    left: list[int] = field(init=False)
    line_left: list[int] = field(init=False)
    taken: set[int] = field(default_factory=set)
    done: list[Applied] = field(default_factory=list)
    applications: int | None = None
    """How often the offer whose turn it is may still apply in this basket; None: any number."""
    discount: int = 0
    """What all offers so far have lowered the bill by."""
    percents: Mapping[int, object] | None = None
    """Under ``best_per_line``: the lines on which a percentage of this offer is the best one, and which of them."""
    _free: dict[tuple[Scope, bool | None], list[int]] = field(default_factory=dict)
    """Free units of a scope, ranked or not: what rivals ask again and again, until the next cut."""

    def __post_init__(self) -> None:
        self.left = self.board.start.copy()
        self.line_left = self.board.line_start.copy()

    def copy(self) -> Table:
        """A table that goes on from here by itself."""
        made = Table.__new__(Table)
        made.board, made.policy, made.percents = self.board, self.policy, self.percents
        made.left, made.line_left = self.left.copy(), self.line_left.copy()
        made.taken, made.done, made.discount = self.taken.copy(), self.done.copy(), self.discount
        made.applications = None
        made._free = {}
        return made

    def go_back(self, before: Table) -> None:
        """Undo the cuts that were made since ``before`` was copied from it; their books are not kept yet."""
        self.left, self.line_left, self.taken = before.left, before.line_left, before.taken
        self._free.clear()

    def lines(self, scope: Scope) -> list[int]:
        """Lines of a scope that may be discounted now."""
        covered = self.board.covered(scope)
        if scope.exclude_discounted:
            return [number for number in covered if self.line_left[number] == self.board.gross[number]]
        return covered

    def count(self, scope: Scope) -> int:
        """Units of these lines."""
        return len(self.units_of(self.lines(scope)))

    def percent_lines(self, scope: Scope, reward: object) -> list[int]:
        """The same for a percentage: only where it is the best one, under ``best_per_line``."""
        lines = self.lines(scope)
        if self.percents is None:
            return lines
        return [number for number in lines if self.percents.get(number) is reward]

    def units_of(self, lines: Sequence[int]) -> list[int]:
        """All units of some lines, in order."""
        first = self.board.first
        return [unit for number in lines for unit in range(first[number], first[number + 1])]

    def free_units(self, scope: Scope) -> list[int]:
        """Units of a scope that no multi-buy has consumed yet (S8)."""
        free = self._free.get((scope, None))
        if free is None:
            units = self.units_of(self.lines(scope))
            free = self._free[scope, None] = [unit for unit in units if unit not in self.taken] if self.taken else units
        return free

    def free_ranked(self, scope: Scope, dearest: bool) -> list[int]:
        """The same, ranked."""
        ranked = self._free.get((scope, dearest))
        if ranked is None:
            ranked = self._free[scope, dearest] = self.ranked(self.free_units(scope), dearest)
        return ranked

    def ranked(self, units: Sequence[int], dearest: bool | None = None) -> list[int]:
        """Units in the order in which they are given (policy ``given_units``).

        Of equal units the later ones are given first, so that the earlier are the bought ones.
        """
        left = self.left
        if self.policy.given_units == "dearest_first" if dearest is None else dearest:
            return sorted(units, key=lambda unit: (-left[unit], unit))
        return sorted(units, key=lambda unit: (left[unit], -unit))

    def picked(self, lines: Sequence[int], most: int | None, most_per_line: int | None) -> list[int] | None:
        """The units of some lines that ``max_units`` or ``max_units_per_line`` means; None: whole lines."""
        if most is None and most_per_line is None:
            return None
        chosen: list[int] = []
        per_line: dict[int, int] = {}
        for unit in self.ranked(self.units_of(lines)):
            number = self.board.line_of[unit]
            if most_per_line is not None and per_line.get(number, 0) >= most_per_line:
                continue
            if most is not None and len(chosen) >= most:
                break
            per_line[number] = per_line.get(number, 0) + 1
            chosen.append(unit)
        return sorted(chosen)

    def greatest(
        self, scope: Scope, figure: Callable[[int], int], most: int | None, most_per_line: int | None
    ) -> list[int]:
        """The largest figures of units that ``picked`` could ever choose, whatever the others are worth then."""
        first, found = self.board.first, []
        for number in self.lines(scope):
            figures = sorted(map(figure, range(first[number], first[number + 1])), reverse=True)
            found += figures[:most_per_line]
        return sorted(found, reverse=True)[:most]

    def spread(self, amount: int, units: Sequence[int], granted: int, original: bool = False) -> Cut:
        """Share ``amount`` over lines, then over their units, by remaining value (S4, S5).

        With ``original`` the weights are the values before any offer, each share still capped
        by what the unit is worth now.  ``units`` must be sorted.
        """
        amounts = shared(self.board, amount, units, self.board.start if original else self.left)
        if original:
            amounts = [min(cut, self.left[unit]) for unit, cut in zip(units, amounts, strict=True)]
        return Cut(units, amounts, sum(amounts), granted)

    def shrink(self, cut: Cut, total: int) -> Cut:
        """The same cut with less to give, in the same proportions (S12, S4)."""
        amounts = shared(self.board, total, cut.units, dict(zip(cut.units, cut.amounts, strict=True)))
        return replace(cut, amounts=amounts, total=total)

    def spread_lines(self, amount: int, lines: Sequence[int], granted: int) -> Cut:
        """The same over whole lines."""
        first, left = self.board.first, self.left
        units: list[int] = []
        amounts: list[int] = []
        shares = allocate(amount, [self.line_left[number] for number in lines])
        for share, number in zip(shares, lines, strict=True):
            begin, end = first[number], first[number + 1]
            units += range(begin, end)
            amounts += unit_shares(share, left[begin:end])
        return Cut(units, amounts, amount, granted)

    def take(self, cut: Cut) -> None:
        """Carry out one cut."""
        left, line_left, line_of = self.left, self.line_left, self.board.line_of
        for unit, amount in zip(cut.units, cut.amounts, strict=True):
            if amount:
                left[unit] -= amount
                line_left[line_of[unit]] -= amount
        self.taken.update(cut.consumed)
        self._free.clear()

    def note(self, applied: Applied) -> None:
        """Keep the books of an offer whose cuts are taken."""
        self.done.append(applied)
        self.discount += applied.amount

    def value_in(self, scope: Scope, values: Sequence[int]) -> int:
        """Value that counts for a threshold: ``line_left`` after all that was applied so far, else the shelf's (S9)."""
        return sum(values[number] for number in self.lines(scope))

    def total(self) -> int:
        """What all offers so far have given, gifts by their worth (S11); of multipliers the best alone (S17)."""
        gifts = [gift for applied in self.done if applied.gifts for _, gift in applied.gifts]
        if not gifts:
            return self.discount
        worth = sum(gift.worth for gift in gifts if gift.multiplier == NORMAL)
        best = max((gift.worth for gift in gifts if gift.multiplier != NORMAL), default=0)
        return self.discount + worth + best


def shared(board: Board, amount: int, units: Sequence[int], values: Mapping[int, int] | Sequence[int]) -> list[int]:
    """What each of some sorted units bears of ``amount``: over their lines, then over the units of each (S4)."""
    line_of = board.line_of
    by_line: dict[int, list[int]] = {}
    for unit in units:
        by_line.setdefault(line_of[unit], []).append(values[unit])
    if len(by_line) == 1:
        return unit_shares(amount, next(iter(by_line.values())))
    shares = allocate(amount, list(map(sum, by_line.values())))
    amounts: list[int] = []
    for share, members in zip(shares, by_line.values(), strict=True):
        amounts += unit_shares(share, members)
    return amounts
