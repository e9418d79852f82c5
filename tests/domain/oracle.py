"""The best price by trying everything: what S11 means, written without the engine.

Every permitted combination (oracle_sets.py) is played out to the end, with what each kind of reward gives
(oracle_rewards.py).  Nothing of the engine's code is known here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from domain.oracle_rewards import EVERYTHING, GIFTS, NORMAL, Cut, Gift, Json, Units, World, percent, scopes
from domain.oracle_sets import candidates, late, permitted

COMPARE = {
    "gte": lambda value, bound: value >= bound,
    "gt": lambda value, bound: value > bound,
    "lt": lambda value, bound: value < bound,
    "eq": lambda value, bound: value == bound,
}


class Outcome(NamedTuple):
    """What one combination comes to."""

    discount: int
    worth: int
    """Of gifts, beside the discount."""
    applied: tuple[str, ...]
    """Codes of all that applied."""
    used: tuple[tuple[str, str | None], ...]
    """Promotion and coupon of what stays: a multiplier that another beats was for nothing (S17)."""
    nets: tuple[int, ...]
    """Of each line, by its number."""
    free: tuple[tuple[str, int], ...]
    """Goods that are added."""
    kinds: tuple[str, ...]
    """Kinds of reward that gave anything."""


def best(goods: Sequence[Json], promotions: Sequence[Json], world: World) -> int:
    """The discount of the best permitted combination, in minor units."""
    return best_outcomes(goods, promotions, world)[0].discount


def best_outcomes(goods: Sequence[Json], promotions: Sequence[Json], world: World) -> list[Outcome]:
    """All outcomes that are equally good: several only where the same offers come in another order.

    ``promotions`` are those in force; a coupon's stands there if its code was shown, with ``coupons``
    beside the rule where more than one of it was.
    """
    found: dict[Any, dict[Outcome, None]] = {}
    usable = [one for one in candidates(promotions) if may_be_tried(Units(goods, world), one)]
    priorities = {one["code"]: one.get("priority", 0) for one in promotions}
    for alone, chosen in permitted(Units(goods, world), usable):
        outcome = play(goods, chosen, world)
        keys = sorted((-priorities[code], code) for code in outcome.applied)
        rank = (-outcome.discount - outcome.worth, len(keys), tuple(keys))
        found.setdefault((alone, rank), {})[outcome] = None
    tops = [min((rank for side, rank in found if side == alone), default=None) for alone in (False, True)]
    if world.policy.get("exclusive_by") == "priority":
        singles = [(first_priority(rank), rank, True) for side, rank in found if side]
        rest = [(first_priority(rank), rank, False) for rank in tops[:1] if rank is not None]
        _, rank, alone = min([*rest, *singles])
    else:
        rank, alone = min((rank, alone) for alone, rank in zip((False, True), tops, strict=True) if rank is not None)
    return list(found[alone, rank])


def first_priority(rank: tuple[Any, ...]) -> int:
    """The highest priority among what applied, as a number of which the smallest wins."""
    return min((key[0] for key in rank[2]), default=10**9)


def may_be_tried(units: Units, one: Json) -> bool:
    """Whether everything holds that does not depend on what else applies (S9)."""
    touched = any(units.covered(scope) for reward in one["rewards"] for scope in scopes(reward))
    fixed = [condition for condition in one.get("conditions", []) if not late(condition)]
    money = one.get("limits", {}).get("budget", 1)
    return touched and money > 0 and all(holds(units, condition) for condition in fixed)


def holds(units: Units, condition: Json) -> bool:
    """A threshold, inclusive unless it says otherwise (S9)."""
    units.look()
    here = units.now(condition.get("scope", EVERYTHING))
    if condition["kind"] == "min_quantity":
        return condition["quantity"] <= len(here) <= condition.get("max", len(here))
    values = units.left if condition.get("basis") == "discounted" else units.start
    value = sum(values[unit] for unit in here)
    return bool(COMPARE[condition.get("op", "gte")](value, condition["amount"]))


# Playing one combination ------------------------------------------------------------------------


@dataclass
class Run:
    """One combination as it is played."""

    units: Units
    applied: list[Json] = field(default_factory=list)
    gifts: list[tuple[Json, Gift]] = field(default_factory=list)
    """Beside the offer each came from."""
    lowering: list[Json] = field(default_factory=list)
    """Offers that lowered a price."""
    spent: Counter[str] = field(default_factory=Counter)
    """Budget that each promotion has used."""
    uses: Counter[str] = field(default_factory=Counter)
    kinds: set[str] = field(default_factory=set)
    percents: set[tuple[str, str | None, int, int]] = field(default_factory=set)
    """(promotion, coupon, number of the reward, line) of percentages that gave anything."""

    def gave_more(self, one: Json) -> bool:
        """Whether an offer gave anything beside multiplied points."""
        return one in self.lowering or any(other is one and not gift.multiplier for other, gift in self.gifts)


def play(goods: Sequence[Json], chosen: Sequence[Json], world: World) -> Outcome:
    """What a combination gives.  Where of percentages only the best of a line counts, one that gives
    nothing there (its threshold missed, say) is no percentage of that line."""
    idle: set[tuple[str, str | None, int, int]] = set()
    while True:
        run = Run(Units(goods, world))
        owners = best_percents(run.units, chosen, idle)
        for one in chosen:
            apply(run, one, owners)
        dead = set() if owners is None else {owner for owner in owners.values() if owner not in run.percents}
        if not dead:
            return outcome_of(run)
        idle |= dead


def best_percents(
    units: Units, chosen: Sequence[Json], idle: set[tuple[str, str | None, int, int]]
) -> dict[int, tuple[str, str | None, int, int]] | None:
    """Line -> its highest percentage, of equal ones the first; None where all count."""
    if units.world.policy.get("percent_stacking") != "best_per_line":
        return None
    rates: dict[int, Any] = {}
    owners: dict[int, tuple[str, str | None, int, int]] = {}
    for one in chosen:
        for number, reward in enumerate(one["rewards"]):
            for line in {units.line_of[unit] for unit in units.covered(scopes(reward)[0])}:
                owner = one["code"], one["coupon"], number, line
                if reward["kind"] != "percent_off" or owner in idle:
                    continue
                rate = percent(10**9, reward["percent"])
                if rate > rates.get(line, 0):
                    rates[line], owners[line] = rate, owner
    return owners


def apply(run: Run, one: Json, owners: dict[int, tuple[str, str | None, int, int]] | None) -> None:
    """Carry out one offer, if its turn finds it permitted."""
    units, code, limits = run.units, one["code"], one.get("limits", {})
    if one.get("stacking") == "only_if_alone" and run.applied:
        return
    if not all(holds(units, condition) for condition in one.get("conditions", []) if late(condition)):
        return
    most = limits["per_basket"] - run.uses[code] if "per_basket" in limits else None
    if most is not None and most <= 0:
        return
    before = units.left.copy(), units.taken.copy()
    cuts: list[tuple[int, Cut]] = []
    for number, reward in enumerate(one["rewards"]):
        mine = (one["code"], one["coupon"], number)
        units.percent_lines = None if owners is None else {line for line in owners if owners[line][:3] == mine}
        for cut in units.cuts(reward, most):
            found = above_floor(units, cut, one.get("floor"))
            if found.total:
                take(units, found)
                cuts.append((number, found))
    gifts = [(reward, units.gift(reward, most)) for reward in one["rewards"] if reward["kind"] in GIFTS]
    given = [(reward, gift) for reward, gift in gifts if gift is not None]
    if not cuts and not given:
        return
    worth = sum(gift.worth for _, gift in given)
    if "budget" in limits:
        left = limits["budget"] - run.spent[code]
        if sum(cut.total for _, cut in cuts) + worth > left:
            units.left, units.taken = before
            if units.world.policy.get("over_budget") != "cap" or left <= worth:
                return
            cuts = within(units, cuts, left - worth)
    note(run, one, cuts, given)


def note(run: Run, one: Json, cuts: Sequence[tuple[int, Cut]], gifts: Sequence[tuple[Json, Gift]]) -> None:
    """Keep the books of what applied."""
    times = Counter(number for number, _ in cuts)
    run.applied.append(one)
    run.gifts += [(one, gift) for _, gift in gifts]
    run.lowering += [one] if cuts else []
    run.spent[one["code"]] += sum(cut.total for _, cut in cuts) + sum(gift.worth for _, gift in gifts)
    run.uses[one["code"]] += max([*times.values(), *(gift.uses for _, gift in gifts)])
    run.kinds.update(one["rewards"][number]["kind"] for number in times)
    run.kinds.update(reward["kind"] for reward, _ in gifts)
    for number, cut in cuts:
        lines = {run.units.line_of[unit] for unit, amount in cut.amounts.items() if amount}
        run.percents.update((one["code"], one["coupon"], number, line) for line in lines)


def take(units: Units, cut: Cut) -> None:
    """Carry out one cut."""
    for unit, amount in cut.amounts.items():
        units.left[unit] -= amount
    units.taken.update(cut.consumed)


def above_floor(units: Units, cut: Cut, floor: str | int | None) -> Cut:
    """As much of a cut as floors allow: per unit, for a multi-buy over all its units together."""

    def lowest(unit: int) -> int:
        line = units.goods[units.line_of[unit]]
        ruled = line.get("unit_cost") if floor == "cost" else floor
        return units.scaled(unit, max(line.get("floor") or 0, ruled or 0))

    if cut.consumed:
        return units.shrunk(cut, max(0, sum(units.left[unit] - lowest(unit) for unit in cut.consumed)))
    return Cut({unit: min(off, max(0, units.left[unit] - lowest(unit))) for unit, off in cut.amounts.items()})


def within(units: Units, cuts: Sequence[tuple[int, Cut]], budget: int) -> list[tuple[int, Cut]]:
    """The first cuts that a budget pays for, the last of them made smaller (S12)."""
    found = []
    for number, cut in cuts:
        smaller = units.shrunk(cut, budget)
        if smaller.total:
            take(units, smaller)
            found.append((number, smaller))
        budget -= smaller.total
    return found


def beaten_multipliers(run: Run) -> list[Json]:
    """Offers that did nothing but multiply points, and less than another did on the final price (S17)."""
    made = [(one, gift) for one, gift in run.gifts if gift.multiplier]

    def brings(pair: tuple[Json, Gift]) -> tuple[int, bool]:
        one, gift = pair
        paid = sum(run.units.worth_of(number) for number in gift.lines)
        return paid // run.units.world.per_point * (gift.multiplier - NORMAL), one["coupon"] is None

    best = max(made, key=brings, default=None)
    return [one for one, _ in made if best is not None and one is not best[0] and not run.gave_more(one)]


def outcome_of(run: Run) -> Outcome:
    """The end of it; of several multipliers of points the best alone counts (S17)."""
    units = run.units
    free: Counter[str] = Counter()
    for _, gift in run.gifts:
        if gift.quantity:
            free[gift.sku] += gift.quantity
    beaten = beaten_multipliers(run)
    plain = sum(gift.worth for _, gift in run.gifts if gift.multiplier in (0, NORMAL))
    times = max((gift.worth for _, gift in run.gifts if gift.multiplier > NORMAL), default=0)
    return Outcome(
        discount=sum(units.start) - sum(units.left),
        worth=plain + times,
        applied=tuple(one["code"] for one in run.applied),
        used=tuple(sorted(((one["code"], one["coupon"]) for one in run.applied if one not in beaten), key=str)),
        nets=tuple(units.worth_of(number) for number in range(len(units.goods))),
        free=tuple(sorted(free.items())),
        kinds=tuple(sorted(run.kinds)),
    )
