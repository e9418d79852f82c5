"""The best price by trying everything: what S11 means, written without the engine.

Every permitted combination is played out to the end.  Permitted are: each exclusive offer alone; or all
offers that merely combine, one or none of each group, any of the coupons, and of multi-buys that want
units of the same lines any, and within a stage in any order.  The kinds of reward are in
oracle_rewards.py.  Nothing of the engine's code is known here.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from domain.oracle_rewards import EVERYTHING, GIFTS, HUNGRY, NORMAL, Cut, Gift, Json, Units, World, percent, scopes

STAGES = ("catalog", "item", "group", "tier", "basket", "coupon")
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


def candidates(promotions: Sequence[Json]) -> list[Json]:
    """Each promotion once, one of coupons once for each coupon."""
    found = []
    for one in promotions:
        if one.get("trigger") == "coupon":
            found += [one | {"coupon": coupon_code(one, number)} for number in range(one.get("coupons", 1))]
        else:
            found.append(one | {"coupon": None})
    return found


def coupon_code(one: Json, number: int) -> str:
    """Of the coupons of one promotion, the one of a number."""
    return f"99{one['code']}" + "+" * number


def may_be_tried(units: Units, one: Json) -> bool:
    """Whether everything holds that does not depend on what else applies (S9)."""
    touched = any(units.covered(scope) for reward in one["rewards"] for scope in scopes(reward))
    fixed = [condition for condition in one.get("conditions", []) if not late(condition)]
    money = one.get("limits", {}).get("budget", 1)
    return touched and money > 0 and all(holds(units, condition) for condition in fixed)


def late(condition: Json) -> bool:
    """Whether a threshold looks at what earlier offers have left."""
    return condition.get("basis") == "discounted" or bool(condition.get("scope", {}).get("exclude_discounted"))


def holds(units: Units, condition: Json) -> bool:
    """A threshold, inclusive unless it says otherwise (S9)."""
    units.look()
    here = units.now(condition.get("scope", EVERYTHING))
    if condition["kind"] == "min_quantity":
        return condition["quantity"] <= len(here) <= condition.get("max", len(here))
    values = units.left if condition.get("basis") == "discounted" else units.start
    value = sum(values[unit] for unit in here)
    return bool(COMPARE[condition.get("op", "gte")](value, condition["amount"]))


# What is permitted ------------------------------------------------------------------------------


def permitted(units: Units, usable: Sequence[Json]) -> Iterator[tuple[bool, list[Json]]]:
    """Every permitted combination, in its order of application, and whether it is an exclusive offer's."""
    yield from ((True, [one]) for one in usable if one.get("stacking") == "exclusive")
    rest = sorted((one for one in usable if one.get("stacking") != "exclusive"), key=order)
    rivals = [one for one in rest if contested(units, one, rest)]
    groups: dict[str, list[Json]] = {}
    picks: list[list[tuple[Json, ...]]] = []
    for one in rest:
        if one.get("group"):
            groups.setdefault(one["group"], []).append(one)
        else:
            picks.append([(one,), ()] if one["coupon"] or one in rivals else [(one,)])
    picks += [[*((one,) for one in members), ()] for members in groups.values()]
    turns = [] if units.world.policy.get("percent_stacking") == "best_per_line" else rows(units, rest, rivals)
    for picked in itertools.product(*picks):
        chosen = sorted(itertools.chain.from_iterable(picked), key=order)
        yield from ((False, way) for way in turned(chosen, turns))


def rows(units: Units, rest: Sequence[Json], rivals: Sequence[Json]) -> list[list[Json]]:
    """Rivals of one stage that follow one another: no offer between them has to do with their lines."""
    found: list[list[Json]] = []
    between: list[Json] = []
    for one in rest:
        if one not in rivals:
            between.append(one)
            continue
        row = found[-1] if found else []
        lines = set().union(lines_of(units, one), *(lines_of(units, other) for other in row))
        apart = any(looks_around(other) or lowered(units, other) & lines for other in between)
        if row and order(row[0])[0] == order(one)[0] and not apart:
            row.append(one)
        else:
            found.append([one])
        between = []
    return found


def turned(chosen: list[Json], turns: Sequence[list[Json]]) -> Iterator[list[Json]]:
    """Each row of rivals in every order."""
    places = [[place for place, one in enumerate(chosen) if one in row] for row in turns]
    for ways in itertools.product(*(itertools.permutations(some) for some in places)):
        made = chosen.copy()
        for some, way in zip(places, ways, strict=True):
            for place, taken in zip(some, way, strict=True):
                made[place] = chosen[taken]
        yield made


def contested(units: Units, one: Json, others: Sequence[Json]) -> bool:
    """Whether another multi-buy wants a unit of its lines (S8)."""
    return hungry(one) and any(
        other is not one and hungry(other) and lines_of(units, one) & lines_of(units, other) for other in others
    )


def hungry(one: Json) -> bool:
    """Whether it uses units up (S8); one of a group has its place there."""
    return not one.get("group") and any(reward["kind"] in HUNGRY for reward in one["rewards"])


def lines_of(units: Units, one: Json) -> set[int]:
    """All lines that an offer may touch."""
    scoped = (scope for reward in one["rewards"] for scope in scopes(reward))
    return {units.line_of[unit] for scope in scoped for unit in units.covered(scope)}


def lowered(units: Units, one: Json) -> set[int]:
    """Those whose prices it lowers."""
    return lines_of(units, one | {"rewards": [reward for reward in one["rewards"] if reward["kind"] not in GIFTS]})


def looks_around(one: Json) -> bool:
    """Whether it depends on what was applied to other lines."""
    return one.get("stacking") == "only_if_alone" or any(late(part) for part in one.get("conditions", []))


def order(one: Json) -> tuple[int, int, str, str]:
    """Stage, priority, code (S11); what is nothing but points comes after all, on the final price."""
    last = all(reward["kind"] == "points" for reward in one["rewards"])
    place = len(STAGES) if last else STAGES.index(stage(one))
    return place, -one.get("priority", 0), one["code"], one["coupon"] or ""


def stage(one: Json) -> str:
    """Where it applies when it does not say: the latest of its rewards' (S7)."""
    if one.get("stage"):
        return str(one["stage"])
    if one.get("trigger") == "coupon":
        return "coupon"
    return max((stage_of(reward) for reward in one["rewards"] if reward["kind"] != "points"), key=STAGES.index)


def stage_of(reward: Json) -> str:
    """promotions.md, the table of fields."""
    kind = reward["kind"]
    if kind in HUNGRY:
        return "group"
    whole_bill = (
        kind == "add_free_item"
        or (kind == "percent_off" and reward.get("level") == "basket")
        or (kind == "amount_off" and reward.get("per", "basket") == "basket")
        or (kind == "steps" and reward["by"] == "basket_amount")
    )
    return "basket" if whole_bill else "item"


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

    def brings(gift: Gift) -> int:
        paid = sum(run.units.worth_of(number) for number in gift.lines)
        return paid // run.units.world.per_point * (gift.multiplier - NORMAL)

    best = max(made, key=lambda pair: brings(pair[1]), default=None)
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
