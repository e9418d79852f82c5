"""/products and /categories: the catalogue that the till fills by itself."""

from __future__ import annotations

from flask import Response

from loyalty_pos.api.auth import current_caller
from loyalty_pos.api.base import api, page, reply, services, show, text
from loyalty_pos.api.body import write
from loyalty_pos.services import products
from loyalty_pos.services.products import CategoryIn, ProductIn


@api.get("/products")
def list_products() -> Response:
    """Products by sku; ``?q=`` finds words of name, brand or sku."""
    return show(products.list_products(services(), current_caller(), text("q", 100) or "", *page()))


@api.post("/products")
def save_product() -> Response:
    """Add a product, or correct the fields that are given."""
    return reply(products.save(services(), *write(ProductIn)))


@api.get("/products/<sku>")
def get_product(sku: str) -> Response:
    """One product."""
    return show(products.get(services(), current_caller(), sku))


@api.get("/categories")
def list_categories() -> Response:
    """All categories with their names."""
    return show(products.list_categories(services()))


@api.post("/categories")
def save_category() -> Response:
    """Name a category."""
    return reply(products.save_category(services(), *write(CategoryIn)))
