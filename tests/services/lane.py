"""A lane that drives the services directly, in sentences: ``lane.sells(...)``, ``lane.settles(...)``.

Each write goes under a key of its own; ``key=`` and ``body=`` repeat one.  ``Books`` looks at the
database from behind, in plain SQL, as an auditor would.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from contextlib import closing
from datetime import date
from typing import Any, TypeVar

import msgspec
import pytest
from actions import line
from conftest import Shop
from databases import owner_url

from loyalty_pos.domain.basket import Basket
from loyalty_pos.services import (
    attach,
    checkout,
    coupons,
    ledger,
    members,
    merging,
    points,
    returns,
    sales,
    stored_value,
)
from loyalty_pos.services.context import SYSTEM, Caller, Outcome, Request, Services
from loyalty_pos.services.requests import (
    AdjustIn,
    AttachIn,
    CardIn,
    ExchangeIn,
    LoadIn,
    MemberIn,
    ReceiptReturnIn,
    ReturnIn,
    SaleIn,
    SettleIn,
    StoredValueIn,
    SwipeIn,
    TierIn,
)
from loyalty_pos.services.staff import by_terminal_key
from loyalty_pos.storage.engine import open_store
from loyalty_pos.storage.tables import metadata

Json = dict[str, Any]
T = TypeVar("T")
_numbers = itertools.count(1)

MILK = line("1", sku="milk", price=30_000, quantity=3, name="Sữa tươi", category="dairy/milk")
FRUIT = line("2", sku="apple", price=40_000, quantity=2, name="Táo", category="fresh/fruit")
COFFEE = line("3", sku="coffee", price=145_000, quantity=1, name="Cà phê", category="drinks/coffee")
BREAD = line("4", sku="bread", price=10_000, quantity=1, name="Bánh mì", category="bakery/bread")


def fresh_key() -> str:
    """An idempotency key that nobody used."""
    return f"lane-key-{next(_numbers):012d}"


def bread(amount: int, number: int | str = 1, **more: Any) -> Json:
    """One loaf at any price: no promotion knows it."""
    return line(number, sku="bread", price=amount, name="Bánh mì", category="bakery/bread", **more)


class Lane:
    """One lane and its cashier.  Every verb returns the contract's object; a refusal raises."""

    def __init__(self, services: Services, caller: Caller) -> None:
        self.services, self.caller = services, caller
        self.outcome: Outcome | None = None

    def request(self, content: object, key: str | None = None) -> Request:
        """A write of this lane."""
        digest = hashlib.sha256(msgspec.json.encode(content)).digest()
        return Request(self.caller, key or fresh_key(), digest)

    def receipt(self) -> str:
        """A receipt number of its own."""
        return f"r-{next(_numbers):06d}"

    def _said(self, answer: tuple[Outcome, Any]) -> Any:
        self.outcome, body = answer
        return body

    def enrols(self, key: str | None = None, **person: Any) -> Json:
        """A new member: the contract's answer."""
        body = msgspec.convert(person, MemberIn)
        return self._said(members.enrol(self.services, self.request(person, key), body))

    def gives_card(self, member: str, **body: Any) -> Json:
        """One more card, or a successor."""
        return self._said(members.add_card(self.services, self.request(body), member, msgspec.convert(body, CardIn)))

    def identifies(self, swipe: str, entry: str | None = "scan", key: str | None = None) -> Json:
        """Who holds this card?"""
        body = SwipeIn(swipe=swipe, entry=entry)  # type: ignore[arg-type]
        return self._said(checkout.identify(self.services, self.request(swipe, key), body))

    def quotes(self, *lines: Json, **fields: Any) -> Json:
        """What would it cost?"""
        return checkout.quote(self.services, self.caller, basket(*lines, **fields))  # type: ignore[no-any-return]

    def opens(self, *lines: Json, key: str | None = None, **fields: Any) -> Json:
        """Open a checkout."""
        body = basket(*lines, **fields)
        return self._said(checkout.open_checkout(self.services, self.request(body, key), body))

    def changes(self, checkout_id: str, *lines: Json, key: str | None = None, **fields: Any) -> Json:
        """Change the basket of a checkout."""
        body = basket(*lines, **fields)
        return self._said(checkout.reprice(self.services, self.request(body, key), checkout_id, body))

    def settles(self, checkout_id: str, receipt: str | None = None, key: str | None = None) -> Json:
        """Settle a checkout."""
        body = SettleIn(receipt=receipt or self.receipt())
        return self._said(sales.settle(self.services, self.request(body, key), checkout_id, body))

    def voids(self, checkout_id: str, key: str | None = None) -> Json:
        """Void a checkout."""
        return self._said(checkout.void(self.services, self.request("void", key), checkout_id))

    def sells(self, *lines: Json, receipt: str | None = None, key: str | None = None, **fields: Any) -> Json:
        """Open and settle in one."""
        fields["receipt"] = receipt or self.receipt()
        body = basket(*lines, kind=SaleIn, **fields)
        return self._said(sales.sell(self.services, self.request(body, key), body))

    def takes_back(self, sale: str, *lines: tuple[str, int | str], key: str | None = None, **fields: Any) -> Json:
        """Return (line, quantity) of a sale."""
        body = back(ReturnIn, lines, receipt=fields.pop("receipt", None) or self.receipt(), **fields)
        return self._said(returns.give_back(self.services, self.request(body, key), sale, body))

    def takes_back_all(self, sold: Json, **fields: Any) -> Json:
        """Return every unit of a sale."""
        whole = [(row["line"], len(row["units"])) for row in sold["lines"]]
        return self.takes_back(sold["id"], *whole, **fields)

    def exchanges(
        self, sale: str, lines: list[tuple[str, int | str]], *new: Json, key: str | None = None, **fields: Any
    ) -> Json:
        """Return (line, quantity) of a sale for a new basket; ``for_=`` are the basket's other fields."""
        goods = basket(*new, kind=ExchangeIn, **fields.pop("for_", {}))
        return self.takes_back(sale, *lines, key=key, exchange=goods, **fields)

    def takes_back_receipt(
        self, sale_receipt: str, *lines: tuple[str, int | str], key: str | None = None, **fields: Any
    ) -> Json:
        """Return by the receipt of the sale."""
        receipt = fields.pop("receipt", None) or self.receipt()
        body = back(ReceiptReturnIn, lines, sale_receipt=sale_receipt, receipt=receipt, **fields)
        return self._said(returns.give_back_by_receipt(self.services, self.request(body, key), body))

    def attaches(self, sale: str, card: str, key: str | None = None) -> Json:
        """A forgotten card, after the sale."""
        body = AttachIn(card=card)
        return self._said(attach.attach(self.services, self.request([sale, card], key), sale, body))

    def merges(self, member: str, into: str, key: str | None = None) -> Json:
        """One member becomes an alias of another."""
        request = self.request([member, into], key)
        return self._said(merging.merge(self.services, request, member, into, "the same person"))

    def adjusts(self, member: str, amount: int, key: str | None = None) -> Json:
        """Points by hand."""
        body = AdjustIn(points=amount, reason="a test gives them")
        return self._said(points.adjust(self.services, self.request(body, key), member, body))

    def gives_tier(self, member: str, tier: str | None, key: str | None = None) -> Json:
        """A tier by hand."""
        body = TierIn(tier=tier, reason="a test gives it")
        return self._said(members.give_tier(self.services, self.request([tier], key), member, body))

    def issues(self, member: str, promotion: str = "ten-percent", valid_to: date | None = None) -> str:
        """The code of a new coupon."""
        request = Request(SYSTEM, fresh_key(), b"")
        return str(coupons.issue(self.services, request, member, promotion, valid_to)[1]["code"])

    def gives_value(self, amount: int, **fields: Any) -> str:
        """The code of a new gift card, or wallet, that the owner put money on."""
        body = msgspec.convert({"amount": amount, "reason": "a test gives it"} | fields, StoredValueIn)
        return str(stored_value.issue(self.services, Request(SYSTEM, fresh_key(), b""), body)[1]["code"])

    def sells_value(self, sold: Json, amount: int, line: str = "1", code: str | None = None, **fields: Any) -> Json:
        """Load what a line of a sale sold, onto a new gift card or the one with this code."""
        fields |= {"amount": amount, "sale": sold["id"], "line": line}
        key = fields.pop("key", None)
        request = self.request([code, fields], key)
        if code is None:
            return self._said(stored_value.issue(self.services, request, msgspec.convert(fields, StoredValueIn)))
        return self._said(stored_value.load(self.services, request, code, msgspec.convert(fields, LoadIn)))

    def value(self, code: str) -> Json:
        """A gift card or wallet as it stands."""
        return stored_value.get(self.services, self.caller, code)

    def points(self, member: str) -> Json:
        """The member's balances."""
        return points.balances(self.services, self.caller, member)

    def entries(self, member: str) -> list[Json]:
        """The member's ledger."""
        found: list[Json] = points.entries(self.services, self.caller, member, None, 1_000)["items"]
        return found


def basket(*lines: Json, kind: type[T] = Basket, **fields: Any) -> T:  # type: ignore[assignment]
    """A decoded basket; its card was scanned unless said otherwise."""
    if "card" in fields:
        fields.setdefault("entry", "scan")
    return msgspec.convert({"lines": list(lines)} | fields, kind)


def back(kind: type[T], lines: tuple[tuple[str, int | str], ...], **fields: Any) -> T:
    """A decoded return, perhaps with the basket of an exchange."""
    units = [{"line": name, "quantity": quantity} for name, quantity in lines]
    new = fields.pop("exchange", None)
    made = msgspec.convert({"lines": units} | fields, kind)
    return made if new is None else msgspec.structs.replace(made, exchange=new)


class Books:
    """The database seen from behind: rows by SQL, the laws of the ledger, snapshots to compare."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def rows(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.services.store.read(lambda tx: [tuple(row) for row in tx.all(sql, params)])

    def value(self, sql: str, *params: object) -> Any:
        """The only value of a query."""
        return self.rows(sql, *params)[0][0]

    def change(self, sql: str, *params: object) -> None:
        """Run one statement as the owner of the tables, whatever rule of ours it breaks."""
        store = self.services.store
        if store.dialect == "sqlite":
            store.write(lambda tx: tx.run(sql, params))
            return
        with closing(open_store(owner_url(store.url))) as owner:
            owner.write(lambda tx: tx.run(sql, params))

    def faults(self) -> list[str]:
        """What the ledger check finds; an empty list is the proof."""
        return ledger.check(self.services)

    def exceptions(self) -> list[tuple[str, int]]:
        """(code, amount) of the manager's list, oldest first."""
        return [(row[0], row[1]) for row in self.rows("SELECT code, amount FROM exceptions ORDER BY id")]

    def state(self) -> Json:
        """Every counter of every member, product, limit and coupon, without what is zero (S30)."""
        return {
            "members": self.rows(
                "SELECT id, tier, active, pending, held, spent, expired, shortfall FROM members ORDER BY id"
            ),
            "lots": self.rows(
                "SELECT member_id, remaining, held, state, expires_at FROM lots WHERE remaining > 0 "
                "ORDER BY member_id, expires_at, id"
            ),
            "profiles": self.counters("profiles", "member_id"),
            "days": self.counters("member_days", "member_id, day"),
            "stores": self.counters("member_stores", "member_id, store_id"),
            "products": self.counters("member_products", "member_id, sku"),
            "categories": self.counters("member_categories", "member_id, category"),
            "usage": self.counters("usage", "promotion, scope, subject"),
            "values": self.rows("SELECT code, balance, held FROM stored_values ORDER BY code"),
            "coupons": self.rows("SELECT code, state FROM coupons WHERE state <> 'cancelled' ORDER BY code"),
        }

    def dump(self) -> Json:
        """Every row of every table."""
        return {name: sorted(map(repr, self.rows(f'SELECT * FROM "{name}"'))) for name in sorted(metadata.tables)}

    def counters(self, table: str, key: str) -> list[Json]:
        """The rows of a counter table that count anything."""
        names = [column.name for column in metadata.tables[table].columns]
        keys = key.split(", ")
        found = []
        for row in self.rows(f"SELECT {', '.join(names)} FROM {table} ORDER BY {key}"):
            facts = {name: float(f"{v:.9g}") if isinstance(v, float) else v for name, v in zip(names, row, strict=True)}
            counts = [v for name, v in facts.items() if name not in (*keys, "first_at", "last_at")]
            if any(counts):
                found.append(facts)
        return found


def lane_of(shop: Shop, code: str = "hn-01-1") -> Lane:
    """A lane of the shop."""
    return Lane(shop.services, by_terminal_key(shop.services, shop.keys[code]))


def same(left: object, right: object) -> bool:
    """Whether two answers are equal to the byte."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


@pytest.fixture
def lane(shop: Shop) -> Lane:
    """Lane hn-01-1, every scope."""
    return lane_of(shop)


@pytest.fixture
def books(shop: Shop) -> Books:
    """The shop's database from behind."""
    return Books(shop.services)


@pytest.fixture
def hanh(lane: Lane) -> Json:
    """A member: {"id", "card"}."""
    made = lane.enrols(name="Nguyễn Thị Hạnh", phone="0901234567", birthday="1990-05-24")
    return {"id": made["member"]["id"], "card": made["card"]["number"]}


sqlite_only = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
