"""What the service tells of itself: one JSON line a request, metrics, alive and ready.

Invariant: neither the log nor the metrics hold a path with its values, a query string, a body, a
key or a name; a request is told by its route's template and by the kind of its caller.
"""

from __future__ import annotations

import logging
import logging.handlers
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from flask import Blueprint, Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from loyalty_pos.errors import LoyaltyError, Unavailable
from loyalty_pos.services.context import Services

log = logging.getLogger("loyalty_pos.request")
BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
LOG_BYTES = 20 * 1024 * 1024
LOG_FILES = 10


class JsonLines(logging.Formatter):
    """One JSON object a line; of an exception only its type, because its text may carry data."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line |= getattr(record, "record", {})
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
        return msgspec.json.encode(line).decode()


def log_to(file: Path | None) -> None:
    """Send the product's log to stderr, or to a file of at most 20 MiB with ten predecessors."""
    handler: logging.Handler = logging.StreamHandler()
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            file, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8"
        )
    handler.setFormatter(JsonLines())
    root = logging.getLogger("loyalty_pos")
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    root.propagate = False


class Meter:
    """The metrics of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._count = Counter(
            "loyalty_pos_requests",
            "Requests by route and status",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._time = Histogram(
            "loyalty_pos_request_seconds",
            "Time to answer",
            ("route",),
            buckets=BUCKETS,
            registry=self.registry,
        )

        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        known = self._known.get((method, route, status))
        if known is None:
            known = self._count.labels(method, route, str(status)), self._time.labels(route)
            self._known[(method, route, status)] = known
        known[0].inc()
        known[1].observe(seconds)


def install(app: Flask, migrated: Callable[[str], bool]) -> None:
    """Measure and log each request of ``app``; add /healthz, /readyz and /metrics.

    ``migrated``: whether the database at this address is at the newest migration.
    """
    meter = Meter()

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def finish(response: Response) -> Response:
        seconds = time.perf_counter() - g.get("started", time.perf_counter())
        route = request.url_rule.rule if request.url_rule else "(none)"
        meter.note(request.method if request.url_rule else "(any)", route, response.status_code, seconds)
        if log.isEnabledFor(logging.INFO):
            log.handle(_record(route, response.status_code, seconds))
        return response

    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def alive() -> Response:
        return _json({"status": "ok"})

    @health.get("/readyz")
    def ready() -> Response:
        services: Services = app.extensions["loyalty_pos"]
        try:
            services.store.read(services.rules.current)
            fit = migrated(services.store.url)
        except LoyaltyError:
            raise
        except Exception as error:
            raise Unavailable("not_migrated") from error
        if not fit:
            raise Unavailable("not_migrated")
        return _json({"status": "ok"})

    @health.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(meter.registry), content_type="text/plain; version=0.0.4; charset=utf-8")

    app.register_blueprint(health)


def _record(route: str, status: int, seconds: float) -> logging.LogRecord:
    """The line of a request.  Made by hand: looking up who logs costs more than all the rest."""
    record = logging.LogRecord(log.name, logging.INFO, "", 0, "request", None, None)
    record.record = _line(route, status, seconds)
    return record


def _line(route: str, status: int, seconds: float) -> dict[str, object]:
    caller = g.get("caller")
    line: dict[str, object] = {
        "method": request.method,
        "route": route,
        "status": status,
        "ms": round(seconds * 1000, 2),
    }
    if caller is not None:
        line |= {"caller": caller.kind, "terminal": caller.terminal, "store": caller.store}
    return line


def _json(body: object) -> Response:
    return Response(msgspec.json.encode(body), content_type="application/json")
