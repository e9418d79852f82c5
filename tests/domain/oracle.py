"""The best price by trying everything: what S11 means, written without the engine.

Units are plain numbers in lists, shares are worked out with fractions, every permitted combination is
played out to the end.  Permitted are: each exclusive offer alone; or all offers that merely combine,
one or none of each group, any of the coupons, and of multi-buys that want the same units any, in any
order.  It knows percent_off, amount_off, fixed_price, cheapest_off, buy_get and fixed_price_group,
thresholds, limits in a basket, and nothing of the engine's code.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import floor
from typing import Any

Json = dict[str, Any]
STAGES = ("catalog", "item", "group", "tier", "basket", "coupon")
HUNGRY = ("cheapest_off", "buy_get", "fixed_price_group")


def best(goods: Sequence[Json], promotions: Sequence[Json]) -> int:
    """The largest discount that a permitted combination gives, in minor units.

    ``promotions`` are those in force; a coupon's stands there if its code was shown.
    """
    basket = Basket(goods)
    usable = [one for one in promotions if basket.allows(one)]
    return max((basket.discount(chosen) for chosen in permitted(basket, usable)), default=0)


def best_nets(goods: Sequence[Json], promotions: Sequence[Json]) -> tuple[int, list[int] | None]:
    """The same, and what each line comes to; None when equally good combinations differ in it."""
    basket = Basket(goods)
    found: dict[int, set[tuple[int, ...]]] = {}
    for chosen in permitted(basket, [one for one in promotions if basket.allows(one)]):
        found.setdefault(basket.discount(chosen), set()).add(basket.nets())
    most = max(found)
    nets = found[most]
    return most, list(nets.pop()) if len(nets) == 1 else None


def permitted(basket: Basket, usable: Sequence[Json]) -> Iterator[list[Json]]:
    """Every permitted combination, in its order of application."""
    rest = [one for one in usable if one.get("stacking") != "exclusive"]
    yield from ([one] for one in usable if one.get("stacking") == "exclusive")
    rivals = [one for one in rest if basket.contested(one, rest)]
    groups: dict[str, list[Json]] = {}
    always, coupons = [], []
    for one in rest:
        if one.get("group"):
            groups.setdefault(one["group"], []).append(one)
        elif one.get("trigger") == "coupon":
            coupons.append(one)
        elif one not in rivals:
            always.append(one)
    picks = [[*((one,) for one in members), ()] for members in groups.values()]
    picks += [[(one,), ()] for one in coupons]
    for picked in itertools.product(*picks):
        others = sorted([*always, *itertools.chain.from_iterable(picked)], key=order)
        early = [one for one in others if order(one) < (STAGES.index("group") + 1,)]
        late = others[len(early) :]
        for count in range(len(rivals) + 1):
            for way in itertools.permutations(rivals, count):
                yield [*early, *way, *late]


def order(one: Json) -> tuple[Any, ...]:
    """Stage, priority, code (S11)."""
    return STAGES.index(stage(one)), -one.get("priority", 0), one["code"]


def stage(one: Json) -> str:
    """Where it applies when it does not say (S7)."""
    if one.get("stage"):
        return str(one["stage"])
    if one.get("trigger") == "coupon":
        return "coupon"
    reward = one["rewards"][0]
    if reward["kind"] in HUNGRY:
        return "group"
    broad = reward.get("level") == "basket" or (
        reward["kind"] == "amount_off" and reward.get("per", "basket") == "basket"
    )
    return "basket" if broad else "item"


class Basket:
    """The goods, unit by unit; ``left`` and ``taken`` are one combination's."""

    def __init__(self, goods: Sequence[Json]) -> None:
        self.goods = sorted(goods, key=lambda line: int(line["line"]))
        self.line_of = [number for number, line in enumerate(self.goods) for _ in range(line["quantity"])]
        self.start = [self.goods[number]["unit_price"] for number in self.line_of]
        self.left: list[int] = []
        self.taken: set[int] = set()

    def covered(self, scope: Json) -> list[int]:
        """Units of a scope that may be discounted (S10)."""
        return [unit for unit, number in enumerate(self.line_of) if self._meant(self.goods[number], scope)]

    @staticmethod
    def _meant(line: Json, scope: Json) -> bool:
        path = line.get("category") or ""
        inside = [path == name or path.startswith(name + "/") for name in scope.get("categories", [])]
        outside = [path == name or path.startswith(name + "/") for name in scope.get("exclude_categories", [])]
        return line.get("discountable", True) and (not inside or any(inside)) and not any(outside)

    def allows(self, one: Json) -> bool:
        """Whether the thresholds hold that do not depend on what else applies (S9)."""
        touched = any(self.covered(scope) for reward in one["rewards"] for scope in scopes(reward))
        return touched and all(self._holds(part, self.start) for part in one.get("conditions", []) if not late(part))

    def _holds(self, condition: Json, values: list[int]) -> bool:
        units = self.covered(condition.get("scope", {}))
        if condition["kind"] == "min_quantity":
            return len(units) >= condition["quantity"]
        return sum(values[unit] for unit in units) >= condition["amount"]

    def contested(self, one: Json, others: Sequence[Json]) -> bool:
        """Whether another multi-buy wants a unit of its lines (S8)."""
        if not hungry(one):
            return False
        lines = self._lines(one)
        return any(other is not one and hungry(other) and lines & self._lines(other) for other in others)

    def _lines(self, one: Json) -> set[int]:
        scoped = (scope for reward in one["rewards"] for scope in scopes(reward))
        return {self.line_of[unit] for scope in scoped for unit in self.covered(scope)}

    def discount(self, chosen: Sequence[Json]) -> int:
        """What a combination gives."""
        self.left, self.taken = self.start.copy(), set()
        for one in chosen:
            given = sum(self.start) - sum(self.left)
            if one.get("stacking") == "only_if_alone" and given:
                continue
            if all(self._holds(part, self.left) for part in one.get("conditions", []) if late(part)):
                for reward in one["rewards"]:
                    getattr(self, f"_{reward['kind']}")(reward, one.get("limits", {}).get("per_basket"))
        return sum(self.start) - sum(self.left)

    def nets(self) -> tuple[int, ...]:
        """What each line comes to, in the order of their numbers."""
        sums = [0] * len(self.goods)
        for unit, number in enumerate(self.line_of):
            sums[number] += self.left[unit]
        return tuple(sums)

    # The kinds --------------------------------------------------------------------------------

    def _percent_off(self, reward: Json, _most: int | None) -> None:
        units = self._first(self.covered(reward["scope"]), reward.get("max_units"))
        values = self.start if reward.get("base") == "original" else self.left
        amount = half_up(Fraction(sum(values[unit] for unit in units)) * Fraction(str(reward["percent"])) / 100)
        self._share(min(amount, reward.get("max_amount", amount)), units, values)

    def _amount_off(self, reward: Json, _most: int | None) -> None:
        units, amount = self.covered(reward["scope"]), reward["amount"]
        per = reward.get("per", "basket")
        if per == "basket":
            self._share(min(amount, sum(self.left[unit] for unit in units)), units, self.left)
        elif per == "unit":
            for unit in units:
                self.left[unit] -= min(amount, self.left[unit])
        else:
            for _, line in itertools.groupby(units, key=self.line_of.__getitem__):
                members = list(line)
                self._share(min(amount, sum(self.left[unit] for unit in members)), members, self.left)

    def _fixed_price(self, reward: Json, _most: int | None) -> None:
        for unit in self._first(self.covered(reward["scope"]), reward.get("max_units")):
            self.left[unit] = min(self.left[unit], reward["price"])

    def _cheapest_off(self, reward: Json, _most: int | None) -> None:
        group = self._free(reward["scope"])
        given = sorted(self._cheapest(group)[: reward["units"]])
        if self._give(given, reward):
            self.taken.update(group)

    def _buy_get(self, reward: Json, most: int | None) -> None:
        buy, get = reward["buy_quantity"], reward["get_quantity"]
        buyable, givable = self._free(reward["buy_scope"]), self._free(reward["get_scope"])
        times, gifts = max(
            self._plans(buyable, givable, buy, get, most), key=lambda plan: (len(plan[1]), -plan[0]), default=(0, [])
        )
        paid = sorted((unit for unit in buyable if unit not in gifts), key=lambda unit: (-self.left[unit], unit))
        for time in range(times):
            gift = sorted(gifts[time * get : (time + 1) * get])
            if self._give(gift, reward):
                self.taken.update(gift, paid[time * buy : (time + 1) * buy])

    def _plans(
        self, buyable: list[int], givable: list[int], buy: int, get: int, most: int | None
    ) -> Iterator[tuple[int, list[int]]]:
        """(times, gifts): for every number of times, the cheapest units that nobody has to pay for it."""
        for times in range(1, min(len(buyable) // buy, most or len(buyable)) + 1):
            gifts: list[int] = []
            for unit in self._cheapest(givable):
                paying = sum(other not in gifts and other != unit for other in buyable)
                if len(gifts) < times * get and (unit not in buyable or paying >= times * buy):
                    gifts.append(unit)
            if gifts:
                yield times, gifts

    def _fixed_price_group(self, reward: Json, most: int | None) -> None:
        size = reward["quantity"]
        units = sorted(self._free(reward["scope"]), key=lambda unit: (-self.left[unit], unit))
        for time in range(min(len(units) // size, most or len(units))):
            group = sorted(units[time * size : (time + 1) * size])
            saved = sum(self.left[unit] for unit in group) - reward["price"]
            if saved > 0:
                self._share(saved, group, self.left)
                self.taken.update(group)

    # What they share --------------------------------------------------------------------------

    def _free(self, scope: Json) -> list[int]:
        return [unit for unit in self.covered(scope) if unit not in self.taken]

    def _cheapest(self, units: Sequence[int]) -> list[int]:
        return sorted(units, key=lambda unit: (self.left[unit], -unit))

    def _first(self, units: list[int], most: int | None) -> list[int]:
        return units if most is None else sorted(self._cheapest(units)[:most])

    def _give(self, units: Sequence[int], reward: Json) -> int:
        """A percentage of some units, rounded once over all of them (S3); what it came to."""
        value = sum(self.left[unit] for unit in units)
        amount = half_up(Fraction(value) * Fraction(str(reward["percent"])) / 100)
        self._share(amount, units, self.left)
        return amount

    def _share(self, amount: int, units: Sequence[int], values: list[int]) -> None:
        """Over the lines, then over the units of each, by value (S4)."""
        lines = [list(members) for _, members in itertools.groupby(units, key=self.line_of.__getitem__)]
        weights = [sum(values[unit] for unit in members) for members in lines]
        cuts = {}
        for part, members in zip(shares(amount, weights), lines, strict=True):
            cuts.update(zip(members, shares(part, [values[unit] for unit in members]), strict=True))
        for unit, cut in cuts.items():
            self.left[unit] -= min(cut, self.left[unit])


def shares(amount: int, weights: Sequence[int]) -> list[int]:
    """In proportion: whole parts first, then one more to the largest fractions, the first of equal ones (S4)."""
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    exact = [Fraction(amount * weight, total) for weight in weights]
    parts = [floor(one) for one in exact]
    ranked = sorted(range(len(weights)), key=lambda place: (parts[place] - exact[place], place))
    for place in ranked[: amount - sum(parts)]:
        parts[place] += 1
    return parts


def half_up(value: Fraction) -> int:
    """To the nearest whole number, halves up."""
    return floor(value + Fraction(1, 2))


def hungry(one: Json) -> bool:
    """Whether it uses units up (S8); one of a group has its place there."""
    return not one.get("group") and any(reward["kind"] in HUNGRY for reward in one["rewards"])


def late(condition: Json) -> bool:
    """Whether a threshold looks at what is left."""
    return condition.get("basis") == "discounted"


def scopes(reward: Json) -> list[Json]:
    """The scopes of a reward."""
    return [reward[name] for name in ("scope", "buy_scope", "get_scope") if name in reward]
