"""``import``: what a shop had before, from CSV files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import click

from loyalty_pos.cli.base import json_option, opened, progress, show, write
from loyalty_pos.cli.files import read_mapping, read_rows, set_aside
from loyalty_pos.ports import Connection
from loyalty_pos.registry import file_adapter
from loyalty_pos.services import imports
from loyalty_pos.services.context import Services
from loyalty_pos.services.imports import Result, Row
from loyalty_pos.services.products import ProductIn

FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
MAP = click.option(
    "--map",
    "mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='Saved mapping, JSON: {"our column": "column in the file"}; sales also {"columns": ..., "options": ...}.',
)


@click.group("import")
def import_() -> None:
    """Take in CSV files: UTF-8, a header, columns by name.

    A second run of the same file adds nothing twice.  Bad rows are set aside in
    FILE.rejected.csv with line number and reason; everything else is taken in.
    """


@import_.command()
@FILE
@MAP
@json_option
def members(file: Path, mapping: Path | None, as_json: bool) -> None:
    """Members: card, name, call_name, phone, email, birthday (2001-12-31), gender (female, male,
    other), address, interests (a;b), tier, opening_points. Card or phone is needed."""
    columns, _ = read_mapping(mapping)
    with opened() as services, _reading(file) as (stream, tell):
        rows = read_rows(stream, imports.MemberRow.__struct_fields__, (), columns)
        result = imports.import_members(services, write(), rows, tell)
    _finish(file, columns, result, as_json)


@import_.command()
@FILE
@MAP
@json_option
def products(file: Path, mapping: Path | None, as_json: bool) -> None:
    """Products: sku, name, category, brand, unit_price, unit_cost (minor units)."""
    columns, _ = read_mapping(mapping)
    with opened() as services, _reading(file) as (stream, tell):
        rows: Iterable[Row] = read_rows(stream, ProductIn.__struct_fields__, ("sku",), columns)
        result = imports.import_products(services, write(), rows, tell)
    _finish(file, columns, result, as_json)


@import_.command()
@FILE
@MAP
@click.option("--terminal", help="The terminal of sales that name none.")
@click.option("--earn", is_flag=True, help="Give points for these sales too (default: history only).")
@json_option
def sales(file: Path, mapping: Path | None, terminal: str | None, earn: bool, as_json: bool) -> None:
    """Past sales, one row a line: receipt, sold_at, store, terminal, cashier, card, line, sku, name,
    category, quantity, unit_price, discount. Rows of one receipt stand together.

    They are recorded at the price charged; no coupon is issued.
    """
    columns, options = read_mapping(mapping)
    with opened() as services, _reading(file) as (stream, tell):
        connection = _connection(services, columns, options)
        documents = file_adapter("csv_file").read_file(stream, connection)
        result = imports.import_sales(services, documents, tell, terminal=terminal, earn=earn)
    _finish(file, columns, result, as_json)


def _connection(services: Services, columns: dict[str, str], options: dict[str, str]) -> Connection:
    programme = services.store.read(services.rules.current).programme
    return Connection(currency=programme.currency, zone=programme.zone, columns=columns, options=options)


@contextmanager
def _reading(file: Path) -> Iterator[tuple[BinaryIO, Callable[[int], None]]]:
    """The file, and a function that tells how much of it is read."""
    with file.open("rb") as stream, progress(f"Reading {file.name}", file.stat().st_size) as tell:
        yield cast(BinaryIO, stream), lambda _done: tell(stream.tell())
        tell(file.stat().st_size)


def _finish(file: Path, columns: dict[str, str], result: Result, as_json: bool) -> None:
    rejected = set_aside(file, result.aside, columns)
    answer = {
        "read": result.read,
        "added": result.added,
        "known": result.known,
        "rejected": len(result.aside),
        "rejected_file": str(rejected) if rejected else None,
    }
    text = f"{result.added} added, {result.known} known already, {len(result.aside)} rejected."
    show(as_json, answer, f"{text} They are in {rejected}." if rejected else text)
