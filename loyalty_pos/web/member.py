"""The customer's page: opened by the unguessable link on a card or receipt, read-only.

Whoever holds the link sees points, coupons and history, and nothing that tells who or where the
customer is: no phone number, no address.  A wrong, old or revoked link is told apart by nothing.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import render_template, request, url_for

from loyalty_pos.domain.promotions.names import name_in
from loyalty_pos.domain.tiers import Standing
from loyalty_pos.errors import NotFound
from loyalty_pos.services import identity, points, tiers
from loyalty_pos.services.context import Caller
from loyalty_pos.services.identity import Holder
from loyalty_pos.services.pages import page_card
from loyalty_pos.web import codes, entries, format, i18n, offers
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.pages import book, point_value, services, shop, web

HOLDER = Caller(kind="system", name="customer-page")
KINDS = ("usable", "used", "past")
RECENT, HISTORY, COUPONS = 4, 200, 200
KEPT_DAYS = 90
WARN_DAYS = 60


@web.get("/m/<token>")
def member(token: str) -> str:
    """Points and their worth, coupons, tier, what happened lately."""
    holder = _holder(token)
    number = _number(holder)
    found = _coupons(number)
    asked = request.args.get("show", KINDS[0])
    show = asked if asked in KINDS else KINDS[0]
    page = _account(number) | {
        "name": _called(holder),
        "blocked": holder.blocked,
        "show": show,
        "coupons": found[show],
        "counts": {kind: len(found[kind]) for kind in KINDS},
        "recent": entries.newest(services(), HOLDER, number, RECENT),
    }
    return render_template("member/card.html", token=token, page=page | _tier(holder))


@web.get("/m/<token>/history")
def member_history(token: str) -> str:
    """Every change of the points, by month."""
    number = _number(_holder(token))
    rows = entries.newest(services(), HOLDER, number, HISTORY)
    page = _account(number) | {"months": entries.by_month(rows, shop().zone)}
    return render_template("member/history.html", token=token, page=page)


@web.get("/m/<token>/code")
def member_code(token: str) -> str:
    """The card's number to hold up to the scanner."""
    holder = _holder(token)
    if holder.blocked or holder.number is None:
        raise NotFound("card_unknown")
    terms = [_("The cashier scans the code or types the figures"), _("Points are used only when you say so")]
    return _sheet(token, holder.number, _("Membership card"), "", shop().name, terms)


@web.get("/m/<token>/coupons/<code>")
def member_coupon(token: str, code: str) -> str:
    """One usable coupon's code to hold up to the scanner."""
    usable = _coupons(_number(_holder(token)))["usable"]
    coupon = next((one for one in usable if one["code"] == code), None)
    if coupon is None:
        raise NotFound("coupon_unknown")
    terms = [
        _("The cashier scans the code or types the figures"),
        _("Show your membership card too: the coupon is yours alone"),
        _("Once only, no cash value."),
    ]
    worth = " · ".join(filter(None, (f"{coupon['worth']} {coupon['worth_note']}".strip(), coupon["need"])))
    last = format.day(coupon["valid_to"], shop().zone, i18n.language()) if coupon["valid_to"] else None
    until = _("Valid to the end of %(day)s", day=last) if last else coupon["until"]
    return _sheet(token, code, coupon["name"], worth, until, terms)


def _holder(token: str) -> Holder:
    """Whose page this is; NotFound for a wrong, old or revoked link, and for an erased member."""
    shop_services, rules = services(), book()
    address = f"{shop_services.public_url}/m/{token}"

    def work(tx: Any) -> Holder | None:
        if page_card(tx, shop_services.secret, token) is None:
            return None
        return identity.find(shop_services, tx, rules, address, "qr")

    found: Holder | None = shop_services.store.read(work)
    if found is None or found.member is None or found.member.state != "active":
        raise NotFound
    return found


def _number(holder: Holder) -> str:
    assert holder.member is not None
    return str(holder.member.id)


def _called(holder: Holder) -> str | None:
    """How the customer is greeted: as they asked to be called, else by the given name."""
    assert holder.member is not None
    return holder.member.call_name or (holder.member.name or "").split(" ")[-1] or None


def _sheet(token: str, digits: str, title: str, subtitle: str, until: str, terms: list[str]) -> str:
    return render_template(
        "member/code.html",
        back=url_for("web.member", token=token),
        title=title,
        subtitle=subtitle,
        until=until,
        terms=terms,
        digits=digits,
        qr=codes.qr(digits, _("QR code of %(what)s", what=title)),
        barcode=codes.barcode(digits, _("Barcode of %(what)s", what=title)),
    )


def _account(member: str) -> dict[str, Any]:
    """Points, what they are worth, and what expires within two months."""
    balance = points.balances(services(), HOLDER, member)
    last = (_today() + timedelta(days=WARN_DAYS)).isoformat()
    soon = [lot for lot in balance["lots"] if lot["expires_on"] and lot["expires_on"] <= last]
    return {"points": balance, "worth": balance["active"] * point_value(), "expiring": soon}


def _coupons(member: str) -> dict[str, list[dict[str, Any]]]:
    """The member's coupons by what can be done with them; past ones stay for 90 days."""
    today = _today()
    since = (today - timedelta(days=KEPT_DAYS)).isoformat()
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    for row in points.coupons(services(), HOLDER, member, None, None, COUPONS, i18n.language())["items"]:
        if row["state"] == "used" and row["used_at"] >= since:
            found["used"].append(_coupon(row, today))
        elif row["state"] == "expired" and row["valid_to"] >= since:
            found["past"].append(_coupon(row, today))
        elif row["state"] in ("issued", "held"):
            found["usable"].append(_coupon(row, today))
    return found


def _coupon(row: dict[str, Any], today: date) -> dict[str, Any]:
    promotion = book().promotions.get(row["promotion"]) or {"code": row["promotion"], "name": row["name"]}
    worth, note = offers.worth(promotion, shop().currency)
    until, left = offers.last_day(row["valid_to"], today)
    past = (
        _("used on %(day)s", day=format.day(row["used_at"], shop().zone, i18n.language()))
        if row["state"] == "used"
        else until
    )
    return {
        "code": row["code"],
        "name": offers.name(promotion),
        "usable": row["state"] in ("issued", "held"),
        "gift": bool((promotion.get("audience") or {}).get("birthday_within_days")),
        "worth": worth,
        "worth_note": note,
        "need": offers.need(promotion, shop().currency),
        "valid_to": row["valid_to"],
        "until": until,
        "days_left": left,
        "past": past,
    }


def _tier(holder: Holder) -> dict[str, Any]:
    """The tier, its benefits, how far the next one is and what keeps this one (S34)."""
    row = holder.member
    assert row is not None
    now = services().now_ms()
    standing = services().store.read(lambda tx: tiers.standing(tx, book(), row, now))
    own = book().rules.tiers.get(row.tier)
    return {
        "tier": {"code": own.code, "name": name_in(own.name, i18n.language())} if own else None,
        "benefits": [name_in(name, i18n.language()) for name in own.benefits] if own else [],
        "progress": standing and _progress(standing),
    }


def _progress(standing: Standing) -> dict[str, Any]:
    """The standing in words: figures as the metric writes them, days of the shop."""
    following = standing.next
    keep = standing.keep_missing
    return {
        "value": standing.figure,
        "so_far": _figure(standing, standing.figure),
        "next_name": name_in(following.name, i18n.language()) if following else None,
        "threshold": following.threshold if following else None,
        "next_at": _figure(standing, following.threshold) if following else "",
        "missing": _figure(standing, standing.missing),
        "until": _day(standing.until),
        "keep": None if keep is None else _figure(standing, keep),
        "kept": keep == 0,
        "keep_until": _day(standing.keep_until),
    }


def _figure(standing: Standing, value: int) -> str:
    """An amount, points or visits in words."""
    if standing.metric == "spend":
        return format.money(value, shop().currency, i18n.language())
    shown = format.number(value, i18n.language())
    return _("%(n)s points", n=shown) if standing.metric == "points" else _("%(n)s visits", n=shown)


def _day(day: date | None) -> str | None:
    return None if day is None else format.day(day, shop().zone, i18n.language())


def _today() -> date:
    return services().clock.now().astimezone(ZoneInfo(shop().zone)).date()
