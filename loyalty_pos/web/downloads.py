"""A table of the console as a file to keep."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response

from loyalty_pos.reports import sheets
from loyalty_pos.web.pages import services, shop

KINDS = (sheets.XLSX, sheets.CSV)


def spreadsheet(
    kind: str, name: str, title: str, head: Sequence[str], rows: Sequence[Sequence[sheets.Cell]]
) -> Response:
    """The table as an attachment that bears the shop's day in its name."""
    day = shop().local(services().now_ms()).date()
    answer = Response(sheets.made(kind, title, head, rows), content_type=sheets.TYPES[kind])
    answer.headers.set("Content-Disposition", "attachment", filename=f"{name}-{day}.{kind}")
    return answer
