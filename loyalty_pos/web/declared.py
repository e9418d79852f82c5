"""A form drawn from declared arguments: what a struct declares is what the page asks for.

A box is one declared field, with the control that its type needs; a struct is a group of boxes, a list
of structs is rows of them with an empty one at the end, and what has no control of its own is a box of
JSON.  Reading gives back the JSON value, and text that fits no type stays as typed: the rules refuse
it, and the refusal stands at its box.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import msgspec
import msgspec.inspect as mi

from loyalty_pos.web import format, i18n, words
from loyalty_pos.web.i18n import gettext as _

Json = dict[str, Any]
MOST_ROWS = 20
GROUPED = re.compile(r"[-\u2212]?\d{1,3}([., \u00a0]\d{3})+")
_CONTROLS: dict[type[mi.Type], str] = {
    mi.IntType: "number", mi.DecimalType: "decimal", mi.BoolType: "check", mi.LiteralType: "choice",
    mi.StrType: "text", mi.DateType: "date", mi.FrozenSetType: "list", mi.TupleType: "list", mi.StructType: "group",
}  # fmt: skip


@dataclass
class Box:
    """One declared field as the page shows it; ``path`` is its name in the form."""

    path: str
    name: str
    control: str
    label: str
    hint: str = ""
    text: str = ""
    required: bool = False
    choices: list[tuple[str, str]] = field(default_factory=list)
    parts: list[Box] = field(default_factory=list)
    error: str = ""

    @property
    def filled(self) -> bool:
        """Whether anything stands in it, or is wrong in it."""
        return bool(self.text or self.error) or any(part.filled for part in self.parts)

    @property
    def said(self) -> str:
        """What stands in it, in words."""
        return _("yes") if self.control == "check" else dict(self.choices).get(self.text, self.text)


@cache
def declared(kind: type[msgspec.Struct]) -> tuple[mi.Field, ...]:
    """The fields that a struct declares."""
    found = mi.type_info(kind)
    assert isinstance(found, mi.StructType)
    return found.fields


def _type(of: mi.Type) -> mi.Type:
    """A type without None; of a choice or a number, the text that both are written as."""
    if isinstance(of, mi.Metadata):
        return _type(of.type)
    if not isinstance(of, mi.UnionType):
        return of
    types = [_type(one) for one in of.types if not isinstance(one, mi.NoneType)]
    groups = [one for one in types if isinstance(one, mi.StructType)]
    return types[0] if len(types) == 1 else groups[0] if groups else mi.UnionType(tuple(types))


def _control(of: mi.Type) -> str:
    if isinstance(of, mi.UnionType):
        return "loose"
    if _row(of):
        return "rows"
    items = [of.item_type] if isinstance(of, mi.FrozenSetType) else getattr(of, "item_types", [])
    plain = all(isinstance(one, mi.IntType | mi.StrType) for one in items)
    return _CONTROLS.get(type(of), "json") if plain else "json"


def _row(of: mi.Type) -> type[msgspec.Struct] | None:
    """The struct of a list's rows; a struct that declares nothing is none."""
    item = of.item_type if isinstance(of, mi.ListType | mi.VarTupleType) else None
    return item.cls if isinstance(item, mi.StructType) and item.fields else None


# Showing ------------------------------------------------------------------------------------------


def boxes(
    kind: type[msgspec.Struct],
    value: Any,
    path: str = "",
    errors: Mapping[str, str] | None = None,
    skip: tuple[str, ...] = (),
) -> list[Box]:
    """The fields of ``kind`` filled from a JSON value; ``errors`` are sentences by path."""
    given = value if isinstance(value, Mapping) else {}
    return [
        _box(one, given.get(one.encode_name), f"{path}.{one.encode_name}".lstrip("."), errors or {})
        for one in declared(kind)
        if one.encode_name not in skip
    ]


def _box(one: mi.Field, value: Any, path: str, errors: Mapping[str, str]) -> Box:
    of, name = _type(one.type), one.encode_name
    box = Box(path, name, _control(of), words.label(name), error=errors.get(path, ""), required=one.required)
    if isinstance(of, mi.StructType) and box.control == "group":
        box.parts = boxes(of.cls, value, path, errors)
    elif row := _row(of):
        filled = value if isinstance(value, list | tuple) else []
        box.parts = [
            Box(f"{path}.{n}", name, "group", str(n + 1), required=True, parts=boxes(row, one_, f"{path}.{n}", errors))
            for n, one_ in enumerate([*filled, None][:MOST_ROWS])
        ]
    elif isinstance(of, mi.LiteralType):
        empty = [] if one.required or one.default in of.values else [("", _("by itself"))]
        box.choices = empty + [(str(x), words.choice(name, str(x))) for x in of.values]
    if box.control == "check":
        box.text = "1" if (one.default if value is None else value) is True else ""
    elif box.control not in ("group", "rows"):
        box.text = _text(box.control, one.default if value is None and box.control == "choice" else value)
        box.hint = _hint(of, one)
    return box


def _text(control: str, value: Any) -> str:
    if value is None or value is msgspec.NODEFAULT:
        return ""
    if control == "list" and isinstance(value, list | tuple | set | frozenset):
        return ", ".join(str(x) for x in value)
    if control == "json" and not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if control in ("number", "loose") and isinstance(value, int):
        return format.number(value, i18n.language())
    return str(value)


def _hint(of: mi.Type, one: mi.Field) -> str:
    """What the declaration says of a value: its bounds, whether it may stay empty."""
    said = []
    if isinstance(of, mi.IntType) and of.ge is not None and of.ge >= 0:
        said.append(_("%(n)s or more", n=of.ge))
    if isinstance(of, mi.DecimalType):
        said.append(_("Over 0, at most 100"))
    if _control(of) == "list":
        said.append(_("Several: put commas between them"))
    if _control(of) == "json":
        said.append(_("In the rule language (JSON)"))
    if isinstance(of, mi.UnionType):
        said.append(_("An amount, or the word cost"))
    if not one.required and one.default is None and _control(of) in ("number", "decimal"):
        said.append(_("Empty: no limit"))
    if isinstance(one.default, int) and not isinstance(one.default, bool):
        said.append(_("Empty: %(n)s", n=one.default))
    return ". ".join(said)


# Reading ------------------------------------------------------------------------------------------


def read(kind: type[msgspec.Struct], form: Mapping[str, str], path: str = "", skip: tuple[str, ...] = ()) -> Json:
    """The JSON value of what was typed; an empty box is left out."""
    found = {}
    for one in declared(kind):
        if one.encode_name in skip:
            continue
        value = _value(one, form, f"{path}.{one.encode_name}".lstrip("."))
        if value not in (None, "", [], {}):
            found[one.encode_name] = value
    return found


def _value(one: mi.Field, form: Mapping[str, str], path: str) -> Any:
    of = _type(one.type)
    control, text = _control(of), form.get(path, "").strip()
    if isinstance(of, mi.StructType) and control == "group":
        return read(of.cls, form, path)
    if row := _row(of):
        rows = [read(row, form, f"{path}.{n}") for n in range(MOST_ROWS)]
        usual = {field.encode_name: field.default for field in declared(row)}
        return [found for found in rows if any(value != usual[name] for name, value in found.items())]
    if control == "check":
        return bool(text) if bool(text) != one.default else None
    if control == "list":
        parts = [part.strip() for part in re.split(r"[,;\n]", text) if part.strip()]
        whole = isinstance(of, mi.FrozenSetType) and isinstance(of.item_type, mi.IntType)
        return [number(part) for part in parts] if whole else parts
    if control in ("number", "loose"):
        return number(text)
    if control == "decimal":
        return number(text.replace(",", "."))
    if control == "json" and text:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def number(text: str) -> int | str:
    """A whole number, with or without marks between thousands; other text as it is."""
    text = text.replace(format.MINUS, "-")
    if GROUPED.fullmatch(text):
        text = re.sub(r"[^\d-]", "", text)
    return int(text) if re.fullmatch(r"-?\d{1,18}", text) else text


def emptied(kind: type[msgspec.Struct], name: str) -> Any:
    """What stands for a field that was emptied, when the one before it had a value."""
    one = next(one for one in declared(kind) if one.encode_name == name)
    if isinstance(_type(one.type), mi.StructType):
        return {}
    return [] if isinstance(one.type, mi.ListType) else one.default


def texts(found: list[Box]) -> dict[str, str]:
    """Boxes as the form would send them."""
    sent: dict[str, str] = {}
    for box in found:
        sent |= texts(box.parts) if box.parts else {box.path: box.text}
    return sent
