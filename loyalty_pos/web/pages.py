"""What all pages share: the blueprint, the headers, the words and filters of templates.

Invariant: no page leaves without its content policy.  Member data is never cached, and a
customer's page never tells another site where its reader came from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, request, url_for
from flask_wtf import FlaskForm  # type: ignore[import-untyped]

from loyalty_pos.services import rules
from loyalty_pos.services.context import Services
from loyalty_pos.services.rules import Book, Programme
from loyalty_pos.web import format, i18n

KNOWN_TIERS = ("bronze", "silver", "gold", "platinum")
STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
)

web = Blueprint("web", __name__, static_folder="static", static_url_path="/static", template_folder="templates")


class Form(FlaskForm):  # type: ignore[misc]
    """A form with our own words for its refusals, and a token against forged posts."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        """Where the words come from."""

        def get_translations(self, form: FlaskForm) -> i18n.FormWords:
            """The page's catalogue."""
            return i18n.FormWords()

    def stale(self) -> str:
        """Why the token of this form was refused, in words; empty when it was not."""
        return " ".join(i18n.gettext(error) for error in self.csrf_token.errors)


class Empty(Form):
    """A button that posts: nothing but the token."""


def add_to(app: Flask) -> None:
    """Register the pages on ``app``."""
    for name, filter_ in _filters().items():
        app.jinja_env.filters[name] = filter_
    app.register_blueprint(web)


def services() -> Services:
    """The use cases of this application."""
    found: Services = current_app.extensions["loyalty_pos"]
    return found


def book() -> Book:
    """The rules in force, read once per request."""
    if "book" not in g:
        g.book = rules.book(services())
    found: Book = g.book
    return found


def shop() -> Programme:
    """The shop's settings."""
    return book().programme


def point_value() -> int:
    """What a point is worth when spent, in minor units; 0 where points cannot be spent (S15)."""
    redeem = book().rules.points.redeem
    return redeem.value if redeem else 0


def asset(name: str) -> str:
    """The address of a static file; it changes with the file, so browsers may keep it."""
    return url_for("web.static", filename=name, v=_digest(name))


@lru_cache(maxsize=128)
def _digest(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def in_language(code: str) -> str:
    """This page in another language."""
    query = {**request.args.to_dict(), "lang": code}
    return url_for(str(request.endpoint), **{**(request.view_args or {}), **query})


@web.context_processor
def _words() -> dict[str, Any]:
    return {
        "asset": asset,
        "in_language": in_language,
        "language": i18n.language(),
        "logout_form": Empty(),
        "shop_name": shop().name,
    }


@web.after_request
def _headers(response: Response) -> Response:
    """The policy of every page, and what a customer's page adds to it."""
    ancestors = current_app.config.get("FRAME_ANCESTORS", "'none'") if request.path == "/till" else "'none'"
    response.headers["Content-Security-Policy"] = POLICY.format(ancestors=ancestors)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
    if request.endpoint == "web.static":
        if "v" in request.args:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return i18n.remember(response)


def tier_class(code: str | None) -> str:
    """The colour of a tier: its own when it bears a well-known code, else a plain one."""
    return f"tier-{code}" if code in KNOWN_TIERS else "tier-plain"


def _filters() -> dict[str, Callable[..., str]]:
    """What templates write with: amounts in the shop's currency, times in its zone."""

    def priced(write: Callable[[int, str, str], str]) -> Callable[[int], str]:
        return lambda amount: write(amount, shop().currency, i18n.language())

    def timed(write: Callable[[Any, str, str], str]) -> Callable[[Any], str]:
        return lambda value: write(value, shop().zone, i18n.language())

    def counted(write: Callable[[int, str], str]) -> Callable[[int], str]:
        return lambda value: write(value, i18n.language())

    return {
        "money": priced(format.money),
        "short_money": priced(format.short_money),
        "number": counted(format.number),
        "signed": counted(format.signed),
        "day": timed(format.day),
        "moment": timed(format.moment),
        "brief": timed(format.brief),
        "grouped": format.grouped,
        "initials": format.initials,
        "tier_class": tier_class,
    }
