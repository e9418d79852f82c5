"""Any life of gift cards is the life of a model of them: load, pay, hold, settle, void, return, block.

The model knows balances alone.  Whatever happens, no balance is below zero at any prefix, and the
ledger's laws hold at the end.
"""

from __future__ import annotations

from typing import Any

import pytest
from actions import FixedClock
from conftest import Shop
from hypothesis import given
from hypothesis import strategies as st
from property.test_points_life import lives, postgres_only, sqlite_only
from services.lane import Books, Lane, bread, fresh_key, lane_of

from loyalty_pos.errors import Conflict
from loyalty_pos.jobs import release_holds
from loyalty_pos.services import stored_value
from loyalty_pos.services.context import SYSTEM, Request
from loyalty_pos.services.requests import LoadIn

Json = dict[str, Any]
CARDS = 2


class Model:
    """What is on each card, what is held, who is blocked; sales by what each card paid."""

    def __init__(self, lane: Lane, clock: FixedClock) -> None:
        self.lane, self.clock = lane, clock
        self.codes = [lane.gives_value(0) for _ in range(CARDS)]
        self.balance, self.held, self.blocked = [0] * CARDS, [0] * CARDS, [False] * CARDS
        self.sales: list[Json] = []
        self.open: list[Json] = []

    def load(self, card: int, amount: int) -> None:
        """Money onto a card; a blocked one takes none."""
        body = LoadIn(amount=amount, reason="model")
        try:
            stored_value.load(self.lane.services, Request(SYSTEM, fresh_key(), b""), self.codes[card], body)
            assert not self.blocked[card]
            self.balance[card] += amount
        except Conflict:
            assert self.blocked[card]

    def block(self, card: int, _amount: int) -> None:
        """Blocked, or let pay again."""
        change = stored_value.unblock if self.blocked[card] else stored_value.block
        change(self.lane.services, Request(SYSTEM, fresh_key(), b""), self.codes[card], "model")
        self.blocked[card] = not self.blocked[card]

    def parts(self, first: int, bill: int) -> list[int]:
        """What each card pays of a bill, asked for in turn from ``first`` on."""
        found = [0] * CARDS
        for card in (first, 1 - first):
            if not self.blocked[card]:
                found[card] = min(bill - sum(found), self.balance[card] - self.held[card])
        return found

    def buy(self, first: int, units: int) -> None:
        """A sale of so many units at 10.000."""
        parts = self.parts(first, units * 10_000)
        with_ = [self.codes[first], self.codes[1 - first]]
        sold = self.lane.sells(bread(10_000, quantity=units), pay_with=with_)
        assert sold["totals"]["due"] == units * 10_000 - sum(parts)
        self._sold(sold, first, units, parts)

    def _sold(self, sold: Json, first: int, units: int, parts: list[int]) -> None:
        self.balance = [balance - part for balance, part in zip(self.balance, parts, strict=True)]
        self.sales.append({"id": sold["id"], "left": units, "first": first, "parts": list(parts)})

    def hold(self, first: int, units: int) -> None:
        """A checkout that is not paid yet."""
        parts = self.parts(first, units * 10_000)
        with_ = [self.codes[first], self.codes[1 - first]]
        opened = self.lane.opens(bread(10_000, quantity=units), pay_with=with_)
        self.held = [held + part for held, part in zip(self.held, parts, strict=True)]
        self.open.append({"id": opened["id"], "first": first, "units": units, "parts": parts})

    def settle(self, pick: int, _amount: int) -> None:
        """The checkout is paid with what it held, on blocked cards too."""
        if self.open:
            one = self._closed(pick)
            sold = self.lane.settles(one["id"])
            assert sold["status"] == "ok"
            self._sold(sold, one["first"], one["units"], one["parts"])

    def void(self, pick: int, _amount: int) -> None:
        """The checkout is given up."""
        if self.open:
            self.lane.voids(self._closed(pick)["id"])

    def _closed(self, pick: int) -> Json:
        one = self.open.pop(pick % len(self.open))
        self.held = [held - part for held, part in zip(self.held, one["parts"], strict=True)]
        return one

    def lapse(self, _pick: int, _amount: int) -> None:
        """A quarter of an hour passes: nothing is held any more."""
        self.clock.move(minutes=16)
        release_holds.run(self.lane.services)
        self.open, self.held = [], [0] * CARDS

    def give_back(self, pick: int, units: int) -> None:
        """Cards first, in the order in which they paid; then cash."""
        if not self.sales:
            return
        sale = self.sales[pick % len(self.sales)]
        count = min(units, sale["left"])
        if not count:
            return
        back = self.lane.takes_back(sale["id"], ("1", count))
        money, wanted = count * 10_000, {}
        for card in (sale["first"], 1 - sale["first"]):
            part = min(money, sale["parts"][card])
            sale["parts"][card] -= part
            self.balance[card] += part
            money -= part
            if part:
                wanted[self.codes[card]] = part
        assert (back["value_back"], back["pay_back"]) == (wanted, money)
        sale["left"] -= count

    def check(self) -> None:
        """The cards are as the model says."""
        for card, code in enumerate(self.codes):
            found = self.lane.value(code)
            assert (found["balance"], found["held"]) == (self.balance[card], self.held[card])


VERBS = ("load", "load", "buy", "buy", "hold", "settle", "settle", "void", "lapse", "give_back", "give_back", "block")
steps = st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 1), st.integers(1, 5)), min_size=5, max_size=25)


def live(shop: Shop, clock: FixedClock, life: list[tuple[str, int, int]]) -> None:
    """One life, checked at every step."""
    model = Model(lane_of(shop), clock)
    for verb, card, number in life:
        amount = number * 7_000 if verb == "load" else number
        getattr(model, verb)(card, amount)
        model.check()
    assert Books(shop.services).faults() == []


@sqlite_only
@given(life=steps)
@lives()
def test_any_life_is_the_models(shop: Shop, clock: FixedClock, life: list[tuple[str, int, int]]) -> None:
    """L4, L5, S21, S28."""
    live(shop, clock, life)


@pytest.mark.postgresql
@postgres_only
@given(life=steps)
@lives(4)
def test_any_life_is_the_models_on_postgresql(shop: Shop, clock: FixedClock, life: list[tuple[str, int, int]]) -> None:
    """The same on the big engine."""
    live(shop, clock, life)
