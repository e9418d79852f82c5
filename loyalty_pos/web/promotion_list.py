"""The console's list of promotions, in the order of a bill: what each gave lately, and as a spreadsheet."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from loyalty_pos.api.auth import current_caller, require_role
from loyalty_pos.domain.promotions.definition import STAGES
from loyalty_pos.reports.sheets import Cell
from loyalty_pos.services import approvals, promotion_uses, promotion_words
from loyalty_pos.services import promotions as use_cases
from loyalty_pos.web import format, i18n, offers, words
from loyalty_pos.web.downloads import KINDS, spreadsheet
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.i18n import lazy as _l
from loyalty_pos.web.members import READERS, around
from loyalty_pos.web.pages import book, services, shop, web

MOST = 200
FILTERS = {
    "": _l("All"), "active": _l("Running"), "draft": _l("Drafts, to approve"), "paused": _l("Paused"),
    "ended": _l("Ended"),
}  # fmt: skip
STATES = {
    "running": _l("running"), "waiting": _l("starts later"), "paused": _l("paused"), "draft": _l("draft"),
    "ended": _l("ended"), "asked": _l("to be approved"),
}  # fmt: skip
GIFTS = frozenset({"points", "issue_coupon"})
"""Kinds that change no price: they come after all stages."""


@web.get("/manage/promotions")
@require_role(*READERS)
def promotions() -> str:
    """Every promotion, in the order in which a bill is priced."""
    wanted = _wanted()
    given = promotion_uses.given(services(), current_caller())
    rows = _rows(given)
    filters = [
        {
            "label": label,
            "count": len(_only(rows, key)),
            "href": url_for("web.promotions", state=key or None),
            "here": key == wanted,
        }
        for key, label in FILTERS.items()
    ]
    return render_template(
        "manage/promotions.html", promotions=_only(rows, wanted), filters=filters, state=wanted, kinds=KINDS,
        sums=_sums(given, rows), **around(),
    )  # fmt: skip


@web.get("/manage/promotions.<any(csv, xlsx):kind>")
@require_role(*READERS)
def promotions_sheet(kind: str) -> Response:
    """The list as it is filtered, as a spreadsheet."""
    head = [_("Code"), _("Promotion"), _("How it is given"), _("Reward"), _("Stage"), _("State"), _("When"),
            _("Uses, 30 days"), _("Taken off, 30 days"), _("Budget"), _("Of the budget")]  # fmt: skip
    given = promotion_uses.given(services(), current_caller())
    table: list[list[Cell]] = [
        [row["code"], row["name"], row["trigger"], row["reward"], row["stage"], str(STATES[row["state"]]), row["when"],
         row["uses"], row["amount"], row["budget"], row["spent"]]
        for row in _only(_rows(given), _wanted())
    ]  # fmt: skip
    return spreadsheet(kind, "promotions", _("Promotions"), head, table)


def _wanted() -> str:
    asked = request.args.get("state", "")
    return asked if asked in FILTERS else ""


def _only(rows: list[dict[str, Any]], wanted: str) -> list[dict[str, Any]]:
    return [row for row in rows if not wanted or wanted in row["filters"]]


def _rows(given: dict[str, Any]) -> list[dict[str, Any]]:
    """The promotions as lines of the table, in the order of a bill."""
    found = use_cases.list_promotions(services(), None, MOST)["items"]
    spent = use_cases.spent(services(), [rule["code"] for rule in found])
    asked = approvals.waiting_promotions(services())
    promises = promotion_words.promises(services(), found, i18n.language())
    none = {"uses": 0, "amount": 0}
    rows = [
        _row(rule, rule["code"] in asked)
        | given["promotions"].get(rule["code"], none)
        | {"spent": spent.get(rule["code"], 0), "promise": promises.get(rule["code"], offers.reward(rule))}
        for rule in found
    ]
    return sorted(rows, key=lambda row: row["order"])


def _row(rule: dict[str, Any], asked: bool) -> dict[str, Any]:
    """A promotion as a line of the table; ``order`` is its place on a bill, ``asked``: a second person is."""
    offer = book().rules.offers.get(rule["code"])
    gift = {one["kind"] for one in rule["rewards"]} <= GIFTS
    usual = rule.get("stage") or ("coupon" if rule.get("trigger") == "coupon" else "item")
    stage = len(STAGES) if gift else offer.stage if offer else STAGES.index(usual)
    state, draft = _state(rule), rule.get("draft")
    shown = "asked" if asked and state == "draft" else state
    return {
        "code": rule["code"],
        "name": offers.name(rule),
        "trigger": _("by coupon") if rule.get("trigger") == "coupon" else _("automatic"),
        "stage": words.label("points") if gift else str(offers.STAGES[STAGES[stage]]),
        "place": None if gift else stage + 1,
        "state": shown,
        "asked": asked,
        "filters": {{"waiting": "active", "running": "active"}.get(state, state)} | ({"draft"} if draft else set()),
        "draft": draft["version"] if draft else None,
        "when": offers.when(rule),
        "reward": offers.reward(rule),
        "budget": (rule.get("limits") or {}).get("budget"),
        "order": (stage, -int(rule.get("priority", 0)), rule["code"]),
    }


def _state(rule: dict[str, Any]) -> str:
    """draft, running, waiting for its first day, paused, or ended."""
    today = shop().local(services().now_ms()).date()
    valid = rule.get("valid") or {}
    over = valid.get("to") and date.fromisoformat(valid["to"]) < today
    if rule["state"] == "draft":
        return "draft"
    if rule["state"] == "ended" or over:
        return "ended"
    if not rule.get("enabled", True):
        return "paused"
    return "waiting" if valid.get("from") and date.fromisoformat(valid["from"]) > today else "running"


def _sums(given: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What all of them took off, as money and as gifts, and the part of what was sold."""
    gifts = {row["code"] for row in rows if row["place"] is None}
    money = sum(one["amount"] for code, one in given["promotions"].items() if code not in gifts)
    before = given["sold"] + money
    return {
        "money": money,
        "gifts": sum(one["amount"] for code, one in given["promotions"].items() if code in gifts),
        "share": format.tenths(100 * money / before, i18n.language()) if before else "0",
    }
