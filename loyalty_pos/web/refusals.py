"""What a page answers when it cannot be shown: one short page that says what to do."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from loyalty_pos.api.problem import status_of
from loyalty_pos.api.sentences import sentence
from loyalty_pos.errors import LoyaltyError, NotSignedIn
from loyalty_pos.web import i18n
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.pages import web


@web.errorhandler(NotSignedIn)
def to_login(_error: NotSignedIn) -> Response:
    """Sign in first, then come back here."""
    return redirect(url_for("web.login", next=request.path))


@web.errorhandler(LoyaltyError)
def refused(error: LoyaltyError) -> tuple[str, int]:
    """The refusal in words.  A customer's wrong link and an erased member look alike."""
    status = status_of(error)
    title = {403: _("You may not see this page"), 404: _("There is no such page")}.get(status, _("This cannot be done"))
    return render_template("message.html", title=title, text=say(error)), status


def say(error: LoyaltyError) -> str:
    """The sentence of an error's code in the page's language, with the fields at fault."""
    text = sentence(error.code, i18n.language(), error.facts)
    fields = ", ".join(sorted(error.errors))
    return f"{text} ({fields})" if fields else text
