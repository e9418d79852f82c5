"""Each change of state is one guarded statement: it says no by itself, whatever was read before (S37).

No test here goes through a service: what is asked for is what a careless caller would ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from loyalty_pos.storage import cards, checkouts, coupons, guesses, ledger, members, posting, sales, shops
from loyalty_pos.storage.coupons import NewCoupon
from loyalty_pos.storage.engine import open_store
from loyalty_pos.storage.ledger import Why
from loyalty_pos.storage.posting import NewLine, NewSale
from loyalty_pos.storage.sales import NewReturn
from loyalty_pos.storage.tx import Store, Tx

T = TypeVar("T")
Statement = Callable[[Tx], Any]


@dataclass
class Rows:
    """A store with one of everything; ``does`` runs a statement in a transaction of its own."""

    store: Store
    lane: tuple[int, int]
    member: int
    card: int
    lot: int
    coupon: int
    sale: int
    checkouts: tuple[int, int]

    def does(self, work: Callable[[Tx], T]) -> T:
        """Run one statement."""
        return self.store.write(work)


def sale_row(lane: tuple[int, int], member: int, receipt: str) -> NewSale:
    """A sale of 100.000."""
    store, terminal = lane
    return NewSale(
        store_id=store, terminal_id=terminal, cashier=None, member_id=member, swipe_id=None, unknown_card=None,
        receipt=receipt, business_date="2026-11-21", sold_at=1, recorded_at=1, status="ok", body_hash=b"hash",
        rules=1, gross=100, discount=0, net=100, to_pay=100, due=100, earned=0, redeemed=0, claimed=0,
        plan="{}", counted="[]",
        answer=b"{}",
    )  # fmt: skip


@pytest.fixture
def rows(store_url: str) -> Iterator[Rows]:
    """One store, lane, member, card, lot of 100 points, coupon, sale of three units, two checkouts."""
    store = open_store(store_url)

    def work(tx: Tx) -> Rows:
        shop = shops.add_store(tx, "s", "S", 1)
        assert shop is not None
        terminal = shops.add_terminal(tx, shop, "t", b"hash", "earn", 1)
        assert terminal is not None
        lane = (shop, terminal)
        member = members.add(tx, 1, shop)
        card = cards.add(tx, "2900000000018", member, 1)
        assert card is not None
        lot = ledger.add_lot(tx, member, 100, "active", 1, None, None)
        ledger.add_entry(tx, member, "adjust", 100, lot, Why(1, "test"))
        posting.settle_member(tx, member, 0, 100, 0, 0, 0, 0)
        coupon = coupons.add(tx, NewCoupon("99", "ten", "2026-01-01", "2026-12-31"), member, None, 1, "test")
        sale = posting.add_sale(tx, sale_row(lane, member, "r1"))
        assert sale is not None
        posting.add_lines(tx, sale, [NewLine(0, "1", "sku", None, "3", 100, None, 100, 0, 100, 1, 3, "[]")])
        both = tuple(checkouts.add(tx, lane, None, member, card, None, 1, 1000, 1, b"{}", b"{}") for _ in range(2))
        return Rows(store, lane, member, card, lot, coupon, sale, (both[0], both[1]))

    yield store.write(work)
    store.close()


def test_a_coupon_is_used_once(rows: Rows) -> None:
    """S35, S37: issued, or held by this very checkout; not by another, not again, not when cancelled."""
    mine, other = rows.checkouts
    use = lambda checkout: rows.does(lambda tx: coupons.use(tx, rows.coupon, rows.sale, 1, "t", checkout))  # noqa: E731
    assert rows.does(lambda tx: coupons.hold(tx, rows.coupon, mine, 1, "t"))
    assert not rows.does(lambda tx: coupons.hold(tx, rows.coupon, mine, 1, "t"))
    assert not rows.does(lambda tx: coupons.hold(tx, rows.coupon, other, 1, "t"))
    assert not use(None)
    assert not use(other)
    assert not rows.does(lambda tx: coupons.cancel(tx, rows.coupon, 1, "t", "x"))
    assert use(mine)
    assert not use(mine)
    assert not use(None)
    assert not rows.does(lambda tx: coupons.hold(tx, rows.coupon, mine, 1, "t"))
    events = rows.store.read(lambda tx: tx.all("SELECT state FROM coupon_events ORDER BY id"))
    assert [row[0] for row in events] == ["issued", "held", "used"]


def test_a_cancelled_coupon_is_neither_held_nor_used(rows: Rows) -> None:
    """S35: the end of it."""
    assert rows.does(lambda tx: coupons.cancel(tx, rows.coupon, 1, "t", "x"))
    assert not rows.does(lambda tx: coupons.cancel(tx, rows.coupon, 1, "t", "x"))
    assert not rows.does(lambda tx: coupons.hold(tx, rows.coupon, rows.checkouts[0], 1, "t"))
    assert not rows.does(lambda tx: coupons.use(tx, rows.coupon, rows.sale, 1, "t"))


def test_points_are_taken_only_where_they_are_free(rows: Rows) -> None:
    """S21, I1: held points are not free; n and n+1."""
    hold = lambda number, points: rows.does(  # noqa: E731
        lambda tx: ledger.hold(tx, rows.checkouts[number], rows.lot, points)
    )
    assert not hold(0, 101)
    assert hold(0, 60)
    assert not hold(1, 41)
    assert hold(1, 40)
    assert not rows.does(lambda tx: ledger.take(tx, rows.lot, 1))
    assert rows.does(lambda tx: ledger.release_holds(tx, rows.checkouts[0], capture=False)) == [(rows.lot, 60)]
    assert not rows.does(lambda tx: ledger.take(tx, rows.lot, 61))
    assert rows.does(lambda tx: ledger.take(tx, rows.lot, 60))
    assert rows.does(lambda tx: ledger.release_holds(tx, rows.checkouts[1], capture=True)) == [(rows.lot, 40)]
    left = rows.store.read(lambda tx: ledger.lot(tx, rows.lot))
    assert (left.remaining, left.held, left.free) == (0, 0, 0)


def test_lots_are_spent_in_their_order(rows: Rows) -> None:
    """S19: soonest expiry, then oldest, never-expiring last; lapsed and pending ones not at all."""

    def more(tx: Tx) -> list[int]:
        terms = ((500, 7), (400, 9), (500, 5), (10, 1))
        made = [ledger.add_lot(tx, rows.member, 1, "active", since, until, None) for until, since in terms]
        ledger.add_lot(tx, rows.member, 1, "pending", 1, 300, None)
        return made

    late, soon, late_but_older, lapsed = rows.does(more)
    found = rows.store.read(lambda tx: [lot.id for lot in ledger.spendable_lots(tx, rows.member, 100)])
    assert found == [soon, late_but_older, late, rows.lot]
    assert rows.store.read(lambda tx: ledger.lapsed(tx, rows.member, 100)) == 1
    assert lapsed not in found


def test_balances_move_only_from_the_version_that_was_seen(rows: Rows) -> None:
    """The member's row is the guard: a second decision on the same version is refused."""
    move = lambda version: rows.does(  # noqa: E731
        lambda tx: posting.settle_member(tx, rows.member, version, -10, 0, 0, 10, 0)
    )
    assert not move(0)
    assert move(1)
    assert not move(1)
    assert move(None)
    assert not move(2)
    assert move(3)


def test_a_checkout_ends_once(rows: Rows) -> None:
    """I4: from the state that was seen, and from no other."""
    first, second = rows.checkouts
    close = lambda number, before, after, sale=None: rows.does(  # noqa: E731
        lambda tx: checkouts.close(tx, number, before, after, sale)
    )
    assert close(first, "open", "settled", rows.sale)
    assert not close(first, "open", "voided")
    assert not close(first, "expired", "voided")
    assert close(second, "open", "expired")
    assert not close(second, "open", "settled", rows.sale)
    assert close(second, "expired", "settled", rows.sale)


def test_a_closed_checkout_has_no_new_price(rows: Rows) -> None:
    """A price is put on an open or expired checkout that is still as it was seen."""
    number = rows.checkouts[0]

    def reprice(row: checkouts.CheckoutRow) -> bool:
        return rows.does(lambda tx: checkouts.reprice(tx, row, "C", None, None, None, 5, 2, b"1", b"2"))

    seen = rows.store.read(lambda tx: checkouts.find(tx, number))
    assert seen is not None
    assert reprice(seen)
    assert not reprice(seen._replace(state="expired"))
    rows.does(lambda tx: checkouts.close(tx, number, "open", "voided"))
    assert not reprice(seen)
    assert not reprice(seen._replace(state="voided"))


def test_a_checkout_is_overdue_at_its_time(rows: Rows) -> None:
    """S21: at the very millisecond, not before; a closed one never."""
    due = lambda now: rows.store.read(lambda tx: checkouts.overdue(tx, now, 9))  # noqa: E731
    assert due(999) == []
    assert due(1000) == list(rows.checkouts)
    rows.does(lambda tx: checkouts.close(tx, rows.checkouts[0], "open", "voided"))
    assert due(5000) == [rows.checkouts[1]]


def test_units_are_returned_as_often_as_they_were_sold(rows: Rows) -> None:
    """I13: three units, in two returns, and no fourth."""
    take = lambda units: rows.does(lambda tx: sales.take_units(tx, rows.sale, 0, units))  # noqa: E731
    assert take(2)
    assert not take(2)
    assert take(1)
    assert not take(1)


def test_a_receipt_is_written_once(rows: Rows) -> None:
    """S45, I14: of a sale and of a return, by the database."""
    assert rows.does(lambda tx: posting.add_sale(tx, sale_row(rows.lane, rows.member, "r1"))) is None
    assert rows.does(lambda tx: posting.add_sale(tx, sale_row(rows.lane, rows.member, "r2"))) is not None
    back = NewReturn(rows.sale, *rows.lane, "b1", "2026-11-21", 1, None, b"hash", 0, 0, 0, 0, 0, 0, b"{}")
    assert rows.does(lambda tx: sales.add_return(tx, back)) is not None
    assert rows.does(lambda tx: sales.add_return(tx, back)) is None


@pytest.mark.parametrize(
    ("room", "budget", "counted"),
    [(None, None, 3), (2, None, 2), (None, 250, 2), (3, 200, 2), (1, 1000, 1), (0, None, 0), (9, 99, 0)],
)
def test_a_limit_is_kept_where_it_is_counted(rows: Rows, room: int | None, budget: int | None, counted: int) -> None:
    """S37: uses and money in one statement; what does not fit changes nothing."""
    done = [rows.does(lambda tx: posting.reserve(tx, "p", "total", "", 1, 100, room, budget)) for _ in range(3)]
    assert done == [True] * counted + [False] * (3 - counted)
    now = rows.store.read(lambda tx: tx.one("SELECT uses, amount FROM usage"))
    assert now is not None
    assert tuple(now) == (counted, counted * 100)


def test_a_card_changes_its_state_once(rows: Rows) -> None:
    """S42: blocked once, replaced once, its number never twice."""
    assert rows.does(lambda tx: cards.add(tx, "2900000000018", rows.member, 1)) is None
    following = rows.does(lambda tx: cards.add(tx, "2900000000025", rows.member, 1))
    assert following is not None
    assert rows.does(lambda tx: cards.block(tx, rows.card, "lost")) == 1
    assert rows.does(lambda tx: cards.block(tx, rows.card, "lost")) == 0
    assert rows.does(lambda tx: cards.replace(tx, rows.card, following, "lost")) == 1
    assert rows.does(lambda tx: cards.replace(tx, rows.card, following, "lost")) == 0


def test_a_step_of_the_rotating_code_is_used_once(rows: Rows) -> None:
    """I15: per card and step."""
    assert rows.does(lambda tx: cards.use_step(tx, rows.card, 7))
    assert not rows.does(lambda tx: cards.use_step(tx, rows.card, 7))
    assert rows.does(lambda tx: cards.use_step(tx, rows.card, 8))
    assert rows.store.read(lambda tx: [cards.step_used(tx, rows.card, step) for step in (7, 9)]) == [True, False]


def test_misses_are_counted_in_their_window(rows: Rows) -> None:
    """A minute that begins with the first miss; after it the count begins anew."""
    add = lambda now: rows.does(lambda tx: guesses.add(tx, "t", 1, now, 60))  # noqa: E731
    assert [add(now) for now in (100, 130, 159, 160, 161)] == [1, 2, 3, 1, 2]
    rows.does(lambda tx: guesses.block(tx, "t", 500))
    assert rows.store.read(lambda tx: guesses.blocked_until(tx, "t")) == 500
    assert rows.store.read(lambda tx: guesses.blocked_until(tx, "other")) == 0
    assert add(162) == 1
    rows.does(lambda tx: guesses.clear(tx, "t"))
    assert add(163) == 1


def test_codes_of_stores_and_lanes_are_unique(rows: Rows) -> None:
    """And a revoked lane is revoked once; a new key brings it back."""
    assert rows.does(lambda tx: shops.add_store(tx, "s", "again", 1)) is None
    assert rows.does(lambda tx: shops.add_terminal(tx, rows.lane[0], "t", b"other", "earn", 1)) is None
    assert rows.does(lambda tx: shops.revoke(tx, rows.lane[1]))
    assert not rows.does(lambda tx: shops.revoke(tx, rows.lane[1]))
    rows.does(lambda tx: shops.set_key(tx, rows.lane[1], b"new"))
    found = rows.store.read(lambda tx: shops.terminal_by_key(tx, b"new"))
    assert found is not None
    assert found.state == "active"


class Explaining:
    """Reads how a statement would be run, and finds nothing."""

    def __init__(self, tx: Tx, how: str) -> None:
        self.tx, self.how, self.plans = tx, how, list[str]()

    def all(self, sql: str, params: Sequence[object] = ()) -> list[Any]:
        self.plans.append(" ".join(str(row) for row in self.tx.all(f"{self.how} {sql}", params)))
        return []

    def one(self, sql: str, params: Sequence[object] = ()) -> None:
        self.all(sql, params)


def test_lots_are_read_by_their_index(rows: Rows) -> None:
    """S46: neither the lots of years before nor thousands of open ones are looked through, or sorted."""

    def plans(tx: Tx) -> list[str]:
        if rows.store.dialect == "postgresql":
            tx.run("SET LOCAL enable_seqscan = off")
        asking: Any = Explaining(tx, "EXPLAIN QUERY PLAN" if rows.store.dialect == "sqlite" else "EXPLAIN")
        assert list(ledger.spendable_lots(asking, rows.member, 100)) == []
        assert ledger.lapsed(asking, rows.member, 100) == 0
        return list(asking.plans)

    found = rows.store.read(plans)
    assert len(found) == 3
    for plan in found:
        assert "ix_lots_left" in plan
        assert "Sort" not in plan
        assert "TEMP B-TREE" not in plan


def test_many_lots_come_in_their_order_and_all_of_them(rows: Rows) -> None:
    """S19: a few at a time, also while they are being spent."""

    def more(tx: Tx) -> None:
        for number in range(3 * ledger.FEW):
            ledger.add_lot(tx, rows.member, 2, "active", number % 7, (500 + number % 3, None)[number % 2], None)

    rows.does(more)
    found = rows.store.read(lambda tx: list(ledger.spendable_lots(tx, rows.member, 100)))
    keys = [(lot.expires_at is None, lot.expires_at or 0, lot.active_from, lot.id) for lot in found]
    assert (keys, len({lot.id for lot in found})) == (sorted(keys), 3 * ledger.FEW + 1)

    def spend(tx: Tx) -> list[int]:
        return [lot.id for lot in ledger.spendable_lots(tx, rows.member, 100) if ledger.take(tx, lot.id, lot.free)]

    assert rows.does(spend) == [lot.id for lot in found]
    assert rows.store.read(lambda tx: list(ledger.spendable_lots(tx, rows.member, 100))) == []
