"""From JSON to a segment's rule, or BadInput that names every faulty field by its path.

``{"all": [...], "any": [...], "not": ...}``; a part is a condition ``{"field", "op", "value"}``, with
``of`` where the field speaks of goods and ``days`` where it has a window, or a rule inside the rule.
Invariant: what is decoded can be asked of the database as it is; a bad value is never echoed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta

from loyalty_pos.domain.promotions.decode import decode, join
from loyalty_pos.domain.segments.fields import CHOICES, FIELDS, LARGEST, OPERATORS
from loyalty_pos.domain.segments.rule import Condition, Rule, Words
from loyalty_pos.domain.segments.sense import Faults, contradictions
from loyalty_pos.errors import BadInput

DEEPEST = 4
"""Rules inside rules, the outermost counted."""
MOST = 30
"""Conditions of a rule, those of the rules inside it too."""


def decode_rule(raw: object, path: str = "rule") -> Rule:
    """The rule; BadInput ``invalid`` with every fault: ``empty``, ``too_deep``, ``too_many``, ``not_one_of``..."""
    faults: Faults = {}
    rule = _rule(raw, path, 1, faults)
    if not faults and len([*rule.conditions()]) > MOST:
        faults[path] = ["too_many"]
    faults = faults or contradictions(rule, path)
    if faults:
        raise BadInput(errors=faults)
    return rule


def _rule(raw: object, path: str, depth: int, faults: Faults) -> Rule:
    if not isinstance(raw, Mapping):
        faults[path] = ["wrong_type"]
        return Rule()
    if depth > DEEPEST:
        faults[path] = ["too_deep"]
        return Rule()
    for name in raw:
        if name not in ("all", "any", "not"):
            faults[join(path, str(name))] = ["unknown_field"]
    found = Rule(
        all=_parts(raw.get("all", []), f"{path}.all", depth, faults),
        any=_parts(raw.get("any", []), f"{path}.any", depth, faults),
        none=_parts(_listed(raw.get("not", [])), f"{path}.not", depth, faults),
    )
    if not faults and not (found.all or found.any or found.none):
        faults[path] = ["empty"]
    return found


def _listed(raw: object) -> object:
    """``not`` may hold one part instead of a list."""
    return [raw] if isinstance(raw, Mapping) else raw


def _parts(raw: object, path: str, depth: int, faults: Faults) -> tuple[Condition | Rule, ...]:
    if not isinstance(raw, list):
        faults[path] = ["wrong_type"]
        return ()
    if len(raw) > MOST:
        faults[path] = ["too_many"]
        return ()
    found: list[Condition | Rule] = []
    for number, part in enumerate(raw):
        where = f"{path}[{number}]"
        if isinstance(part, Mapping) and not part.keys() & {"field", "op", "value"}:
            found.append(_rule(part, where, depth + 1, faults))
        elif (one := _condition(part, where, faults)) is not None:
            found.append(one)
    return tuple(found)


def _condition(raw: object, path: str, faults: Faults) -> Condition | None:
    try:
        one = decode(raw, Condition, path)
        if one.field not in FIELDS:
            raise BadInput(errors={f"{path}.field": ["unknown"]})
        if one.op not in OPERATORS[one.declared.kind]:
            raise BadInput(errors={f"{path}.op": ["not_one_of"]})
        value = _value(one, f"{path}.value")
        _check_beside(one, path)
    except BadInput as refusal:
        faults.update(refusal.errors)
        return None
    return Condition(field=one.field, op=one.op, value=value, of=one.of, days=one.days)


def _value(one: Condition, path: str) -> Any:
    """The value as its operator takes it."""
    kind = one.declared.kind
    if one.op == "exists":
        return decode(one.value, bool, path)
    if one.op == "in":
        words = decode(one.value, Words, path)
        known = CHOICES.get(one.declared.choices)
        for number, word in enumerate(words):
            if known is not None and word not in known:
                raise BadInput(errors={f"{path}[{number}]": ["not_one_of"]})
        return words
    figure: Any = Annotated[int, Meta(ge=0, le=LARGEST[kind])]
    if one.op != "between":
        return decode(one.value, figure, path)
    low, high = decode(one.value, tuple[figure, figure], path)
    if high < low:
        raise BadInput(errors={path: ["contradictory"]})
    return low, high


def _check_beside(one: Condition, path: str) -> None:
    """``of`` stands where goods are meant and nowhere else, ``days`` where there is a window."""
    field = one.declared
    if bool(field.of) != (one.of is not None):
        raise BadInput(errors={f"{path}.of": ["missing" if field.of else "unknown_field"]})
    if field.ahead and one.days is None:
        raise BadInput(errors={f"{path}.days": ["missing"]})
    if one.days is not None and not field.window:
        raise BadInput(errors={f"{path}.days": ["unknown_field"]})
