"""Pricing without a server: one JSON request in, one Pricing out (promotions.md, Request).

``loyalty-pos price`` and ``vectors run`` are these two functions; a third-party till proves that
it computes as we do with the same requests and ``compare``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from loyalty_pos.domain.basket import Basket, Money, basket_faults
from loyalty_pos.domain.pricing.compile import compile_rules
from loyalty_pos.domain.pricing.engine import price
from loyalty_pos.domain.pricing.request import (
    CouponFacts,
    Language,
    MemberFacts,
    PriceRequest,
    StoredValue,
    Usage,
)
from loyalty_pos.domain.promotions.decode import decode, invalid
from loyalty_pos.errors import BadInput


class Document(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything price() needs, in one object."""

    basket: dict[str, Any]
    now: Annotated[datetime, Meta(tz=True)]
    currency: str = "VND"
    zone: str = "Asia/Ho_Chi_Minh"
    language: Language = "vi"
    store: str | None = None
    policy: dict[str, Any] = {}
    member: DocumentMember | None = None
    promotions: list[dict[str, Any]] = []
    tiers: list[dict[str, Any]] = []
    points: dict[str, Any] | None = None
    coupons: list[CouponFacts] = []
    usage: dict[str, Usage] = {}
    stored_value: list[StoredValue] = []
    prices: dict[str, Money] = {}
    explain: bool = False


class DocumentMember(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The member of a request; ``may_spend`` follows the basket's ``entry`` when it is not given."""

    id: str
    tier: str | None = None
    segments: tuple[str, ...] = ()
    points: int = 0
    pending: int = 0
    held: int = 0
    birthday: date | None = None
    orders: int = 0
    last_order: date | None = None
    spend: int = 0
    may_spend: bool | None = None
    blocked: bool = False


def price_document(document: object) -> dict[str, Any]:
    """One request priced; BadInput names the faulty field (``promotions[3].rewards[0].percent``)."""
    asked = decode(document, Document, "")
    basket = decode(asked.basket, Basket, "basket")
    faults = basket_faults(basket)
    if faults:
        raise BadInput("invalid", errors={f"basket.{path}": list(codes) for path, codes in faults.items()})
    rules = compile_rules(
        version=0,
        currency=asked.currency,
        policy=asked.policy,
        promotions=asked.promotions,
        tiers=asked.tiers,
        # No programme in the request: nothing is earned or spent.
        points=asked.points if asked.points is not None else {"earn": [], "redeem": None},
    )
    request = PriceRequest(
        basket=basket,
        now=asked.now,
        zone=asked.zone,
        member=_member(asked.member, basket),
        coupons=tuple(asked.coupons),
        usage=asked.usage,
        store=asked.store,
        language=asked.language,
        explain=asked.explain,
        stored_value=tuple(asked.stored_value),
        prices=asked.prices,
    )
    answer: dict[str, Any] = msgspec.to_builtins(price(rules, request).pricing)
    return answer


def price_json(text: bytes) -> dict[str, Any]:
    """The same from JSON text; BadInput ``invalid_json`` when it is none."""
    try:
        document = msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise BadInput("invalid_json") from None
    return price_document(document)


def _member(asked: DocumentMember | None, basket: Basket) -> MemberFacts | None:
    """A request without ``may_spend`` and ``entry`` is a what-if about an identified member (S23)."""
    if asked is None:
        return None
    fields = msgspec.structs.asdict(asked)
    if asked.may_spend is None:
        fields["may_spend"] = basket.entry not in ("typed", "phone")
    return MemberFacts(**fields)


def compare(expected: object, got: object, key: str = "") -> list[dict[str, Any]]:
    """Differences by the keys present in ``expected``; arrays by length and order."""
    if isinstance(expected, Mapping):
        if not isinstance(got, Mapping):
            return [{"key": key, "expected": expected, "got": got}]
        return [
            difference
            for name, value in expected.items()
            for difference in compare(value, got.get(name), f"{key}.{name}" if key else str(name))
        ]
    if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        return [
            difference
            for index, value in enumerate(expected)
            for difference in compare(value, got[index], f"{key}[{index}]")
        ]
    same = expected == got and isinstance(expected, bool) == isinstance(got, bool)
    return [] if same else [{"key": key, "expected": expected, "got": got}]


def run_vector(vector: object) -> dict[str, Any]:
    """One line of a vectors file: ``{"id", "ok", "differences", "pricing"}``.

    A vector may expect a refusal of the request itself: ``{"error": code, "errors": {...}}``.
    """
    if not isinstance(vector, dict) or not {"id", "request", "expect"} <= vector.keys():
        raise invalid("vector", "missing")
    try:
        pricing = price_document(vector["request"])
    except BadInput as refusal:
        pricing = {"error": refusal.code, "errors": refusal.errors}
    differences = compare(vector["expect"], pricing)
    return {"id": vector["id"], "ok": not differences, "differences": differences, "pricing": pricing}
