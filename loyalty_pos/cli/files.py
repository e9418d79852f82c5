"""CSV files of rows: read by column names, and the rows that were not taken in set aside.

A file is UTF-8 with a header; comma, semicolon or tab, whichever the header uses.  A mapping says
what the file calls our columns.  What is set aside keeps its line number and reason, so that it
can be mended and imported alone; a row with a payment card in it keeps neither cell (S41).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from loyalty_pos.errors import BadInput
from loyalty_pos.services.imports import Aside, Row

Receipt = tuple[str | None, str | None, str]


def read_mapping(path: Path | None) -> tuple[dict[str, str], dict[str, str]]:
    """(columns: ours to theirs, options of the file) of a saved mapping; BadInput (``mapping``)."""
    if path is None:
        return {}, {}
    try:
        raw = json.loads(path.read_text(encoding="utf-8-sig"))
        columns = raw["columns"] if isinstance(raw.get("columns"), dict) else raw
        options = raw["options"] if isinstance(raw.get("options"), dict) else {}
    except (ValueError, AttributeError) as error:
        raise BadInput(errors={"mapping": ["invalid"]}) from error
    if not all(isinstance(text, str) for part in (columns, options) for text in part.values()):
        raise BadInput(errors={"mapping": ["invalid"]})
    return columns, options


def read_rows(
    stream: BinaryIO, columns: Iterable[str], needed: Iterable[str], mapping: Mapping[str, str]
) -> Iterator[Row]:
    """Line number and our columns of each row; others are passed over.

    BadInput (``columns_missing``, ``not_utf8``, ``not_csv``) for the file as a whole.
    """
    theirs = {name: mapping.get(name, name) for name in columns}
    for line, header, cells in _raw(stream):
        places = {name: header.index(word) for name, word in theirs.items() if word in header}
        missing = {name: ["missing"] for name in needed if name not in places}
        if missing:
            raise BadInput("columns_missing", errors=missing)
        if cells:
            yield line, {name: cells[place] for name, place in places.items() if place < len(cells)}


def _raw(stream: BinaryIO) -> Iterator[tuple[int, list[str], list[str]]]:
    """(line number, header, cells) of the header itself (no cells) and of every row that is not empty."""
    lines = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    try:
        first = lines.readline()
        delimiter = max(",;\t", key=first.count)
        header = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
        yield 1, header, []
        reader = csv.reader(lines, delimiter=delimiter)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num + 1, header, cells
    except UnicodeDecodeError as error:
        raise BadInput("not_utf8") from error
    except csv.Error as error:
        raise BadInput("not_csv") from error
    finally:
        lines.detach()


def set_aside(path: Path, aside: list[Aside], mapping: Mapping[str, str]) -> Path | None:
    """Write the rows of ``path`` that were not taken in to ``path.rejected.csv``; None when there are none."""
    target = path.with_name(path.name + ".rejected.csv")
    target.unlink(missing_ok=True)
    if not aside:
        return None
    by_line = {item.line: item for item in aside if item.line is not None}
    by_receipt = {item.receipt: item for item in aside if item.receipt is not None}
    with path.open("rb") as stream, target.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        for line, header, cells in _raw(stream):
            if line == 1 and not cells:
                writer.writerow(["line", "reason", "field", *header])
                continue
            item = by_line.get(line) or by_receipt.get(_receipt(header, cells, mapping))
            if item is not None:
                kept = [] if item.reason == "payment_card" else cells
                writer.writerow([line, item.reason, item.field, *kept])
    return target


def _receipt(header: list[str], cells: list[str], mapping: Mapping[str, str]) -> Receipt:
    """Store, terminal and receipt of a row of sales."""
    row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
    store, terminal, receipt = (row.get(mapping.get(name, name)) for name in ("store", "terminal", "receipt"))
    return store or None, terminal or None, receipt or ""
