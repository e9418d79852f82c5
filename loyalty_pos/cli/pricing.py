"""``price`` and ``vectors``: the pricing engine without a server or a database."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import BinaryIO

import click

from loyalty_pos.cli.base import Failed
from loyalty_pos.domain.pricing.document import price_json, run_vector
from loyalty_pos.domain.pricing.schema import request_schema
from loyalty_pos.errors import BadInput


@click.command()
@click.argument("request", type=click.File("rb"), required=False)
@click.option("--json", "_json", is_flag=True, help="The answer is JSON in any case.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of a request instead.")
def price(request: BinaryIO | None, _json: bool, schema: bool) -> None:
    """Price one REQUEST (a JSON file, or - for standard input): its Pricing as JSON."""
    if schema:
        click.echo(json.dumps(request_schema(), ensure_ascii=False, indent=None if _json else 1))
        return
    if request is None:
        raise click.UsageError("Name the REQUEST to price, or - for standard input.")
    click.echo(json.dumps(price_json(request.read()), ensure_ascii=False, indent=None if _json else 1))


@click.group()
def vectors() -> None:
    """Golden vectors: does another till price as we do?"""


@vectors.command("run")
@click.argument("file", type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="One JSON line for each vector.")
def run_vectors(file: BinaryIO, as_json: bool) -> None:
    """Price every line of FILE ({"id", "request", "expect"}) and compare; exit 1 on a difference."""
    count = wrong = 0
    for line in _lines(file):
        outcome = run_vector(line)
        count += 1
        wrong += not outcome["ok"]
        if as_json:
            click.echo(json.dumps(outcome, ensure_ascii=False))
        elif not outcome["ok"]:
            for found in outcome["differences"]:
                expected, got = (json.dumps(found[side], ensure_ascii=False) for side in ("expected", "got"))
                click.echo(f"{outcome['id']}: {found['key']}: expected {expected}, got {got}")
    if wrong:
        if as_json:
            sys.exit(1)
        raise Failed(f"{wrong} of {count} vectors differ.")
    if not as_json:
        click.echo(f"{count} vectors are right.")


def _lines(file: BinaryIO) -> Iterator[object]:
    for number, line in enumerate(file, start=1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as error:
                raise BadInput("invalid_json", errors={f"line {number}": ["invalid_json"]}) from error
