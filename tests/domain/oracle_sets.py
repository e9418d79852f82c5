"""Which combinations of offers are permitted, for the oracle: every one of them, in its order of application (S7, S11).

Permitted are: each exclusive offer alone; or all offers that merely combine, one or none of each group, any of
the coupons, and of multi-buys that want units of the same lines any; where they follow one another within a
stage, in any order.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from domain.oracle_rewards import GIFTS, HUNGRY, Json, Units, scopes

STAGES = ("catalog", "item", "group", "tier", "basket", "coupon")


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
            picks.append([(one,), ()] if may_be_left(one) or one in rivals else [(one,)])
    picks += [[*((one,) for one in members), ()] for members in groups.values()]
    turns = [] if units.world.policy.get("percent_stacking") == "best_per_line" else rows(units, rest, rivals)
    for picked in itertools.product(*picks):
        chosen = sorted(itertools.chain.from_iterable(picked), key=order)
        yield from ((False, way) for way in turned(chosen, turns))


def may_be_left(one: Json) -> bool:
    """Whether an offer is a choice: a coupon, but for one that only multiplies points (the best stands, S17)."""
    multiplies = all("multiplier" in reward for reward in one["rewards"]) and one.get("stacking") == "combine"
    return one["coupon"] is not None and not multiplies


def rows(units: Units, rest: Sequence[Json], rivals: Sequence[Json]) -> list[list[Json]]:
    """Rivals of one stage that follow one another: no offer between them has to do with them."""
    found: list[list[Json]] = []
    for place, one in enumerate(rest):
        if one not in rivals:
            continue
        for row in reversed(found):
            between = rest[rest.index(row[-1]) + 1 : place]
            if follows(units, one, row) and not any(matters(units, other, [*row, one]) for other in between):
                row.append(one)
                break
        else:
            found.append([one])
    return found


def follows(units: Units, one: Json, row: Sequence[Json]) -> bool:
    """Whether a rival is of a row's stage, and wants its units; another does no harm where none looks around."""
    if order(row[0])[0] != order(one)[0]:
        return False
    shares = any(wanted(units, one) & wanted(units, other) for other in row)
    return shares or not any(looks_around(other) for other in [*row, one])


def matters(units: Units, one: Json, row: Sequence[Json]) -> bool:
    """Whether it makes a difference to some rivals, or they to it, which comes first."""
    if looks_around(one):
        return True
    if any(looks_around(other) for other in row):
        gives = any(reward["kind"] in GIFTS for reward in one["rewards"])
        return bool(changed(units, one)) or (gives and any(other.get("stacking") == "only_if_alone" for other in row))
    return any(changed(units, one) & lines_of(units, other["rewards"]) for other in row)


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
    return bool(wanted(units, one)) and any(
        other is not one and wanted(units, one) & wanted(units, other) for other in others
    )


def wanted(units: Units, one: Json) -> set[int]:
    """Lines whose units a multi-buy uses up (S8); one of a group has its place there."""
    hungry = [reward for reward in one["rewards"] if reward["kind"] in HUNGRY]
    return set() if one.get("group") else lines_of(units, hungry)


def lines_of(units: Units, rewards: Sequence[Json]) -> set[int]:
    """All lines that some rewards may touch."""
    scoped = (scope for reward in rewards for scope in scopes(reward))
    return {units.line_of[unit] for scope in scoped for unit in units.covered(scope)}


def changed(units: Units, one: Json) -> set[int]:
    """Lines that it may lower, or of which it looks at whether they are whole."""
    whole = [scope for reward in one["rewards"] for scope in scopes(reward) if scope.get("exclude_discounted")]
    lowering = [reward for reward in one["rewards"] if reward["kind"] not in GIFTS]
    return lines_of(units, lowering) | {units.line_of[unit] for scope in whole for unit in units.covered(scope)}


def looks_around(one: Json) -> bool:
    """Whether it depends on what was given elsewhere."""
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


def late(condition: Json) -> bool:
    """Whether a threshold looks at what earlier offers have left."""
    return condition.get("basis") == "discounted" or bool(condition.get("scope", {}).get("exclude_discounted"))
