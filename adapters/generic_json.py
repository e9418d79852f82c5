"""Generic JSON webhook: a POS that can post JSON of our own shape. Copy this one to begin.

The body is one document, or ``{"events": [document, ...]}``.  A sale::

    {"type": "sale", "receipt": "hn01-0042", "sold_at": "2026-11-21T19:05:00+07:00", "card": "2900000000018",
     "lines": [{"line": "1", "sku": "8934563138165", "quantity": 4, "unit_price": 4500, "discount": 0}]}

Money is in minor units.  ``{"type": "return", "receipt", "sale_receipt", "returned_at", "lines"}`` gives
goods back, ``{"type": "void", ...}`` the whole sale.  A POS that repeats or corrects a document sends the
same ``receipt`` with another ``revision``.

Authentic is a call whose header ``X-Loyalty-Signature`` is the HMAC-SHA256 of the raw body in
hexadecimal (``sha256=`` in front is allowed), under one of the connection's secrets.
Option ``signature = none``: the address alone is the secret, no header is looked at.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import cast

from loyalty_pos.domain.basket import Entry
from loyalty_pos.errors import BadInput
from loyalty_pos.ports import (
    Auth,
    Cap,
    Connection,
    CouponGiven,
    Decision,
    Document,
    Event,
    HttpReply,
    Ignored,
    NativeAction,
    RawRequest,
    Rejected,
    ReturnedLine,
    ReturnTicket,
    SaleTicket,
    Stored,
    TicketLine,
    TicketTender,
)

from ._figures import Unreadable, instant, minor_units, optional_text, quantity, text

SIGNATURE = "x-loyalty-signature"
ENTRIES = ("scan", "stripe", "qr", "typed", "phone")


class GenericJson:
    """The reference adapter.  It holds nothing: every method is a pure function."""

    # Who it is.  The code is the module's name; caps are the protocols of ports.py that it fulfils.
    code = "generic_json"
    title = "Generic JSON webhook"
    caps = frozenset({Cap.WEBHOOK, Cap.PUSH})

    def authenticate(self, request: RawRequest, connection: Connection) -> Auth:
        """1. Is it from whom it says?  Constant time, every secret tried (two during a rotation)."""
        if connection.options.get("signature") == "none":
            return Auth("ok")
        given = request.headers.get(SIGNATURE, "").removeprefix("sha256=").lower().encode()
        if not given:
            return Auth("unsigned")
        fits = [hmac.compare_digest(_sign(secret, request.body), given) for secret in connection.secrets]
        return Auth("ok" if any(fits) else "bad")

    def split(self, request: RawRequest) -> list[Event]:
        """2. What does it tell?  One event per document, with a key that a repetition shares."""
        body = _decode(request.body)
        documents = body.get("events", [body])
        if not isinstance(documents, list) or not all(isinstance(native, dict) for native in documents):
            raise BadInput("invalid_json")
        return [_event(native) for native in documents]

    def normalise(self, event: Event, connection: Connection) -> list[Document]:
        """3. What does it mean?  Each field is read or refused; a reason names the field, no value."""
        try:
            match event.native.get("type"):
                case "sale":
                    return [_sale(event.native, connection)]
                case "return" | "void":
                    return [_return(event.native, connection)]
                case _:
                    return [Ignored("other_type")]
        except Unreadable as unreadable:
            return [Rejected(unreadable.reason, unreadable.where)]

    def reply(self, stored: Stored) -> HttpReply:
        """4. What to answer, so that this POS repeats what was not stored and nothing else."""
        status = {Stored.DONE: 200, Stored.BAD_SIGNATURE: 401, Stored.UNREADABLE: 400, Stored.BUSY: 503}
        return HttpReply(status[stored], json.dumps({"status": stored.value}).encode(), "application/json")

    def express(self, decision: Decision, connection: Connection) -> list[NativeAction]:
        """5. How our decisions are said in its language."""
        if isinstance(decision, CouponGiven):
            coupon = {
                "code": decision.code,
                "amount": decision.amount,
                "valid_to": decision.valid_to.isoformat(),
                "customer": decision.customer,
            }
            return [NativeAction("POST", "/coupons", json.dumps(coupon).encode(), f"coupon:{decision.code}")]
        tier = {"customer": decision.customer, "tier": decision.tier}
        key = f"tier:{decision.customer}:{decision.tier}"
        return [NativeAction("PUT", "/tiers", json.dumps(tier).encode(), key)]


def _sign(secret: str, body: bytes) -> bytes:
    return hmac.new(secret.encode(), body, "sha256").hexdigest().encode()


def _decode(body: bytes) -> Mapping[str, object]:
    """The JSON object of a body; numbers with a point become Decimal, never float."""
    try:
        decoded: object = json.loads(body, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as err:
        raise BadInput("invalid_json") from err
    if not isinstance(decoded, dict):
        raise BadInput("invalid_json")
    return cast("Mapping[str, object]", decoded)


def _no_constant(_name: str) -> object:
    raise ValueError("NaN and Infinity are no JSON")


def _event(native: Mapping[str, object]) -> Event:
    kind, receipt, revision = (native.get(field) for field in ("type", "receipt", "revision"))
    return Event(key=f"{kind}:{receipt}", revision="" if revision is None else str(revision), native=native)


def _sale(native: Mapping[str, object], connection: Connection) -> SaleTicket:
    entry = optional_text(native, "entry")
    if entry is not None and entry not in ENTRIES:
        raise Unreadable("unknown_value", "entry")
    return SaleTicket(
        receipt=text(native, "receipt"),
        sold_at=instant(native.get("sold_at"), connection.zone, "sold_at"),
        currency=connection.currency,
        store=optional_text(native, "store"),
        terminal=optional_text(native, "terminal"),
        cashier=optional_text(native, "cashier"),
        card=optional_text(native, "card"),
        entry=cast("Entry | None", entry),
        lines=tuple(_line(line, f"lines.{index}") for index, line in enumerate(_objects(native, "lines"))),
        coupons=tuple(text({"coupons": code}, "coupons") for code in _list(native, "coupons")),
        tenders=tuple(_tender(tender) for tender in _objects(native, "tenders")),
    )


def _return(native: Mapping[str, object], connection: Connection) -> ReturnTicket:
    lines = _objects(native, "lines")
    if native["type"] == "return" and not lines:
        raise Unreadable("missing", "lines")
    return ReturnTicket(
        receipt=text(native, "receipt"),
        sale_receipt=text(native, "sale_receipt"),
        returned_at=instant(native.get("returned_at"), connection.zone, "returned_at"),
        store=optional_text(native, "store"),
        terminal=optional_text(native, "terminal"),
        sale_terminal=optional_text(native, "sale_terminal"),
        lines=tuple(
            ReturnedLine(line=text(line, "line"), quantity=quantity(line.get("quantity"), f"lines.{index}.quantity"))
            for index, line in enumerate(lines)
        ),
    )


def _line(native: Mapping[str, object], where: str) -> TicketLine:
    return TicketLine(
        line=text(native, "line"),
        sku=text(native, "sku"),
        quantity=quantity(native.get("quantity"), f"{where}.quantity"),
        unit_price=minor_units(native.get("unit_price"), f"{where}.unit_price"),
        discount=minor_units(native.get("discount", 0), f"{where}.discount"),
        name=optional_text(native, "name"),
        category=optional_text(native, "category"),
        brand=optional_text(native, "brand"),
    )


def _tender(native: Mapping[str, object]) -> TicketTender:
    return TicketTender(kind=text(native, "kind"), amount=minor_units(native.get("amount"), "tenders.amount"))


def _list(native: Mapping[str, object], field: str) -> list[object]:
    value = native.get(field, [])
    if not isinstance(value, list):
        raise Unreadable("not_a_list", field)
    return value


def _objects(native: Mapping[str, object], field: str) -> list[Mapping[str, object]]:
    items = _list(native, field)
    if not all(isinstance(item, dict) for item in items):
        raise Unreadable("not_an_object", field)
    return cast("list[Mapping[str, object]]", items)


ADAPTER = GenericJson()
