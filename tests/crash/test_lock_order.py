"""Locks are taken in one order (docs/architecture.md): crossing operations wait, and never deadlock.

PostgreSQL only: SQLite has one writer.  A deadlock would be repeated and nobody would see it; here each is counted.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from actions import line
from conftest import Shop, add_promotions
from psycopg import errors as pg
from services.lane import Books, Lane, bread

from loyalty_pos.errors import LoyaltyError
from loyalty_pos.jobs import release_holds
from loyalty_pos.storage.postgres import PostgresStore

Json = dict[str, Any]
ROUNDS, THREADS = 12, 8
pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.parametrize("store_url", ["postgresql"], indirect=True),
]
LIMITED: list[Json] = [
    {"code": code, "name": {"vi": code, "en": code}, "limits": {"total": 1_000_000}, "trigger": trigger,
     "rewards": [{"kind": "amount_off", "amount": 1_000, "per": "basket", "scope": {"all": True}}]}
    for code, trigger in (("spring", "automatic"), ("autumn", "automatic"), ("ticket", "coupon"))
]  # fmt: skip


@pytest.fixture
def deadlocks(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[psycopg.Error]]:
    """The deadlocks that PostgreSQL had to break."""
    found: list[psycopg.Error] = []
    known = PostgresStore._known

    def watch(store: PostgresStore, error: psycopg.Error) -> Exception:
        if isinstance(error, pg.DeadlockDetected):
            found.append(error)
        return known(store, error)

    monkeypatch.setattr(PostgresStore, "_known", watch)
    return found


def all_the_time(acts: list[Callable[[int], Any]]) -> list[str]:
    """Every act ``ROUNDS`` times in each of its threads, all at once; the codes of what was refused."""
    gate, refused = threading.Barrier(THREADS), []

    def run(number: int) -> None:
        act = acts[number % len(acts)]
        gate.wait()
        for turn in range(ROUNDS):
            try:
                act(turn * THREADS + number)
            except LoyaltyError as error:
                refused.append(error.code)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(run, range(THREADS)))
    return refused


@pytest.fixture
def two(lane: Lane) -> list[Json]:
    """Two members with points."""
    made = [lane.enrols(name=f"M{number}") for number in range(2)]
    for one in made:
        lane.adjusts(one["member"]["id"], 1_000)
        lane.adjusts(one["member"]["id"], 1_000)
    return [{"id": one["member"]["id"], "card": one["card"]["number"]} for one in made]


def test_checkouts_change_their_member_in_both_directions(
    lane: Lane, two: list[Json], books: Books, deadlocks: list[psycopg.Error]
) -> None:
    """Members by id: A to B at one till, B to A at the next."""
    first, second = two

    def there(before: Json, after: Json) -> Callable[[int], None]:
        def act(_: int) -> None:
            opened = lane.opens(bread(50_000), card=before["card"], redeem_points=100)
            lane.changes(opened["id"], bread(50_000), card=after["card"], redeem_points=100, replace_card=True)
            lane.voids(opened["id"])

        return act

    assert set(all_the_time([there(first, second), there(second, first)])) <= {"busy"}
    assert deadlocks == []
    assert books.faults() == []


def test_coupons_and_limits_are_taken_in_one_order(
    shop: Shop, lane: Lane, two: list[Json], books: Books, deadlocks: list[psycopg.Error]
) -> None:
    """The same two coupons of bearers and the same limits, named in either order, held, used, let go, run out."""
    add_promotions(shop.services, LIMITED)
    codes = [bearer(lane) for _ in range(2)]

    def opens(order: int) -> Callable[[int], None]:
        def act(turn: int) -> None:
            card = two[(turn + order) % 2]["card"]
            named = codes[:: 1 if order else -1]
            opened = lane.opens(bread(90_000), card=card, coupons=named, redeem_points=100 * (turn % 2))
            lane.voids(opened["id"])

        return act

    def sells(turn: int) -> None:
        sold = lane.sells(bread(90_000), card=two[turn % 2]["card"], coupons=codes[:: 1 if turn % 3 else -1])
        lane.takes_back_all(sold)

    def runs_out(turn: int) -> None:
        lane.opens(bread(90_000), card=two[turn % 2]["card"], coupons=codes)
        shop.services.clock.move(minutes=16)  # type: ignore[attr-defined]
        release_holds.run(shop.services)

    refused = all_the_time([opens(0), opens(1), sells, runs_out])
    assert set(refused) <= {"busy", "checkout_settled", "checkout_voided"}
    assert deadlocks == []
    assert books.faults() == []


def test_new_goods_come_in_any_order(lane: Lane, deadlocks: list[psycopg.Error]) -> None:
    """Two baskets with the same goods that our catalogue does not know, in opposite order."""

    def sells(way: int) -> Callable[[int], None]:
        def act(turn: int) -> None:
            lines = [line(number, sku=f"new-{turn // THREADS}-{number}") for number in range(1, 9)][::way]
            lane.sells(*[one | {"line": str(at)} for at, one in enumerate(lines, 1)])

        return act

    assert set(all_the_time([sells(1), sells(-1)])) <= {"busy"}
    assert deadlocks == []


def test_sales_and_returns_of_one_receipt_number(
    lane: Lane, two: list[Json], books: Books, deadlocks: list[psycopg.Error], shop: Shop
) -> None:
    """The number of an older sale comes back on a new day while the older one is returned."""
    for member in two:
        for number in range(ROUNDS):
            lane.sells(bread(50_000), card=member["card"], receipt=f"again-{member['id']}-{number}")
    shop.services.clock.move(days=1)  # type: ignore[attr-defined]
    turns = [itertools.count() for _ in two]

    def sells(which: int) -> Callable[[int], None]:
        def act(_: int) -> None:
            number = next(turns[which]) % ROUNDS
            lane.sells(bread(50_000), card=two[which]["card"], receipt=f"again-{two[which]['id']}-{number}")

        return act

    def returns(which: int) -> Callable[[int], None]:
        def act(turn: int) -> None:
            lane.takes_back_receipt(f"again-{two[which]['id']}-{turn // THREADS}", ("1", 1))

        return act

    refused = all_the_time([sells(0), returns(0), sells(1), returns(1)])
    assert set(refused) <= {"busy", "more_than_bought", "receipt_ambiguous", "receipt_conflict"}
    assert deadlocks == []
    assert books.faults() == []


def bearer(lane: Lane) -> str:
    """The code of a coupon that belongs to whoever holds it."""
    code = lane.issues(lane.enrols(name="X")["member"]["id"], "ticket")
    lane.services.store.write(lambda tx: tx.run("UPDATE coupons SET member_id = NULL WHERE code = ?", (code,)))
    return code
