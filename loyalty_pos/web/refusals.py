"""What a page answers when it cannot be shown: one short page that says what to do."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from loyalty_pos.api.auth import current_caller
from loyalty_pos.api.problem import status_of
from loyalty_pos.api.sentences import sentence
from loyalty_pos.errors import LoyaltyError, NotFound, NotSignedIn
from loyalty_pos.web import i18n
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.pages import web


@web.errorhandler(NotSignedIn)
def to_login(_error: NotSignedIn) -> Response:
    """Sign in first, then come back here; from an action, to the page above it."""
    page = request.path if request.method == "GET" else request.path.rpartition("/")[0]
    return redirect(url_for("web.login", next=page))


@web.get("/manage/<path:nowhere>")
def no_such_page(nowhere: str) -> str:
    """An address of the console that is none."""
    raise NotFound


@web.errorhandler(LoyaltyError)
def refused(error: LoyaltyError) -> tuple[str, int]:
    """The refusal in words.  A customer's wrong link and an erased member look alike."""
    status = status_of(error)
    title = {403: _("You may not see this page"), 404: _("There is no such page")}.get(status, _("This cannot be done"))
    way = _way_on() if status == 403 else {}
    return render_template("message.html", title=title, text=say(error), **way), status


def _way_on() -> dict[str, str]:
    """A link to where this person does work."""
    if current_caller().role == "cashier":
        return {"link": url_for("web.till"), "link_text": _("To the till")}
    return {"link": url_for("web.board"), "link_text": _("To the console")}


def say(error: LoyaltyError) -> str:
    """The sentence of an error's code in the page's language, with the fields at fault."""
    fields = ", ".join(sorted(error.errors))
    if error.code == "invalid" and fields:
        return _("Not saved. Please look at this again: %(fields)s", fields=fields)
    text = sentence(error.code, i18n.language(), error.facts)
    return f"{text} ({fields})" if fields else text
