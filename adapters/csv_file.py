"""CSV file: sales history as rows, one per line of a receipt.

Columns (by name, in any order; others are ignored)::

    receipt,sold_at,store,terminal,cashier,card,line,sku,name,category,quantity,unit_price,discount

UTF-8, with or without a byte order mark; comma, semicolon or tab, whichever the header uses.
Rows of one receipt stand together.  A bad row is Rejected with its line number and reason; its
receipt is left out whole, for a sale with a line missing would be a false one; the rest goes on.

``Connection.columns`` is the saved mapping for files with other names: ours to theirs.
Options: ``money = major`` (``12.50``; otherwise minor units), ``thousands`` and ``decimal`` (the
separators used in figures), ``time_format`` (strptime; otherwise RFC 3339, local time allowed).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import BinaryIO

from loyalty_pos.errors import BadInput
from loyalty_pos.ports import Cap, Connection, Document, Rejected, SaleTicket, TicketLine

from ._figures import Unreadable, instant, major_units, minor_units, optional_text, quantity, text

REQUIRED = ("receipt", "sold_at", "sku", "quantity", "unit_price")
COLUMNS = (
    *("receipt", "sold_at", "store", "terminal", "cashier", "card", "line", "sku"),
    *("name", "category", "quantity", "unit_price", "discount"),
)
FIGURES = ("quantity", "unit_price", "discount")
BILL = ("receipt", "sold_at", "store", "terminal", "cashier", "card")

Row = tuple[int, dict[str, object]]


class CsvFile:
    """Reads sales files.  It holds nothing: reading is a pure function of the stream."""

    code = "csv_file"
    title = "CSV sales file"
    caps = frozenset({Cap.FILE})

    def read_file(self, stream: BinaryIO, connection: Connection) -> Iterator[Document]:
        """One SaleTicket per receipt, in order. BadInput: no header, columns missing, not UTF-8."""
        for _receipt, rows in groupby(_rows(stream, connection), key=_receipt_of):
            yield from _receipt_documents(list(rows), connection)


def _rows(stream: BinaryIO, connection: Connection) -> Iterator[Row]:
    """Line number and our columns of each row; empty rows are passed over."""
    lines = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    try:
        header = lines.readline()
        names = next(csv.reader([header], delimiter=_delimiter(header)), [])
        reader = csv.reader(lines, delimiter=_delimiter(header))
        places = _places([name.strip() for name in names], connection.columns)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                row: dict[str, object] = {
                    column: cells[place] for column, place in places.items() if place < len(cells)
                }
                yield reader.line_num + 1, _plain_figures(row, connection.options)
    except UnicodeDecodeError as err:
        raise BadInput("not_utf8") from err
    except csv.Error as err:
        raise BadInput("not_csv") from err
    finally:
        lines.detach()


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)


def _places(header: list[str], mapping: Mapping[str, str]) -> dict[str, int]:
    """Where each of our columns stands. BadInput naming the required ones that are missing."""
    found = {column: mapping.get(column, column) for column in COLUMNS}
    places = {column: header.index(name) for column, name in found.items() if name in header}
    missing = {column: ["missing"] for column in REQUIRED if column not in places}
    if missing:
        raise BadInput("columns_missing", errors=missing)
    return places


def _plain_figures(row: dict[str, object], options: Mapping[str, str]) -> dict[str, object]:
    """The row with its figures as ``1234.5``, by the separators that the connection names."""
    thousands, decimal = options.get("thousands", ""), options.get("decimal", ".")
    for column in FIGURES:
        cell = row.get(column)
        if isinstance(cell, str):
            row[column] = cell.replace(thousands, "").replace(decimal, ".").strip()
    return row


def _receipt_of(row: Row) -> tuple[object, ...]:
    return tuple(row[1].get(column) for column in ("store", "terminal", "receipt"))


def _receipt_documents(rows: list[Row], connection: Connection) -> list[Document]:
    """The sale, or one Rejected for each of its rows that cannot be read."""
    head = rows[0][1]
    lines: list[TicketLine] = []
    bad: list[Document] = []
    for position, (line_number, row) in enumerate(rows, start=1):
        try:
            _same_bill(row, head)
            lines.append(_line(row, position, connection))
            if position == len(rows) and not bad:
                return [_ticket(head, lines, connection)]
        except Unreadable as unreadable:
            bad.append(Rejected(unreadable.reason, f"line {line_number}: {unreadable.where}"))
    return bad


def _same_bill(row: dict[str, object], head: dict[str, object]) -> None:
    for column in BILL:
        if row.get(column) != head.get(column):
            raise Unreadable("differs_within_receipt", column)


def _ticket(row: dict[str, object], lines: list[TicketLine], connection: Connection) -> SaleTicket:
    pattern = connection.options.get("time_format")
    return SaleTicket(
        receipt=text(row, "receipt"),
        sold_at=instant(row.get("sold_at"), connection.zone, "sold_at", pattern),
        currency=connection.currency,
        store=optional_text(row, "store"),
        terminal=optional_text(row, "terminal"),
        cashier=optional_text(row, "cashier"),
        card=optional_text(row, "card"),
        lines=tuple(lines),
    )


def _line(row: dict[str, object], position: int, connection: Connection) -> TicketLine:
    return TicketLine(
        line=optional_text(row, "line") or str(position),
        sku=text(row, "sku"),
        quantity=quantity(row.get("quantity"), "quantity"),
        unit_price=_money(row, "unit_price", connection),
        discount=_money(row, "discount", connection) if row.get("discount") else 0,
        name=optional_text(row, "name"),
        category=optional_text(row, "category"),
    )


def _money(row: dict[str, object], column: str, connection: Connection) -> int:
    if connection.options.get("money") == "major":
        return major_units(row.get(column), connection.currency, column)
    return minor_units(row.get(column), column)


ADAPTER = CsvFile()
