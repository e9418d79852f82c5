"""A few goods priced with a promotion as it is being written: the engine's answer, nothing stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from loyalty_pos.domain.basket import Basket, Line
from loyalty_pos.domain.pricing.engine import price
from loyalty_pos.domain.pricing.offers import check_promotion
from loyalty_pos.domain.pricing.request import CouponFacts, Language, MemberFacts, PriceRequest
from loyalty_pos.domain.promotions.scope import category_path
from loyalty_pos.errors import BadInput
from loyalty_pos.services.context import Services, from_ms
from loyalty_pos.services.promotions import compiled_with
from loyalty_pos.storage import catalogue
from loyalty_pos.storage import rules as stored
from loyalty_pos.storage.catalogue import Product
from loyalty_pos.storage.tx import Tx

Goods = Sequence[tuple[int, str]]
"""(quantity, sku)."""
MOST_GOODS = 30
LOOKED_AT = 2000
COUPON = "example"
MEMBER = "example"


def goods(services: Services, rule: dict[str, Any]) -> list[tuple[int, str]]:
    """Goods to show a rule with: three of the first that it is about, one of another."""
    try:
        scopes = check_promotion(rule).scopes()
    except BadInput:
        scopes = []
    known = [x for x in services.store.read(lambda tx: catalogue.products(tx, "", LOOKED_AT)) if x.unit_price]
    meant = [x for x in known if any(s.matches(_line(x, 1, 1), category_path(x.category)) for s in scopes)]
    first = (meant or known)[:1]
    other = [x for x in known if x not in meant and x not in first][:1]
    return [(3, x.sku) for x in first] + [(1, x.sku) for x in other]


def example(
    services: Services, rule: dict[str, Any], wanted: Goods, member: bool, tier: str | None, language: Language
) -> dict[str, Any]:
    """{"pricing", "lines": {line: {"name", "quantity", "unit_price"}}} of some goods now, under the
    rules in force with this one beside them; a coupon of it is shown.

    BadInput with the faulty fields of the rule, or ``goods`` for one without a price here.
    """
    check_promotion(rule)

    def work(tx: Tx) -> dict[str, Any]:
        book = services.rules.current(tx)
        rules = compiled_with(stored.load(tx), rule["code"], rule | {"enabled": True})
        lines = [
            _line(_product(tx, sku), place, quantity) for place, (quantity, sku) in enumerate(wanted[:MOST_GOODS], 1)
        ]
        coupon = (COUPON,) if rule.get("trigger") == "coupon" else ()
        request = PriceRequest(
            basket=Basket(lines=tuple(lines), coupons=coupon),
            now=from_ms(services.now_ms()).astimezone(ZoneInfo(book.programme.zone)),
            zone=book.programme.zone,
            member=MemberFacts(id=MEMBER, tier=tier) if member else None,
            coupons=tuple(CouponFacts(code=code, promotion=rule["code"]) for code in coupon),
            language=language,
            explain=True,
        )
        shown = {x.line: {"name": x.name or x.sku, "quantity": x.quantity, "unit_price": x.unit_price} for x in lines}
        return {"pricing": msgspec.to_builtins(price(rules, request).pricing), "lines": shown}

    return services.store.read(work)


def _product(tx: Tx, sku: str) -> Product:
    found = catalogue.product(tx, sku)
    if found is None or found.unit_price is None:
        raise BadInput(errors={"goods": ["unknown"]})
    return found


def _line(product: Product, place: int, quantity: int) -> Line:
    return Line(
        line=str(place), sku=product.sku, quantity=quantity, unit_price=product.unit_price or 0, name=product.name,
        category=product.category, brand=product.brand, unit_cost=product.unit_cost,
    )  # fmt: skip
