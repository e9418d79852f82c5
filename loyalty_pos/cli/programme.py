"""``programme``: the shop's settings, tiers and promotions as one JSON file, to show and to load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from loyalty_pos.cli.base import all_items, json_option, opened, show, write
from loyalty_pos.domain.pricing.compile import MOST_PROMOTIONS
from loyalty_pos.errors import BadInput
from loyalty_pos.services import programme as programmes
from loyalty_pos.services import promotions
from loyalty_pos.services.context import Services

PARTS = ("settings", "tiers", "promotions")
READ_ONLY = ("version", "created_at", "draft")


@click.group()
def programme() -> None:
    """The loyalty programme: settings, tiers, promotions."""


@programme.command("show")
@click.option("--json", "_json", is_flag=True, help="The answer is JSON in any case.")
def show_programme(_json: bool) -> None:
    """Print the programme in the form that `load` takes."""
    with opened() as services:
        whole = programmes.get(services)
        items = all_items(lambda cursor: promotions.list_promotions(services, cursor))
    whole["promotions"] = [{name: value for name, value in x.items() if name not in READ_ONLY} for x in items]
    answer = {name: whole[name] for name in PARTS}
    click.echo(json.dumps(answer, ensure_ascii=False, indent=None if _json else 1))


@programme.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def load(file: Path, as_json: bool) -> None:
    """Put FILE in force: {"settings": {...}, "tiers": [...], "promotions": [...]}, each optional.

    Settings that are not named stay; a tier table replaces the one before; a promotion that
    changed gets its next version.
    """
    whole = _read(file)
    with opened() as services:
        if "settings" in whole:
            programmes.change(services, write(), whole["settings"])
        if "tiers" in whole:
            programmes.put_tiers(services, write(), whole["tiers"])
        changed = [_put(services, rule) for rule in whole.get("promotions", [])].count(True)
    show(as_json, {"promotions_changed": changed}, f"The programme is in force; {changed} promotions changed.")


def _read(file: Path) -> dict[str, Any]:
    try:
        whole = json.loads(file.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise BadInput("invalid_json") from error
    shapes = {"settings": dict, "tiers": list, "promotions": list}
    if not isinstance(whole, dict) or not all(isinstance(part, shapes.get(name, str)) for name, part in whole.items()):
        raise BadInput(errors={"file": ["invalid"]})
    if not whole.keys() <= set(PARTS):
        raise BadInput(errors={"file": ["unknown_field"]})
    if len(whole.get("promotions", [])) > MOST_PROMOTIONS:
        raise BadInput(errors={"promotions": ["too_many"]})
    return whole


def _put(services: Services, rule: dict[str, Any]) -> bool:
    """Add or change one promotion; False when it is in force just so."""
    code = str(rule.get("code", ""))
    known = {x["code"]: x for x in all_items(lambda cursor: promotions.list_promotions(services, cursor))}
    if code not in known:
        promotions.create(services, write(), rule)
        return True
    now = {name: value for name, value in known[code].items() if name not in READ_ONLY}
    if now == {"state": now["state"]} | rule:
        return False
    promotions.patch(services, write(), code, rule)
    return True
