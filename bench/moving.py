"""The data's time for a clock: a replay of a year must not wait a year.

The clock follows the newest ``X-Replay-Time`` (seconds since 1970) that any till has sent, and never
goes back.  It is all that the benchmarks change of the product that is served.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any


class ReplayClock:
    """A clock that the tills move."""

    def __init__(self, second: int = 0) -> None:
        self._second = second
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The newest time that was sent, aware UTC."""
        return datetime.fromtimestamp(self._second, UTC)

    def move(self, second: int) -> None:
        """Go forward to ``second``."""
        if second > self._second:
            with self._lock:
                self._second = max(self._second, second)


class Moving:
    """WSGI middleware: moves the clock, then lets the product answer."""

    def __init__(self, app: Callable[..., Iterable[bytes]], clock: ReplayClock) -> None:
        self._app, self._clock = app, clock

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        sent = environ.get("HTTP_X_REPLAY_TIME")
        if sent:
            self._clock.move(int(sent))
        return self._app(environ, start_response)
