"""The console's coupons: the list, one coupon with its slip, giving and cancelling."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import SelectChoice  # type: ignore[import-untyped]

from loyalty_pos.api.auth import current_caller, require_role
from loyalty_pos.errors import LoyaltyError
from loyalty_pos.services import coupons as use_cases
from loyalty_pos.services import members as people
from loyalty_pos.services import promotions as rules
from loyalty_pos.services.context import Request
from loyalty_pos.web import codes, format, i18n, offers
from loyalty_pos.web.forms import GiveForm, ReasonForm
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.i18n import lazy as _l
from loyalty_pos.web.members import PAGE, READERS, WRITERS, around, row
from loyalty_pos.web.pages import book, services, shop, web
from loyalty_pos.web.refusals import say

STATES = {
    "": _l("All"),
    "issued": _l("usable"),
    "used": _l("used"),
    "expired": _l("expired"),
    "cancelled": _l("cancelled"),
}


@web.get("/manage/coupons")
@require_role(*READERS)
def coupons() -> str:
    """Every coupon, newest first, of one state if asked."""
    state = request.args.get("state", "")
    state = state if state in STATES else ""
    found = use_cases.list_coupons(
        services(), request.args.get("cursor"), PAGE, state=state or None, language=i18n.language()
    )
    filters = [
        {"label": label, "href": url_for("web.coupons", state=key or None), "here": key == state}
        for key, label in STATES.items()
    ]
    rows = [coupon_row(coupon) for coupon in found["items"]]
    return render_template(
        "manage/coupons.html", coupons=rows, filters=filters, state=state, next=found["next"], **around()
    )


@web.get("/manage/coupons/<code>")
@require_role(*READERS)
def coupon(code: str) -> str:
    """One coupon: what it is, whose, and its slip for the printer."""
    return _show(code, ReasonForm())


@web.post("/manage/coupons/<code>/cancel")
@require_role(*WRITERS)
def coupon_cancel(code: str) -> Response | str | tuple[str, int]:
    """Cancel it, with a reason (S35)."""
    form = ReasonForm()
    if not form.validate_on_submit():
        return _show(code, form), 422
    try:
        use_cases.cancel(services(), Request(current_caller()), code, form.reason.data.strip())
    except LoyaltyError as error:
        flash(say(error), "bad")
    else:
        flash(_("The coupon is cancelled."), "good")
    return redirect(url_for("web.coupon", code=code))


@web.route("/manage/coupons/give", methods=["GET", "POST"])
@require_role(*WRITERS)
def give() -> Response | str | tuple[str, int]:
    """Give a coupon to chosen members; pressing twice gives once."""
    form = GiveForm()
    form.promotion.choices = [SelectChoice(rule["code"], offers.name(rule)) for rule in _coupon_rules()]
    refusal = None
    if form.validate_on_submit():
        body = "|".join(map(str, (*form.members.data, form.promotion.data, form.valid_to.data, form.reason.data)))
        asked = Request(current_caller(), form.key.data, hashlib.sha256(body.encode()).digest())
        try:
            _outcome, answer = use_cases.issue_many(
                services(), asked, form.members.data, form.promotion.data, form.valid_to.data, form.reason.data.strip()
            )
        except LoyaltyError as error:
            refusal = say(error)
        else:
            flash(_("%(n)s coupons given.", n=len(answer["items"])), "good")
            return redirect(url_for("web.coupons", state="issued"))
    if refusal or not form.key.data:
        form.key.data = services().ids.digits(24)
    page = render_template("manage/give.html", form=form, refusal=refusal, **_candidates(form), **around())
    return (page, 422) if form.is_submitted() else page


def coupon_row(coupon: dict[str, Any]) -> dict[str, Any]:
    """A coupon as a line of a table, with its member's name."""
    owner = people.get(services(), current_caller(), coupon["member"]) if coupon["member"] else None
    named = {"id": owner["id"], "name": owner["name"]} if owner else None
    return coupon | {"name": offers.name(_rule(coupon)), "member": named}


def _show(code: str, form: ReasonForm) -> str:
    found = use_cases.get(services(), code, i18n.language())
    shown = coupon_row(found)
    owner = shown["member"]["name"] if shown["member"] else None
    worth, note = offers.worth(_rule(found), shop().currency)
    facts = [
        (_("Member"), owner or "–"),
        (_("Promotion"), found["promotion"]),
        (_("Worth"), f"{worth} {note}".strip()),
        (_("Needs"), offers.need(_rule(found), shop().currency)),
        (_("Given"), format.moment(found["issued_at"], shop().zone, i18n.language())),
        (_("Why?"), found["reason"] or "–"),
    ]
    if found["model"]:
        facts.append((_("Chosen with"), _("the list of what members buy next, model %(n)s", n=found["model"])))
    if found["used_at"]:
        facts.append((_("Used"), format.moment(found["used_at"], shop().zone, i18n.language())))
    for_whom = _("For %(name)s", name=owner) if owner else ""
    return render_template(
        "manage/coupon.html",
        c=shown | {"worth": worth, "for_whom": for_whom},
        facts=facts,
        form=form,
        qr=codes.qr(found["code"], _("QR code of %(what)s", what=shown["name"])),
        barcode=codes.barcode(found["code"], _("Barcode of %(what)s", what=shown["name"])),
        **around(),
    )


def _rule(coupon: dict[str, Any]) -> dict[str, Any]:
    return book().promotions.get(coupon["promotion"]) or {"code": coupon["promotion"], "name": coupon["name"]}


def _coupon_rules() -> list[dict[str, Any]]:
    """The promotions in force that need a coupon."""
    found = rules.list_promotions(services(), None, 200, "active")["items"]
    return [rule for rule in found if rule.get("trigger") == "coupon"]


def _candidates(form: GiveForm) -> dict[str, Any]:
    """The members to choose from: those already chosen, then those that the search finds."""
    caller = current_caller()
    query = request.args.get("q", "").strip()[:100]
    chosen = list(dict.fromkeys([*(form.members.data or []), *request.args.getlist("member")]))
    rows = {number: row(people.get(services(), caller, number)) for number in chosen}
    if query or not chosen:
        found = people.search(services(), caller, query, None, PAGE)["items"]
        rows |= {member["id"]: row(member) for member in found}
    return {"members": list(rows.values()), "chosen": chosen, "q": query}
