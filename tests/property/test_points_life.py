"""Any life of an account keeps the laws; a sale that is returned, however it is cut, never was (S25-S30).

LOYALTY_POS_TEST_EXAMPLES sets how many lives are lived (default 40 on SQLite, a quarter on
PostgreSQL); above the default they are random, else always the same.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

import pytest
from actions import FixedClock, line
from conftest import Shop, add_promotions
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from services.lane import Books, Lane

from loyalty_pos.errors import Conflict, Refused
from loyalty_pos.jobs import expire_points, release_holds, release_points
from loyalty_pos.services import programme
from loyalty_pos.services.context import SYSTEM, Request

Json = dict[str, Any]
DEFAULT = 40
EXAMPLES = int(os.environ.get("LOYALTY_POS_TEST_EXAMPLES", str(DEFAULT)))
sqlite_only = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
postgres_only = pytest.mark.parametrize(
    "store_url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)


def lives(part: int = 1) -> Any:
    """How many examples, and how they are chosen."""
    return settings(
        max_examples=max(5, EXAMPLES // part),
        derandomize=EXAMPLES <= DEFAULT,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


PROMOTIONS: list[Json] = [
    {"code": "counted", "name": {"vi": "Có đếm", "en": "Counted"},
     "limits": {"total": 1_000_000, "per_member": 1_000, "per_store": 1_000_000, "budget": 10**9},
     "rewards": [{"kind": "percent_off", "percent": 7, "scope": {"categories": ["bakery"]}}]},
    {"code": "next", "name": {"vi": "Lần sau", "en": "Next"}, "audience": {"members_only": True},
     "conditions": [{"kind": "min_amount", "amount": 100_000}],
     "rewards": [{"kind": "issue_coupon", "promotion": "ten-percent", "valid_days": 14}]},
]  # fmt: skip
KINDS = [("milk", "dairy/milk"), ("apple", "fresh/fruit"), ("coffee", "drinks/coffee"), ("bread", "bakery/bread")]


@pytest.fixture
def world(lane: Lane, shop: Shop) -> Lane:
    """A shop with multi-buys, tiers, limits, coupons for the next visit; points wait a day, lapse after ten."""
    add_promotions(shop.services, PROMOTIONS)
    terms = {"pending_days": 1, "expiry": {"mode": "days", "days": 10}, "redeem": {"min": 10}}
    programme.change(shop.services, Request(SYSTEM), {"points": terms})
    return lane


@st.composite
def goods(draw: st.DrawFn) -> list[Json]:
    """A basket: a few lines of a few kinds, some weighed, some with a discount of the till."""
    lines = []
    for number in range(draw(st.integers(1, 4))):
        sku, category = draw(st.sampled_from(KINDS))
        price = draw(st.integers(1, 200_000))
        quantity: int | str = draw(st.integers(1, 5))
        if draw(st.integers(0, 5)) == 0:
            quantity = f"{draw(st.integers(0, 3))}.{draw(st.integers(1, 999)):03d}"
        discount = draw(st.integers(0, price // 2)) if draw(st.integers(0, 3)) == 0 and isinstance(quantity, int) else 0
        lines.append(line(number + 1, sku=sku, price=price, quantity=quantity, category=category, discount=discount))
    return lines


def newcomer(lane: Lane, points: int = 0) -> Json:
    """A member of this example's own."""
    made = lane.enrols()
    one = {"id": made["member"]["id"], "card": made["card"]["number"]}
    if points:
        lane.adjusts(one["id"], points)
    return one


class Account:
    """One member, and what can happen to them; each verb may find nothing to do."""

    def __init__(self, lane: Lane, books: Books, clock: FixedClock) -> None:
        self.lane, self.books, self.clock = lane, books, clock
        self.member = newcomer(lane, 300)
        self.sold: list[Json] = []
        self.opened: list[str] = []
        self.coupons: list[str] = []

    def buy(self, lines: list[Json], points: int) -> None:
        """A sale with the newest coupon and some points."""
        codes = self.coupons[-1:]
        sold = self.lane.sells(*lines, card=self.member["card"], coupons=codes, redeem_points=points)
        self.coupons += [coupon["code"] for coupon in sold["next_coupons"]]
        self.sold.append(sold)

    def hold(self, lines: list[Json], points: int) -> None:
        """Open a checkout."""
        codes = self.coupons[-1:]
        made = self.lane.opens(*lines, card=self.member["card"], coupons=codes, redeem_points=points)
        self.opened.append(made["id"])

    def settle(self, lines: list[Json], points: int) -> None:
        """Settle the oldest open checkout, lapsed or not."""
        if self.opened:
            self.sold.append(self.lane.settles(self.opened.pop(0)))

    def reprice(self, lines: list[Json], points: int) -> None:
        """Change the newest checkout."""
        if self.opened:
            self.lane.changes(self.opened[-1], *lines, card=self.member["card"], redeem_points=points)

    def void(self, lines: list[Json], points: int) -> None:
        """Void the newest checkout."""
        if self.opened:
            self.lane.voids(self.opened.pop())

    def give_back(self, lines: list[Json], points: int) -> None:
        """Return one unit of the newest sale, or everything of it."""
        if not self.sold:
            return
        sale = self.sold[-1]
        with suppress(Refused):
            if points % 2:
                self.lane.takes_back(sale["id"], (sale["lines"][0]["line"], 1))
            else:
                self.lane.takes_back_all(self.sold.pop())

    def exchange(self, lines: list[Json], points: int) -> None:
        """Return one unit of the newest sale for a new basket; now and then only ask what it would give."""
        if not self.sold:
            return
        sale, goods = (
            self.sold[-1],
            {"card": self.member["card"], "redeem_points": points, "coupons": self.coupons[-1:]},
        )
        back = [(sale["lines"][0]["line"], 1)]
        with suppress(Refused):
            if points % 3:
                self.sold.append(self.lane.exchanges(sale["id"], back, *lines, for_=goods)["sale"])
            else:
                self.lane.exchanges(sale["id"], back, *lines, for_=goods, preview=True)

    def adjust(self, lines: list[Json], points: int) -> None:
        """Points by hand, up or down."""
        with suppress(Refused):
            self.lane.adjusts(self.member["id"], points if points and len(lines) % 2 else -points - 1)

    def wait(self, lines: list[Json], points: int) -> None:
        """Time goes by, and the jobs run, or not yet."""
        self.clock.move(hours=points / 4)
        for number, job in enumerate((release_holds, release_points, expire_points)):
            if (points + number) % 3:
                job.run(self.lane.services)


VERBS = (
    *("buy", "buy", "hold", "settle", "reprice", "void", "give_back", "give_back", "exchange", "exchange"),
    *("adjust", "wait", "wait"),
)
Steps = list[tuple[str, list[Json], int]]
steps = st.lists(st.tuples(st.sampled_from(VERBS), goods(), st.integers(0, 400)), min_size=3, max_size=14)


def live(world: Lane, books: Books, clock: FixedClock, life: Steps) -> None:
    """Go through a life and ask for the laws at its end."""
    one = Account(world, books, clock)
    for verb, lines, points in life:
        getattr(one, verb)(lines, points)
        now = world.points(one.member["id"])
        assert min(now[name] for name in ("active", "pending", "held", "spent", "expired", "shortfall")) >= 0
    assert books.faults() == []
    now = world.points(one.member["id"])
    assert sum(entry["points"] for entry in world.entries(one.member["id"])) == sum(
        now[name] for name in ("active", "pending", "held")
    )


@sqlite_only
@lives()
@given(life=steps)
def test_any_life_keeps_the_laws(world: Lane, books: Books, clock: FixedClock, life: Steps) -> None:
    """L4-L6: earn, redeem, hold, settle late, return, void, adjust, release, expire, in any order."""
    live(world, books, clock, life)


@postgres_only
@lives(4)
@given(life=steps)
def test_any_life_keeps_the_laws_on_postgresql(world: Lane, books: Books, clock: FixedClock, life: Steps) -> None:
    """The same on the other engine."""
    live(world, books, clock, life)


@sqlite_only
@lives()
@given(lines=goods(), points=st.integers(0, 600), with_coupon=st.booleans(), by_checkout=st.booleans())
def test_sale_and_full_return_is_the_identity(
    world: Lane, books: Books, lines: list[Json], points: int, with_coupon: bool, by_checkout: bool
) -> None:
    """S30: whatever is bought with whatever, a full return leaves every counter as before."""
    member = newcomer(world, 600)
    codes = [world.issues(member["id"])] if with_coupon else []
    before = books.state()
    asked = {"card": member["card"], "coupons": codes, "redeem_points": points}
    sold = world.settles(world.opens(*lines, **asked)["id"]) if by_checkout else world.sells(*lines, **asked)
    done = world.takes_back_all(sold)
    assert (done["refund"], done["pay_back"]) == (sold["totals"]["net"], sold["totals"]["to_pay"])
    assert done["points"]["shortfall"] == 0
    assert books.state() == before
    assert books.faults() == []


@sqlite_only
@lives()
@given(lines=goods(), points=st.integers(0, 600), data=st.data())
def test_partial_returns_sum_to_the_full_one(
    world: Lane, books: Books, lines: list[Json], points: int, data: st.DataObject
) -> None:
    """S25, S26, S28: in any cut and any order, to the đồng and to the point."""
    member = newcomer(world, 600)
    before = books.state()
    sold = world.sells(*lines, card=member["card"], redeem_points=points)
    units = [row["line"] for row in sold["lines"] for _ in row["units"]]
    left = data.draw(st.permutations(units))
    sums = {"refund": 0, "pay_back": 0, "taken_back": 0, "given_back": 0}
    while left:
        size = data.draw(st.integers(1, len(left)))
        part, left = left[:size], left[size:]
        done = world.takes_back(sold["id"], *[(name, part.count(name)) for name in dict.fromkeys(part)])
        flat = done | done["points"]
        assert min(flat[name] for name in sums) >= 0
        sums = {name: sums[name] + flat[name] for name in sums}
        assert sums["pay_back"] <= sold["totals"]["to_pay"], "never more than was paid, at any prefix"
        assert sums["refund"] <= sold["totals"]["net"]
        assert books.faults() == []
    assert sums == {
        "refund": sold["totals"]["net"],
        "pay_back": sold["totals"]["to_pay"],
        "taken_back": sold["points"]["earned"],
        "given_back": sold["points"]["redeemed"],
    }
    assert books.state() == before
    with pytest.raises((Refused, Conflict)):
        world.takes_back(sold["id"], (sold["lines"][0]["line"], 1))


@sqlite_only
@lives()
@given(lines=goods(), new=st.none() | goods(), spent=st.integers(0, 400), data=st.data())
def test_a_preview_is_what_then_happens(
    world: Lane, books: Books, lines: list[Json], new: list[Json] | None, spent: int, data: st.DataObject
) -> None:
    """S31: part or whole, with or without a new basket, with points gone meanwhile; and it leaves no trace."""
    member = newcomer(world, 600)
    code = world.issues(member["id"])
    sold = world.sells(*lines, card=member["card"], coupons=[code], redeem_points=spent)
    left = world.points(member["id"])["active"]
    if gone := data.draw(st.integers(0, left)):
        world.adjusts(member["id"], -gone)
    units = {row["line"]: len(row["units"]) for row in sold["lines"]}
    back = {name: data.draw(st.integers(0, count)) for name, count in units.items()}
    wanted = [(name, count) for name, count in back.items() if count] or [(sold["lines"][0]["line"], 1)]
    for_ = {"card": member["card"], "coupons": [code], "redeem_points": data.draw(st.integers(0, 400))}

    receipt = world.receipt()

    def ask(preview: bool) -> Json:
        if new is None:
            return world.takes_back(sold["id"], *wanted, preview=preview, receipt=receipt)
        return world.exchanges(sold["id"], wanted, *new, for_=for_, preview=preview, receipt=receipt)

    before = books.dump()
    shown = ask(True)
    assert books.dump() == before
    done = ask(False)
    for named in ("refund", "pay_back", "lines", "points", "coupons", "balance"):
        assert shown.get(named) == done.get(named)
    if new is not None:
        for named in ("totals", "points", "lines", "coupons", "member", "messages", "exceptions"):
            assert shown["sale"][named] == done["sale"][named]
    assert done["refund"] >= done["pay_back"]
    assert books.faults() == []


@sqlite_only
@lives()
@given(lines=goods(), new=goods(), gone=st.integers(0, 500))
def test_an_exchange_is_the_return_and_then_the_sale(
    world: Lane, books: Books, clock: FixedClock, lines: list[Json], new: list[Json], gone: int
) -> None:
    """S31: two customers with the same past; in one call or in two, they end with the same points and figures."""
    ends = []
    for together in (True, False):
        member = newcomer(world, 100)
        sold = world.sells(*lines, card=member["card"])
        left = world.points(member["id"])["active"]
        if min(gone, left):
            world.adjusts(member["id"], -min(gone, left))
        back = [(row["line"], len(row["units"])) for row in sold["lines"]]
        if together:
            done = world.exchanges(sold["id"], back, *new, for_={"card": member["card"]})
            figures, after = (done["refund"], done["pay_back"]), done["sale"]
        else:
            done = world.takes_back(sold["id"], *back)
            figures, after = (done["refund"], done["pay_back"]), world.sells(*new, card=member["card"])
        now = world.points(member["id"])
        ends.append((figures, after["totals"], after["points"], {k: v for k, v in now.items() if k != "lots"}))
    assert ends[0] == ends[1]
    assert books.faults() == []
