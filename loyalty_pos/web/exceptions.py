"""The console's exceptions: what could not be given as priced, in words, with what may be done about it.

What happened is recorded already; here a person decides, once.  Codes that this page does not know are told by a
plain sentence: nothing that waits is left out.
"""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from loyalty_pos.api.auth import current_caller, require_role
from loyalty_pos.api.sentences import sentence
from loyalty_pos.errors import BadInput, LoyaltyError
from loyalty_pos.services import exceptions as use_cases
from loyalty_pos.services.context import Request
from loyalty_pos.services.exceptions import Action
from loyalty_pos.web import format, i18n
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.i18n import lazy as _l
from loyalty_pos.web.members import PAGE, READERS, WRITERS, around
from loyalty_pos.web.pages import Empty, services, shop, web
from loyalty_pos.web.refusals import say

STATES = {"open": _l("To decide"), "resolved": _l("Resolved")}
LONGEST_NOTE = 200
TITLES: dict[str, tuple[str, str, Any, Any]] = {
    "coupon_not_usable": ("bad", "ticket", _l("A coupon could not be used any more"),
                          _l("The bill stands as it was paid; the discount is the store's.")),
    "points_insufficient": ("warn", "clock", _l("Points were missing when the bill was paid"),
                            _l("The bill stands, all points that were there were taken; the rest is missing.")),
    "value_insufficient": ("warn", "card", _l("Money was missing on a gift card or wallet"),
                           _l("The bill stands; what the card could not pay is missing.")),
    "value_not_usable": ("warn", "card", _l("A gift card or wallet could not pay"),
                         _l("The bill stands; nothing was taken from the card.")),
    "return_parked": ("info", "undo", _l("A return waits for its bill"),
                      _l("It is applied by itself when the bill comes.")),
    "guessing": ("bad", "alert", _l("Somebody tried codes or cards at a till"),
                 _l("The till was slowed down; nothing was given.")),
    "clock_skew": ("warn", "clock", _l("A till's clock is wrong"),
                   _l("Its bills are recorded in the till's own order. Set the clock.")),
    "number_taken": ("bad", "alert", _l("Two tills bear one identity"),
                     _l("The second record is kept aside; pair the tills again.")),
    "epoch_old": ("warn", "alert", _l("A till sent records from before it was paired again"),
                  _l("They are kept aside until somebody has looked at them.")),
    "epoch_ahead": ("warn", "alert", _l("A till numbers its records ahead of its pairing"),
                    _l("They are kept aside until somebody has looked at them.")),
}  # fmt: skip
"""Code -> (look, icon, what happened, what was done)."""
ACTIONS: dict[Action, Any] = {
    "accept": _l("Accept: the store bears it"),
    "recover": _l("Take the missing points now"),
    "drop": _l("Close the return"),
}
DONE: dict[str, Any] = {
    "accept": _l("Accepted"),
    "recover": _l("The points were taken"),
    "drop": _l("The return was closed"),
    "applied": _l("The return was applied"),
}


@web.get("/manage/exceptions")
@require_role(*READERS)
def exceptions() -> str:
    """What waits for a decision, or what was decided, the newest first."""
    state = request.args.get("state", "open")
    state = state if state in STATES else "open"
    found = use_cases.list_exceptions(services(), current_caller(), state, request.args.get("cursor"), PAGE)
    filters = [{"label": label, "href": url_for("web.exceptions", state=code), "here": code == state}
               for code, label in STATES.items()]  # fmt: skip
    return render_template(
        "manage/exceptions.html", rows=[_shown(row) for row in found["items"]], filters=filters, state=state,
        next=found["next"], token=Empty(), longest=LONGEST_NOTE, **around(),
    )  # fmt: skip


@web.post("/manage/exceptions/<exception>/resolve")
@require_role(*WRITERS)
def exception_resolve(exception: str) -> Response:
    """Decide about one; the button says what is done, a note says why."""
    token, action = Empty(), _action(request.form.get("action", ""))
    note = request.form.get("note", "").strip()[:LONGEST_NOTE] or None
    if not token.validate_on_submit():
        flash(token.stale(), "bad")
        return redirect(url_for("web.exceptions"))
    try:
        use_cases.resolve(services(), Request(current_caller()), exception, action, note)
        flash(str(DONE[action]), "good")
    except LoyaltyError as error:
        flash(say(error), "bad")
    return redirect(url_for("web.exceptions"))


def _action(name: str) -> Action:
    for action in ACTIONS:
        if action == name:
            return action
    raise BadInput(errors={"action": ["not_one_of"]})


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    look, icon, title, told = TITLES.get(row["code"], ("warn", "alert", _other(row["code"]), _l("It is recorded.")))
    return row | {
        "look": look, "icon": icon, "title": title, "told": told, "lost": _lost(row),
        "actions": [(action, _words(action, row)) for action in ACTIONS if _fits(action, row["code"])],
        "done": DONE.get(row["action"] or "", row["action"]), "by": (row["resolved_by"] or "").rpartition(":")[2],
    }  # fmt: skip


def _other(code: str) -> str:
    """What a code without a title of its own means, as the API says it."""
    if code.startswith("return_"):
        return _("A return does not fit its bill")
    return sentence(code, i18n.language()) or code


def _lost(row: dict[str, Any]) -> str:
    """What it cost, in money and in points."""
    parts = [format.money(-row["amount"], shop().currency, i18n.language())] if row["amount"] else []
    return " · ".join(
        [*parts, *([_("%(n)s points", n=format.number(row["points"], i18n.language()))] if row["points"] else [])]
    )


def _words(action: Action, row: dict[str, Any]) -> str:
    """What the button says: nobody bears anything where nothing was lost."""
    if action != "accept" or row["amount"] or row["points"]:
        return str(ACTIONS[action])
    return _("Let it wait on") if row["code"] == "return_parked" else _("Seen")


def _fits(action: Action, code: str) -> bool:
    """Which buttons stand beside which exception; the service refuses the rest."""
    wanted = {"recover": "points_insufficient", "drop": "return_parked"}
    return action not in wanted or wanted[action] == code
