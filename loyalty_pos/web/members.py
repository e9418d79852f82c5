"""The console's members: the list with its search, and one member's record.

Phone and card numbers are masked here for everybody; the full ones are not needed to serve
somebody.
"""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from loyalty_pos.api.auth import current_caller, require_role
from loyalty_pos.domain.cards import mask_card
from loyalty_pos.services import listings, points, profiles
from loyalty_pos.services import members as use_cases
from loyalty_pos.services.context import Caller
from loyalty_pos.services.phones import mask_phone
from loyalty_pos.web import entries, format, habits, i18n
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.pages import services, shop, web

PAGE = 50
RECENT = 50
TABS = ("activity", "bills", "coupons")
READERS = ("manager", "owner", "auditor")
WRITERS = ("manager", "owner")


@web.get("/manage/members")
@require_role(*READERS)
def members() -> str:
    """Members by name, phone or card; all of them, newest first, without a search."""
    query = request.args.get("q", "").strip()[:100]
    found = use_cases.search(services(), current_caller(), query, request.args.get("cursor"), PAGE)
    rows = [row(member) for member in found["items"]]
    return render_template("manage/members.html", members=rows, q=query, next=found["next"], **around())


@web.get("/manage/members/<member>")
@require_role(*READERS)
def member_record(member: str) -> str:
    """One member: who, how many points, which bills and coupons, what they buy most."""
    caller = current_caller()
    tab = request.args.get("tab", TABS[0])
    record = use_cases.get(services(), caller, member)
    shown = row(record) | {"cards": [card | {"number": mask_card(card["number"])} for card in record["cards"]]}
    profile = profiles.profile(services(), caller, member, i18n.language())
    balance = points.balances(services(), caller, member)
    return render_template(
        "manage/member.html",
        m=shown | {"birthday": record["birthday"]},
        kpis=_figures(balance, profile),
        favourites=[found["name"] or found["sku"] for found in profile["favourites"][:6]],
        habits=habits.shown(caller, member, profile),
        tab=tab if tab in TABS else TABS[0],
        **_tab(caller, member, tab),
        **around(),
    )


def around() -> dict[str, Any]:
    """What every page of the console shows beside its own part: who is signed in, what they may."""
    caller = current_caller()
    return {"staff": staff(caller), "may_write": caller.role in WRITERS}


def row(record: dict[str, Any]) -> dict[str, Any]:
    """One member as a line of a table, masked."""
    active = [card["number"] for card in record["cards"] if card["state"] == "active"]
    return {
        "id": record["id"],
        "name": record["name"],
        "tier": record["tier"],
        "phone": mask_phone(record["phone"]) if record["phone"] and "•" not in record["phone"] else record["phone"],
        "card": mask_card(active[0]) if active else None,
        "points": record["points"]["active"],
        "since": record["enrolled_at"],
    }


def staff(caller: Caller) -> dict[str, str]:
    """Who is signed in, in words."""
    roles = {"cashier": _("Cashier"), "manager": _("Manager"), "owner": _("Owner"), "auditor": _("Auditor")}
    return {"name": caller.person or caller.name, "role": roles.get(caller.role or "", "")}


def _tab(caller: Caller, member: str, tab: str) -> dict[str, Any]:
    if tab == "bills":
        found = listings.list_sales(services(), caller, request.args.get("cursor"), PAGE, member=member)
        return {"bills": found["items"], "next": found["next"]}
    if tab == "coupons":
        return {"coupons": points.coupons(services(), caller, member, None, None, RECENT, i18n.language())["items"]}
    return {"entries": entries.newest(services(), caller, member, RECENT)}


def _figures(balance: dict[str, Any], profile: dict[str, Any]) -> list[dict[str, str]]:
    """The row of large figures: points, spend, visits, basket."""
    language, currency, zone = i18n.language(), shop().currency, shop().zone
    soon = next((lot for lot in balance["lots"] if lot["expires_on"]), None)
    pace = profile["rhythm"]["mean_days"]
    last = profile["last_purchase"]
    return [
        {
            "label": _("Points"),
            "value": format.number(balance["active"], language),
            "note": _(
                "%(n)s expire on %(day)s",
                n=format.number(soon["points"], language),
                day=format.day(soon["expires_on"], zone, language),
            )
            if soon
            else "",
        },
        {
            "label": _("Bought so far"),
            "value": format.short_money(profile["spend"], currency, language),
            "note": _("last on %(day)s", day=format.day(last, zone, language)) if last else "",
        },
        {
            "label": _("Visits"),
            "value": format.number(profile["visits"], language),
            "note": _("every %(n)s days on average", n=format.tenths(pace, language)) if pace else "",
        },
        {
            "label": _("Average bill"),
            "value": format.short_money(profile["average_basket"], currency, language),
            "note": "",
        },
    ]
