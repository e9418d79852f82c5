"""The console's what-if: a promotion on past bills, the verdict first, then the figures behind it.

The page reads only; one request replays a limited number of bills, the command line any number.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import render_template, request

from loyalty_pos.api.auth import current_caller, require_role
from loyalty_pos.errors import LoyaltyError
from loyalty_pos.services import promotion_drafts
from loyalty_pos.services import promotions as use_cases
from loyalty_pos.web import format, i18n, offers
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.members import WRITERS, around
from loyalty_pos.web.pages import book, services, shop, web
from loyalty_pos.web.refusals import say

WEEKS = 4
WIDTH, HEIGHT, LEFT, FOOT, TOP = 728, 200, 92, 26, 10
"""The column chart, in its own units: the scale stands left of LEFT, the days in the FOOT."""
STEPS = 3
BAR = 130
"""The longest bar of a tier."""


@web.get("/manage/promotions/<code>/what-if")
@require_role(*WRITERS)
def what_if(code: str) -> str | tuple[str, int]:
    """Choose the days, then see what the promotion would have done on them."""
    rule = use_cases.get(services(), code)
    yesterday = shop().local(services().now_ms()).date() - timedelta(days=1)
    first, last = _day("from", yesterday - timedelta(days=7 * WEEKS - 1)), _day("to", yesterday)
    found, refusal = None, ""
    if "from" in request.args:
        try:
            found = promotion_drafts.simulate(services(), current_caller(), code, first, last)
        except LoyaltyError as error:
            refusal = say(error)
    page = render_template(
        "manage/what_if.html",
        rule=rule, name=offers.name(rule), first=first, last=last, refusal=refusal,
        found=_figures(found) if found else None, **around(),
    )  # fmt: skip
    return (page, 422) if refusal else page


def _day(name: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return otherwise


def _figures(found: dict[str, Any]) -> dict[str, Any]:
    """The answer with what the page draws of it."""
    days = [
        {"day": date.fromisoformat(x["day"]), "tickets": x["tickets"], "cost": _more(x["discount"])}
        for x in found["by_day"]
    ]
    return found | {
        "cost": _more(found["discount"]),
        "free": _more(found["gifts"]),
        "margin_change": _percent(_more(found["margin"]), found["margin"]["now"]),
        "share": _percent(found["tickets_touched"], found["tickets"]),
        "days": days,
        "chart": chart(days),
        "tiers": _tiers(found["by_tier"]),
        "conflicts": [x | {"name": _name(x["promotion"])} for x in found["conflicts"]],
    }


def _more(pair: dict[str, int]) -> int:
    return pair["draft"] - pair["now"]


def _percent(part: int, whole: int) -> str:
    return format.tenths(100 * part / whole, i18n.language()).replace("-", format.MINUS) if whole else "–"


def _name(code: str) -> str:
    rule = book().promotions.get(code)
    return offers.name(rule) if rule else code


def chart(days: list[dict[str, Any]]) -> dict[str, Any]:
    """A column a day; the scale goes up to a round figure above the highest."""
    top = _round_up(max((x["cost"] for x in days), default=0))
    room, slot = HEIGHT - FOOT - TOP, (WIDTH - LEFT) / max(len(days), 1)
    every = max(1, len(days) // 7)
    columns = []
    for number, x in enumerate(days):
        height = room * max(x["cost"], 0) / top
        columns.append(
            {
                "x": round(LEFT + slot * number + slot * 0.15, 1), "y": round(HEIGHT - FOOT - height, 1),
                "width": round(slot * 0.7, 1), "height": round(height, 1),
                "middle": round(LEFT + slot * (number + 0.5), 1),
                "weekend": x["day"].isoweekday() > 5, "day": x["day"], "label": number % every == 0,
            }
        )  # fmt: skip
    lines = [
        {"y": round(HEIGHT - FOOT - room * step / STEPS, 1), "amount": top * step // STEPS} for step in range(STEPS + 1)
    ]
    return {"columns": columns, "lines": lines, "width": WIDTH, "height": HEIGHT, "left": LEFT}


def _round_up(amount: int) -> int:
    """The next figure of one digit times three and zeros: a scale of three equal steps."""
    step = 1
    while 9 * step < amount:
        step *= 10
    return max(3, 3 * step * -(-amount // (3 * step)))


def _tiers(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a tier with a bill that changes, lowest first; ``bar`` is its length beside the longest."""
    rows = []
    most = max((_more(x["discount"]) for x in parts), default=0)
    order = [level.code for level in book().rules.tiers.levels]
    for x in sorted(parts, key=lambda x: order.index(x["tier"]) if x["tier"] in order else -1):
        if not x["tickets_touched"]:
            continue
        cost, tier = _more(x["discount"]), book().rules.tiers.get(x["tier"])
        gain = x["members"]["gain"]
        rows.append(
            {
                "tier": {"code": x["tier"], "name": offers.tier_name(tier.name)} if tier else None,
                "name": x["tier"] or _("no tier, or no card"), "tickets": x["tickets_touched"], "gain": gain,
                "lose": x["members"]["lose"], "cost": cost, "each": cost // gain if gain else None,
                "bar": round(BAR * max(cost, 0) / most, 1) if most > 0 else 0, "points": _more(x["points"]),
            }
        )  # fmt: skip
    return rows
