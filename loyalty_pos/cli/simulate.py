"""``simulate``: what a draft would have done to past sales, without the limit of one request."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from loyalty_pos.cli.base import json_option, opened, progress, show, table
from loyalty_pos.errors import BadInput
from loyalty_pos.services import promotion_drafts, tier_drafts
from loyalty_pos.services.context import SYSTEM

DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def simulate() -> None:
    """What if: a draft on past sales.  Nothing is changed."""


@simulate.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--from", "first", type=DAY, required=True, help="First local day, YYYY-MM-DD.")
@click.option("--to", "last", type=DAY, required=True, help="Last local day, YYYY-MM-DD.")
@json_option
def tiers(file: Path, first: datetime, last: datetime, as_json: bool) -> None:
    """Price past sales again with the tier table of FILE: {"tiers": [...]}."""
    draft = _tiers(file)
    with opened() as services, progress("Past sales", 1000) as tell:
        days: tuple[date, date] = (first.date(), last.date())
        answer = tier_drafts.simulate(
            services, SYSTEM, draft, *days, lambda done, total: tell(1000 * done // max(total, 1)), most=None
        )
    show(as_json, answer, _text(answer))


@simulate.command()
@click.argument("code")
@click.option("--from", "first", type=DAY, required=True, help="First local day, YYYY-MM-DD.")
@click.option("--to", "last", type=DAY, required=True, help="Last local day, YYYY-MM-DD.")
@click.option("--changes", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="JSON: fields to change.")
@json_option
def promotion(code: str, first: datetime, last: datetime, changes: Path | None, as_json: bool) -> None:
    """Price past sales again with the promotion CODE, draft or not."""
    fields = _json(changes) if changes else {}
    if not isinstance(fields, dict):
        raise BadInput(errors={"changes": ["wrong_type"]})
    with opened() as services, progress("Past sales", 1000) as tell:
        days: tuple[date, date] = (first.date(), last.date())
        answer = promotion_drafts.simulate(
            services, SYSTEM, code, *days, fields, lambda done, total: tell(1000 * done // max(total, 1)), most=None
        )
    show(as_json, answer, _promotion_text(answer))


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise BadInput("invalid_json") from error


def _tiers(file: Path) -> list[dict[str, Any]]:
    whole = _json(file)
    found = whole.get("tiers") if isinstance(whole, dict) else None
    if not isinstance(found, list) or not all(isinstance(tier, dict) for tier in found):
        raise BadInput(errors={"tiers": ["invalid"]})
    return found


def _text(answer: dict[str, Any]) -> str:
    rows = [["tier", "members now", "draft", "tickets now", "draft", "discount now", "draft"]]
    for level in answer["by_tier"]:
        pairs = [str(level[part][side]) for part in ("members", "tickets", "discount") for side in ("now", "draft")]
        rows.append([level["tier"] or "-", *pairs])
    return f"{_summary(answer)}\n\n{table(rows)}"


def _promotion_text(answer: dict[str, Any]) -> str:
    rows = [["tier", "tickets", "touched", "discount now", "draft", "points now", "draft", "gain", "lose"]]
    for part in answer["by_tier"]:
        pairs = [str(part[name][side]) for name in ("discount", "points") for side in ("now", "draft")]
        counts = [str(part[name]) for name in ("tickets", "tickets_touched")]
        rows.append([part["tier"] or "-", *counts, *pairs, *(str(part["members"][x]) for x in ("gain", "lose"))])
    aside = "".join(f"\nPushed aside: {x['promotion']} on {x['tickets']} tickets." for x in answer["conflicts"])
    margin, reached = answer["margin"], answer["budget_reached_on"]
    return (
        f"{_summary(answer)}\nMargin {margin['now']} now, {margin['draft']} under the draft "
        f"({answer['tickets_without_cost']} tickets without a known cost).  "
        f"Blocked by a floor: {answer['floor_hits']}.  Budget reached: {reached or 'no'}.{aside}\n\n{table(rows)}"
    )


def _summary(answer: dict[str, Any]) -> str:
    members, discount = answer["members"], answer["discount"]
    return (
        f"{answer['tickets']} tickets, {answer['tickets_touched']} of them change.  "
        f"Discount {discount['now']} now, {discount['draft']} under the draft.  "
        f"{members['gain']} members gain, {members['lose']} lose."
    )
