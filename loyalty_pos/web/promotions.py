"""The console's promotions: the list in the order of a bill, and the form for one of them.

The form keeps whatever it does not show; what a rule may say is decided by the domain, whose
refusal stands above the form with the fields at fault.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from loyalty_pos.api.auth import current_caller, require_role
from loyalty_pos.domain.promotions.definition import STAGES
from loyalty_pos.errors import LoyaltyError
from loyalty_pos.services import promotions as use_cases
from loyalty_pos.services.context import Request
from loyalty_pos.web import offers
from loyalty_pos.web.forms import PromotionForm
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.i18n import lazy as _l
from loyalty_pos.web.members import READERS, WRITERS, around
from loyalty_pos.web.pages import Empty, book, services, shop, web
from loyalty_pos.web.refusals import say

MOST = 200
FILTERS = {"": _l("All"), "active": _l("running"), "draft": _l("drafts"), "ended": _l("ended")}
NOT_A_RULE = ("state", "version", "created_at")


@web.get("/manage/promotions")
@require_role(*READERS)
def promotions() -> str:
    """Every promotion, in the order in which a bill is priced."""
    state = request.args.get("state", "")
    state = state if state in FILTERS else ""
    found = use_cases.list_promotions(services(), None, MOST, state or None)["items"]
    filters = [
        {"label": label, "href": url_for("web.promotions", state=key or None), "here": key == state}
        for key, label in FILTERS.items()
    ]
    rows = sorted((_row(rule) for rule in found), key=lambda row: row["order"])
    return render_template("manage/promotions.html", promotions=rows, filters=filters, **around())


@web.route("/manage/promotions/new", methods=["GET", "POST"])
@require_role(*READERS)
def promotion_new() -> Response | str | tuple[str, int]:
    """A form for a new promotion."""
    form = PromotionForm()
    if form.is_submitted() and current_caller().role in WRITERS and form.validate():
        rule = form.merged({}) | {"code": form.code.data}
        try:
            use_cases.create(services(), Request(current_caller()), rule)
        except LoyaltyError as error:
            return _form(form, _("New promotion"), refusal=say(error)), 422
        flash(_("The promotion is running."), "good")
        return redirect(url_for("web.promotion", code=form.code.data))
    page = _form(form, _("New promotion"))
    return (page, 422) if form.is_submitted() else page


@web.route("/manage/promotions/<code>", methods=["GET", "POST"])
@require_role(*READERS)
def promotion(code: str) -> Response | str | tuple[str, int]:
    """One promotion; saving makes its next version."""
    before = use_cases.get(services(), code)
    form = PromotionForm()
    if not form.is_submitted():
        form.show(before)
        return _form(form, offers.name(before), before)
    if current_caller().role in WRITERS and form.validate():
        rule = {key: value for key, value in before.items() if key not in NOT_A_RULE}
        try:
            use_cases.patch(services(), Request(current_caller()), code, form.merged(rule))
        except LoyaltyError as error:
            return _form(form, offers.name(before), before, say(error)), 422
        flash(_("Saved. The change counts from the next bill."), "good")
        return redirect(url_for("web.promotion", code=code))
    return _form(form, offers.name(before), before), 422


@web.post("/manage/promotions/<code>/switch")
@require_role(*WRITERS)
def promotion_switch(code: str) -> Response:
    """Activate a promotion, or end it."""
    wanted = "active" if request.form.get("state") == "active" else "ended"
    if Empty().validate_on_submit():
        try:
            use_cases.patch(services(), Request(current_caller()), code, {"state": wanted})
        except LoyaltyError as error:
            flash(say(error), "bad")
        else:
            flash(_("The promotion is running.") if wanted == "active" else _("The promotion has ended."), "good")
    return redirect(url_for("web.promotion", code=code))


def _form(form: PromotionForm, title: str, rule: dict[str, Any] | None = None, refusal: str | None = None) -> str:
    return render_template(
        "manage/promotion.html", form=form, title=title, rule=rule, refusal=refusal, switch=Empty(), **around()
    )


def _row(rule: dict[str, Any]) -> dict[str, Any]:
    """A promotion as a line of the table; ``order`` is its place on a bill."""
    offer = book().rules.offers.get(rule["code"])
    given = rule.get("stage") or ("coupon" if rule.get("trigger") == "coupon" else "item")
    stage = offer.stage if offer else STAGES.index(given)
    return {
        "code": rule["code"],
        "name": offers.name(rule),
        "trigger": rule.get("trigger", "automatic"),
        "stage": offers.STAGES[STAGES[stage]],
        "state": _state(rule),
        "when": offers.when(rule),
        "reward": offers.reward(rule),
        "order": (stage, -int(rule.get("priority", 0)), rule["code"]),
    }


def _state(rule: dict[str, Any]) -> str:
    """running, waiting for its first day, ended, or off."""
    today = services().clock.now().astimezone(ZoneInfo(shop().zone)).date()
    valid = rule.get("valid") or {}
    over = valid.get("to") and date.fromisoformat(valid["to"]) < today
    if rule["state"] == "ended" or over:
        return "ended"
    if rule["state"] != "active" or not rule.get("enabled", True):
        return "off"
    return "waiting" if valid.get("from") and date.fromisoformat(valid["from"]) > today else "running"
