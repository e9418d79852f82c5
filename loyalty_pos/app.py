"""The only wiring: clock, randomness, database and rules become Services; edges are put on Flask.

Invariant: nothing below this module reads the time, the environment or a random source by
itself, so a test, a benchmark or a replay gives its own and the rest is the product as it is.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from loyalty_pos import __version__, api, web
from loyalty_pos.api import observe, problem
from loyalty_pos.config import Config
from loyalty_pos.ports import Clock, Ids
from loyalty_pos.services.context import Services
from loyalty_pos.services.rules import RuleBooks
from loyalty_pos.storage import migrate
from loyalty_pos.storage.engine import open_store
from loyalty_pos.storage.tx import Store


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return datetime.now(UTC)


class SystemIds:
    """The machine's own randomness."""

    def digits(self, count: int) -> str:
        """``count`` random decimal digits."""
        return f"{secrets.randbelow(10**count):0{count}d}"

    def secret(self) -> str:
        """256 random bits as URL-safe text."""
        return secrets.token_urlsafe(32)


def make_services(
    config: Config, *, clock: Clock | None = None, ids: Ids | None = None, store: Store | None = None
) -> Services:
    """What every use case is given.  The database is opened, not upgraded."""
    return Services(
        store=store or open_store(config.database_url),
        clock=clock or SystemClock(),
        ids=ids or SystemIds(),
        secret=config.secret_key,
        rules=RuleBooks(),
        public_url=config.public_url,
        data_folder=str(config.data),
        seal_key=config.seal_key,
        backup_every=config.backup_every,
        backup_copy=str(config.backup_copy) if config.backup_copy else None,
    )


class PageSessions(SecureCookieSessionInterface):
    """Flask's signed cookie (it carries the pages' form tokens), opened for pages alone."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """An empty one for the API and the probes."""
        if request.path.startswith(("/api/", "/healthz", "/readyz", "/metrics")):
            return self.session_class()
        return super().open_session(app, request)


def create_app(
    config: Config, *, clock: Clock | None = None, ids: Ids | None = None, store: Store | None = None
) -> Flask:
    """The application: API, pages, health, metrics, log.  Its Services are ``app.extensions["loyalty_pos"]``."""
    services = make_services(config, clock=clock, ids=ids, store=store)
    app = Flask("loyalty_pos", static_folder=None)
    app.config.update(
        VERSION=__version__,
        SECRET_KEY=config.secret_key,
        SESSION_COOKIE_SECURE=config.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        FRAME_ANCESTORS=config.frame_ancestors,
        PROPAGATE_EXCEPTIONS=False,
    )
    app.session_interface = PageSessions()
    app.extensions["loyalty_pos"] = services
    observe.log_to(config.log)
    observe.install(app, _migrations())
    problem.install(app)
    api.register(app)
    web.register(app)
    _harden(app, config.https)
    return app


def _migrations() -> Callable[[str], bool]:
    """Whether the database at an address is at the newest migration; asked until it once was."""
    known = set()

    def migrated(url: str) -> bool:
        if url not in known and migrate.current(url) == migrate.newest():
            known.add(url)
        return url in known

    return migrated


def _harden(app: Flask, https: bool) -> None:
    """Headers of every answer; a page's own policy stands."""
    defaults = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    }
    if https:
        defaults["Strict-Transport-Security"] = "max-age=31536000"

    @app.after_request
    def headers(response: Response) -> Response:
        given = {name for name, _ in response.headers}
        response.headers.extend((name, value) for name, value in defaults.items() if name not in given)
        return response
