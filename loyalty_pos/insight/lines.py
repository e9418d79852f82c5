"""The lines of a file, checked and in one form: text names, times in UTC, nothing at or after the cut.

The idea: a column of a file is read as text or as what it is, and becomes ours or is at fault; the
first line at fault is named by its row and column, and nothing is ranked from a file with one.
Stated fallbacks: a line without a member, and one of no or negative quantity (a return), is left out
and counted; a line that is there twice counts once, since a visit either has an item or has not.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import ibis
from ibis.expr.types import StringColumn, Table

from loyalty_pos.errors import BadInput, Refused
from loyalty_pos.insight.engine import Engine

NEEDED = ("member", "time", "basket", "sku")
OPTIONAL = ("quantity", "amount", "category")
DAY_SECONDS = 86_400


class Lines(NamedTuple):
    """``table``: member, time, basket, sku, category; ``today``: the day of the cut (days since 1970)."""

    table: Table
    today: int
    read: int
    without_member: int
    returned: int


def read_lines(engine: Engine, path: Path, cut: datetime | None, by_category: bool) -> Lines:
    """The lines before ``cut`` (all of them when None); with ``by_category`` the category takes the place of the sku.

    BadInput: ``lines_file`` (not a CSV or Parquet file), ``columns_missing``, ``line_invalid`` with ``row`` and
    ``column``.  Refused: ``lines_none`` when none is left.
    """
    needed = (*NEEDED, "category") if by_category else NEEDED
    raw = read_table(engine.files, path, needed)
    lines = engine.files.keep(_in_form(raw, by_category))
    _refuse_faults(lines, path)
    before = lines if cut is None else lines.filter(lines.time < ibis.literal(_utc(cut)))
    named, bought = before.member.notnull(), before.quantity > 0
    counts = before.agg(
        read=before.count(),
        without_member=(~named).sum(),
        returned=(named & ~bought).sum(),
        newest=before.time.max(where=named & bought),
    ).to_pyarrow().to_pylist()[0]  # fmt: skip
    if counts["newest"] is None:
        raise Refused("lines_none")
    kept = before.filter(named & bought)
    begun = kept.mutate(time=kept.time.min().over(group_by=("member", "basket")))
    end = _utc(cut) if cut else counts["newest"]
    today = int(end.replace(tzinfo=UTC).timestamp()) // DAY_SECONDS + (0 if cut else 1)
    table = engine.bring(begun.select("member", "time", "basket", "sku", "category"))
    return Lines(table, today, counts["read"], counts["without_member"] or 0, counts["returned"] or 0)


def read_table(engine: Engine, path: Path, needed: Iterable[str]) -> Table:
    """A Parquet or CSV file as a table; BadInput (``lines_file``, ``columns_missing``)."""
    try:
        if path.suffix.lower() == ".parquet":
            found = engine.backend.read_parquet(path)
        elif path.suffix.lower() in (".csv", ".gz", ".tsv", ".txt"):
            found = engine.backend.read_csv(path, all_varchar=True, header=True)
        else:
            raise BadInput("lines_file")
    except BadInput:
        raise
    except Exception as error:  # what the engines raise for a file that they cannot read has no common root
        raise BadInput("lines_file") from error
    missing = {name: ["missing"] for name in needed if name not in found.columns}
    if missing:
        raise BadInput("columns_missing", errors=missing)
    return found


def _in_form(raw: Table, by_category: bool) -> Table:
    """Our columns and ``row``; a cell that cannot be read is null and its column's name is in ``fault``."""
    text = {name: text_of(raw, name) for name in (*NEEDED, "category")}
    time = _time(raw)
    quantity = raw["quantity"].cast("string").strip().nullif("") if "quantity" in raw.columns else None
    amount = _number(quantity) if quantity is not None else ibis.literal(1.0)
    fault = ibis.cases(
        (text["member"].isnull(), ibis.null("string")),
        (~time.year().between(1900, 2200).fill_null(False), "time"),
        (text["basket"].isnull(), "basket"),
        (text["sku"].isnull(), "sku"),
        *(() if quantity is None else ((quantity.notnull() & amount.isnull(), "quantity"),)),
    )
    return raw.select(
        row=ibis.row_number() + 1,
        fault=fault,
        member=text["member"],
        time=time,
        basket=text["basket"],
        sku=ibis.coalesce(text["category"], ibis.literal("?")) if by_category else text["sku"],
        category=ibis.null("string") if by_category else text["category"],
        quantity=amount if quantity is None else amount.fill_null(1.0),
    )


def _refuse_faults(lines: Table, path: Path) -> None:
    first = lines.filter(lines.fault.notnull()).select("row", "fault").order_by("row").limit(1).to_pyarrow().to_pylist()
    if first:
        head = 0 if path.suffix.lower() == ".parquet" else 1
        raise BadInput("line_invalid", row=first[0]["row"] + head, column=first[0]["fault"])


def text_of(raw: Table, name: str) -> StringColumn:
    """A column as text without blanks around it, null where it is empty or not there."""
    if name not in raw.columns:
        return ibis.null("string")
    return raw[name].cast("string").strip().nullif("")


def _time(raw: Table) -> Any:
    """As a time of UTC without a zone: an offset is honoured, a time without one is taken as it stands."""
    column = raw["time"]
    if column.type().is_string():
        return column.strip().try_cast("timestamp('UTC')").cast("timestamp")
    return column.try_cast("timestamp")


def _number(text: StringColumn) -> Any:
    number = text.try_cast("float64")
    return ibis.ifelse(number.isnan() | number.isinf(), ibis.null("float64"), number)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
