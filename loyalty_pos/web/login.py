"""Signing in and out.  The service decides and slows guesses; the page only carries the cookie."""

from __future__ import annotations

from flask import current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from loyalty_pos.api.auth import SESSION_COOKIE
from loyalty_pos.errors import NotSignedIn, TooMany
from loyalty_pos.services import staff
from loyalty_pos.services.context import Caller
from loyalty_pos.web.forms import LoginForm
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.pages import Empty, services, web

LANE_COOKIE = "lane"
_YEAR = 365 * 24 * 3600


@web.get("/")
def home() -> Response:
    """The bare address, as people type it: sign in."""
    return redirect(url_for("web.login"))


@web.route("/login", methods=["GET", "POST"])
def login() -> Response | str | tuple[str, int]:
    """The sign-in page.  ``?terminal=`` names the till of this browser, once and for all."""
    form = LoginForm()
    lane = request.args.get("terminal") or request.cookies.get(LANE_COOKIE)
    if form.validate_on_submit():
        try:
            token, caller = staff.sign_in(services(), form.login.data, form.password.data, request.remote_addr, lane)
        except NotSignedIn:
            return render_template("login.html", form=form, refusal=_("The user name or password is wrong.")), 401
        except TooMany as error:
            text = _("Too many tries. Wait %(n)s seconds, then try again.", n=error.retry_after)
            return render_template("login.html", form=form, refusal=text), 429
        answer = redirect(_after(caller))
        _set(answer, SESSION_COOKIE, token, None)
        if lane:
            _set(answer, LANE_COOKIE, lane, _YEAR)
        return answer
    page = render_template("login.html", form=form, refusal=form.stale())
    return (page, 400) if form.is_submitted() else page


@web.post("/logout")
def logout() -> Response:
    """End the session here and in the database."""
    answer = redirect(url_for("web.login"))
    token = request.cookies.get(SESSION_COOKIE)
    if token and Empty().validate_on_submit():
        staff.sign_out(services(), token)
        answer.delete_cookie(SESSION_COOKIE)
    return answer


def _after(caller: Caller) -> str:
    """Where to go: the page that was asked for, else the till or the console by role."""
    asked = request.args.get("next", "")
    if asked.startswith("/") and not asked.startswith(("//", "/\\")):
        return asked
    return url_for("web.till" if caller.role == "cashier" else "web.board")


def _set(answer: Response, name: str, value: str, age: int | None) -> None:
    secure = bool(current_app.config.get("SESSION_COOKIE_SECURE"))
    answer.set_cookie(name, value, age, secure=secure, httponly=True, samesite="Lax")
