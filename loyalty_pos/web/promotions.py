"""The console's promotions: the list in the order of a bill, and the editor with its example."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from loyalty_pos.api.auth import current_caller, require_role
from loyalty_pos.domain.pricing.explain import SENTENCES
from loyalty_pos.domain.promotions.definition import STAGES
from loyalty_pos.errors import BadInput, LoyaltyError
from loyalty_pos.services import promotion_example
from loyalty_pos.services import promotions as use_cases
from loyalty_pos.services.context import Request
from loyalty_pos.web import editor, i18n, offers, words
from loyalty_pos.web.declared import Json
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.i18n import lazy as _l
from loyalty_pos.web.members import READERS, WRITERS, around
from loyalty_pos.web.pages import Empty, book, services, shop, web
from loyalty_pos.web.refusals import say

MOST = 200
FILTERS = {"": _l("All"), "active": _l("running"), "draft": _l("drafts"), "ended": _l("ended")}
NOT_A_RULE = ("state", "version", "created_at", "created_by", "draft")
STATES = {"save": None, "activate": "active", "end": "ended"}
"""The buttons that store, and the state that each leaves the promotion in."""
GOODS = re.compile(r"(?:(\d{1,3})\s*[*x×]\s*)?([^\s,;*×]{1,64})")


@web.get("/manage/promotions")
@require_role(*READERS)
def promotions() -> str:
    """Every promotion, in the order in which a bill is priced."""
    wanted = request.args.get("state", "")
    found = use_cases.list_promotions(services(), None, MOST)["items"]
    filters = [
        {
            "label": label,
            "count": sum(not key or rule["state"] == key for rule in found),
            "href": url_for("web.promotions", state=key or None),
            "here": key == wanted,
        }
        for key, label in FILTERS.items()
    ]
    spent = use_cases.spent(services(), [rule["code"] for rule in found])
    shown = [_row(rule) | {"spent": spent.get(rule["code"], 0)} for rule in found if wanted in ("", rule["state"])]
    rows = sorted(shown, key=lambda row: row["order"])
    return render_template("manage/promotions.html", promotions=rows, filters=filters, **around())


@web.route("/manage/promotions/new", methods=["GET", "POST"])
@require_role(*READERS)
def promotion_new() -> Response | str | tuple[str, int]:
    """A form for a new promotion, kept as a draft until it is activated."""
    return _edit(None)


@web.route("/manage/promotions/<code>", methods=["GET", "POST"])
@require_role(*READERS)
def promotion(code: str) -> Response | str | tuple[str, int]:
    """One promotion; ``?version=2`` shows an earlier version, and saving it makes the next one."""
    return _edit(use_cases.get(services(), code))


def _edit(before: Json | None) -> Response | str | tuple[str, int]:
    """Show the editor; a button that stores does, any other redraws the form."""
    if request.method == "GET":
        return _page(before, _asked(before))
    rule = editor.document(request.form) | ({"code": before["code"]} if before else {})
    do, token = request.form.get("do", ""), Empty()
    if do not in STATES or current_caller().role not in WRITERS:
        return _page(before, editor.pressed(rule, request.form))
    if not token.validate_on_submit():
        return _page(before, rule, refusal=token.stale()), 422
    try:
        _store(before, rule, STATES[do])
    except LoyaltyError as error:
        return _page(before, rule, error.errors, say(error)), 422
    flash(_SAID[do], "good")
    return redirect(url_for("web.promotion", code=rule["code"]))


_SAID = {
    "save": _l("Saved."),
    "activate": _l("The promotion is running, from the next bill on."),
    "end": _l("The promotion has ended."),
}


_STATES = {
    "draft": _l("draft"),
    "active": _l("running"),
    "ended": _l("ended"),
    "superseded": _l("followed by another"),
}


def _asked(before: Json | None) -> Json:
    """The rule to show: the newest version, or the one that the address names."""
    if before is None:
        return dict(editor.OPENS)
    wanted = request.args.get("version", type=int)
    for version in use_cases.versions(services(), before["code"])["items"] if wanted else ():
        if version["version"] == wanted:
            return _rule(version)
    return _rule(before)


def _rule(stored: Mapping[str, Any]) -> Json:
    return {name: value for name, value in stored.items() if name not in NOT_A_RULE}


def _store(before: Json | None, rule: Json, state: str | None) -> None:
    """Make the promotion, or change what differs; only its end changes no field."""
    write = Request(current_caller())
    if before is None:
        use_cases.create(services(), write, rule | {"state": state or "draft"})
        return
    fields = {} if state == "ended" else editor.changes(_rule(before), rule)
    use_cases.patch(services(), write, before["code"], fields | ({"state": state} if state else {}))


def _page(
    before: Json | None, rule: Json, errors: Mapping[str, list[str]] | None = None, refusal: str | None = None
) -> str:
    return render_template(
        "manage/promotion.html",
        title=offers.name(before) if before else _("New promotion"),
        before=before,
        form=editor.shown(rule, errors),
        versions=_versions(before["code"]) if before else [],
        refusal=refusal,
        token=Empty(),
        states=_STATES,
        own=rule.get("code"),
        **_example(rule),
        **around(),
    )


def _versions(code: str) -> list[dict[str, Any]]:
    """Every version, the newest first, with the fields in which it differs from the one before."""
    found = use_cases.versions(services(), code)["items"]
    rows = []
    for version, earlier in zip(found, [*found[1:], None], strict=True):
        differ = editor.changes(_rule(earlier), editor.normal(_rule(version))) if earlier else {}
        rows.append(version | {"by": version["created_by"].partition(":")[2], "what": [words.label(x) for x in differ]})
    return rows


def _example(rule: Json) -> dict[str, Any]:
    """The example bill beside the form: its goods, its buyer, and the price or why there is none."""
    typed = request.form.get("example.goods", "").strip()
    goods = [(int(count or 1), sku) for count, sku in GOODS.findall(typed)] if typed else None
    who = request.form.get("example.who", "member")
    tiers = [("tier." + tier.code, offers.tier_name(tier.name)) for tier in book().rules.tiers.levels]
    wanted = goods or promotion_example.goods(services(), rule)
    found: dict[str, Any] = {
        "goods": typed or ", ".join(f"{count}*{sku}" for count, sku in wanted),
        "who": who,
        "buyers": [("", _("without a card")), ("member", _("a member without a tier")), *tiers],
        "example": None,
        "aside": [],
        "example_fault": "",
    }
    try:
        found["example"] = promotion_example.example(
            services(), {"code": "new", "name": "-"} | rule, wanted, bool(who),
            who.partition(".")[2] or None, i18n.language(),
        )  # fmt: skip
        found["aside"] = [_aside(x) for x in found["example"]["pricing"]["not_applied"]]
    except BadInput as error:
        unknown = "goods" in error.errors
        found["example_fault"] = _("One of these goods has no price here.") if unknown else _("Fill in the rule first.")
    except LoyaltyError as error:
        found["example_fault"] = say(error)
    return found


def _aside(missed: Mapping[str, Any]) -> tuple[str, str]:
    """(offer, why it did not apply)."""
    code, reason = missed["promotion"], SENTENCES.get(missed["reason"])
    name = offers.name(book().promotions[code]) if code in book().promotions else code
    return name, reason[0 if i18n.language() == "vi" else 1] if reason else missed["reason"]


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
        "place": stage,
        "state": _state(rule),
        "when": offers.when(rule),
        "reward": offers.reward(rule),
        "budget": (rule.get("limits") or {}).get("budget"),
        "order": (stage, -int(rule.get("priority", 0)), rule["code"]),
    }


def _state(rule: dict[str, Any]) -> str:
    """draft, running, waiting for its first day, ended, or off."""
    today = services().clock.now().astimezone(ZoneInfo(shop().zone)).date()
    valid = rule.get("valid") or {}
    over = valid.get("to") and date.fromisoformat(valid["to"]) < today
    if rule["state"] == "draft":
        return "draft"
    if rule["state"] == "ended" or over:
        return "ended"
    if not rule.get("enabled", True):
        return "off"
    return "waiting" if valid.get("from") and date.fromisoformat(valid["from"]) > today else "running"
