"""The catalogue: products by sku, categories with their names.  The till fills it by itself with
whatever it sells; here it is looked up, searched and corrected."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from loyalty_pos.domain.basket import Id, Money, Text
from loyalty_pos.errors import BadInput, NotFound
from loyalty_pos.services.context import Caller, Outcome, Request, Services, from_ms
from loyalty_pos.services.idempotency import write
from loyalty_pos.services.members import fold
from loyalty_pos.storage import audit, catalogue
from loyalty_pos.storage.catalogue import Product
from loyalty_pos.storage.tx import Tx

CHUNK = 2_000


class ProductIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /products; what is absent stays as it is known."""

    sku: Id
    name: Text | None = None
    category: Text | None = None
    brand: Text | None = None
    unit_price: Money | None = None
    unit_cost: Money | None = None


class CategoryIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /categories: the name per language, at least one."""

    code: Id
    name: Annotated[dict[str, Text], Meta(min_length=1, max_length=2)]


def _shown(tx: Tx, caller: Caller, row: Product) -> dict[str, Any]:
    """A product; what it costs the shop is for those who run it."""
    shown = {
        "sku": row.sku,
        "name": row.name,
        "category": row.category,
        "category_name": catalogue.category(tx, row.category) if row.category else None,
        "brand": row.brand,
        "unit_price": row.unit_price,
        "updated_at": from_ms(row.updated_at).isoformat(timespec="seconds"),
    }
    return shown | {"unit_cost": row.unit_cost} if caller.role in ("manager", "owner") else shown


def get(services: Services, caller: Caller, sku: str) -> dict[str, Any]:
    """{"sku", "name", "category", "category_name", "brand", "unit_price"}, and "unit_cost" for
    manager and owner; NotFound (``product_unknown``)."""

    def work(tx: Tx) -> dict[str, Any]:
        row = catalogue.product(tx, sku)
        if row is None:
            raise NotFound("product_unknown")
        return _shown(tx, caller, row)

    return services.store.read(work)


def list_products(
    services: Services, caller: Caller, query: str = "", cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    """{"items", "next"} by sku; every word of ``query`` is in name, brand or sku, marks do not matter."""
    words = fold(query).split()[:6]

    def work(tx: Tx) -> dict[str, Any]:
        found: list[Product] = []
        after = cursor or ""
        while len(found) <= limit and (chunk := catalogue.products(tx, after, CHUNK if words else limit + 1)):
            after = chunk[-1].sku
            found += [row for row in chunk if _has(row, words)]
        items = [_shown(tx, caller, row) for row in found[:limit]]
        return {"items": items, "next": found[limit - 1].sku if len(found) > limit else None}

    return services.store.read(work)


def _has(row: Product, words: list[str]) -> bool:
    text = fold(" ".join(filter(None, (row.sku, row.name, row.brand)))) if words else ""
    return all(word in text for word in words)


def save(services: Services, request: Request, body: ProductIn) -> tuple[Outcome, Any]:
    """Add a product, or correct the fields that are given: the product."""

    def work(tx: Tx) -> Outcome:
        now = services.now_ms()
        catalogue.save(tx, [Product(**msgspec.structs.asdict(body), updated_at=now)])
        audit.add(tx, now, request.caller.key, "product.save", body.sku, None)
        return Outcome("done", {"sku": body.sku})

    outcome = write(services, request, work)
    return outcome, get(services, request.caller, outcome.value()["sku"])


def list_categories(services: Services) -> dict[str, Any]:
    """{"items": [{"code", "name": {"vi", "en"}}], "next": null}; a shop has few."""
    found = services.store.read(catalogue.categories)
    return {"items": [{"code": code, "name": name} for code, name in found.items()], "next": None}


def save_category(services: Services, request: Request, body: CategoryIn) -> tuple[Outcome, Any]:
    """Name a category in Vietnamese, English or both: {"code", "name"}."""
    if not body.name.keys() <= {"vi", "en"}:
        raise BadInput(errors={"name": ["unknown_language"]})

    def work(tx: Tx) -> Outcome:
        catalogue.save_category(tx, body.code, body.name)
        audit.add(tx, services.now_ms(), request.caller.key, "category.save", body.code, None)
        return Outcome("done", {"code": body.code, "name": body.name})

    outcome = write(services, request, work)
    return outcome, outcome.value()
