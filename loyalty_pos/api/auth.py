"""Whose request this is: a terminal's key, a person's token, or a session's cookie.

Asked once a request, from the database each time, so that what is revoked is refused by the very
next call.  A cookie is sent by the browser on anybody's behalf: a session may change something
only when the browser says that our own page asked.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import g, request

from loyalty_pos.api import roles
from loyalty_pos.api.base import api, services
from loyalty_pos.errors import NotAllowed, NotFound, NotSignedIn
from loyalty_pos.services import staff
from loyalty_pos.services.context import Caller

SESSION_COOKIE = "loyalty_session"
SAFE = frozenset({"GET", "HEAD"})
LONGEST_KEY = 200

UNPAIRED = Caller(kind="pairing", name="")
"""A till that has a pairing code alone: no header and no cookie counts."""

P = ParamSpec("P")
R = TypeVar("R")


def current_caller() -> Caller:
    """Who asks; NotSignedIn (``not_signed_in``, ``terminal_revoked``) for nobody we know."""
    if "caller" not in g:
        g.caller = _identify()
    caller: Caller = g.caller
    return caller


def require_role(*names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A view for people of these roles; others meet NotSignedIn or NotAllowed."""

    def around(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if current_caller().role not in names:
                raise NotAllowed
            return view(*args, **kwargs)

        return guarded

    return around


def _identify() -> Caller:
    header = request.headers.get("Authorization")
    if header is not None:
        return _by_bearer(header)
    cookie = request.cookies.get(SESSION_COOKIE, "")
    if not cookie or len(cookie) > LONGEST_KEY:
        raise NotSignedIn
    return staff.by_session(services(), cookie)


def _by_bearer(header: str) -> Caller:
    scheme, _, key = header.partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key or len(key) > LONGEST_KEY:
        raise NotSignedIn
    try:
        return staff.by_terminal_key(services(), key)
    except NotSignedIn as error:
        if error.code != "not_signed_in":
            raise
    return staff.by_token(services(), key)


def _own_page() -> bool:
    """Whether the browser says that a page of ours sent this (Fetch Metadata, else Origin)."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc == request.host


@api.before_request
def guard() -> None:
    """The first thing on every call: who, from where, and whether the table lets them."""
    assert request.url_rule is not None
    row = roles.who(request.method, request.url_rule.rule.removeprefix("/api/v1"))
    if row.open:
        g.caller = UNPAIRED
    caller = current_caller()
    by_cookie = caller.kind == "staff" and "Authorization" not in request.headers
    if request.method not in SAFE and by_cookie and not _own_page():
        raise NotAllowed("cross_site")
    row.check(caller)
    if not all(part.isprintable() and len(part) <= LONGEST_KEY for part in (request.view_args or {}).values()):
        raise NotFound
