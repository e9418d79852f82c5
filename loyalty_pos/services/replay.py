"""What if: past sales priced again by the engine that priced them, under two rule sets side by side.

Both sides are priced anew, so that they differ by the draft alone.  A replay knows the goods, the
coupons used and the points spent; it counts no use against a limit, and cannot foresee what people
would have bought instead.  Nothing is written.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from loyalty_pos.domain.basket import FIRST_YEAR, LAST_YEAR, Basket, Line
from loyalty_pos.domain.money import line_gross
from loyalty_pos.domain.pricing.request import CouponFacts, MemberFacts, PriceRequest
from loyalty_pos.domain.pricing.result import Priced
from loyalty_pos.errors import BadInput, Refused
from loyalty_pos.services.context import Services, from_ms
from loyalty_pos.services.rules import Book, Gift
from loyalty_pos.storage import replay as stored
from loyalty_pos.storage.replay import PastDay, PastLine, PastSale
from loyalty_pos.storage.tx import Tx

PAGE = 200
MOST_TICKETS = 10_000
"""What one request may replay; the command line has no such limit."""


class Member(Struct, frozen=True):
    """Who bought: the days with a visit, and what pricing may know beside them."""

    id: int
    days: list[PastDay]
    birthday: date | None
    by_hand: str | None
    """The tier that a hand gave."""


class Ticket(Struct, frozen=True):
    """One past sale, ready to be priced again.  ``day`` is the local day."""

    sale: PastSale
    day: date
    basket: Basket
    coupons: tuple[CouponFacts, ...]
    member: Member | None
    points: int
    """What was spent of them, as money and for rewards."""
    tier: str | None = None
    """The tier that it was sold on."""

    @property
    def cost(self) -> int | None:
        """What the goods cost the shop; None when one of them has no known cost."""
        parts = [None if x.unit_cost is None else line_gross(x.unit_cost, x.quantity) for x in self.basket.lines]
        return None if None in parts else sum(part for part in parts if part is not None)

    def facts(self, tier: str | None) -> MemberFacts | None:
        """The member as before this sale, on a tier."""
        if self.member is None:
            return None
        before = [x for x in self.member.days if x.day < self.day]
        return MemberFacts(
            id=str(self.member.id),
            tier=tier,
            points=self.points,
            birthday=self.member.birthday,
            orders=sum(x.visits for x in before),
            last_order=max((x.day for x in before if x.visits), default=None),
            spend=sum(x.spend for x in before),
        )

    def request(self, book: Book, tier: str | None, gifts: Mapping[str, Gift]) -> PriceRequest:
        """What the engine is asked; ``gifts``: goods that the rules may add, valued by their price (S11)."""
        return PriceRequest(
            basket=self.basket,
            now=from_ms(self.sale.sold_at).astimezone(ZoneInfo(book.programme.zone)),
            zone=book.programme.zone,
            member=self.facts(tier),
            coupons=self.coupons,
            store=self.sale.store,
            language=book.language,
            explain=True,
            prices={sku: gift.price or 0 for sku, gift in gifts.items()},
        )


@dataclass(frozen=True)
class Period:
    """The local days to replay, both inclusive, and the stores (None: all)."""

    first: date
    last: date
    stores: frozenset[int] | None = None
    members_only: bool = False

    def check(self) -> None:
        """Raise BadInput for a period that ends before it begins, or is of no use to anybody."""
        if self.last < self.first:
            raise BadInput(errors={"to": ["before_from"]})
        for name, day in (("from", self.first), ("to", self.last)):
            if not FIRST_YEAR <= day.year <= LAST_YEAR:
                raise BadInput(errors={name: ["out_of_range"]})

    def span(self, book: Book) -> tuple[int, int]:
        """[from, to) in ms."""
        return book.programme.day_begins(self.first), book.programme.day_ends(self.last)


def tickets(
    services: Services, book: Book, period: Period, progress: Callable[[int, int], None], most: int | None = None
) -> Iterator[Ticket]:
    """The past sales of a period in their order; Refused (``too_many_tickets``) above ``most``.

    ``progress`` is told (done, total).  Each page is a read of its own: tills are never held up.
    """
    period.check()
    span = period.span(book)
    total = services.store.read(lambda tx: stored.count(tx, span, period.stores, period.members_only))
    if most is not None and total > most:
        raise Refused("too_many_tickets", limit=most)
    known: dict[int, Member] = {}
    done, after = 0, (0, 0)
    while page := services.store.read(partial(_page, book, period, span, after, known)):
        yield from page
        done += len(page)
        after = (page[-1].sale.sold_at, page[-1].sale.id)
        progress(done, total)


def _page(
    book: Book, period: Period, span: tuple[int, int], after: tuple[int, int], known: dict[int, Member], tx: Tx
) -> list[Ticket]:
    sales = stored.page(tx, span, period.stores, period.members_only, after, PAGE)
    ids = [sale.id for sale in sales]
    lines, coupons = stored.lines(tx, ids), stored.coupons(tx, ids)
    fresh = sorted({x.member_id for x in sales if x.member_id is not None} - known.keys())
    days = stored.histories(tx, fresh)
    for member_id, (birthday, by_hand) in stored.people(tx, fresh).items():
        born = date.fromisoformat(birthday) if birthday else None
        known[member_id] = Member(member_id, days.get(member_id, []), born, by_hand)
    return [
        _ticket(book, sale, lines.get(sale.id, []), coupons.get(sale.id, []), known.get(sale.member_id or 0))
        for sale in sales
    ]


class _Discount(Struct):
    promotion: str | None
    amount: int


class _Line(Struct):
    line: str
    discounts: list[_Discount]


class _Tier(Struct):
    code: str


class _Holder(Struct):
    tier: _Tier | None = None


class _Answer(Struct):
    lines: list[_Line]
    member: _Holder | None = None


_first_answer = msgspec.json.Decoder(_Answer)


def _ticket(
    book: Book, sale: PastSale, lines: list[PastLine], coupons: list[tuple[str, str]], member: Member | None
) -> Ticket:
    """A stored sale as the basket it was; what the host till had taken off stays off (S49)."""
    answered = _first_answer.decode(sale.answer)
    off = {x.line: sum(d.amount for d in x.discounts if d.promotion is None) for x in answered.lines}
    catalogue, given = book.rules.catalogue, {d.promotion for x in answered.lines for d in x.discounts}
    claims = [code for code in catalogue if code in given]
    basket = Basket(
        lines=tuple(_line(book, row, off.get(row.line, 0)) for row in lines),
        coupons=tuple(code for code, _ in coupons),
        redeem_points=sale.redeemed,
        claim_rewards=tuple(claims),
    )
    facts = tuple(
        CouponFacts(code=code, promotion=promotion, member=None if member is None else str(member.id))
        for code, promotion in coupons
    )
    points = sale.redeemed + sum(catalogue[code].cost for code in claims)
    tier = answered.member.tier.code if answered.member and answered.member.tier else None
    return Ticket(sale, book.programme.local(sale.sold_at).date(), basket, facts, member, points, tier)


def _line(book: Book, row: PastLine, off: int) -> Line:
    quantity: int | str = int(row.quantity) if row.quantity.isdigit() else row.quantity
    return Line(
        line=row.line, sku=row.sku, quantity=quantity, unit_price=row.unit_price, category=row.category,
        brand=row.brand, discount=off, unit_cost=row.unit_cost, earns=bool(row.earns),
        discountable=row.sku not in book.programme.gift_card_skus,
    )  # fmt: skip


@dataclass
class Pair:
    """A figure under the rules in force and under the draft."""

    now: int = 0
    draft: int = 0

    def add(self, now: int, draft: int) -> None:
        """Add to both."""
        self.now += now
        self.draft += draft

    def shown(self) -> dict[str, int]:
        """{"now", "draft"}."""
        return {"now": self.now, "draft": self.draft}


@dataclass
class Day:
    """One local day of a what-if."""

    tickets: int = 0
    discount: Pair = field(default_factory=Pair)


def _floored(priced: Priced) -> set[str]:
    """The promotions that a floor refused."""
    return {x.promotion for x in priced.pricing.not_applied if x.reason == "below_floor"}


@dataclass
class Tally:
    """What a what-if adds up, ticket by ticket (contract.md section 3).  Minor units, points."""

    own: frozenset[str] = frozenset()
    """Promotions that are the draft's own subject: losing them is no conflict, their floors always count."""
    budgets: dict[str, int] = field(default_factory=dict)
    goods: Mapping[str, Gift] = field(default_factory=dict)
    """What goods for free are worth, and what they cost the shop."""
    tickets: int = 0
    touched: int = 0
    without_cost: int = 0
    discount: Pair = field(default_factory=Pair)
    points: Pair = field(default_factory=Pair)
    gifts: Pair = field(default_factory=Pair)
    margin: Pair = field(default_factory=Pair)
    days: dict[date, Day] = field(default_factory=lambda: defaultdict(Day))
    lost: Counter[str] = field(default_factory=Counter)
    floor_hits: int = 0
    spent: Counter[str] = field(default_factory=Counter)
    budget_reached_on: date | None = None
    paid: Counter[int] = field(default_factory=Counter)
    """Member -> what they would have paid more, less what they would have had for free."""
    earned: Counter[int] = field(default_factory=Counter)
    """Member -> points that they would have earned more."""

    def add(self, ticket: Ticket, now: Priced, draft: Priced) -> None:
        """One ticket, priced both ways."""
        before, after = now.pricing, draft.pricing
        self.tickets += 1
        same = before.lines == after.lines and before.points.earned == after.points.earned
        self.touched += not (same and before.free_items == after.free_items)
        free = self._worth(before.free_items), self._worth(after.free_items)
        self.gifts.add(*free)
        self.discount.add(before.totals.discount, after.totals.discount)
        self.points.add(before.points.earned, after.points.earned)
        day = self.days[ticket.day]
        day.tickets += 1
        day.discount.add(before.totals.discount, after.totals.discount)
        costs = [self._cost(ticket, pricing.free_items) for pricing in (before, after)]
        if None in costs:
            self.without_cost += 1
        else:
            self.margin.add(*(x.totals.net - (cost or 0) for x, cost in zip((before, after), costs, strict=True)))
        self.lost.update({use.promotion for use in now.uses} - {use.promotion for use in draft.uses} - self.own)
        self.floor_hits += len(_floored(draft) - (_floored(now) - self.own))
        self._spend(ticket.day, draft)
        if ticket.member is not None:
            self.paid[ticket.member.id] += after.totals.to_pay - before.totals.to_pay - (free[1] - free[0])
            self.earned[ticket.member.id] += after.points.earned - before.points.earned

    def _worth(self, free: Mapping[str, int]) -> int:
        """What goods for free would have been sold for; those of which we know no price are worth nothing here."""
        return sum((self.goods[sku].price or 0) * count for sku, count in free.items() if sku in self.goods)

    def _cost(self, ticket: Ticket, free: Mapping[str, int]) -> int | None:
        """What the goods of a ticket and those for free cost the shop; None when one of the costs is not known."""
        given = [(self.goods[sku].cost if sku in self.goods else None, count) for sku, count in free.items()]
        if ticket.cost is None or any(cost is None for cost, _ in given):
            return None
        return ticket.cost + sum((cost or 0) * count for cost, count in given)

    def _spend(self, day: date, draft: Priced) -> None:
        for use in draft.uses:
            budget = self.budgets.get(use.promotion)
            self.spent[use.promotion] += use.amount
            if budget is not None and self.spent[use.promotion] >= budget and self.budget_reached_on is None:
                self.budget_reached_on = day

    def shown(self) -> dict[str, Any]:
        """The answer of a simulation, without its parts by tier.

        A member loses who pays more, or pays the same and earns less; gains by the reverse.
        """
        worth = [-paid or self.earned[member] for member, paid in self.paid.items()]
        reached = self.budget_reached_on
        return {
            "tickets": self.tickets,
            "tickets_touched": self.touched,
            "discount": self.discount.shown(),
            "points": self.points.shown(),
            "gifts": self.gifts.shown(),
            "margin": self.margin.shown(),
            "tickets_without_cost": self.without_cost,
            "members": {"gain": sum(x > 0 for x in worth), "lose": sum(x < 0 for x in worth)},
            "by_day": [
                {"day": day.isoformat(), "tickets": x.tickets, "discount": x.discount.shown()}
                for day, x in sorted(self.days.items())
            ],
            "conflicts": [{"promotion": code, "tickets": count} for code, count in sorted(self.lost.items())],
            "floor_hits": self.floor_hits,
            "budget_reached_on": reached.isoformat() if reached else None,
        }
