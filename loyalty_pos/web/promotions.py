"""The console's editor of a promotion: the form of its draft, what it changes, its versions and its example."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from loyalty_pos.api.auth import current_caller, require_role
from loyalty_pos.domain.phrase import Phrase
from loyalty_pos.errors import BadInput, Conflict, LoyaltyError
from loyalty_pos.services import approvals, promotion_uses, promotion_words
from loyalty_pos.services import promotions as use_cases
from loyalty_pos.services.context import Request
from loyalty_pos.web import editor, example_bill, i18n, offers
from loyalty_pos.web.declared import Json
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.i18n import lazy as _l
from loyalty_pos.web.members import READERS, WRITERS, around
from loyalty_pos.web.pages import Empty, services, shop, web
from loyalty_pos.web.refusals import say

NOT_A_RULE = ("state", "version", "created_at", "created_by", "draft")
SOME_BILLS, SOME_CHANGES = 10, 4
PRESSED = ("save", "activate", "end", "pause", "resume", "drop", "approve", "reject")
"""The buttons that store."""


@web.route("/manage/promotions/new", methods=["GET", "POST"])
@require_role(*READERS)
def promotion_new() -> Response | str | tuple[str, int]:
    """A form for a new promotion, kept as a draft until it is activated."""
    return _edit(None)


@web.route("/manage/promotions/<code>", methods=["GET", "POST"])
@require_role(*READERS)
def promotion(code: str) -> Response | str | tuple[str, int]:
    """One promotion: its draft, else what runs; ``?version=2`` shows another version, to be kept as the draft."""
    return _edit(use_cases.get(services(), code))


def _edit(before: Json | None) -> Response | str | tuple[str, int]:
    """Show the editor; a button that stores does, any other redraws the form."""
    if request.method == "GET":
        return _page(before, _asked(before))
    rule = editor.document(request.form) | ({"code": before["code"]} if before else {})
    do, token = request.form.get("do", ""), Empty()
    if do not in PRESSED or current_caller().role not in WRITERS:
        return _page(before, editor.pressed(rule, request.form))
    if not token.validate_on_submit():
        return _page(before, rule, refusal=token.stale()), 422
    try:
        waits = _store(before, rule, do)
    except LoyaltyError as error:
        return _page(before, rule, error.errors, say(error)), 422
    flash(_SAID["ask" if waits else do], "good")
    return redirect(url_for("web.promotion", code=rule["code"]))


_SAID = {
    "save": _l("Saved as a draft; nothing has changed at the tills."),
    "activate": _l("The promotion is running, from the next bill on."),
    "ask": _l("Kept as a draft. It costs more than one person may decide: a second person must approve it."),
    "approve": _l("Approved. The promotion is running, from the next bill on."),
    "reject": _l("Turned down. It stays a draft."),
    "end": _l("The promotion has ended."),
    "pause": _l("The promotion is paused, from the next bill on."),
    "resume": _l("The promotion is running again, from the next bill on."),
    "drop": _l("The draft is thrown away."),
}


_STATES = {
    "draft": _l("draft"),
    "active": _l("running"),
    "ended": _l("ended"),
    "superseded": _l("followed by another"),
}


def _asked(before: Json | None) -> Json:
    """The rule to show: the draft, else what runs, or the version that the address names."""
    if before is None:
        return dict(editor.OPENS)
    wanted = request.args.get("version", type=int)
    for version in use_cases.versions(services(), before["code"])["items"] if wanted else ():
        if version["version"] == wanted:
            return _rule(version)
    return _rule(before.get("draft") or before)


def _rule(stored: Mapping[str, Any]) -> Json:
    return {name: value for name, value in stored.items() if name not in NOT_A_RULE}


def _store(before: Json | None, rule: Json, do: str) -> bool:
    """Do what the button says; whether it waits for a second person.

    What was typed is kept as the draft first, and only then activated.
    """
    write = Request(current_caller())
    if before is None:
        outcome, _made = use_cases.create(services(), write, rule | {"state": "draft" if do == "save" else "active"})
        return outcome.kind == "accepted"
    code = before["code"]
    if do in ("approve", "reject"):
        _decide(write, code, do)
        return False
    if do == "drop":
        use_cases.drop_draft(services(), write, code)
        return False
    if do in ("save", "activate"):
        fields = editor.changes(_rule(before.get("draft") or before), rule)
        if fields or before["state"] == "ended":
            use_cases.patch(services(), write, code, fields | {"state": "draft"})
    if do == "save":
        return False
    change = {"activate": {"state": "active"}, "end": {"state": "ended"}}.get(do, {"enabled": do == "resume"})
    return use_cases.patch(services(), write, code, change)[0].kind == "accepted"


def _decide(write: Request, code: str, do: str) -> None:
    """What the second person says; Conflict (``approval_decided``) when nothing waits any more."""
    waits = approvals.waiting(services(), code)
    if waits is None:
        raise Conflict("approval_decided")
    decide = approvals.approve if do == "approve" else approvals.reject
    decide(services(), write, waits["id"], request.form.get("note", "").strip()[:200] or None)


def _page(
    before: Json | None, rule: Json, errors: Mapping[str, list[str]] | None = None, refusal: str | None = None
) -> str:
    return render_template(
        "manage/promotion.html",
        title=offers.name(before) if before else _("New promotion"),
        before=before,
        form=editor.shown(rule, errors),
        refusal=refusal,
        token=Empty(),
        states=_STATES,
        own=rule.get("code"),
        waits=approvals.waiting(services(), before["code"]) if before else None,
        mine=current_caller().key,
        dear=use_cases.needs_approval(shop(), rule),
        told=_told(rule),
        **_history(before),
        **example_bill.shown(rule),
        **around(),
    )


def _told(rule: Json) -> Phrase:
    """The rule as a sentence; nothing while it is not one yet."""
    try:
        return promotion_words.sentence(services(), {"code": "new", "name": "-"} | rule, i18n.language())
    except BadInput:
        return []


def _history(before: Json | None) -> dict[str, Any]:
    """The version that is shown, every version, what the draft changes of what runs, and the bills of a version
    (not while the form is only redrawn: that follows every key)."""
    if before is None:
        return {"shown": None, "versions": [], "changes": [], "bills": None}
    code, draft = before["code"], before.get("draft")
    versions = _versions(code)
    asked = request.args.get("version", type=int)
    picked = next((version for version in versions if version["version"] == asked), None)
    shown = picked or next(version for version in versions if version["version"] == (draft or before)["version"])
    priced = (picked or before)["version"]
    bills = None
    if request.method == "GET":
        bills = promotion_uses.bills(services(), current_caller(), code, priced, None, SOME_BILLS)["items"]
    return {
        "shown": shown,
        "versions": versions,
        "changes": editor.differences(_rule(before), _rule(draft)) if draft else [],
        "priced": priced,
        "bills": bills,
    }


def _versions(code: str) -> list[dict[str, Any]]:
    """Every version, the newest first, with the boxes in which it differs from the one before."""
    found = use_cases.versions(services(), code)["items"]
    rows = []
    for version, earlier in zip(found, [*found[1:], None], strict=True):
        differ = editor.differences(_rule(earlier), _rule(version)) if earlier else []
        rows.append(version | {"by": version["created_by"].partition(":")[2], "what": differ[:SOME_CHANGES]})
    return rows
