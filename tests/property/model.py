"""The ledger in a page: what points and coupons must be after anything that can happen at a till.

Written from semantics.md (S15, S18-S22, S24-S31, S37, S42, S43, S47, S48), not from the product: plain
lists, no database.  One kind of goods, one coupon of 10 %, one point for each 1.000 paid, a point
pays 10, at least 10 and at most half of a bill.  Points wait a day and lapse after ten.

Invariant: a balance is never stored here; it is the sum of its lots.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

DAY, ZONE, HOLD = 86_400_000, 7 * 3_600_000, 15 * 60_000


def midnight(at: int, days: int) -> int:
    """The first moment of the local day that is ``days`` after that of ``at``."""
    return ((at + ZONE) // DAY + days) * DAY - ZONE


@dataclass(eq=False)
class Lot:
    """Points granted together."""

    left: int
    since: int
    until: int
    state: str = "active"
    held: int = 0
    sale: Sale | None = None
    number: int = field(default_factory=count().__next__)

    @property
    def free(self) -> int:
        """What may be held or spent."""
        return self.left - self.held


@dataclass(eq=False)
class Sale:
    """What was charged, and what its returns did so far; ``paid`` are (lot, points) that are still out."""

    units: int
    each: int
    points: int
    value: int
    earned: int
    coupon: str | None
    paid: list[tuple[Lot, int]] = field(default_factory=list)
    back: int = 0
    cash_back: int = 0
    planned: int = 0
    taken: int = 0
    given: int = 0
    lapsed: int = 0


@dataclass(eq=False)
class Checkout:
    """A price and what it holds."""

    sale: Sale
    until: int
    holds: list[tuple[Lot, int]]
    state: str = "open"


@dataclass(eq=False)
class Member:
    """Lots in the order they were granted."""

    lots: list[Lot] = field(default_factory=list)
    coupons: dict[str, str] = field(default_factory=dict)
    checkouts: list[Checkout] = field(default_factory=list)
    spent: int = 0
    expired: int = 0
    shortfall: int = 0

    def balances(self) -> tuple[int, ...]:
        """active, pending, held, spent, expired, shortfall."""
        active = sum(lot.free for lot in self.lots if lot.state == "active")
        pending = sum(lot.free for lot in self.lots if lot.state == "pending")
        return active, pending, sum(lot.held for lot in self.lots), self.spent, self.expired, self.shortfall

    def spendable(self, now: int) -> list[Lot]:
        """Soonest expiry first, then oldest (S19); what has lapsed is nobody's (S20)."""
        found = [lot for lot in self.lots if lot.state == "active" and lot.free and lot.until > now]
        return sorted(found, key=lambda lot: (lot.until, lot.since))

    def grant(self, points: int, at: int, sale: Sale | None = None) -> None:
        """Points by hand at once, points of a sale from tomorrow (S18); both lapse after ten days."""
        since, state = (midnight(at, 1), "pending") if sale else (at, "active")
        recovered = min(points, self.shortfall) if sale else 0
        self.shortfall -= recovered
        self.lots.append(Lot(points - recovered, since, midnight(at, 11), state, sale=sale))

    def price(self, units: int, each: int, coupon: str | None, asked: int, now: int) -> Sale:
        """The bill: the coupon if it is free, the points that are there and allowed (S22)."""
        coupon = coupon if self.coupons.get(coupon or "") == "issued" else None
        net = units * each * 9 // 10 if coupon else units * each
        points = min(asked, sum(lot.free for lot in self.spendable(now)), net // 2 // 10)
        points = points if points >= 10 else 0
        return Sale(units, net // units, points, points * 10, (net - points * 10) // 1_000, coupon)

    def hold(self, sale: Sale, now: int) -> Checkout:
        """Set its points and its coupon aside for a quarter of an hour (S21)."""
        holds = _choose(self.spendable(now), sale.points)
        for lot, part in holds:
            lot.held += part
        if sale.coupon:
            self.coupons[sale.coupon] = "held"
        self.checkouts.append(Checkout(sale, now + HOLD, holds))
        return self.checkouts[-1]

    def release(self, checkout: Checkout, state: str) -> None:
        """Its holds are free again."""
        for lot, part in checkout.holds if checkout.state == "open" else ():
            lot.held -= part
        if checkout.state == "open" and checkout.sale.coupon:
            self.coupons[checkout.sale.coupon] = "issued"
        checkout.state = state

    def settle(self, sale: Sale, now: int, checkout: Checkout | None = None, at: int | None = None) -> None:
        """A sale is a fact (S48): what is not there any more is the store's loss, not the customer's."""
        free = self.coupons.get(sale.coupon or "") == "issued" or (checkout and checkout.state == "open")
        if checkout and checkout.state == "open":
            self.release(checkout, "settled")
            sale.paid = checkout.holds
        else:
            sale.paid = _choose(self.spendable(now), sale.points)
        sale.points = sum(part for _, part in sale.paid)
        sale.coupon = sale.coupon if free else None
        for lot, part in sale.paid:
            lot.left -= part
        self.spent += sale.points
        self.coupons |= {sale.coupon: "used"} if sale.coupon else {}
        self.grant(sale.earned, min(now, at or now), sale)

    def give_back(self, sale: Sale, units: int, now: int) -> tuple[int, int, int, int]:
        """(refund, cash, points given back, points taken back) of returning some units (S25-S29)."""
        sale.back += units
        net, refunded, full = sale.units * sale.each, sale.back * sale.each, sale.back == sale.units
        given = sale.points if full else max(sale.given, sale.points * refunded // net)
        worth = given * sale.value // sale.points if sale.points else 0
        cash = max(0, min(refunded - worth, net - sale.value) - sale.cash_back)
        kept = net - refunded - min(net - refunded, sale.value - worth if sale.points else 0)
        planned = max(0, sale.earned - min(sale.earned, kept // 1_000) - sale.planned)
        missing = planned - max(0, min(planned, sale.lapsed - (sale.planned - sale.taken)))
        own = [lot for lot in self.lots if lot.sale is sale]
        others = [lot for lot in self.lots if lot.state == "active" and lot.free and lot.sale is not sale]
        others.sort(key=lambda lot: (lot.until, lot.since))
        revived = self._revive(sale, given - sale.given, now)
        taken = _choose([*own, *others, *(lot for lot in revived if lot not in own + others)], missing)
        for lot, part in taken:
            lot.left -= part
        points, gone = given - sale.given, sum(part for _, part in taken)
        self.spent -= points
        self.shortfall += missing - gone
        sale.cash_back, sale.given = sale.cash_back + cash, given
        sale.planned, sale.taken = sale.planned + planned, sale.taken + missing
        if full and sale.coupon:
            self.coupons[sale.coupon] = "issued"
        return units * sale.each, cash, points, gone

    def join(self, other: Member) -> None:
        """Everything of another member is this one's, in the order it was granted."""
        self.lots = sorted(self.lots + other.lots, key=lambda lot: lot.number)
        self.coupons, self.checkouts = self.coupons | other.coupons, self.checkouts + other.checkouts
        self.spent, self.expired = self.spent + other.spent, self.expired + other.expired
        self.shortfall += other.shortfall

    def _revive(self, sale: Sale, points: int, now: int) -> list[Lot]:
        back = _choose([lot for lot, _ in sale.paid], points, [part for _, part in sale.paid])
        sale.paid = [(lot, part - dict(back).get(lot, 0)) for lot, part in sale.paid]
        for lot, part in back:
            if lot.state == "expired" or lot.until <= now:
                lot.until = max(lot.until, midnight(now, 31))
            lot.left, lot.state = lot.left + part, "active"
        return [lot for lot, _ in back]

    def clock(self, now: int) -> None:
        """What is due: holds end (S21), points become active (S18), then they lapse (S20)."""
        for checkout in self.checkouts:
            if checkout.state == "open" and checkout.until <= now:
                self.release(checkout, "expired")
        for lot in self.lots:
            if lot.state == "pending" and lot.since <= now:
                lot.state = "active"
            if lot.state == "active" and lot.until <= now and (lot.free or not lot.left):
                self.expired, gone = self.expired + lot.free, lot.free
                lot.left, lot.state = lot.held, "active" if lot.held else "expired"
                if lot.sale:
                    lot.sale.lapsed += gone


def _choose(lots: list[Lot], points: int, parts: list[int] | None = None) -> list[tuple[Lot, int]]:
    """(lot, points) in this order until there are enough; from each what is free, or its part."""
    chosen = []
    for lot, most in zip(lots, parts or [lot.free for lot in lots], strict=True):
        part = min(points, most)
        if part > 0:
            chosen.append((lot, part))
            points -= part
    return chosen
