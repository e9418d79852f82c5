"""A few goods priced with a promotion as it is being written: the engine's answer, nothing stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
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


class Good(NamedTuple):
    """One line of an example; ``price`` None: as our catalogue says, minor units."""

    quantity: int
    sku: str
    price: int | None = None


class Buyer(NamedTuple):
    """Who buys: a member or nobody in particular, on a tier, with a coupon of the promotion ``coupon``."""

    member: bool = False
    tier: str | None = None
    coupon: str | None = None


MOST_GOODS = 30
LOOKED_AT = 2000
COUPON = "example"
MEMBER = "example"


def goods(services: Services, rule: dict[str, Any]) -> list[Good]:
    """Goods to show a rule with: three of the first that it is about, one of another."""
    try:
        scopes = check_promotion(rule).everywhere
    except BadInput:
        scopes = ()
    known = [x for x in services.store.read(lambda tx: catalogue.products(tx, "", LOOKED_AT)) if x.unit_price]
    meant = [x for x in known if any(s.matches(_line(x, 1, 1), category_path(x.category)) for s in scopes)]
    first = (meant or known)[:1]
    other = [x for x in known if x not in meant and x not in first][:1]
    return [Good(3, x.sku, x.unit_price) for x in first] + [Good(1, x.sku, x.unit_price) for x in other]


def example(
    services: Services, rule: dict[str, Any], wanted: Sequence[Good], buyer: Buyer, language: Language
) -> dict[str, Any]:
    """{"pricing", "lines": {line: {"sku", "name", "quantity", "unit_price"}}, "gifts": [{"name", "quantity", "worth"}]}
    of some goods now, under the rules in force with this one beside them; gifts by their price, if we know it.

    BadInput with the faulty fields of the rule, or ``goods`` for one without a price here.
    """
    check_promotion(rule)

    def work(tx: Tx) -> dict[str, Any]:
        book = services.rules.current(tx)
        rules = compiled_with(stored.load(tx), rule["code"], rule | {"enabled": True})
        lines = [_line(_product(tx, good), place, good.quantity) for place, good in enumerate(wanted[:MOST_GOODS], 1)]
        coupon = (COUPON,) if buyer.coupon else ()
        given = {sku: found for sku in rules.gifts if (found := catalogue.product(tx, sku)) is not None}
        request = PriceRequest(
            basket=Basket(lines=tuple(lines), coupons=coupon),
            now=from_ms(services.now_ms()).astimezone(ZoneInfo(book.programme.zone)),
            zone=book.programme.zone,
            member=MemberFacts(id=MEMBER, tier=buyer.tier) if buyer.member else None,
            coupons=tuple(CouponFacts(code=code, promotion=buyer.coupon or "") for code in coupon),
            language=language,
            explain=True,
            prices={sku: found.unit_price or 0 for sku, found in given.items()},
        )
        pricing = price(rules, request).pricing
        return {
            "pricing": msgspec.to_builtins(pricing),
            "lines": {
                x.line: {"sku": x.sku, "name": x.name or x.sku, "quantity": x.quantity, "unit_price": x.unit_price}
                for x in lines
            },
            "gifts": [
                {"name": known.name or sku if (known := given.get(sku)) else sku, "quantity": quantity,
                 "worth": quantity * request.prices.get(sku, 0)}
                for sku, quantity in pricing.free_items.items()
            ],
        }  # fmt: skip

    return services.store.read(work)


def _product(tx: Tx, good: Good) -> Product:
    """The product at the price that is tried; one that we do not know needs a price."""
    known = catalogue.product(tx, good.sku) or Product(good.sku, None, None, None, None, None, 0)
    found = known if good.price is None else known._replace(unit_price=good.price)
    if found.unit_price is None:
        raise BadInput(errors={"goods": ["unknown"]})
    return found


def _line(product: Product, place: int, quantity: int) -> Line:
    return Line(
        line=str(place), sku=product.sku, quantity=quantity, unit_price=product.unit_price or 0, name=product.name,
        category=product.category, brand=product.brand, unit_cost=product.unit_cost,
    )  # fmt: skip
