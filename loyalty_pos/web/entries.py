"""Changes of a member's points in words, for the customer's page and the member's record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date

from loyalty_pos.services import points
from loyalty_pos.services.context import Caller, Services
from loyalty_pos.web import i18n
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.i18n import lazy as _l

PAGE = 200
TITLES = {
    "earn": _l("Shopping"),
    "redeem": _l("Points used"),
    "take_back": _l("Returned goods: points taken back"),
    "give_back": _l("Returned goods: points given back"),
    "claim": _l("Reward bought with points"),
    "adjust": _l("Change by hand"),
    "expire": _l("Points expired"),
    "recover": _l("Points owed from a return"),
    "opening": _l("Opening balance"),
    "merge": _l("Two members made one"),
}


def newest(services: Services, caller: Caller, member: str, most: int) -> list[dict[str, Any]]:
    """The newest ``most`` changes of a member, newest first, each ready to be shown.

    The service lists them oldest first, as a ledger is read; the page turns them round.
    """
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        found = points.entries(services, caller, member, cursor, PAGE)
        rows = (rows + found["items"])[-most:]
        cursor = found["next"]
        if cursor is None:
            return [_shown(row) for row in reversed(rows)]


def by_month(rows: Iterable[Mapping[str, Any]], zone: str) -> list[dict[str, Any]]:
    """The changes by local month, newest first: {"title", "net", "entries"}."""

    def month(row: Mapping[str, Any]) -> tuple[int, int]:
        local = datetime.fromisoformat(row["at"]).astimezone(ZoneInfo(zone))
        return local.year, local.month

    months = []
    for (year, number), group in groupby(rows, month):
        entries = list(group)
        name = format_date(date(year, number, 1), "LLLL y", locale=i18n.language())
        net = sum(row["points"] for row in entries)
        months.append({"title": name[:1].upper() + name[1:], "net": net, "entries": entries})
    return months


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    note = _("bill %(receipt)s", receipt=row["receipt"]) if row["receipt"] else row["reason"] or ""
    return {
        "title": str(TITLES.get(row["kind"], row["kind"])),
        "at": row["at"],
        "points": row["points"],
        "note": note,
    }
