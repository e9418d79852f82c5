"""The same offers and baskets through django-oscar's applicator, in an interpreter of its own that has it.

    PYTHON_WITH_OSCAR bench/applicator.py < workload.json > answers.json

Input: [{"offers": [...], "baskets": [[line, ...], ...]}, ...]; output: for each workload the milliseconds of
CPU and the discount of each basket.  Only ``Applicator.apply`` is timed, on a database in memory; making
products, offers and baskets is not.  bench.pricing calls it.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from decimal import Decimal
from typing import Any

Json = dict[str, Any]


def set_up() -> None:
    """A Django project with nothing but the shop."""
    import django
    from django.conf import settings
    from django.core.management import call_command
    from oscar import defaults

    names = {name: getattr(defaults, name) for name in dir(defaults) if name.startswith("OSCAR_")}
    core = ("admin", "auth", "contenttypes", "sessions", "messages", "staticfiles", "sites", "flatpages")
    shop = [
        "analytics",
        "checkout",
        "address",
        "shipping",
        "catalogue",
        "catalogue.reviews",
        "communication",
        "voucher",
        "partner",
        "basket",
        "payment",
        "offer",
        "order",
        "customer",
        "search",
        "wishlists",
        "dashboard",
    ]
    back = [
        "reports",
        "users",
        "orders",
        "catalogue",
        "offers",
        "partners",
        "pages",
        "ranges",
        "reviews",
        "vouchers",
        "communications",
        "shipping",
    ]
    settings.configure(
        ROOT_URLCONF="oscar.config",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=[
            *(f"django.contrib.{name}" for name in core),
            "oscar.config.Shop",
            *(f"oscar.apps.{name}.apps.{config(name)}" for name in shop),
            *(f"oscar.apps.dashboard.{name}.apps.{name.capitalize()}DashboardConfig" for name in back),
            *("widget_tweaks", "haystack", "treebeard", "django_tables2"),
        ],
        HAYSTACK_CONNECTIONS={"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
        SITE_ID=1,
        SECRET_KEY="benchmark",
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        **names,
    )
    django.setup()
    call_command("migrate", verbosity=0)


def config(app: str) -> str:
    """The name of an app's configuration."""
    return {"catalogue.reviews": "CatalogueReviewsConfig"}.get(app, f"{app.capitalize()}Config")


class Shop:
    """Categories and products, made when first asked for."""

    def __init__(self) -> None:
        from oscar.core.loading import get_model

        self._model = get_model
        self._kind = get_model("catalogue", "ProductClass").objects.create(name="Goods", track_stock=False)
        self._partner = get_model("partner", "Partner").objects.create(name="Shop")
        self._numbers = itertools.count()
        self._categories: dict[str, Any] = {}
        self._products: dict[str, Any] = {}

    def category(self, name: str) -> Any:
        """A category."""
        if name not in self._categories:
            self._categories[name] = self._model("catalogue", "Category").add_root(name=name)
        return self._categories[name]

    def product(self, line: Json) -> Any:
        """The product of a basket's line."""
        if line["sku"] not in self._products:
            product = self._model("catalogue", "Product").objects.create(
                product_class=self._kind, title=line["sku"], upc=line["sku"]
            )
            product.categories.add(self.category(line["category"]))
            self._model("partner", "StockRecord").objects.create(
                product=product, partner=self._partner, partner_sku=line["sku"], price=Decimal(line["unit_price"]),
                price_currency="VND",
            )  # fmt: skip
            self._products[line["sku"]] = product
        return self._products[line["sku"]]

    def offer(self, promotion: Json) -> Any:
        """One promotion of bench.pricing as a site offer."""
        reward = promotion["rewards"][0]
        make = self._model
        goods = make("offer", "Range").objects.create(name=f"r{next(self._numbers)}")
        for name in reward["scope"]["categories"]:
            goods.included_categories.add(self.category(name))
        count = reward.get("quantity", 1)
        kind, value = {
            "percent_off": ("Percentage", reward.get("percent")),
            "amount_off": ("Absolute", reward.get("amount")),
            "cheapest_off": ("Multibuy", None),
            "fixed_price_group": ("Fixed price", reward.get("price")),
        }[reward["kind"]]
        wanted = make("offer", "Condition").objects.create(type="Count", value=count, range=goods)
        given = make("offer", "Benefit").objects.create(
            type=kind, value=value, range=None if kind == "Fixed price" else goods
        )
        return make("offer", "ConditionalOffer").objects.create(
            name=promotion["code"], offer_type="Site", condition=wanted, benefit=given,
            max_basket_applications=None if kind == "Fixed price" else 1,
        )  # fmt: skip

    def basket(self, lines: list[Json]) -> Any:
        """An open basket with these goods."""
        from oscar.apps.partner.strategy import Default

        basket = self._model("basket", "Basket").objects.create()
        basket.strategy = Default()
        for line in lines:
            basket.add_product(self.product(line), quantity=line["quantity"])
        return basket


def run(shop: Shop, workload: Json) -> Json:
    """Every basket of a workload."""
    from oscar.apps.offer.applicator import Applicator

    offers = [shop.offer(promotion) for promotion in workload["offers"]]
    spent, discounts = [], []
    for lines in workload["baskets"]:
        basket = shop.basket(lines)
        basket.reset_offer_applications()
        began = time.process_time()
        Applicator().apply(basket)
        spent.append(1_000 * (time.process_time() - began))
        discounts.append(float(basket.total_discount))
    for offer in offers:
        offer.delete()
    return {"ms": spent, "discounts": discounts}


def main() -> None:
    """From standard input to standard output."""
    set_up()
    shop = Shop()
    json.dump([run(shop, workload) for workload in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
