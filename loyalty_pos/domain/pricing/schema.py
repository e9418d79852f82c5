"""The rule language as JSON Schema, from the very structs that decode it: nothing is declared twice.

``loyalty-pos price --schema`` prints it, docs/price-request.schema.json is it.  What a schema cannot
say (steps that overlap, a validity that ends before it starts) is still refused when it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from loyalty_pos.domain.basket import Basket
from loyalty_pos.domain.points import PointsProgram
from loyalty_pos.domain.pricing.compile import MOST_PROMOTIONS
from loyalty_pos.domain.pricing.document import Document
from loyalty_pos.domain.pricing.policy import Policy
from loyalty_pos.domain.promotions import conditions, rewards
from loyalty_pos.domain.promotions.conditions.base import Condition
from loyalty_pos.domain.promotions.definition import Promotion
from loyalty_pos.domain.promotions.rewards.base import Reward
from loyalty_pos.domain.promotions.rewards.steps import Step
from loyalty_pos.domain.tiers import Tier

Json = dict[str, Any]
DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TEMPLATE = "#/$defs/{name}"


def request_schema() -> Json:
    """The schema of one request: every kind of reward and condition with its own arguments."""
    kinds: list[type[Reward] | type[Condition]] = [*rewards.KINDS.values(), *conditions.KINDS.values()]
    whole = [Document, Basket, Promotion, Tier, PointsProgram, Policy]
    _, defs = msgspec.json.schema_components([*whole, *kinds], ref_template=_TEMPLATE)
    for kind in kinds:
        _name_kind(defs[kind.__name__], kind.kind)
    for reward in rewards.KINDS.values():
        defs[reward.__name__] |= _one_of(reward.one_of, reward.one_needed)
    defs["Step"] |= _one_of(Step.one_of)
    defs["Scope"] |= _says_something()
    defs["Promotion"] |= _group_with_its_stacking()
    defs["Valid"]["properties"]["hours"]["uniqueItems"] = True
    defs["Reward"] = {"oneOf": [_ref(kind.__name__) for kind in rewards.KINDS.values()]}
    defs["Combined"] = _combined()
    defs["Condition"] = {"oneOf": [*(_ref(kind.__name__) for kind in conditions.KINDS.values()), _ref("Combined")]}
    for struct in defs.values():
        fields = struct.get("properties", {})
        for field, name in (("rewards", "Reward"), ("conditions", "Condition")):
            if struct.get("title") != "PointsProgram" and fields.get(field, {}).get("type") == "array":
                fields[field]["items"] = _ref(name)
    document = defs.pop("Document")
    document["properties"] |= {
        "basket": _ref("Basket"),
        "policy": _ref("Policy"),
        "promotions": {"type": "array", "items": _ref("Promotion"), "maxItems": MOST_PROMOTIONS},
        "tiers": {"type": "array", "items": _ref("Tier")},
        "points": {"anyOf": [_ref("PointsProgram"), {"type": "null"}]},
    }
    made: Json = _readable({"$schema": DRAFT, **document, "$defs": defs})
    return made


def _ref(name: str) -> Json:
    return {"$ref": _TEMPLATE.format(name=name)}


def _name_kind(struct: Json, kind: str) -> None:
    struct["properties"] = {"kind": {"const": kind}} | struct["properties"]
    struct["required"] = ["kind", *struct["required"]]


def _combined() -> Json:
    of = {"type": "array", "items": _ref("Condition"), "minItems": 1, "maxItems": 20}
    return {
        "title": "Combined",
        "description": "All, any or none of other conditions.",
        "type": "object",
        "properties": {"kind": {"enum": sorted(conditions.COMBINED)}, "of": of},
        "required": ["kind", "of"],
        "additionalProperties": False,
    }


def _given(name: str) -> Json:
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}


def _true(name: str) -> Json:
    return {"required": [name], "properties": {name: {"const": True}}}


def _one_of(names: Sequence[str], needed: bool = True) -> Json:
    """Exactly one of some fields, or not both of two."""
    given = [_given(name) for name in names]
    if not given:
        return {}
    return {"oneOf": given} if needed else {"not": {"allOf": given}}


def _says_something() -> Json:
    """A scope names everything or some goods, not both, and never nothing."""
    named = ("skus", "categories", "brands")
    narrowing = (*named, "exclude_skus", "exclude_categories", "price_min", "price_max")
    return {
        "anyOf": [_true("all"), _true("exclude_discounted"), *map(_given, narrowing)],
        "not": _true("all") | {"anyOf": [_given(name) for name in named]},
    }


def _group_with_its_stacking() -> Json:
    stacking = {"required": ["stacking"], "properties": {"stacking": {"const": "best_of_group"}}}
    return {"if": stacking, "then": _given("group"), "else": {"properties": {"group": {"type": "null"}}}}


def _readable(value: Any) -> Any:
    """The same with decimals that may be written as numbers, and descriptions of one line."""
    if isinstance(value, list):
        return [_readable(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if value.get("format") == "decimal":
        return {**value, "type": ["number", "string"]}
    if isinstance(value.get("description"), str):
        value = {**value, "description": value["description"].split("\n\n")[0].replace("\n", " ")}
    return {name: _readable(inner) for name, inner in value.items()}
