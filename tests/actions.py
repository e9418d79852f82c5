"""What a till does, in words: ``till.sell(...)``, ``till.settle(...)``; and the fakes of the world.

A Till speaks HTTP only, as a POS would: a key of its own for every action, no look inside.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

Json = dict[str, Any]

NOON = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
"""Saturday 21 November 2026, 12:00 in Ho Chi Minh City."""


class FixedClock:
    """A clock that moves only when it is told to."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        """The time that was set."""
        return self.at

    def move(self, **by: float) -> None:
        """Go forward: ``clock.move(minutes=15)``."""
        self.at += timedelta(**by)


class CountingIds:
    """Numbers and secrets in a known order, all different."""

    def __init__(self) -> None:
        self._next = itertools.count(1)

    def digits(self, count: int) -> str:
        """The next number, ``count`` digits wide, scattered so that neighbours look unlike."""
        return f"{next(self._next) * 7_919_317 % 10**count:0{count}d}"

    def secret(self) -> str:
        """The next 256 bits, as text."""
        return hashlib.sha256(f"secret {next(self._next)}".encode()).hexdigest()


_keys = itertools.count(1)


def new_key() -> str:
    """An idempotency key that nobody used."""
    return f"test-key-{next(_keys):012d}"


def line(
    number: int | str = 1,
    sku: str = "8934563138165",
    price: int = 10_000,
    quantity: int | str = 1,
    **more: Any,
) -> Json:
    """A line of a basket."""
    return {"line": str(number), "sku": sku, "quantity": quantity, "unit_price": price} | more


def basket(*lines: Json, **fields: Any) -> Json:
    """A basket: ``basket(line(1, price=4500), card="29...", entry="scan")``."""
    return {"lines": list(lines) or [line()]} | fields


class Till:
    """A terminal with its key.  Every method returns the response; ``ok`` its body, checked."""

    def __init__(self, client: FlaskClient, key: str, name: str = "till") -> None:
        self.client, self.key, self.name = client, key, name
        self._receipts = itertools.count(1)

    def receipt(self) -> str:
        """A receipt number that this till has not used."""
        return f"{self.name}-{next(self._receipts):05d}"

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] = {},
    ) -> TestResponse:
        """One HTTP call under /api/v1; writes get a new idempotency key unless one is given."""
        sent = {"Authorization": f"Bearer {self.key}"}
        if method != "GET":
            sent["Idempotency-Key"] = key or new_key()
        return self.client.open("/api/v1" + path, method=method, json=body, headers=sent | dict(headers))

    def get(self, path: str) -> TestResponse:
        """GET."""
        return self.call("GET", path)

    def identify(self, card: str, entry: str = "scan", **more: Any) -> TestResponse:
        """Who holds this card?"""
        return self.call("POST", "/cards/identify", {"swipe": card, "entry": entry}, **more)

    def quote(self, goods: Json) -> TestResponse:
        """What would this basket cost?"""
        return self.call("POST", "/quotes", goods)

    def open(self, goods: Json, **more: Any) -> TestResponse:
        """Open a checkout."""
        return self.call("POST", "/checkouts", goods, **more)

    def change(self, checkout: str, goods: Json, **more: Any) -> TestResponse:
        """Change a checkout's basket."""
        return self.call("PUT", f"/checkouts/{checkout}", goods, **more)

    def settle(self, checkout: str, receipt: str | None = None, **more: Any) -> TestResponse:
        """Settle a checkout."""
        return self.call("POST", f"/checkouts/{checkout}/settle", {"receipt": receipt or self.receipt()}, **more)

    def void(self, checkout: str, **more: Any) -> TestResponse:
        """Void a checkout."""
        return self.call("POST", f"/checkouts/{checkout}/void", {}, **more)

    def sell(self, goods: Json, *, receipt: str | None = None, key: str | None = None) -> TestResponse:
        """Open and settle in one."""
        return self.call("POST", "/sales", goods | {"receipt": receipt or self.receipt()}, key=key)

    def give_back(
        self, sale: str, *lines: tuple[str, int | str], receipt: str | None = None, **fields: Any
    ) -> TestResponse:
        """Return (line, quantity) pairs of a sale."""
        key = fields.pop("key", None)
        back = [{"line": name, "quantity": quantity} for name, quantity in lines]
        return self.call(
            "POST",
            f"/sales/{sale}/returns",
            {"lines": back, "receipt": receipt or self.receipt()} | fields,
            key=key,
        )

    def enrol(self, **person: Any) -> TestResponse:
        """A new member."""
        return self.call("POST", "/members", person)


def ok(response: TestResponse, status: int | None = None) -> Any:
    """The body of a call that went well (with this status, if one is named)."""
    assert response.status_code < 300, (response.status_code, response.get_data(as_text=True))
    assert status is None or response.status_code == status, response.status_code
    return response.get_json()


def problem(response: TestResponse, status: int, code: str) -> Json:
    """The problem of a call that was refused with this status and code."""
    body = response.get_json(force=True)
    assert (response.status_code, body.get("code")) == (status, code), body
    assert response.content_type.startswith("application/problem+json")
    assert body["type"] == f"urn:loyalty-pos:problem:{code}"
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    found: Json = body
    return found
