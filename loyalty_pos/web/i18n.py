"""The language of a page, and the catalogue that its words come from.

Sentences are written in English in the code and translated in ``translations/vi``.  The reader's
language is the ``?lang=`` of the address, else the cookie it left, else what the browser asks
for, else Vietnamese.  Validator texts of forms come from the same catalogue, because the forms
library has no Vietnamese of its own and would fall back to English in silence.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import flask_babel  # type: ignore[import-untyped]
from flask import Flask, Response, current_app, g, has_request_context, request

from loyalty_pos.api.problem import asked_language

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")
COOKIE = "lang"
_YEAR = 365 * 24 * 3600


def language() -> Language:
    """The language of this request: ``vi`` or ``en``."""
    if not has_request_context():
        return "vi"
    if "language" not in g:
        asked = (request.args.get("lang"), request.cookies.get(COOKIE))
        known = [code for code in asked if code in LANGUAGES]
        g.language = known[0] if known else asked_language() or LANGUAGES[0]
    found: Language = g.language
    return found


def init(app: Flask) -> None:
    """Set up the translations of ``app``: one Babel, our catalogue, our choice of language."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", "en")
    app.config.setdefault("BABEL_TRANSLATION_DIRECTORIES", str(Path(__file__).parent / "translations"))
    flask_babel.Babel(app, locale_selector=language)


def remember(response: Response) -> Response:
    """Keep the language that the address chose for the next pages."""
    if request.args.get("lang") in LANGUAGES:
        secure = bool(current_app.config.get("SESSION_COOKIE_SECURE"))
        response.set_cookie(COOKIE, language(), _YEAR, secure=secure, httponly=True, samesite="Lax")
    return response


def gettext(sentence: str, **facts: object) -> str:
    """The sentence in the page's language, with its ``%(name)s`` filled in."""
    return str(flask_babel.gettext(sentence, **facts))


def lazy(sentence: str) -> Any:
    """A sentence of a module's constants: translated when it is shown, not when it is read."""
    return flask_babel.lazy_gettext(sentence)


class FormWords:
    """What WTForms asks its translations for: the page's own catalogue answers."""

    def gettext(self, string: str) -> str:
        """One sentence in the page's language."""
        return gettext(string)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """The singular or plural sentence in the page's language."""
        return gettext(singular if n == 1 else plural)
