"""The rule language of segments as JSON Schema, from the table that decodes it.

``loyalty-pos segment preview --schema`` prints it, docs/segment-rule.schema.json is it.  What a schema
cannot say (contradictions, the number of conditions in all) is still refused when a rule is read.
"""

from __future__ import annotations

from typing import Any

from loyalty_pos.domain.segments.decode import MOST
from loyalty_pos.domain.segments.fields import CHOICES, FIELDS, LARGEST, LONGEST_WINDOW, OPERATORS, Field
from loyalty_pos.domain.segments.rule import MOST_VALUES

Json = dict[str, Any]
DRAFT = "https://json-schema.org/draft/2020-12/schema"
_WORDS: Json = {"type": "array", "minItems": 1, "maxItems": MOST_VALUES,
                "items": {"type": "string", "minLength": 1, "maxLength": 200}}  # fmt: skip


def rule_schema() -> Json:
    """The schema of one rule: every field with its own operators and bounds."""
    parts = {"type": "array", "maxItems": MOST, "items": {"$ref": "#/$defs/Part"}}
    return {
        "$schema": DRAFT,
        "title": "A segment's rule",
        "$ref": "#/$defs/Rule",
        "$defs": {
            "Rule": {
                "type": "object",
                "description": "Every part of all, at least one of any, none of not.",
                "properties": {"all": parts, "any": parts, "not": {"anyOf": [{"$ref": "#/$defs/Part"}, parts]}},
                "anyOf": [{"required": [name]} for name in ("all", "any", "not")],
                "additionalProperties": False,
            },
            "Part": {"anyOf": [{"$ref": "#/$defs/Condition"}, {"$ref": "#/$defs/Rule"}]},
            "Condition": {"oneOf": [_field(field) for field in FIELDS.values()]},
        },
    }


def _field(field: Field) -> Json:
    beside: Json = {}
    if field.of:
        beside["of"] = _WORDS | {"description": f"Codes of {field.of}."}
    if field.window:
        beside["days"] = {"type": "integer", "minimum": 1, "maximum": LONGEST_WINDOW}
    needed = ["field", "op", "value", *(["of"] if field.of else []), *(["days"] if field.ahead else [])]
    forms = [
        {"properties": {"op": {"const": op}, "value": _value(field, op)}, "required": ["op", "value"]}
        for op in OPERATORS[field.kind]
    ]
    return {
        "title": field.name,
        "description": field.en.replace("{of}", field.of),
        "type": "object",
        "properties": {"field": {"const": field.name}, "op": True, "value": True} | beside,
        "required": needed,
        "additionalProperties": False,
        "oneOf": forms,
    }


def _value(field: Field, op: str) -> Json:
    if op == "exists":
        return {"type": "boolean"}
    if op == "in":
        known = CHOICES.get(field.choices)
        return _WORDS | ({"items": {"enum": [*known]}} if known else {})
    figure = {"type": "integer", "minimum": 0, "maximum": LARGEST[field.kind]}
    return {"type": "array", "minItems": 2, "maxItems": 2, "items": figure} if op == "between" else figure
