"""A segment's rule as a form and back, drawn from the table of declared fields.

Each part of the rule (``all``, ``any``, ``not``) is a list of rows, and a box of the form is named as
the rule's path names it (``all.0.value``), so that a refusal stands at its box.  A rule inside the rule
is a row of JSON.  Nothing here knows a field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from werkzeug.datastructures import MultiDict

from loyalty_pos.domain.segments.fields import CHOICES, FIELDS, GROUPS, OPERATORS, UNITS, Field, label, said
from loyalty_pos.web import declared, i18n, words
from loyalty_pos.web.declared import Box, Json
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.i18n import lazy as _l

PARTS = {
    "all": _l("All of these"),
    "any": _l("At least one of these"),
    "not": _l("None of these"),
}
OPENS: Json = {"all": [{"field": "visits", "op": ">=", "value": 1}]}
"""What a new rule begins with."""
MOST_ROWS = 30
TICKED = ("tiers", "stores", *CHOICES)
"""Choices that are few enough to be ticked; others are typed."""

_Whole = Annotated[int, Meta(ge=0)]


class _Figure(Struct):
    """One figure."""

    value: _Whole


class _Range(Struct):
    """Two figures."""

    value: _Whole
    to: _Whole


class _Known(Struct):
    """Whether there is anything."""

    value: Literal["yes", "no"]


class _Words(Struct):
    """Some words."""

    value: frozenset[str]


class _Goods(Struct):
    """Which goods are meant."""

    of: frozenset[str]


class _Window(Struct):
    """Over how many days."""

    days: Annotated[int, Meta(ge=1)] | None = None


def _shape(op: str) -> type[Struct]:
    shapes: dict[str, type[Struct]] = {"exists": _Known, "between": _Range, "in": _Words}
    return shapes.get(op, _Figure)


# Reading ------------------------------------------------------------------------------------------


Choices = Mapping[str, Mapping[str, str]]
"""What a shop has: tiers and stores, code -> name."""


def document(form: MultiDict[str, str], choices: Choices) -> Json:
    """The rule that was typed; of what is ticked, what there is."""
    rule = {part: [_read(form, f"{part}.{place}", choices) for place in _places(form, part)] for part in PARTS}
    return {part: found for part, found in rule.items() if found}


def _places(form: Mapping[str, str], part: str) -> list[int]:
    found = (re.fullmatch(rf"{part}\.(\d{{1,2}})\.(?:field|json)", name) for name in form)
    return sorted({int(place[1]) for place in found if place})[:MOST_ROWS]


def _read(form: MultiDict[str, str], path: str, choices: Choices) -> Any:
    if f"{path}.json" in form:
        try:
            return json.loads(form[f"{path}.json"])
        except ValueError:
            return form[f"{path}.json"]
    name, op = form[f"{path}.field"], form.get(f"{path}.op", "")
    field = FIELDS.get(name)
    if field is None:
        return {"field": name, "op": op, "value": None}
    op = op if op in OPERATORS[field.kind] else OPERATORS[field.kind][0]
    found: Json = {"field": name, "op": op, "value": _value(field, op, form, path, choices)}
    found |= declared.read(_Goods, form, path) if field.of else {}
    return found | (declared.read(_Window, form, path) if field.window else {})


def _value(field: Field, op: str, form: MultiDict[str, str], path: str, choices: Choices) -> Any:
    if op == "in" and field.choices in TICKED:
        known = CHOICES.get(field.choices) or choices.get(field.choices, {})
        return [code for code in form.getlist(f"{path}.value") if code in known]
    typed = declared.read(_shape(op), form, path)
    if op == "exists":
        return typed.get("value") == "yes"
    if op == "between":
        return [typed.get("value"), typed.get("to")]
    return typed.get("value", [] if op == "in" else None)


def pressed(rule: Json, do: str) -> Json:
    """The rule after a button that changes its rows: ``add:PART``, ``drop:PART.PLACE``; others change nothing."""
    act, _colon, what = do.partition(":")
    part, _dot, place = what.partition(".")
    if part not in PARTS:
        return rule
    rows = list(rule.get(part, []))
    if act == "add":
        rows.append(OPENS["all"][0])
    elif act == "drop":
        rows = [row for number, row in enumerate(rows) if str(number) != place]
    return rule | {part: rows}


# Showing ------------------------------------------------------------------------------------------


def listed(rule: Json) -> Json:
    """The rule with every part as a list."""
    return {part: [found] if isinstance(found := rule.get(part, []), dict) else found for part in PARTS}


def shown(rule: Json, errors: Mapping[str, list[str]], choices: Choices) -> list[Json]:
    """The parts with their rows, as the template draws them; ``choices`` are the shop's own."""
    sentences = {_box_path(path): words.fault(codes[0]) for path, codes in errors.items()}
    return [
        {
            "part": part,
            "title": title,
            "out": part == "not",
            "rows": [_row(one, f"{part}.{place}", sentences, choices) for place, one in enumerate(listed(rule)[part])],
        }
        for part, title in PARTS.items()
    ]


def _box_path(path: str) -> str:
    """``rule.all[0].value[1]`` is a fault of the box ``all.0.value``."""
    dotted = path.replace("[", ".").replace("]", "").removeprefix("rule").lstrip(".")
    return re.sub(r"^(\w+\.\d+(?:\.[a-z]+)?).*$", r"\1", dotted)


def _row(one: Any, path: str, errors: Mapping[str, str], choices: Choices) -> Json:
    field = FIELDS.get(one.get("field", "")) if isinstance(one, dict) else None
    fault = next((text for where, text in errors.items() if where == path or where.startswith(path + ".")), "")
    if field is None:
        text = one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)
        return {"path": path, "json": text, "error": fault}
    op = one["op"] if one.get("op") in OPERATORS[field.kind] else OPERATORS[field.kind][0]
    ticks = _ticks(field, op, one, choices)
    if fault and ticks and not any(ticked for _code, _name, ticked in ticks):
        fault = words.fault("not_one_of")
    return {
        "path": path,
        "field": field.name,
        "op": op,
        "operators": [(name, _said(said(name, field.kind))) for name in OPERATORS[field.kind]],
        "boxes": _boxes(field, op, one, path),
        "ticks": ticks,
        "of": declared.boxes(_Goods, one, path) if field.of else [],
        "window": declared.boxes(_Window, one, path) if field.window else [],
        "ahead": field.ahead,
        "unit": "" if op in ("in", "exists") else _said(UNITS.get(field.kind, ("", ""))),
        "error": fault,
    }


def _boxes(field: Field, op: str, one: Json, path: str) -> list[Box]:
    """What is typed as the value; nothing where it is ticked."""
    if op == "in" and field.choices in TICKED:
        return []
    value = one.get("value")
    if op == "exists":
        given: Json = {"value": "yes" if value in (True, None) else "no"}
    elif op == "between":
        low, high = value if isinstance(value, list | tuple) and len(value) == 2 else (value, None)
        given = {"value": low, "to": high}
    else:
        given = {"value": value if isinstance(value, list | tuple) or op != "in" else None}
    found = declared.boxes(_shape(op), given, path)
    for box in found:
        if op == "exists":
            box.choices = [("yes", _("yes")), ("no", _("no"))]
    return found


def _ticks(field: Field, op: str, one: Json, choices: Choices) -> list[tuple[str, str, bool]]:
    """(code, name, ticked) of a choice."""
    if op != "in" or field.choices not in TICKED:
        return []
    fixed = {code: _said(names) for code, names in CHOICES.get(field.choices, {}).items()}
    value = one.get("value")
    chosen = value if isinstance(value, list | tuple) else []
    return [(code, name, code in chosen) for code, name in (fixed or choices.get(field.choices, {})).items()]


def fields() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every field by its group, as the form offers them."""
    found: dict[str, list[tuple[str, str]]] = {}
    for field in FIELDS.values():
        name = label(field, i18n.language())
        found.setdefault(_said(GROUPS[field.group]), []).append((field.name, name[0].upper() + name[1:]))
    return [*found.items()]


def _said(pair: tuple[str, str]) -> str:
    return pair[0 if i18n.language() == "vi" else 1]
