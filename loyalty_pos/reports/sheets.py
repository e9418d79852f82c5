"""A table as a spreadsheet: CSV for any program, XLSX for those who open it with a double click.

Whatever stands in a cell is data.  A text that a spreadsheet would take for a formula (it begins with
``=``, ``+``, ``-``, ``@``, a tab or a carriage return) gets an apostrophe before it; numbers stay numbers.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import BytesIO, StringIO

import xlsxwriter  # type: ignore[import-untyped]

Cell = str | int | float | None
CSV, XLSX = "csv", "xlsx"
TYPES = {CSV: "text/csv; charset=utf-8", XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
RISKY = ("=", "+", "-", "@", "\t", "\r")
WIDEST = 48


def safe(cell: Cell) -> Cell:
    """The cell as no spreadsheet computes it."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(RISKY) else cell


def made(kind: str, title: str, head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> bytes:
    """The table as a file of ``kind`` (a key of TYPES); ``title`` names the sheet of an XLSX."""
    table = [[safe(cell) for cell in row] for row in (head, *rows)]
    return _csv(table) if kind == CSV else _xlsx(title, table)


def _csv(table: Sequence[Sequence[Cell]]) -> bytes:
    """With a byte order mark: without it Excel reads Vietnamese as Latin."""
    text = StringIO()
    csv.writer(text).writerows(["" if cell is None else cell for cell in row] for row in table)
    return text.getvalue().encode("utf-8-sig")


def _xlsx(title: str, table: Sequence[Sequence[Cell]]) -> bytes:
    file = BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    sheet = book.add_worksheet(_sheet_name(title))
    bold, figure = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0"})
    tenths = book.add_format({"num_format": "#,##0.0"})
    for number, row in enumerate(table):
        for place, cell in enumerate(row):
            if isinstance(cell, int):
                sheet.write_number(number, place, cell, figure)
            elif isinstance(cell, float):
                sheet.write_number(number, place, cell, tenths)
            elif cell is not None:
                sheet.write_string(number, place, cell, bold if number == 0 else None)
    for place, column in enumerate(zip(*table, strict=True)):
        longest = max(len(str(cell)) for cell in column)
        sheet.set_column(place, place, min(longest + 2, WIDEST))
    sheet.freeze_panes(1, 0)
    book.close()
    return file.getvalue()


def _sheet_name(title: str) -> str:
    """What a sheet may be called: 31 characters, none of which means anything to a formula."""
    return "".join(letter for letter in title if letter not in "[]:*?/\\'")[:31] or "1"
