"""What a rule cannot mean: conditions about the same thing that no member can fulfil together.

Only certain contradictions are found (the conditions that must all hold, and those that must not);
one that the data alone knows shows in the funnel, where the count falls to 0 at its condition.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from loyalty_pos.domain.segments.rule import Condition, Rule, steps

Faults = dict[str, list[str]]
Meant = tuple[float, float] | frozenset[str] | bool
"""What a condition lets through: a range, some words, or (exists) whether there is anything."""
About = tuple[str, tuple[str, ...], int | None]


def contradictions(rule: Rule, path: str = "rule") -> Faults:
    """``contradictory`` at each condition that leaves nobody, given those before it."""
    faults: Faults = {}
    needed: dict[About, Meant] = {}
    for where, one in _needed(rule, path):
        meant, before = _meant(one), needed.get(one.about)
        both = meant if before is None else _both(before, meant, many=one.declared.kind == "many")
        if both is None:
            faults[where] = ["contradictory"]
        else:
            needed[one.about] = both
    for step in steps(rule, path):
        if step.out and isinstance(step.part, Condition):
            asked = needed.get(step.part.about)
            if asked is not None and _within(asked, _meant(step.part)):
                faults[step.path] = ["contradictory"]
    return faults


def _needed(rule: Rule, path: str) -> Iterator[tuple[str, Condition]]:
    """The conditions that every member of the rule fulfils."""
    for step in steps(rule, path):
        if step.out or step.path.endswith(".any"):
            continue
        if isinstance(step.part, Condition):
            yield step.path, step.part
        else:
            yield from _needed(step.part, step.path)


def _meant(one: Condition) -> Meant:
    if one.op == "exists":
        return bool(one.value)
    if one.op == "in":
        return frozenset(one.value)
    if one.op == "between":
        low, high = one.value
        return float(low), float(high)
    if one.op == "=":
        return float(one.value), float(one.value)
    return (float(one.value), inf) if one.op == ">=" else (0.0, float(one.value))


def _both(first: Meant, second: Meant, many: bool) -> Meant | None:
    """What fulfils both; None when nothing does.  A member may have several of ``many``."""
    if isinstance(first, bool) or isinstance(second, bool):
        if first is False or second is False:
            return False if first is second else None
        return second if isinstance(first, bool) else first
    if isinstance(first, frozenset) and isinstance(second, frozenset):
        return second if many else (first & second or None)
    assert isinstance(first, tuple)
    assert isinstance(second, tuple)
    low, high = max(first[0], second[0]), min(first[1], second[1])
    return (low, high) if low <= high else None


def _within(asked: Meant, refused: Meant) -> bool:
    """Whether everybody who is asked for is refused."""
    if isinstance(refused, bool):
        return refused is not (asked is False)
    if isinstance(asked, bool):
        return False
    if isinstance(asked, frozenset) and isinstance(refused, frozenset):
        return asked <= refused
    assert isinstance(asked, tuple)
    assert isinstance(refused, tuple)
    return refused[0] <= asked[0] and asked[1] <= refused[1]
