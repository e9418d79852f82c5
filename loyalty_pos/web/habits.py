"""The habits on a member's record: the rhythm of what they buy most as a picture, a sentence and a table.

What is drawn is what ``services/profiles.py`` says; nothing is computed here but places.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from markupsafe import Markup

from loyalty_pos.services import profiles
from loyalty_pos.services.context import Caller
from loyalty_pos.web import charts, format, i18n
from loyalty_pos.web.charts import Column, Track
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.i18n import lazy as _l
from loyalty_pos.web.pages import services, shop

SHOWN = 6
LIKELY = 8
DUE, OVERDUE = 0.8, 1.5
"""Usual gaps of silence from which goods are called due, and overdue."""
PAST, AHEAD = 168, 28
"""Days behind and before us in the picture."""
WEEKDAYS = (_l("Mon"), _l("Tue"), _l("Wed"), _l("Thu"), _l("Fri"), _l("Sat"), _l("Sun"))
LIFECYCLES = {
    "new": ("", "plus", _l("new")),
    "active": ("good", "check", _l("active")),
    "regular": ("good", "check", _l("regular")),
    "slipping": ("warn", "clock", _l("slipping away")),
    "lapsed": ("bad", "x", _l("lapsed")),
    "won_back": ("brand", "undo", _l("won back")),
}


def shown(caller: Caller, member: str, profile: dict[str, Any]) -> dict[str, Any]:
    """What the part ``manage/habits.html`` shows of a profile."""
    today = shop().local(services().now_ms()).date()
    rows = [row for row in profile["favourites"] if row["rhythm"]][:SHOWN]
    days = profiles.bought_on(services(), caller, member, [row["sku"] for row in rows], PAST)
    return {
        "rhythm": _rhythm(rows, days, today) if rows else None,
        "rows": [row | {"name": row["name"] or row["sku"]} for row in rows],
        "weekdays": _weekdays(profile["rhythm"]["weekdays"]) if profile["visits"] else None,
        "standing": _standing(profile["standing"]),
        "goes_with": profile["goes_with"],
        "next": _next(profile["next"]),
    }


def _rhythm(rows: Sequence[dict[str, Any]], days: dict[str, list[date]], today: date) -> Markup:
    """A line for each product: a dot for each day it was bought on, and when it is usual again."""
    first = today - timedelta(PAST)

    def share(day: date, more: float = 0) -> float:
        return ((day - first).days + more) / (PAST + AHEAD)

    found = []
    for row in rows:
        bought, beat = days[row["sku"]], row["rhythm"]
        again = None
        if bought:
            early, late = (beat["mean_days"] + sign * beat["deviation_days"] / 2 for sign in (-1, 1))
            again = share(bought[-1], early), share(bought[-1], late)
        found.append(Track(row["name"] or row["sku"], [share(day) for day in bought], again))
    ticks = [(share(day), format.brief(day.isoformat(), shop().zone, i18n.language())) for day in _months(first, today)]
    ticks.append((share(today), _("today")))
    return charts.tracks(found, ticks, _("Dots on a line of time: the days on which each product was bought"))


def _months(first: date, today: date) -> list[date]:
    """The first days of the months between, but for one that would touch today."""
    found, day = [], date(first.year, first.month, 1)
    while day < today - timedelta(14):
        if day >= first:
            found.append(day)
        day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return found


def _weekdays(counts: Sequence[int]) -> dict[str, Any]:
    names = [str(name) for name in WEEKDAYS]
    rows = [Column(name, count) for name, count in zip(names, counts, strict=True)]
    best = max(rows, key=lambda row: row.value)
    language = i18n.language()
    return {
        "chart": charts.columns(
            rows, _("Columns: visits by day of the week"), _("visits"), lambda n: format.number(n, language)
        ),
        "rows": rows,
        "summary": _(
            "Comes most on %(day)s: %(n)s of %(all)s visits.",
            day=best.name,
            n=format.number(best.value, language),
            all=format.number(sum(counts), language),
        ),
    }


def _next(found: dict[str, Any] | None) -> dict[str, Any] | None:
    """The likeliest goods, the chance in whole percent, how due they are in words."""
    if found is None:
        return None
    items = [
        item | {"percent": _percent(item["chance"]), "due_words": _due(item["due"])} for item in found["items"][:LIKELY]
    ]
    return {"day": found["day"], "model": found["model"], "rows": items}


def _percent(chance: float) -> str:
    percent = round(100 * chance)
    return _("below %(n)s%%", n=1) if percent < 1 else _("%(n)s%%", n=percent)


def _due(ratio: float | None) -> str:
    if ratio is None:
        return ""
    return str(_("overdue") if ratio >= OVERDUE else _("due now") if ratio >= DUE else _("not due yet"))


def _standing(standing: dict[str, Any] | None) -> dict[str, Any] | None:
    if standing is None:
        return None
    kind, icon, name = LIFECYCLES[standing["lifecycle"]]
    expected = format.tenths(standing["expected_days_90"], i18n.language())
    return standing | {"kind": kind, "icon": icon, "name": str(name), "expected": expected}
