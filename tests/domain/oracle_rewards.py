"""What each kind of reward gives, for the oracle: written from the rules, without the engine.

Units are plain numbers in lists, shares are worked out with fractions.  A kind is one method that
yields cuts, each to be taken before the next is asked for; what changes no price is a gift.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Any

Json = dict[str, Any]
HUNGRY = ("cheapest_off", "buy_get", "fixed_price_group", "bundle")
GIFTS = ("add_free_item", "points")
EVERYTHING: Json = {"all": True}
NORMAL = 10_000


@dataclass(frozen=True)
class World:
    """What else a price depends on: a gold member's points, what goods cost, the shop's policy."""

    policy: Json = field(default_factory=dict)
    prices: Mapping[str, int] = field(default_factory=dict)
    point_value: int = 10
    tier_multiplier: int = 12_500
    per_point: int = 1_000
    """Money for which one point is earned (S15)."""


@dataclass
class Cut:
    """What some units lose; a multi-buy also says which units it uses up."""

    amounts: dict[int, int]
    consumed: list[int] = field(default_factory=list)

    @property
    def total(self) -> int:
        """In minor units."""
        return sum(self.amounts.values())


@dataclass(frozen=True)
class Gift:
    """What a reward gives beside the price, and what it counts in the search (S11)."""

    worth: int
    uses: int = 1
    sku: str = ""
    quantity: int = 0
    multiplier: int = 0
    lines: frozenset[int] = frozenset()
    """Those whose points are multiplied."""


class Units:
    """The goods unit by unit: what each is still worth, and which are used up (S8)."""

    def __init__(self, goods: Sequence[Json], world: World) -> None:
        self.goods = sorted(goods, key=lambda line: int(line["line"]))
        self.world = world
        self.line_of = [number for number, line in enumerate(self.goods) for _ in range(pieces(line))]
        self.gross = [gross(line) for line in self.goods]
        self.start = [value for line in self.goods for value in unit_values(line)]
        self.left = self.start.copy()
        self.taken: set[int] = set()
        self.reduced: set[int] = set()
        """Lines that carried a discount when the turn came of what is applied now."""
        self.percent_lines: set[int] | None = None
        """Lines on which the percentage whose turn it is counts; None: all of them."""

    # Which units ------------------------------------------------------------------------------

    def covered(self, scope: Json) -> list[int]:
        """Units of a scope that may be discounted (S10)."""
        return [unit for unit, number in enumerate(self.line_of) if meant(self.goods[number], scope)]

    def now(self, scope: Json) -> list[int]:
        """The same without lines that were reduced already, if the scope says so."""
        units = self.covered(scope)
        if not scope.get("exclude_discounted"):
            return units
        return [unit for unit in units if self.line_of[unit] not in self.reduced]

    def look(self) -> None:
        """See which lines are reduced by now."""
        self.reduced = {number for number, gross in enumerate(self.gross) if self.worth_of(number) != gross}

    def worth_of(self, number: int) -> int:
        """What a line comes to now."""
        return sum(left for left, line in zip(self.left, self.line_of, strict=True) if line == number)

    def free(self, scope: Json) -> list[int]:
        """Units that no multi-buy has used up."""
        return [unit for unit in self.now(scope) if unit not in self.taken]

    def cheapest(self, units: Sequence[int]) -> list[int]:
        """The cheapest first, of equal ones the last."""
        return sorted(units, key=lambda unit: (self.left[unit], -unit))

    def dearest(self, units: Sequence[int]) -> list[int]:
        """The dearest first, of equal ones the first."""
        return sorted(units, key=lambda unit: (-self.left[unit], unit))

    def given(self, units: Sequence[int]) -> list[int]:
        """In the order in which units are given (policy ``given_units``)."""
        return (self.dearest if self.world.policy.get("given_units") == "dearest_first" else self.cheapest)(units)

    def _chosen(self, reward: Json, units: list[int]) -> list[int]:
        """As many as ``max_units`` and ``max_units_per_line`` allow."""
        most, per_line = reward.get("max_units", len(units)), reward.get("max_units_per_line", len(units))
        found: list[int] = []
        for unit in self.given(units):
            here = sum(self.line_of[other] == self.line_of[unit] for other in found)
            if here < per_line and len(found) < most:
                found.append(unit)
        return sorted(found)

    def by_line(self, units: Sequence[int]) -> list[list[int]]:
        """Units, a list for each line."""
        return [list(members) for _, members in itertools.groupby(units, key=self.line_of.__getitem__)]

    def scaled(self, unit: int, price: int) -> int:
        """A price for one unit: of a weighed line, times the weight (S2)."""
        quantity = self.goods[self.line_of[unit]]["quantity"]
        return half_up(price * Fraction(quantity)) if isinstance(quantity, str) else price

    # The kinds --------------------------------------------------------------------------------

    def cuts(self, reward: Json, most: int | None) -> Iterator[Cut]:
        """What a reward would take off; a multi-buy applies at most ``most`` times."""
        self.look()
        if reward["kind"] not in GIFTS:
            yield from getattr(self, f"_{reward['kind']}")(reward, most)

    def _percent_off(self, reward: Json, _most: int | None) -> Iterator[Cut]:
        units = self.now(reward.get("scope", EVERYTHING))
        if self.percent_lines is not None:
            units = [unit for unit in units if self.line_of[unit] in self.percent_lines]
        units = self._chosen(reward, units)
        original = reward.get("base") == "original" or self.world.policy.get("percent_stacking") == "additive"
        values = self.start if original else self.left
        amount = percent(sum(values[unit] for unit in units), reward["percent"])
        yield self._shared(min(amount, reward.get("max_amount", amount)), units, values)

    def _amount_off(self, reward: Json, _most: int | None) -> Iterator[Cut]:
        units = self._chosen(reward, self.now(reward.get("scope", EVERYTHING)))
        amount, per = reward["amount"], reward.get("per", "basket")
        amounts: dict[int, int] = {}
        if per == "unit":
            amounts = {unit: min(self.scaled(unit, amount), self.left[unit]) for unit in units}
        else:
            most = min(amount, reward.get("max_amount", amount)) if per == "basket" else amount
            for members in [units] if per == "basket" else self.by_line(units):
                amounts |= self._shared(min(most, self._worth(members)), members, self.left).amounts
        yield self._capped(Cut(amounts), reward)

    def _fixed_price(self, reward: Json, _most: int | None) -> Iterator[Cut]:
        units = self._chosen(reward, self.now(reward.get("scope", EVERYTHING)))
        yield self._down_to(units, reward["price"])

    def _steps(self, reward: Json, _most: int | None) -> Iterator[Cut]:
        units = self.now(reward.get("scope", EVERYTHING))
        for members in self.by_line(units) if reward["by"] == "line_amount" else [units]:
            value = len(members) if reward["by"] == "quantity" else sum(self.start[unit] for unit in members)
            reached = [step for step in reward["steps"] if step["from"] <= value]
            if not reached:
                continue
            step = reached[-1]
            if "price" in step:
                yield self._down_to(members, step["price"])
            else:
                worth = self._worth(members)
                amount = percent(worth, step["percent"]) if "percent" in step else step["amount"]
                yield self._shared(min(amount, worth), members, self.left)

    def _cheapest_off(self, reward: Json, _most: int | None) -> Iterator[Cut]:
        group = self.free(reward.get("scope", EVERYTHING))
        cut = self._off(sorted(self.cheapest(group)[: reward.get("units", 1)]), reward)
        cut.consumed = group
        yield cut

    def _buy_get(self, reward: Json, most: int | None) -> Iterator[Cut]:
        buy, get = reward["buy_quantity"], reward.get("get_quantity", 1)
        buyable = self.free(reward.get("buy_scope", EVERYTHING))
        givable = self.free(reward.get("get_scope") or reward.get("buy_scope", EVERYTHING))
        plans = self._plans(buyable, givable, reward, most)
        times, gifts = max(plans, key=lambda plan: (len(plan[1]), -plan[0]), default=(0, []))
        paid = self.dearest([unit for unit in buyable if unit not in gifts])
        terms = reward if {"percent", "amount"} & reward.keys() else {**reward, "percent": 100}
        for time in range(times):
            gift = sorted(gifts[time * get : (time + 1) * get])
            cut = self._off(gift, terms)
            cut.consumed = sorted([*gift, *paid[time * buy : (time + 1) * buy]])
            yield cut

    def _plans(
        self, buyable: list[int], givable: list[int], reward: Json, most: int | None
    ) -> Iterator[tuple[int, list[int]]]:
        """(times, gifts): for every number of times, the first units that nobody has to pay for it."""
        buy, get = reward["buy_quantity"], reward.get("get_quantity", 1)
        for times in range(1, min(len(buyable) // buy, len(buyable) if most is None else most) + 1):
            count = min(times * get, reward.get("max_get_units", times * get))
            gifts: list[int] = []
            for unit in self.given(givable):
                paying = sum(other not in gifts and other != unit for other in buyable)
                if len(gifts) < count and (unit not in buyable or paying >= times * buy):
                    gifts.append(unit)
            if gifts:
                yield times, gifts

    def _fixed_price_group(self, reward: Json, most: int | None) -> Iterator[Cut]:
        size = reward["quantity"]
        units = self.dearest(self.free(reward.get("scope", EVERYTHING)))
        limits = [len(units) // size, reward.get("max_groups"), most]
        for time in range(min(limit for limit in limits if limit is not None)):
            group = sorted(units[time * size : (time + 1) * size])
            yield self._together(group, self._worth(group) - reward["price"])

    def _bundle(self, reward: Json, most: int | None) -> Iterator[Cut]:
        used: set[int] = set()
        limits = [len(self.left), reward.get("max_groups"), most]
        for _ in range(min(limit for limit in limits if limit is not None)):
            group = self._group(reward, used)
            worth = self._worth(group)
            if "price" in reward:
                saved = worth - reward["price"]
            else:
                saved = percent(worth, reward["percent"]) if "percent" in reward else min(worth, reward["amount"])
            if not group or saved <= 0:
                return
            used.update(group)
            yield self._together(group, saved)

    def _group(self, reward: Json, used: set[int]) -> list[int]:
        """The first units, the dearest or those that stand first, that fill every place of a bundle."""
        places = [self.free(item["scope"]) for item in reward["items"] for _ in range(item.get("quantity", 1))]
        wanted = sorted({unit for place in places for unit in place} - used)
        ranked = wanted if reward.get("unit_order") == "basket" else self.dearest(wanted)
        group: list[int] = []
        for unit in ranked:
            if placed([*group, unit], places):
                group.append(unit)
        return sorted(group) if len(group) == len(places) else []

    # Gifts ------------------------------------------------------------------------------------

    def gift(self, reward: Json, most: int | None) -> Gift | None:
        """Goods at their price, points at what they pay for, more points by the prices on the shelf (S11)."""
        self.look()
        units = self.now(reward.get("scope", EVERYTHING))
        if reward["kind"] == "add_free_item":
            times = len(units) // reward["per_quantity"] if reward.get("per_quantity") else min(len(units), 1)
            times = times if most is None else min(times, most)
            count, sku = times * reward.get("quantity", 1), reward["sku"]
            here = [line["unit_price"] for line in self.goods if line["sku"] == sku]
            price = here[0] if here else self.world.prices.get(sku, 0)
            return Gift(count * price, times, sku, count) if times else None
        units = [unit for unit in units if self.goods[self.line_of[unit]].get("earns", True)]
        if not units:
            return None
        if "points" in reward:
            count = len(units) if reward.get("per") == "unit" else 1
            return Gift(reward["points"] * count * self.world.point_value)
        points = sum(self.start[unit] for unit in units) // self.world.per_point
        more = floor(points * Fraction(reward["multiplier"] - NORMAL, NORMAL) * self.world.tier_multiplier / NORMAL)
        lines = frozenset(self.line_of[unit] for unit in units)
        return Gift(more * self.world.point_value, multiplier=reward["multiplier"], lines=lines) if more else None

    # What the kinds share ---------------------------------------------------------------------

    def _worth(self, units: Sequence[int]) -> int:
        return sum(self.left[unit] for unit in units)

    def _down_to(self, units: Sequence[int], price: int) -> Cut:
        return Cut({unit: max(0, self.left[unit] - self.scaled(unit, price)) for unit in units})

    def _together(self, group: list[int], saved: int) -> Cut:
        cut = self._shared(max(0, saved), group, self.left)
        cut.consumed = group
        return cut

    def _off(self, units: Sequence[int], reward: Json) -> Cut:
        """A percentage, rounded once over all of them (S3), or an amount of each."""
        if "percent" not in reward:
            return self._capped(Cut({unit: min(reward["amount"], self.left[unit]) for unit in units}), reward)
        amount = percent(self._worth(units), reward["percent"])
        return self._shared(min(amount, reward.get("max_amount", amount)), units, self.left)

    def _capped(self, cut: Cut, reward: Json) -> Cut:
        return self.shrunk(cut, reward.get("max_amount", cut.total))

    def shrunk(self, cut: Cut, most: int) -> Cut:
        """The same with no more than ``most``, in the same proportions (S12, S4)."""
        if cut.total <= most:
            return cut
        units = sorted(cut.amounts)
        parts = [cut.amounts.get(unit, 0) for unit in range(len(self.left))]
        return Cut(self._parts(max(0, most), units, parts), cut.consumed)

    def _shared(self, amount: int, units: Sequence[int], values: Sequence[int]) -> Cut:
        """Each share at most what the unit is worth now (S5)."""
        parts = self._parts(amount, units, values)
        return Cut({unit: min(part, self.left[unit]) for unit, part in parts.items()})

    def _parts(self, amount: int, units: Sequence[int], values: Sequence[int]) -> dict[int, int]:
        """Over the lines, then over the units of each, by value (S4)."""
        lines = self.by_line(units)
        found: dict[int, int] = {}
        for part, members in zip(
            shares(amount, [sum(values[unit] for unit in one) for one in lines]), lines, strict=True
        ):
            found |= dict(zip(members, shares(part, [values[unit] for unit in members]), strict=True))
        return found


# Sums -----------------------------------------------------------------------------------------


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


def percent(value: int, rate: int | str) -> int:
    """A percentage, rounded once (S3)."""
    return half_up(value * Fraction(str(rate)) / 100)


def pieces(line: Json) -> int:
    """Units of a line; a weighed one is one (S4)."""
    return line["quantity"] if isinstance(line["quantity"], int) else 1


def gross(line: Json) -> int:
    """Price times quantity, rounded once (S2)."""
    return half_up(line["unit_price"] * Fraction(line["quantity"]))


def unit_values(line: Json) -> list[int]:
    """What each unit is worth once the till's own discount is off (S49)."""
    whole = [gross(line) // pieces(line)] * pieces(line)
    off = shares(line.get("discount", 0), whole)
    return [value - part for value, part in zip(whole, off, strict=True)]


def meant(line: Json, scope: Json) -> bool:
    """Whether a scope names a line that may be discounted; a category covers its children."""
    path = line.get("category") or ""
    inside = [path == name or path.startswith(name + "/") for name in scope.get("categories", [])]
    outside = [path == name or path.startswith(name + "/") for name in scope.get("exclude_categories", [])]
    named = (
        line["sku"] in scope.get("skus", [line["sku"]])
        and line.get("brand") in scope.get("brands", [line.get("brand")])
        and line["sku"] not in scope.get("exclude_skus", [])
        and scope.get("price_min", 0) <= line["unit_price"] <= scope.get("price_max", line["unit_price"])
    )
    return bool(line.get("discountable", True) and named and (not inside or any(inside)) and not any(outside))


def placed(units: Sequence[int], places: Sequence[Sequence[int]]) -> bool:
    """Whether each of the units has a place of its own."""
    if not units:
        return True
    return any(
        units[0] in place and placed(units[1:], [*places[:number], *places[number + 1 :]])
        for number, place in enumerate(places)
    )


def scopes(reward: Json) -> list[Json]:
    """The scopes of a reward."""
    found = [reward[name] for name in ("scope", "buy_scope", "get_scope") if reward.get(name)]
    return found + [item["scope"] for item in reward.get("items", [])] or [EVERYTHING]
