"""Many tills at once, on both engines: one winner per coupon, no balance below zero, one effect per key.

Reliability.md section 1, rows 1-4, and section 3.7: the guarantees stand in the database.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from actions import line
from conftest import Shop, add_promotions
from services.lane import Books, Lane, bread, fresh_key

from loyalty_pos.errors import Conflict, InProgress, LoyaltyError, Refused
from loyalty_pos.services import programme
from loyalty_pos.services.context import SYSTEM, Request
from loyalty_pos.services.rules import RuleBooks
from loyalty_pos.storage.engine import open_store

Json = dict[str, Any]
THREADS = 32


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """What ``act(0..count-1)`` answered or refused, all started together."""
    gate = threading.Barrier(count)

    def run(number: int) -> Any:
        gate.wait()
        try:
            return act(number)
        except LoyaltyError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def codes(found: list[Any]) -> Counter[str]:
    """How often each refusal was heard, ``ok`` for an answer."""
    return Counter(error.code if isinstance(error, LoyaltyError) else "ok" for error in found)


def test_one_coupon_at_thirty_two_tills(lane: Lane, hanh: Json, books: Books) -> None:
    """S37: exactly one sale gets it; the others are sold without, and told."""
    code = lane.issues(hanh["id"])
    sold = at_once(THREADS, lambda _: lane.sells(bread(50_000), card=hanh["card"], coupons=[code]))
    heard = Counter(x["coupons"][0]["reason"] or x["coupons"][0]["status"] for x in sold)
    assert heard == {"applied": 1, "coupon_used": THREADS - 1}
    assert sum(x["totals"]["discount"] for x in sold) == 5_000
    assert books.faults() == []


def test_one_bearers_coupon_answers_the_others_alike(lane: Lane, hanh: Json, books: Books) -> None:
    """S36: whoever does not own it hears ``coupon_not_usable``, used or not."""
    code = lane.issues(hanh["id"])
    sold = at_once(THREADS, lambda n: lane.sells(
        bread(50_000), card=hanh["card"], entry="scan" if n == 0 else "typed", coupons=[code]
    ))  # fmt: skip
    heard = Counter(x["coupons"][0]["reason"] or "applied" for x in sold)
    assert heard["applied"] == 1
    assert set(heard) <= {"applied", "coupon_not_usable", "coupon_used"}
    assert heard["coupon_used"] <= 1
    assert books.faults() == []


def test_one_gift_card_at_thirty_two_tills(lane: Lane, books: Books) -> None:
    """Reliability row 4: ten whole payments, one of what is left, nothing below zero at any prefix."""
    code = lane.gives_value(52_500)
    sold = at_once(THREADS, lambda _: lane.sells(bread(5_000), pay_with=[code]))
    assert Counter(5_000 - x["totals"]["due"] for x in sold) == {5_000: 10, 2_500: 1, 0: THREADS - 11}
    assert books.value("SELECT balance FROM stored_values") == 0
    assert books.value("SELECT min(balance) FROM value_entries") == 0
    assert books.faults() == []


def test_one_gift_card_is_held_as_often_as_it_has_money(lane: Lane, hanh: Json, books: Books) -> None:
    """S21: thirty-two openings; each that holds settles for what it held, beside points of one member."""
    for _ in range(7):
        lane.adjusts(hanh["id"], 1_000)
    code = lane.gives_value(45_000)
    fields: Json = {"card": hanh["card"], "redeem_points": 200, "pay_with": [code]}
    made = at_once(THREADS, lambda _: lane.opens(bread(7_000), **fields))
    held = [5_000 - x["totals"]["due"] for x in made]
    assert Counter(held) == {5_000: 9, 0: THREADS - 9}
    assert lane.value(code)["held"] == 45_000
    ended = at_once(THREADS, lambda n: lane.settles(made[n]["id"]) if n % 2 else lane.voids(made[n]["id"]))
    assert codes(ended) == {"ok": THREADS}
    assert lane.value(code)["balance"] == 45_000 - sum(held[1::2])
    assert lane.value(code)["held"] == 0
    assert books.faults() == []


def test_a_reward_is_claimed_as_often_as_there_are_points(lane: Lane, hanh: Json, books: Books) -> None:
    """S22: three times 300 points of a thousand; the others are told, and pay the whole price."""
    loaf = {"code": "loaf", "cost": 300, "reward": {"kind": "percent_off", "percent": 100, "scope": {"all": True}}}
    programme.change(lane.services, Request(SYSTEM), {"points": {"rewards": [loaf]}})
    lane.adjusts(hanh["id"], 1_000)
    fields: Json = {"card": hanh["card"], "claim_rewards": ["loaf"]}
    sold = at_once(THREADS, lambda _: lane.sells(bread(900, earns=False), **fields))
    assert Counter(sum(x["rewards"].values()) for x in sold) == {300: 3, 0: THREADS - 3}
    assert Counter(x["totals"]["net"] for x in sold) == {0: 3, 900: THREADS - 3}
    assert lane.points(hanh["id"])["active"] == 100
    assert books.faults() == []


def test_a_sold_line_is_loaded_once(lane: Lane, books: Books) -> None:
    """Thirty-two tills load what one line sold: as much as it sold, on whichever cards."""
    programme.change(lane.services, Request(SYSTEM), {"gift_card_skus": ["bread"]})
    sold = lane.sells(bread(200_000))
    loaded = at_once(THREADS, lambda _: lane.sells_value(sold, 20_000))
    assert codes(loaded) == {"ok": 10, "value_not_sold": THREADS - 10}
    assert books.value("SELECT sum(balance) FROM stored_values") == 200_000
    assert books.faults() == []


def test_a_gift_card_is_spent_or_comes_back(lane: Lane, books: Books) -> None:
    """Its money is not there twice: whoever pays first leaves nothing to give back."""
    programme.change(lane.services, Request(SYSTEM), {"gift_card_skus": ["bread"]})
    for _ in range(8):
        sold = lane.sells(bread(200_000))
        code = lane.sells_value(sold, 200_000)["code"]
        back, paid = at_once(2, partial(_returned_or_spent, lane, sold, code))
        spent = 50_000 - paid["totals"]["due"]
        assert (spent == 0) == (not isinstance(back, Refused)), (back, paid["totals"])
        assert lane.value(code)["balance"] == (150_000 if spent else 0)
    assert books.faults() == []


def _returned_or_spent(lane: Lane, sold: Json, code: str, number: int) -> Json:
    """The one gives the gift card back, the other pays with it."""
    return lane.sells(bread(50_000) | {"sku": "rice"}, pay_with=[code]) if number else lane.takes_back_all(sold)


def test_one_coupon_is_held_once(lane: Lane, hanh: Json, books: Books) -> None:
    """S21, S37: of thirty-two openings one holds it."""
    code = lane.issues(hanh["id"])
    made = at_once(THREADS, lambda _: lane.opens(bread(50_000), card=hanh["card"], coupons=[code]))
    heard = Counter(x["coupons"][0]["reason"] or x["coupons"][0]["status"] for x in made)
    assert heard == {"applied": 1, "coupon_held": THREADS - 1}
    assert books.faults() == []


def test_a_hot_member_never_goes_below_zero(lane: Lane, hanh: Json, books: Books) -> None:
    """L4, L5: thirty-two tills spend and earn on one account; the balance is the ledger's sum."""
    lane.adjusts(hanh["id"], 1_000)

    def visit(_: int) -> list[Json]:
        return [
            lane.sells(bread(20_000), card=hanh["card"], redeem_points=100),
            lane.settles(lane.opens(bread(20_000), card=hanh["card"], redeem_points=150)["id"]),
        ]

    sold = [x for visits in at_once(THREADS, visit) for x in visits]
    now = lane.points(hanh["id"])
    assert len(sold) == 2 * THREADS
    assert now["spent"] == sum(x["points"]["redeemed"] for x in sold)
    assert now["active"] == 1_000 + sum(x["points"]["earned"] - x["points"]["redeemed"] for x in sold) >= 0
    assert now["held"] == 0
    assert now["active"] == sum(entry["points"] for entry in lane.entries(hanh["id"]))
    assert books.faults() == []


def test_one_receipt_from_sixteen_threads_is_one_sale(lane: Lane, hanh: Json, books: Books) -> None:
    """S45: every key its own, one sale, one answer."""
    sold = at_once(16, lambda _: lane.sells(bread(50_000), card=hanh["card"], receipt="0042"))
    assert all(x == sold[0] for x in sold)
    assert books.value("SELECT count(*) FROM sales") == 1
    assert lane.points(hanh["id"])["active"] == 50
    assert books.faults() == []


def test_one_key_from_sixteen_threads_is_one_effect(lane: Lane, hanh: Json, books: Books) -> None:
    """Reliability row 3: all answers equal, or ``in_progress``."""
    key = fresh_key()
    sold = at_once(16, lambda _: lane.sells(bread(50_000), card=hanh["card"], receipt="0042", key=key))
    answers = [x for x in sold if not isinstance(x, InProgress)]
    assert answers
    assert all(x == answers[0] for x in answers)
    assert books.value("SELECT count(*) FROM sales") == 1
    assert books.value("SELECT count(*) FROM answers WHERE key = ?", key) == 1
    assert books.faults() == []


@pytest.mark.parametrize("store_url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
def test_one_key_in_four_processes_is_one_effect(shop: Shop, lane: Lane, hanh: Json, books: Books) -> None:
    """Reliability row 3 beyond one process: four stores of their own, as four servers have."""
    from dataclasses import replace

    servers = [
        Lane(replace(shop.services, store=open_store(shop.services.store.url), rules=RuleBooks()), lane.caller)
        for _ in range(4)
    ]
    try:
        for number in range(10):
            key, receipt = fresh_key(), f"n-{number}"
            sold = at_once(8, lambda n, key=key, receipt=receipt: servers[n % 4].sells(  # type: ignore[misc]
                bread(50_000), card=hanh["card"], receipt=receipt, key=key
            ))  # fmt: skip
            assert set(codes(sold)) <= {"ok", "in_progress"}
            assert codes(sold)["ok"] >= 1
    finally:
        for server in servers:
            server.services.store.close()
    assert books.value("SELECT count(*) FROM sales") == 10
    assert lane.points(hanh["id"])["active"] == 500
    assert books.faults() == []


def test_a_total_limit_of_ten_is_ten(lane: Lane, books: Books, shop: Shop) -> None:
    """S37: thirty-two openings at once, exactly ten get it."""
    add_promotions(shop.services, [{
        "code": "first-ten", "name": {"vi": "Mười người đầu", "en": "First ten"}, "limits": {"total": 10},
        "rewards": [{"kind": "percent_off", "percent": 10, "scope": {"all": True}, "level": "basket"}],
    }])  # fmt: skip
    made = at_once(THREADS, lambda _: lane.opens(bread(50_000)))
    assert Counter(x["totals"]["discount"] for x in made) == {5_000: 10, 0: THREADS - 10}
    assert books.rows("SELECT uses, amount FROM usage") == [(10, 50_000)]


def test_ten_units_are_returned_ten_times(lane: Lane, hanh: Json, books: Books) -> None:
    """I13, S31: sixteen returns of one unit each, six are refused."""
    sold = lane.sells(line("1", sku="bread", price=10_000, quantity=10), card=hanh["card"])
    done = at_once(16, lambda _: lane.takes_back(sold["id"], ("1", 1)))
    assert codes(done) == {"ok": 10, "more_than_bought": 6}
    assert lane.points(hanh["id"])["active"] == 0
    assert books.faults() == []


def test_settle_and_void_have_one_winner(lane: Lane, hanh: Json, books: Books) -> None:
    """I4: a hold resolves at most once."""
    lane.adjusts(hanh["id"], 800)
    for _ in range(4):
        opened = lane.opens(bread(30_000, earns=False), card=hanh["card"], redeem_points=100)
        found = at_once(8, lambda n, one=opened["id"]: (  # type: ignore[misc]
            lane.settles(one, receipt=f"s-{one}") if n % 2 else lane.voids(one)
        ))  # fmt: skip
        heard = codes(found)
        assert heard["ok"] == 4, heard
        assert heard["checkout_voided"] + heard["checkout_settled"] == 4
    now = lane.points(hanh["id"])
    assert now["active"] + now["spent"] == 800
    assert now["held"] == 0
    assert books.faults() == []


def test_one_phone_number_belongs_to_one_member(lane: Lane, books: Books) -> None:
    """Sixteen enrolments with one phone: one member, the others are told."""
    found = at_once(16, lambda n: lane.enrols(name=f"Người {n}", phone="0907654321"))
    assert codes(found) == {"ok": 1, "phone_taken": 15}
    assert all(isinstance(x, Conflict) for x in found if isinstance(x, LoyaltyError))
    assert books.value("SELECT count(*) FROM people WHERE phone = '+84907654321'") == 1


def test_points_are_spent_once_however_many_ask(lane: Lane, hanh: Json, books: Books) -> None:
    """Reliability row 4: 500 points in steps of 100 by hand at once are five times."""
    lane.adjusts(hanh["id"], 500)
    done = at_once(16, lambda _: lane.adjusts(hanh["id"], -100))
    assert codes(done) == {"ok": 5, "points_insufficient": 11}
    assert all(isinstance(x, Refused) for x in done if isinstance(x, LoyaltyError))
    assert lane.points(hanh["id"])["active"] == 0
    assert books.faults() == []


def test_everything_at_once(lane: Lane, hanh: Json, books: Books) -> None:
    """Sales, returns, openings, voids, settles and grants on one member: the laws hold, no error."""
    lane.adjusts(hanh["id"], 1_000)

    def busy(number: int) -> None:
        for _ in range(3):
            sold = lane.sells(bread(30_000), card=hanh["card"], redeem_points=100)
            opened = lane.opens(bread(40_000), card=hanh["card"], redeem_points=120)
            if number % 2:
                lane.voids(opened["id"])
                lane.takes_back_all(sold)
            else:
                lane.settles(opened["id"])

    assert codes(at_once(16, busy)) == {"ok": 16}
    assert books.faults() == []
    assert lane.points(hanh["id"])["held"] == 0


def test_a_sale_and_its_return_meet(lane: Lane, hanh: Json, books: Books) -> None:
    """S31: sent at the same moment by two tills, the return is applied, once, whoever comes first."""
    for number in range(6):
        receipt = f"meet-{number}"
        done = at_once(2, lambda n, receipt=receipt: (  # type: ignore[misc]
            lane.sells(bread(10_000), card=hanh["card"], receipt=receipt)
            if n else lane.takes_back_receipt(receipt, ("1", 1))
        ))  # fmt: skip
        assert codes(done) == {"ok": 2}
    assert books.rows("SELECT DISTINCT state FROM sales") == [("returned",)]
    assert books.value("SELECT count(*) FROM returns") == 6
    assert lane.points(hanh["id"])["active"] == 0
    assert books.faults() == []


def test_ten_units_are_exchanged_ten_times(lane: Lane, hanh: Json, books: Books) -> None:
    """S31: sixteen exchanges of one unit each; six are refused whole, return and sale."""
    sold = lane.sells(line("1", sku="bread", price=10_000, quantity=10), card=hanh["card"])
    goods = {"card": hanh["card"]}
    done = at_once(16, lambda _: lane.exchanges(sold["id"], [("1", 1)], bread(20_000), for_=goods))
    assert codes(done) == {"ok": 10, "more_than_bought": 6}
    assert books.value("SELECT count(*) FROM sales") == 11
    assert lane.points(hanh["id"])["active"] == 200
    assert books.faults() == []
