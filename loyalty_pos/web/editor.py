"""A promotion as a form and back: everything shared, then each reward and condition by its kind.

The form is the rule: what is typed becomes one JSON document, what the document says is shown
again, and every button but those that save only changes the document.  Nothing here knows a kind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from loyalty_pos.domain.promotions import conditions, rewards
from loyalty_pos.domain.promotions.definition import Promotion
from loyalty_pos.web import declared, words
from loyalty_pos.web.declared import Box, Json

LISTS: dict[str, Mapping[str, type[msgspec.Struct]]] = {
    "rewards": rewards.KINDS,
    "conditions": {**conditions.KINDS, **conditions.COMBINED},
}
TITLES = {"rewards": words.reward, "conditions": words.condition}
MOST = 20
OPENS = {"rewards": [{"kind": "percent_off"}]}
"""What a new promotion begins with."""
FIRST = ("code", "name", "trigger", "valid")
"""What is asked before the rule itself; all else that is shared comes after it."""


def document(form: Mapping[str, str]) -> Json:
    """The rule that was typed."""
    found = declared.read(Promotion, form, skip=tuple(LISTS))
    for part, kinds in LISTS.items():
        found[part] = [_item(kinds, form, f"{part}.{place}") for place in _places(form, part)]
    return found


def _places(form: Mapping[str, str], part: str) -> list[int]:
    found = (re.fullmatch(rf"{part}\.(\d{{1,2}})\.kind", name) for name in form)
    return sorted(int(place[1]) for place in found if place)[:MOST]


def _item(kinds: Mapping[str, type[msgspec.Struct]], form: Mapping[str, str], path: str) -> Json:
    kind = form[f"{path}.kind"]
    return {"kind": kind} | (declared.read(kinds[kind], form, path) if kind in kinds else {})


def pressed(rule: Json, form: Mapping[str, str]) -> Json:
    """The rule after a button that changes its parts: ``kind:K`` (of the first reward),
    ``add:PART`` (the kind chosen beside it), ``drop:PART.PLACE``; any other changes nothing."""
    act, _colon, what = form.get("do", "").partition(":")
    part, _dot, place = what.partition(".")
    if act == "kind" and what in rewards.KINDS:
        first = rule["rewards"][0] if rule["rewards"] else {}
        return rule | {"rewards": [_turned(first, what), *rule["rewards"][1:]]}
    if act == "add" and form.get(f"add.{what}") in LISTS.get(what, {}):
        return rule | {what: [*rule[what], {"kind": form[f"add.{what}"]}]}
    if act == "drop" and part in LISTS:
        return rule | {part: [one for number, one in enumerate(rule[part]) if str(number) != place]}
    return rule


def _turned(reward: Json, kind: str) -> Json:
    """A reward as another kind: the arguments that both declare stay."""
    names = {one.encode_name for one in declared.declared(rewards.KINDS[kind])}
    return {"kind": kind} | {name: value for name, value in reward.items() if name in names}


def shown(rule: Json, errors: Mapping[str, list[str]] | None = None) -> dict[str, Any]:
    """What the template draws: ``first`` and ``rest`` of the shared fields, and the items of each part."""
    said = {re.sub(r"\[(\d+)\]", r".\1", path): words.fault(codes[0]) for path, codes in (errors or {}).items()}
    name = rule.get("name")
    fields = rule | ({"name": {"vi": name}} if isinstance(name, str) else {})
    shared = declared.boxes(Promotion, fields, errors=said, skip=tuple(LISTS))
    return {
        "first": [box for box in shared if box.name in FIRST],
        "rest": [box for box in shared if box.name not in FIRST],
        "kinds": {
            part: [(kind, TITLES[part](kind), words.icon(kind)) for kind in kinds] for part, kinds in LISTS.items()
        },
    } | {part: _items(part, rule, said) for part in LISTS}


def _items(part: str, rule: Json, errors: Mapping[str, str]) -> list[dict[str, Any]]:
    found = []
    for place, one in enumerate(rule.get(part) or []):
        path, kind = f"{part}.{place}", str(one.get("kind", ""))
        struct = LISTS[part].get(kind)
        boxes: list[Box] = declared.boxes(struct, one, path, errors) if struct else []
        found.append({"path": path, "kind": kind, "title": TITLES[part](kind), "boxes": boxes})
    return found


def normal(rule: Json) -> Json:
    """The rule as the form writes it."""
    drawn = shown(rule)
    form = declared.texts(drawn["first"] + drawn["rest"])
    for part in LISTS:
        for item in drawn[part]:
            form |= {f"{item['path']}.kind": item["kind"]} | declared.texts(item["boxes"])
    return document(form)


def changes(before: Json, after: Json) -> Json:
    """The fields that differ; one that was emptied has the value that stands for nothing."""
    was = normal(before)
    differ = [name for name in was | after if name != "code" and was.get(name) != after.get(name)]
    return {name: after[name] if name in after else declared.emptied(Promotion, name) for name in differ}


def differences(before: Json, after: Json) -> list[tuple[str, str, str]]:
    """(what, before, after) of every box in which two rules differ, in words; empty text: nothing stood there."""
    was, now = _said(before), _said(after)
    nothing = ("", "")
    return [
        ((now.get(path) or was[path])[0], was.get(path, nothing)[1], now.get(path, nothing)[1])
        for path in now | was
        if was.get(path, nothing)[1] != now.get(path, nothing)[1]
    ]


def _said(rule: Json) -> dict[str, tuple[str, str]]:
    """Path -> (label, text) of every box of a rule that is filled."""
    drawn = shown(normal(rule))
    found = _texts(drawn["first"] + drawn["rest"], "")
    for part in LISTS:
        for item in drawn[part]:
            found[item["path"]] = (words.label(part), item["title"])
            found |= _texts(item["boxes"], "")
    return found


def _texts(boxes: list[Box], within: str) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for box in boxes:
        label = f"{within}: {box.label}" if within else box.label
        if box.parts:
            found |= _texts(box.parts, label)
        elif box.filled:
            found[box.path] = (label, box.said)
    return found
