"""The console's reports: the month in short, each report on its own, and each as a file.

A report is ``loyalty_pos.reports``' columns and rows; here they get words, shades and pictures, and a sentence that
says what they mean.  On paper the page stands without its navigation.
"""

from __future__ import annotations

from typing import Any

from flask import Response, render_template, url_for

from loyalty_pos import reports
from loyalty_pos.api.auth import require_role
from loyalty_pos.errors import NotFound
from loyalty_pos.reports.radar import SIGNS
from loyalty_pos.reports.sheets import Cell
from loyalty_pos.web import charts, format, i18n, spans
from loyalty_pos.web.board import money, tier_bar, tiers
from loyalty_pos.web.downloads import KINDS, spreadsheet
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.i18n import lazy as _l
from loyalty_pos.web.members import READERS, around
from loyalty_pos.web.offers import name as promotion_name
from loyalty_pos.web.pages import book, point_value, services, web

Json = dict[str, Any]
PAGES = ("days", "sales", "tiers", "coupons", "points", "cohorts", "rfm")
"""The reports with a page here; the radar has its own."""
MONEY = frozenset({"member_net", "other_net", "net", "discount", "value"})
SHARES = frozenset({"share", "net_share", "used_share"})
WORDS = frozenset({"store", "tier", "promotion", "part", "what", "month", "day", "sign", "at", "cashier", "by", "card",
                   "member", "sale", "receipt"})  # fmt: skip
PARTS = {"flow": _l("Movement"), "lapse": _l("Lapses in"), "breakage": _l("Lapses unused, in thousandths")}
WHAT = {
    "start": _l("At the beginning"),
    "issued": _l("Issued"),
    "spent": _l("Spent"),
    "taken_back": _l("Taken back"),
    "expired": _l("Lapsed"),
    "by_hand": _l("By hand"),
    "end": _l("At the end"),
    "never": _l("Never"),
    "share": _l("Estimate"),
    "low": _l("At least"),
    "high": _l("At most"),
}
QUARTERS = 6
HALF_YEAR_VISITS = 4
"""The frequency mark from which a member counts as a regular."""


@web.get("/manage/reports")
@require_role(*READERS)
def report_page() -> str:
    """The main questions of the month, each with its picture, its sentence and its table."""
    asked = spans.asked()
    found = {code: reports.run(services(), asked.caller, code, asked.first, asked.last) for code in PAGES[1:]}
    return render_template(
        "manage/reports.html", form=asked.form, query=asked.query, first=asked.first, last=asked.last,
        pills=_pills(None, asked.query), now=services().clock.now(),
        cohorts=_cohorts(found["cohorts"]["rows"], asked.last), rfm=_rfm(found["rfm"]["rows"]),
        points=_points(found["points"]["rows"]), sales=_sales(found["sales"]["rows"]),
        tiers=_tiers(found["tiers"]["rows"]), coupons=_coupons(found["coupons"]["rows"]), **around(),
    )  # fmt: skip


@web.get("/manage/reports/<code>")
@require_role(*READERS)
def report_one(code: str) -> str:
    """One report as its table."""
    if code not in PAGES:
        raise NotFound("report_unknown")
    asked = spans.asked()
    found = reports.run(services(), asked.caller, code, asked.first, asked.last)
    language = i18n.language()
    heads = [(column["name"][language], column["code"] not in WORDS) for column in found["columns"]]
    rows = [[_written(name, cell) for name, cell in _said(code, row).items()] for row in found["rows"]]
    return render_template(
        "manage/report.html", title=found["name"][language], code=code, heads=heads, rows=rows, form=asked.form,
        query=asked.query, first=found["from"], last=found["to"], pills=_pills(code, asked.query),
        now=services().clock.now(), **around(),
    )  # fmt: skip


@web.get("/manage/reports/<code>.<kind>")
@require_role(*READERS)
def report_file(code: str, kind: str) -> Response:
    """One report as a file."""
    if code not in reports.REPORTS or kind not in KINDS:
        raise NotFound("report_unknown")
    asked = spans.asked()
    found = reports.run(services(), asked.caller, code, asked.first, asked.last)
    language = i18n.language()
    head = [column["name"][language] for column in found["columns"]]
    rows: list[list[Cell]] = [list(_said(code, row).values()) for row in found["rows"]]
    return spreadsheet(kind, code, found["name"][language], head, rows)


def _pills(here: str | None, query: dict[str, Any]) -> list[Json]:
    """The month in short, then each report, then the radar."""
    language = i18n.language()
    pages = [{"label": _("In short"), "href": url_for("web.report_page", **query), "here": here is None}]
    for code in PAGES:
        label = reports.REPORTS[code].NAME[language]
        pages.append({"label": label, "href": url_for("web.report_one", code=code, **query), "here": here == code})
    return [*pages, {"label": _("Radar"), "href": url_for("web.radar"), "here": False}]


def _said(code: str, row: Json) -> Json:
    """A row with the reader's words for what the report names by a code."""
    language = i18n.language()
    if code == "tiers":
        names = {one["tier"]: one["name"] for one in tiers([row])}
        return row | {"tier": names[row["tier"]]}
    if code == "coupons":
        return row | {"promotion": _promotion(row["promotion"])}
    if code == "points":
        return row | {"part": str(PARTS[row["part"]]), "what": _quarter(row["what"])}
    return row | {"sign": SIGNS[row["sign"]][language]} if code == "radar" else row


def _written(name: str, cell: Cell) -> str:
    """A cell as a page shows it."""
    language = i18n.language()
    if cell is None:
        return "–"
    if isinstance(cell, str):
        return format.day(cell, language=language) if name == "day" else _month(cell) if name == "month" else cell
    if name in SHARES:
        return f"{format.tenths(cell, language)}%"
    return format.money(int(cell), book().programme.currency, language) if name in MONEY else _number(int(cell))


def _number(value: int) -> str:
    return format.number(value, i18n.language())


def _promotion(code: str) -> str:
    rule = book().promotions.get(code)
    return promotion_name(rule) if rule else code


def _month(text: str) -> str:
    """05/2026 for 2026-05."""
    year, month = text.split("-")
    return f"{month}/{year}"


def _quarter(what: str) -> str:
    return str(WHAT[what]) if what in WHAT else f"{what[5:]}/{what[:4]}"


# The month in short ---------------------------------------------------------------------------------


def _cohorts(rows: list[Json], last: str) -> Json | None:
    """Percentages with their shades from the first month in which somebody began; the running month is striped."""
    shown = [row for place, row in enumerate(rows) if any(one["m0"] for one in rows[: place + 1])]
    if not shown:
        return None
    table, best = [], 0.0
    for row in shown:
        later = [100 * row[f"m{n}"] / row["m0"] if row["m0"] and row[f"m{n}"] is not None else None
                 for n in range(1, len(shown))]  # fmt: skip
        best = max([best, *(share for share in later if share is not None)])
        table.append({"month": _month(row["month"]), "members": row["m0"], "later": later,
                      "counts": [row[f"m{n}"] for n in range(len(shown))]})  # fmt: skip
    for row in table:
        known = sum(share is not None for share in row["later"])
        row["cells"] = [
            {"text": round(share), "shade": charts.shade(share, best), "partial": place == known - 1}
            if share is not None else None
            for place, share in enumerate(row["later"])
        ]  # fmt: skip
    whole = [row for row in table[:-2] if row["members"]]
    newest = whole[-1] if whole else None
    said = _(
        "Of %(all)s who first bought in %(month)s, %(back)s came back the month after.", all=_number(newest["members"]),
        month=newest["month"], back=_number(newest["counts"][1]),
    ) if newest else _("No cohort has a whole month behind it yet.")  # fmt: skip
    return {"rows": table, "months": range(1, len(shown)), "said": said, "last": last}


def _rfm(rows: list[Json]) -> Json | None:
    """The grid of members with shades; what its corners mean stands in them."""
    if not rows:
        return None
    names = [f"f{number}" for number in range(1, 6)]
    highest = max(row[name] for row in rows for name in names)
    corners = {(5, "f1"): _("New"), (5, "f5"): _("Regulars"), (2, "f5"): _("Slipping"), (1, "f1"): _("Gone"),
               (1, "f5"): _("Good, gone")}  # fmt: skip
    table = []
    for row in rows:
        cells = [{"members": row[name], "shade": charts.shade(row[name], highest),
                  "small": corners.get((row["recency"], name))} for name in names]  # fmt: skip
        table.append({"label": _silence(row), "cells": cells, "all": sum(row[name] for name in names)})
    lost = sum(row[f"f{n}"] for row in rows if row["recency"] <= 2 for n in range(HALF_YEAR_VISITS, 6))
    least = next((row["silence_from"] for row in rows if row["recency"] == 2), None)
    said = _("%(n)s members who buy often have not come for %(days)s days or more: call them first.",
             n=_number(lost), days=_number(least or 0))  # fmt: skip
    return {"rows": table, "said": said if lost and least is not None else _("Those who buy often have come lately."),
            "members": sum(row["all"] for row in table)}  # fmt: skip


def _silence(row: Json) -> str:
    first, last = row["silence_from"], row["silence_to"]
    if first is None:
        return "–"
    return _("%(first)s–%(last)s days", first=_number(first), last=_number(last))


def _points(rows: list[Json]) -> Json | None:
    """What is owed: how it moved, when it lapses, and the estimate of what will lapse unused."""
    worth = "value" if point_value() else "points"
    write = money if point_value() else _number
    flow = [{"what": row["what"], "label": _quarter(row["what"]), "text": write(row[worth])}
            for row in rows if row["part"] == "flow"]  # fmt: skip
    owed = next(row[worth] for row in rows if row["part"] == "flow" and row["what"] == "end")
    lapse = [row for row in rows if row["part"] == "lapse"]
    if not lapse and not owed:
        return None
    seen, rest = lapse[:QUARTERS], lapse[QUARTERS:]
    stacks = [charts.Stack(_quarter(row["what"]), (row[worth],)) for row in seen]
    if rest:
        stacks.append(charts.Stack(_("later"), (sum(row[worth] for row in rest),)))
    mark = lambda amount: format.axis_money(amount, book().programme.currency, i18n.language())  # noqa: E731
    drawn = charts.stacks(stacks, _("Columns: when points lapse"), mark, width=510)
    shares = {row["what"]: row["points"] / 1000 for row in rows if row["part"] == "breakage"}
    said = _("Owed: %(owed)s. Too few points have come to their end to say how many will lapse unused.",
             owed=write(owed))  # fmt: skip
    if shares:
        said = _(
            "Owed: %(owed)s; about %(share)s%% (%(low)s–%(high)s%%) will lapse unused, so about %(paid)s will be paid.",
            owed=write(owed), share=round(100 * shares["share"]), low=round(100 * shares["low"]),
            high=round(100 * shares["high"]), paid=write(round(owed * (1 - shares["share"]))),
        )  # fmt: skip
    table = [(_quarter(row["what"]), row["points"], row["value"]) for row in lapse]
    return {"flow": flow, "svg": drawn, "said": said, "rows": table}


def _sales(rows: list[Json]) -> Json | None:
    """Each store's sales as a bar of members and others, to one scale."""
    net, mine = sum(row["net"] for row in rows), sum(row["member_net"] for row in rows)
    if net <= 0:
        return None
    most = max(row["net"] for row in rows)
    bars = []
    for row in rows:
        title = _("%(store)s: members %(mine)s, others %(others)s", store=row["store"], mine=money(row["member_net"]),
                  others=money(row["other_net"]))  # fmt: skip
        parts = [(100 * max(row["member_net"], 0) / most, "f1"), (100 * max(row["other_net"], 0) / most, "f4")]
        bars.append(row | {"svg": charts.bar(parts, title, "hb", 22), "said": _written("share", row["share"])})
    said = _("%(share)s%% of the sales (%(mine)s of %(net)s) are members'.", mine=money(mine), net=money(net),
             share=format.tenths(100 * mine / net, i18n.language()))  # fmt: skip
    return {"rows": bars, "said": said}


def _tiers(rows: list[Json]) -> Json:
    shown = tiers(rows, "net")
    return {"rows": shown, "svg": tier_bar(shown) if sum(row["net"] for row in rows) > 0 else None}


def _coupons(rows: list[Json]) -> Json:
    """What became of coupons; the bar is the share that was used of those that came to an end."""
    shown = [row | {"name": _promotion(row["promotion"]), "share": _written("used_share", row["used_share"])}
             for row in rows]  # fmt: skip
    used, off, net = (sum(row[name] for row in rows) for name in ("used", "discount", "net"))
    said = _("%(used)s coupons were used: %(off)s taken off bills of %(net)s.", used=_number(used), off=money(off),
             net=money(net))  # fmt: skip
    return {"rows": shown, "said": said if used else _("No coupon was used in these days.")}
