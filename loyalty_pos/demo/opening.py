"""Opening day of the made-up shop: store, lanes, staff, shelves and the programme."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from msgspec import Struct

from loyalty_pos.demo.catalogue import catalogue, programme
from loyalty_pos.services import products, promotions, staff, stores
from loyalty_pos.services import programme as programmes
from loyalty_pos.services.context import SYSTEM, Caller, Request, Services
from loyalty_pos.services.products import CategoryIn, ProductIn

ZONE = "Asia/Ho_Chi_Minh"
PASSWORD = "moc-an-demo"


class DemoClock:
    """A clock that stands where the story is."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """The story's time, in UTC."""
        return self.at.astimezone(UTC)


class Login(Struct, frozen=True):
    """A person who may sign in, with the password of the demo."""

    login: str
    password: str
    role: str
    name: str


class Lane(Struct, frozen=True):
    """One till: its terminal's code and key, and the caller that the key stands for."""

    code: str
    key: str
    cashier: str
    caller: Caller


class OpenShop(Struct, frozen=True):
    """The shop on its first morning."""

    name: str
    store: str
    lanes: list[Lane]
    logins: list[Login]
    manager: Caller


def open_shop(services: Services) -> OpenShop:
    """Set up everything but members, on an empty database."""
    rules = programme()
    store = rules.store["code"]
    owner = replace(SYSTEM, kind="staff", name="owner")
    request = Request(owner)
    stores.add_store(services, request, store, rules.store["name"])
    settings = {"name": rules.shop, "currency": "VND", "zone": ZONE, "language": "vi", "points": rules.points}
    programmes.change(services, request, settings)
    programmes.put_tiers(services, request, rules.tiers)
    for category in catalogue().categories:
        names = {"vi": category.name_vi, "en": category.name_en}
        products.save_category(services, request, CategoryIn(code=category.code, name=names))
    for product in catalogue().products:
        known = {name: getattr(product, name) for name in ProductIn.__struct_fields__}
        products.save(services, request, ProductIn(**known))
    for promotion in rules.promotions:
        promotions.create(services, request, promotion)
    return OpenShop(
        name=rules.shop,
        store=store,
        lanes=[
            _lane(services, request, code, store, cashier)
            for code, cashier in zip(rules.terminals, rules.cashiers, strict=True)
        ],
        logins=[_login(services, request, person, store) for person in rules.staff],
        manager=replace(owner, name="manager", role="manager"),
    )


def _lane(services: Services, request: Request, code: str, store: str, cashier: str) -> Lane:
    _, terminal = stores.add_terminal(services, request, code, store)
    return Lane(code, terminal["key"], cashier, staff.by_terminal_key(services, terminal["key"]))


def _login(services: Services, request: Request, person: dict[str, str], store: str) -> Login:
    where = [] if person["role"] in staff.EVERYWHERE else [store]
    staff.add_staff(services, request, person["login"], person["name"], person["role"], where, PASSWORD)
    return Login(person["login"], PASSWORD, person["role"], person["name"])
