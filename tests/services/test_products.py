"""The catalogue: look up, search without marks, correct."""

from __future__ import annotations

import pytest
from conftest import Shop

from loyalty_pos.errors import BadInput, NotFound
from loyalty_pos.services import products, staff
from loyalty_pos.services.context import SYSTEM, Request, Services
from loyalty_pos.services.products import CategoryIn, ProductIn
from loyalty_pos.storage.tables import metadata

WRITE = Request(SYSTEM)


@pytest.fixture
def shelf(services: Services, shop: Shop) -> Services:
    for sku, name, brand in (("1", "Mì Hảo Hảo", "Acecook"), ("2", "Phở bò", "Acecook"), ("3", "Sữa tươi", None)):
        products.save(services, WRITE, ProductIn(sku=sku, name=name, brand=brand, unit_price=4500, unit_cost=3900))
    return services


def skus(found: dict[str, list[dict[str, str]]]) -> list[str]:
    return [row["sku"] for row in found["items"]]


def test_words_are_found_without_their_marks(shelf: Services) -> None:
    assert skus(products.list_products(shelf, SYSTEM, "mi HAO")) == ["1"]
    assert skus(products.list_products(shelf, SYSTEM, "acecook")) == ["1", "2"]
    assert skus(products.list_products(shelf, SYSTEM, "nothing")) == []


def test_the_list_comes_in_pages(shelf: Services) -> None:
    first = products.list_products(shelf, SYSTEM, limit=2)
    rest = products.list_products(shelf, SYSTEM, cursor=first["next"], limit=2)
    assert (skus(first), skus(rest), rest["next"]) == (["1", "2"], ["3"], None)


def test_a_correction_keeps_what_it_does_not_name(shelf: Services) -> None:
    _, after = products.save(shelf, WRITE, ProductIn(sku="1", unit_price=4700))
    assert (after["name"], after["unit_price"], after["unit_cost"]) == ("Mì Hảo Hảo", 4700, 3900)


def test_the_cost_is_for_those_who_run_the_shop(shelf: Services, shop: Shop) -> None:
    cashier, manager = (staff.by_token(shelf, shop.tokens[role]) for role in ("cashier", "manager"))
    assert "unit_cost" not in products.get(shelf, cashier, "1")
    assert products.get(shelf, manager, "1")["unit_cost"] == 3900
    with pytest.raises(NotFound):
        products.get(shelf, manager, "999")


def test_a_category_has_a_name_in_each_language(shelf: Services) -> None:
    names = {"vi": "Mì ăn liền", "en": "Instant noodles"}
    products.save_category(shelf, WRITE, CategoryIn(code="food/noodles", name=names))
    _, row = products.save(shelf, WRITE, ProductIn(sku="1", category="food/noodles"))
    assert row["category_name"] == names
    assert products.list_categories(shelf)["items"] == [{"code": "food/noodles", "name": names}]
    with pytest.raises(BadInput):
        products.save_category(shelf, WRITE, CategoryIn(code="x", name={"fr": "Pâtes"}))


def test_no_category_names_a_parent() -> None:
    """A category's parents are in its path (docs/promotions.md), so no circle of them can be stored."""
    assert CategoryIn.__struct_fields__ == ("code", "name")
    assert set(metadata.tables["categories"].columns.keys()) == {"code", "name"}
