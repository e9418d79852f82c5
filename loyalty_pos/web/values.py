"""The console's gift cards and wallets: the list, one with its history, issuing, loading and blocking.

A code is money for whoever holds it: the list masks it, the page of one shows it to those who may write.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from loyalty_pos.api.auth import current_caller, require_role
from loyalty_pos.errors import BadInput, LoyaltyError
from loyalty_pos.reports.sheets import Cell
from loyalty_pos.services import members as people
from loyalty_pos.services import stored_value as use_cases
from loyalty_pos.services.context import Request
from loyalty_pos.services.requests import LoadIn, StoredValueIn
from loyalty_pos.web.declared import number
from loyalty_pos.web.downloads import KINDS, spreadsheet
from loyalty_pos.web.forms import MoneyForm, ReasonForm
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.i18n import lazy as _l
from loyalty_pos.web.members import PAGE, WRITERS, around
from loyalty_pos.web.pages import Empty, services, shop, web
from loyalty_pos.web.refusals import say

FILTERS = {
    "": (_l("All"), {}),
    "gift_card": (_l("Gift cards"), {"kind": "gift_card"}),
    "wallet": (_l("Wallets"), {"kind": "wallet"}),
    "blocked": (_l("Blocked"), {"state": "blocked"}),
}
KIND = {"gift_card": _l("Gift card"), "wallet": _l("Wallet")}
MOVES = {"load": _l("loaded"), "pay": _l("paid"), "refund": _l("given back"), "unload": _l("taken off")}
MOST = 200
"""What is put into one spreadsheet, or of a history on one page."""


@web.get("/manage/values")
@require_role(*WRITERS)
def values() -> str:
    """Every gift card and wallet, the newest first; by kind, by state, or by the last digits."""
    asked = _asked()
    found = use_cases.list_values(services(), request.args.get("cursor"), PAGE, **_filter(asked))
    filters = [
        {"label": label, "href": url_for("web.values", show=key or None), "here": key == asked}
        for key, (label, _given) in FILTERS.items()
    ]
    return render_template(
        "manage/values.html",
        values=[_row(value) for value in found["items"]], filters=filters, asked=asked, kinds=KINDS,
        ending=request.args.get("ending", ""), next=found["next"], owed=use_cases.owed(services()), **around(),
    )  # fmt: skip


@web.get("/manage/values.<any(csv, xlsx):kind>")
@require_role(*WRITERS)
def values_sheet(kind: str) -> Response:
    """The list as it is filtered, its newest part, as a spreadsheet; codes masked."""
    found = use_cases.list_values(services(), None, MOST, **_filter(_asked()))["items"]
    head = [_("Code"), _("Kind"), _("State"), _("Balance"), _("Held by bills"), _("Last day")]
    table: list[list[Cell]] = [
        [row["masked"], str(row["what"]), _("blocked") if row["state"] == "blocked" else _("usable"), row["balance"],
         row["held"], row["expires_on"]]
        for row in map(_row, found)
    ]  # fmt: skip
    return spreadsheet(kind, "stored-value", _("Gift cards"), head, table)


@web.route("/manage/values/new", methods=["GET", "POST"])
@require_role(*WRITERS)
def value_new() -> Response | str | tuple[str, int]:
    """A new gift card with money on it, or with ``?member=`` that member's wallet; pressing twice makes one."""
    form, member = MoneyForm(), request.args.get("member") or None
    owner = people.get(services(), current_caller(), member) if member else None
    refusal = None
    if form.validate_on_submit():
        try:
            body = StoredValueIn(kind="wallet" if member else "gift_card", member=member, **_money(form))
            _outcome, made = use_cases.issue(services(), _request(form, member or ""), body)
        except LoyaltyError as error:
            refusal = say(error)
        else:
            flash(_("It is issued. Its code is %(code)s.", code=made["code"]), "good")
            return redirect(url_for("web.value", code=made["code"]))
    page = render_template(
        "manage/value_new.html", form=_keyed(form, refusal), owner=owner, refusal=refusal, **around()
    )  # fmt: skip
    return (page, 422) if form.is_submitted() else page


@web.get("/manage/values/<code>")
@require_role(*WRITERS)
def value(code: str) -> str:
    """One: its balance, its movements, and what may be done with it."""
    return _page(code, MoneyForm(), ReasonForm())


@web.post("/manage/values/<code>/load")
@require_role(*WRITERS)
def value_load(code: str) -> Response | tuple[str, int]:
    """Put money on it, with a reason; pressing twice loads once."""
    form = MoneyForm()
    if not form.validate_on_submit():
        return _page(code, form, ReasonForm(formdata=None), form.stale()), 422
    try:
        use_cases.load(services(), _request(form, code), code, LoadIn(**_money(form)))
    except LoyaltyError as error:
        return _page(code, form, ReasonForm(formdata=None), say(error)), 422
    flash(_("The money is on it."), "good")
    return redirect(url_for("web.value", code=code))


@web.post("/manage/values/<code>/<any(block, unblock):act>")
@require_role(*WRITERS)
def value_block(code: str, act: str) -> Response | tuple[str, int]:
    """Block a lost one, or let it pay again, with a reason."""
    form = ReasonForm()
    if not form.validate_on_submit():
        return _page(code, MoneyForm(formdata=None), form, form.stale()), 422
    change = use_cases.block if act == "block" else use_cases.unblock
    try:
        change(services(), Request(current_caller()), code, form.reason.data.strip())
    except LoyaltyError as error:
        flash(say(error), "bad")
    else:
        flash(_("It is blocked.") if act == "block" else _("It pays again."), "good")
    return redirect(url_for("web.value", code=code))


def _page(code: str, form: MoneyForm, reason: ReasonForm, refusal: str | None = None) -> str:
    caller = current_caller()
    found = use_cases.get(services(), caller, code)
    moves: list[dict[str, Any]] = []
    cursor = None
    while len(moves) < MOST:
        part = use_cases.entries(services(), caller, code, cursor, MOST)
        moves += part["items"]
        cursor = part["next"]
        if cursor is None:
            break
    owner = people.get(services(), caller, found["member"]) if found["member"] else None
    return render_template(
        "manage/value.html", v=_row(found), moves=moves[::-1], words=MOVES, owner=owner, form=_keyed(form, refusal),
        reason=reason, refusal=refusal, token=Empty(), **around(),
    )  # fmt: skip


def _row(found: dict[str, Any]) -> dict[str, Any]:
    """One as a line of the table, its code masked; ``lapsed``: its last day is over."""
    today = shop().local(services().now_ms()).date()
    last = found["expires_on"]
    return found | {
        "masked": f"{found['code'][:4]} •••• •••• {found['code'][-4:]}",
        "what": KIND[found["kind"]],
        "lapsed": last is not None and date.fromisoformat(last) < today,
    }


def _asked() -> str:
    asked = request.args.get("show", "")
    return asked if asked in FILTERS else ""


def _filter(asked: str) -> dict[str, Any]:
    ending = "".join(letter for letter in request.args.get("ending", "") if letter in "0123456789")[-18:]
    return {**FILTERS[asked][1], "ending": ending or None}


def _money(form: MoneyForm) -> dict[str, Any]:
    """What was typed, for the service; BadInput (``amount``) for what is no amount."""
    amount = number(form.amount.data.strip())
    if not isinstance(amount, int) or amount < 1:
        raise BadInput(errors={"amount": ["invalid"]})
    return {"amount": amount, "expires_on": form.expires_on.data, "reason": form.reason.data.strip()}


def _request(form: MoneyForm, what: str) -> Request:
    """The write under the form's own key."""
    body = "|".join(map(str, (what, form.amount.data, form.expires_on.data, form.reason.data)))
    return Request(current_caller(), form.key.data, hashlib.sha256(body.encode()).digest())


def _keyed(form: MoneyForm, refusal: str | None) -> MoneyForm:
    """The form with a key of its own; a refusal used the one before up."""
    if refusal or not form.key.data:
        form.key.data = services().ids.digits(24)
    return form
