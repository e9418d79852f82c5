"""The product under measure, entered at two doors: its service function, and its WSGI callable.

``Precomputed`` stands in for ``price()``: it answers what ``price()`` answered when the same
receipt was sold before, so that a measure without pricing still posts the very same sale.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from flask import Flask

from bench import shop
from bench.baskets import NOON, Sold
from bench.tape import RecordingStore, Tape
from bench.till import Unexpected
from loyalty_pos.app import create_app
from loyalty_pos.config import Config
from loyalty_pos.domain.pricing.request import PriceRequest
from loyalty_pos.domain.pricing.result import Priced
from loyalty_pos.services import loading
from loyalty_pos.services.context import SCOPES, Caller, Request, Services
from loyalty_pos.services.requests import SaleIn
from loyalty_pos.services.sales import sell

T = TypeVar("T")
decode_sale = msgspec.json.Decoder(SaleIn).decode


class Precomputed:
    """``price()`` answered from memory, by receipt."""

    def __init__(self) -> None:
        self.requests: list[tuple[Any, PriceRequest]] = []
        self._known: dict[str, Priced] = {}
        self._price = loading.price

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Price as usual, and remember."""

        def remember(rules: Any, request: PriceRequest) -> Priced:
            priced = self._price(rules, request)
            self._known[request.basket.receipt or ""] = priced
            self.requests.append((rules, request))
            return priced

        with self._instead(remember):
            yield

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Answer from memory, price nothing."""
        with self._instead(lambda _rules, request: self._known[request.basket.receipt or ""]):
            yield

    @contextmanager
    def _instead(self, function: Callable[[Any, PriceRequest], Priced]) -> Iterator[None]:
        loading.price = function
        try:
            yield
        finally:
            loading.price = self._price


def caller(till: int) -> Caller:
    """The terminal that ``bench.shop`` made as till ``till``."""
    return Caller(
        kind="terminal",
        name=f"{shop.STORE}-{till + 1:02d}",
        scopes=SCOPES,
        store_id=1,
        terminal_id=till + 1,
        terminal=f"{shop.STORE}-{till + 1:02d}",
        store=shop.STORE,
        store_ids=frozenset({1}),
    )


def sell_one(services: Services, sold: Sold) -> None:
    """The service call of one sale, from the decoded body to the finished answer."""
    request = Request(caller(sold.till), f"key-of-sale-{sold.receipt}", sold.receipt.encode())
    outcome, answer = sell(services, request, decode_sale(sold.body))
    if outcome.kind != "created" or answer["status"] != "ok":
        raise Unexpected(f"{sold.receipt}: {outcome.kind}")


def record(url: str, rounds: Sequence[Sequence[Sold]], memory: Precomputed) -> list[Tape]:
    """Sell all rounds one by one on ``url``; the tape of each round."""
    services = shop.services_on(url, NOON)
    store = RecordingStore(services.store)
    services = replace(services, store=store)
    tapes = []
    with memory.recording():
        for baskets in rounds:
            for sold in baskets:
                store.next_sale()
                sell_one(services, sold)
            tapes.append(store.tape)
            store.tape = []
    store.close()
    if any(len(tape) != len(baskets) for tape, baskets in zip(tapes, rounds, strict=True)):
        raise Unexpected("a sale took more than one transaction")
    return tapes


class AtOnce:
    """16 tills as threads of this process: each takes the next basket in line."""

    def __init__(self, tills: int) -> None:
        self._pool = ThreadPoolExecutor(tills)

    def run(self, work: Callable[[T], None], customers: Sequence[T]) -> None:
        """Serve them all; raises what the first failing one raised."""
        for _ in self._pool.map(work, customers):
            pass

    def close(self) -> None:
        """Send the tills home."""
        self._pool.shutdown()


def app_on(url: str) -> Flask:
    """The product's application on a migrated database, at noon; it writes its log, but nowhere."""
    config = Config(data=Path(os.devnull), database_url=url, secret_key=shop.SECRET, log=Path(os.devnull))
    return create_app(config, clock=shop.FixedClock(NOON), ids=shop.CountedIds())


def wsgi_call(app: Callable[..., Any], sold: Sold) -> None:
    """POST /api/v1/sales as a WSGI server would call it; Unexpected unless 201."""
    statuses: list[str] = []

    def start(status: str, _headers: object, _failure: object = None) -> None:
        statuses.append(status)

    environ = _ENVIRON | {
        "HTTP_AUTHORIZATION": f"Bearer {shop.till_key(sold.till)}",
        "HTTP_IDEMPOTENCY_KEY": f"key-of-sale-{sold.receipt}",
        "CONTENT_LENGTH": str(len(sold.body)),
        "wsgi.input": io.BytesIO(sold.body),
        "wsgi.errors": io.StringIO(),
    }
    answer = app(environ, start)
    body = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    if not statuses[0].startswith("201"):
        raise Unexpected(f"{sold.receipt}: {statuses[0]} {body[:400]!r}")


_ENVIRON: dict[str, Any] = {
    "REQUEST_METHOD": "POST",
    "SCRIPT_NAME": "",
    "PATH_INFO": "/api/v1/sales",
    "QUERY_STRING": "",
    "CONTENT_TYPE": "application/json",
    "SERVER_NAME": "127.0.0.1",
    "SERVER_PORT": "8080",
    "REMOTE_ADDR": "127.0.0.1",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "HTTP_HOST": "127.0.0.1:8080",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}
