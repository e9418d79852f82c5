"""``segment``: audiences by rule, to try, to keep and to look at."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

import click

from loyalty_pos.cli.base import all_items, json_option, opened, show, table, user_language, write
from loyalty_pos.domain.promotions.decode import decode
from loyalty_pos.domain.promotions.names import name_in
from loyalty_pos.domain.segments.schema import rule_schema
from loyalty_pos.errors import BadInput
from loyalty_pos.services import segments as use_cases
from loyalty_pos.services.segments import PreviewIn


@click.group()
def segment() -> None:
    """Segments: named rules over members; docs/segments.md lists what a rule may ask for."""


@segment.command("list")
@json_option
def list_segments(as_json: bool) -> None:
    """Every segment with its size."""
    with opened() as services:
        items = all_items(lambda cursor: use_cases.list_segments(services, cursor))
    rows = [[x["code"], str(x["members"]), str(x["version"]), _name(x["name"])] for x in items]
    show(as_json, {"items": items}, table([["code", "members", "version", "name"], *rows]))


@segment.command("show")
@click.argument("code")
@json_option
def show_segment(code: str, as_json: bool) -> None:
    """The segment CODE: its sentence, its rule, who belongs by tier."""
    with opened() as services:
        found = use_cases.get(services, code)
    tiers = [[x["tier"] or "-", str(x["members"])] for x in found["by_tier"]]
    rule = json.dumps(found["rule"], ensure_ascii=False)
    head = f"{_name(found['name'])}: {found['members']} members\n{found['sentence'][user_language()]}\n{rule}"
    show(as_json, found, f"{head}\n\n{table([['tier', 'members'], *tiers])}")


@segment.command()
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of a rule instead.")
@json_option
def preview(file: BinaryIO | None, schema: bool, as_json: bool) -> None:
    """Whom the rule of FILE ({"rule": ...}, or - for standard input) would mean.  Nothing is stored."""
    if schema:
        click.echo(json.dumps(rule_schema(), ensure_ascii=False, indent=None if as_json else 1))
        return
    if file is None:
        raise click.UsageError("Name the FILE with the rule, or - for standard input.")
    body = decode(_json(file), PreviewIn, "")
    with opened() as services:
        found = use_cases.preview(services, body.rule)
    language = user_language()
    rows = [[x["text"][language], str(x["left"]), f"-{x['lost']}"] for x in found["funnel"]]
    funnel = table([["condition", "left", ""], ["", str(found["members"]), ""], *rows])
    show(as_json, found, f"{found['sentence'][language]}\n{found['count']} members\n\n{funnel}")


@segment.command()
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--ready", metavar="CODE", help="One of the ready-made segments instead of a FILE.")
@json_option
def save(file: BinaryIO | None, ready: str | None, as_json: bool) -> None:
    """Keep the segment of FILE ({"code", "name", "rule"}, or -); a known code gets its next version."""
    if (file is None) == (ready is None):
        raise click.UsageError("Name a FILE, or --ready CODE.")
    body = use_cases.decoded(_json(file)) if file else None
    with opened() as services:
        if body is None:
            _, found = use_cases.make_ready(services, write(), ready or "")
        else:
            _, found = use_cases.save(services, write(), body)
    show(as_json, found, f"{found['code']}, version {found['version']}: {found['members']} members.")


def _json(file: BinaryIO) -> Any:
    try:
        return json.loads(file.read())
    except ValueError as error:
        raise BadInput("invalid_json") from error


def _name(name: Any) -> str:
    return name if isinstance(name, str) else name_in(use_cases.named(name), user_language())
