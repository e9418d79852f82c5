"""The made-up shop's data files say what the story and the rules need."""

from __future__ import annotations

from loyalty_pos.demo.catalogue import catalogue, name_book, programme
from loyalty_pos.domain.checkdigits import gs1_valid
from loyalty_pos.domain.pricing.compile import compile_rules


def test_the_shelves_hold_300_products_with_valid_numbers_and_a_margin() -> None:
    products = catalogue().products
    assert len(products) == 300
    assert len({product.sku for product in products}) == len({product.name for product in products}) == 300
    for product in products:
        assert product.sku.startswith("893")
        assert len(product.sku) == 13
        assert gs1_valid(product.sku)
        assert 0 < product.unit_cost < product.unit_price
        assert product.sold_by in ("unit", "kg")


def test_every_product_stands_in_a_category_with_two_names() -> None:
    categories = {category.code: category for category in catalogue().categories}
    for product in catalogue().products:
        assert categories[product.category].share > 0
        assert product.category.split("/")[0] in categories
    assert all(category.name_vi and category.name_en for category in categories.values())


def test_the_programme_has_four_tiers_and_eight_promotions_of_six_kinds() -> None:
    """The eighth, "see you again", has a version for each kind of favourite."""
    rules = programme()
    assert [tier["name"]["vi"] for tier in rules.tiers] == ["Đồng", "Bạc", "Vàng", "Bạch kim"]
    own = {promotion["code"].removeprefix("again-") for promotion in rules.promotions}
    favourites = {"fresh", "dairy", "food", "drinks"}
    assert len(own - favourites) == 8
    kinds = {reward["kind"] for promotion in rules.promotions for reward in promotion["rewards"]}
    assert kinds == {"percent_off", "amount_off", "fixed_price", "cheapest_off", "buy_get", "issue_coupon"}


def test_the_rule_set_compiles() -> None:
    rules = programme()
    compiled = compile_rules(
        version=1, currency="VND", policy={}, promotions=rules.promotions, tiers=rules.tiers, points=rules.points
    )
    assert set(compiled.offers) >= {promotion["code"] for promotion in rules.promotions}


def test_a_promotion_names_only_what_is_on_the_shelves() -> None:
    skus = {product.sku for product in catalogue().products}
    codes = {category.code for category in catalogue().categories}
    for promotion in programme().promotions:
        for part in promotion["rewards"] + promotion.get("conditions", []):
            for scope in (part.get(key, {}) for key in ("scope", "buy_scope", "get_scope")):
                assert set(scope.get("skus", [])) <= skus
                assert set(scope.get("categories", [])) <= codes


def test_a_name_is_drawn_from_more_than_a_handful() -> None:
    book = name_book()
    assert len(book.family) >= 20
    assert all(len(names.given) >= 30 and len(names.middle) >= 15 for names in (book.female, book.male))
