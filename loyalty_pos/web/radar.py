"""The console's radar: signs at the counter, the strongest first, each with a way to its member."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for

from loyalty_pos import reports
from loyalty_pos.api.auth import current_caller, require_role
from loyalty_pos.reports.radar import SIGNS
from loyalty_pos.web import i18n
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.members import READERS, around
from loyalty_pos.web.pages import services, web

ICONS = {
    "one_card_many_tickets": "card",
    "cashier_and_card": "users",
    "attached_after_payment": "clock",
    "second_card": "scan",
    "refund_after_redemption": "undo",
    "points_near_shift_end": "coins",
    "own_card": "card",
}


@web.get("/manage/radar")
@require_role(*READERS)
def radar() -> str:
    """The signs of the last seven days at the stores of whoever is signed in, of one kind if asked."""
    found = reports.run(services(), current_caller(), "radar", None, None)
    asked = request.args.get("sign", "")
    shown = asked if asked in SIGNS else ""
    rows = [_row(row) for row in found["rows"] if shown in ("", row["sign"])]
    span = {"first": found["from"], "last": found["to"]}
    return render_template("manage/radar.html", rows=rows, filters=_filters(found["rows"], shown), **span, **around())


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"name": SIGNS[row["sign"]][i18n.language()], "icon": ICONS[row["sign"]]}


def _filters(rows: list[dict[str, Any]], shown: str) -> list[dict[str, Any]]:
    """Every kind of which there is a sign, with the number of signs."""
    counts = {sign: sum(row["sign"] == sign for row in rows) for sign in SIGNS}
    kinds = [("", _("All"), len(rows)), *((s, SIGNS[s][i18n.language()], n) for s, n in counts.items() if n)]
    return [
        {"label": f"{name} ({count})", "href": url_for("web.radar", sign=sign or None), "here": sign == shown}
        for sign, name, count in kinds
    ]
