"""The console's first page: key figures beside those of the days before, sales by day, campaigns, what waits.

Figures come from ``reports.board``; here they get words, signs and pictures.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import render_template, url_for
from markupsafe import Markup

from loyalty_pos.api.auth import require_role
from loyalty_pos.reports import board as figures
from loyalty_pos.web import charts, format, i18n, offers, spans
from loyalty_pos.web.campaigns import in_words
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.members import READERS, around
from loyalty_pos.web.pages import book, services, shop, web

Json = dict[str, Any]
NAMED_DAYS = 8
"""So many names at most stand under the columns."""
TIER_FILLS = {"bronze": "tb", "silver": "ts", "gold": "tg", "platinum": "tp"}


@web.get("/manage")
@require_role(*READERS)
def board() -> str:
    """Where the shop stands, over some days, beside as many days before."""
    asked = spans.asked()
    found = figures.figures(services(), asked.caller, asked.days)
    ranks = tiers(found["tiers"])
    return render_template(
        "manage/board.html", span=found, form=asked.form, query=asked.query, kpis=_kpis(found), chart=_chart(found),
        tiers=ranks, tier_bar=tier_bar(ranks), campaigns=[_campaign(one) for one in found["campaigns"]],
        movers=_movers(found["movers"]), waiting=_waiting(found["waiting"]), **around(),
    )  # fmt: skip


def money(amount: int) -> str:
    """A large sum, short, in the reader's language."""
    return format.short_money(amount, shop().currency, i18n.language())


def percent(share: float) -> str:
    """A share of 1 as a percentage with one decimal."""
    return f"{format.tenths(100 * share, i18n.language())}%"


def tiers(rows: list[Json], figure: str = "members") -> list[Json]:
    """Rows with a ``tier``: named, lowest first, each with its share of all and its colour."""
    levels = [level.code for level in book().rules.tiers.levels]
    names = {level.code: offers.tier_name(level.name) for level in book().rules.tiers.levels}
    ordered = sorted(rows, key=lambda row: levels.index(row["tier"]) if row["tier"] in levels else -1)
    total = sum(row[figure] for row in rows) or 1
    return [
        row | {
            "name": names.get(row["tier"], row["tier"] or _("no tier")), "part": row[figure] / total,
            "said": percent(row[figure] / total),
            "fill": TIER_FILLS.get(row["tier"], f"f{place % 4 + 1}"),
            "key": f"k-{TIER_FILLS[row['tier']]}" if row["tier"] in TIER_FILLS else f"k{place % 4 + 1}",
        }
        for place, row in enumerate(ordered)
    ]  # fmt: skip


def tier_bar(rows: list[Json]) -> Markup:
    """The shares of ``tiers`` as one bar."""
    title = ", ".join(f"{row['name']} {row['said']}" for row in rows)
    return charts.bar([(100 * row["part"], row["fill"]) for row in rows], title)


# Key figures ----------------------------------------------------------------------------------------


def _kpis(found: Json) -> list[Json]:
    now, before, points = found["now"], found["before"], found["points"]
    members = sum(one["members"] for one in found["tiers"])
    carded = [one["carded"] / one["bills"] if one["bills"] else None for one in (now, before)]
    owed = money(points["value"]) if points["value"] else format.number(points["points"], i18n.language())
    return [
        _kpi(_("Sales to members"), money(now["member_net"]), _grown(now["member_net"], before["member_net"]),
             _("against the days before")),
        _kpi(_("Bills with a card"), "–" if carded[0] is None else percent(carded[0]), _moved(*carded),
             _("percentage points")),
        _kpi(_("Members who bought"), format.number(now["buyers"], i18n.language()),
             _grown(now["buyers"], before["buyers"]), _("of %(n)s", n=format.number(members, i18n.language()))),
        _kpi(_("Coupons used"), format.number(now["coupons_used"], i18n.language()),
             _grown(now["coupons_used"], before["coupons_used"]), _("against the days before")),
        _kpi(_("Points not used"), owed, _grown(points["points"], points["before"], neutral=True),
             _("owed by the shop")),
    ]  # fmt: skip


def _kpi(label: str, value: str, change: Json | None, words: str) -> Json:
    """One figure; in Vietnamese the unit stands smaller behind it."""
    figure, gap, unit = value.partition(format.NBSP)
    return {"label": label, "figure": figure, "unit": gap + unit, "change": change, "words": words}


def _grown(now: int, before: int, neutral: bool = False) -> Json | None:
    """By how much of what was before; None where nothing was."""
    return _sign(100 * (now - before) / before, "%", neutral) if before > 0 else None


def _moved(now: float | None, before: float | None) -> Json | None:
    """By how many percentage points."""
    return None if now is None or before is None else _sign(100 * (now - before), "", False)


def _sign(change: float, unit: str, neutral: bool) -> Json:
    shown = round(abs(change), 1)
    look = "" if neutral or not shown else "up" if change > 0 else "down"
    mark = "▲" if change > 0 else "▼"
    words = _("up") if change > 0 else _("down")
    return {"look": look, "mark": mark if shown else "=", "words": words if shown else _("unchanged"),
            "text": f"{format.tenths(shown, i18n.language())}{unit}"}  # fmt: skip


# Sales by day ---------------------------------------------------------------------------------------


def _chart(found: Json) -> Json | None:
    """The columns of the days under the line of the days before; None where nothing was sold."""
    days, before = found["days"], found["days_before"]
    net, mine = found["now"]["net"], found["now"]["member_net"]
    if not net and not found["before"]["net"]:
        return None
    every = -(-len(days) // NAMED_DAYS)
    rows = [
        charts.Stack(
            _short(day["day"]) if (len(days) - 1 - place) % every == 0 else "",
            (max(day["member_net"], 0), max(day["net"] - day["member_net"], 0)),
            partial=day["day"] == found["to"],
        )
        for place, day in enumerate(days)
    ]
    title = _("Columns: sales by day, members and others")
    mark = lambda amount: format.axis_money(amount, shop().currency, i18n.language())  # noqa: E731
    best = max(days, key=lambda day: day["net"])
    said = _(
        "Members %(mine)s, others %(others)s. Most on %(day)s: %(most)s.", mine=money(mine), others=money(net - mine),
        day=format.day(best["day"], language=i18n.language()), most=money(best["net"]),
    )  # fmt: skip
    line = [max(day["net"], 0) for day in before]
    drawn = charts.stacks(rows, title, mark, line)
    table = [(day["day"], day["member_net"], day["net"] - day["member_net"], old["net"])
             for day, old in zip(days, before, strict=True)]  # fmt: skip
    return {"svg": drawn, "said": said, "rows": table}


def _short(day: str) -> str:
    found = date.fromisoformat(day)
    return f"{found.day}/{found.month}"


# Campaigns, goods, what waits -----------------------------------------------------------------------


def _campaign(one: Json) -> Json:
    """A campaign with its coupons and, once it was counted, its difference in percent with the interval drawn."""
    counted = one["figures"]
    shown = one | {"title": in_words(one["name"]), "lift": None, "gain": None, "look": ""}
    if counted is None:
        return shown
    shown |= {"issued": counted["coupons"]["issued"], "used": counted["coupons"]["used"]}
    sales, margin = counted["sales"], counted["margin"]
    if sales["interval"] and sales["control"]:
        low, at, high = (100 * value / sales["control"] for value in (sales["interval"][0], sales["difference"],
                                                                       sales["interval"][1]))  # fmt: skip
        words = f"{'+' if at >= 0 else format.MINUS}{format.tenths(round(abs(at), 1), i18n.language())}%"
        ends = [format.tenths(round(end, 1), i18n.language()) for end in (low, high)]
        title = _("%(at)s, between %(low)s%% and %(high)s%%", at=words, low=ends[0], high=ends[1])
        shown["lift"] = charts.interval(low, at, high, max(abs(low), abs(high), 10), words, title)
    if margin and margin["verdict"] != "unclear":
        shown |= {"gain": money(margin["total"]), "look": "up" if margin["total"] > 0 else "down"}
    return shown


def _movers(found: Json) -> Json:
    most = max((abs(one["now"] - one["before"]) for one in found["goods"]), default=0)
    rows = [
        one | {"title": one["name"] or one["sku"], "change": one["now"] - one["before"],
               "width": round(100 * abs(one["now"] - one["before"]) / most, 1) if most else 0}
        for one in found["goods"] if one["now"] != one["before"]
    ]  # fmt: skip
    return {"every": found["every"], "rows": sorted(rows, key=lambda one: -one["change"])}


def _waiting(found: Json) -> list[Json]:
    """What somebody should look at, each with the place where it is done."""
    more = "+" if figures.WAITING in (found["exceptions"], found["approvals"]) else ""
    segments = {
        "birthday-week": ("gold", "cake", _("%(n)s members have their birthday this week"), _("Birthday")),
        "slipping": ("info", "clock", _("%(n)s members are slipping away"), _("Have not come for a while")),
    }
    rows = []
    if found["exceptions"]:
        rows.append(_todo("bad", "alert", _("%(n)s exceptions to look at", n=f"{found['exceptions']}{more}"),
                          _("Nothing was refused or lost"), url_for("web.exceptions")))  # fmt: skip
    if found["approvals"]:
        rows.append(_todo("warn", "coins", _("%(n)s requests wait for a second person", n=found["approvals"]),
                          _("Points by hand, promotions"), None))  # fmt: skip
    if found["campaigns"]:
        href = url_for("web.campaigns", state="waiting")
        rows.append(_todo("warn", "bubble", _("%(n)s campaigns wait for approval", n=found["campaigns"]),
                          _("Whoever wrote it cannot approve it"), href))  # fmt: skip
    for code, size in found["segments"].items():
        look, icon, words, small = segments[code]
        said = words.replace("%(n)s", format.number(size, i18n.language()))
        rows.append(_todo(look, icon, said, small, url_for("web.segment", code=code)))
    return rows


def _todo(look: str, icon: str, title: str, small: str, href: str | None) -> Json:
    return {"look": look, "icon": icon, "title": title, "small": small, "href": href}
