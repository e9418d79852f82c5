"""What a checkout holds: coupons, points of named lots, money of gift cards and wallets, uses under limits.

Taking and giving back are guarded updates; when one fails, what the price stood on has moved
and Stale sends the request back to be priced again.  Rows are locked in one order everywhere, so
that nobody waits in a circle: the checkout or sale, members by id, gift cards and
wallets by id, lots, uses by promotion, coupons by id (docs/architecture.md).
"""

from __future__ import annotations

import msgspec

from loyalty_pos.services import limits
from loyalty_pos.services.context import Services
from loyalty_pos.services.loading import Ready
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import checkouts, coupons, ledger, members, posting, rules, values
from loyalty_pos.storage.checkouts import CheckoutRow
from loyalty_pos.storage.tx import Stale, Tx


def check_rules(tx: Tx, book: Book) -> None:
    """Stale when a rule has changed since the price was made."""
    if rules.version(tx) != book.version:
        raise Stale


def hold(tx: Tx, ready: Ready, checkout_id: int, store_id: int, by: str, released: CheckoutRow | None = None) -> None:
    """Hold all that the price uses.  ``released``: the same checkout's own holds were just freed,
    which moved the member's version by one."""
    member, now = ready.earner, ready.now
    points = ready.priced.pricing.points_spent
    member_id = member.id if member else None
    _hold_values(tx, ready, checkout_id)
    counted = limits.count(tx, ready.book, ready.priced.uses, member_id, store_id, ready.basket.cashier)
    if member is not None and (points or any(one.scope == "period" for one in counted)):
        freed = released is not None and released.state == "open" and released.points_held > 0
        version = member.version + (released is not None and freed and released.member_id == member.id)
        if not posting.settle_member(tx, member.id, version, -points, 0, points, 0, 0):
            raise Stale
        if points:
            _hold_lots(tx, member.id, checkout_id, points, now)
    if points or counted:
        checkouts.note_holds(tx, checkout_id, points, limits.pack(counted))
    for coupon_id in ready.applied_coupons():
        if not coupons.hold(tx, coupon_id, checkout_id, now, by):
            raise Stale


def _hold_values(tx: Tx, ready: Ready, checkout_id: int) -> None:
    payments = ready.payments()
    if payments and ready.earner is not None:
        members.lock(tx, ready.earner.id)
    for value_id, amount in payments:
        if not values.hold(tx, checkout_id, value_id, amount):
            raise Stale


def _hold_lots(tx: Tx, member_id: int, checkout_id: int, points: int, now: int) -> None:
    for lot in ledger.spendable_lots(tx, member_id, now):
        part = min(points, lot.free)
        if part and not ledger.hold(tx, checkout_id, lot.id, part):
            raise Stale
        points -= part
        if not points:
            return
    raise Stale


def release(services: Services, tx: Tx, row: CheckoutRow, by: str) -> None:
    """Give everything back that an open checkout holds; nothing to do for another state."""
    if row.state != "open":
        return
    if row.points_held and row.member_id is not None:
        posting.settle_member(tx, row.member_id, None, row.points_held, 0, -row.points_held, 0, 0)
        ledger.release_holds(tx, row.id, capture=False)
    values.release(tx, row.id)
    limits.give_back(tx, limits.unpack(row.counted))
    coupons.release(tx, row.id, services.now_ms(), by)


def capture(tx: Tx, row: CheckoutRow) -> list[tuple[int, int]]:
    """Take the held points out of their lots: (lot, points) for the entries of the sale."""
    return ledger.release_holds(tx, row.id, capture=True) if row.state == "open" else []


def reopen(
    tx: Tx,
    row: CheckoutRow,
    member_id: int | None,
    card_id: int | None,
    swipe_id: int | None,
    expires_at: int,
    ready: Ready,
) -> None:
    """Put the new price on the row; Stale when its state has moved."""
    basket, priced = ready.stored_basket(), msgspec.json.encode(ready.priced)
    checkouts.note_holds(tx, row.id, 0, "[]")
    cashier, version = ready.basket.cashier, ready.book.version
    if not checkouts.reprice(tx, row, cashier, member_id, card_id, swipe_id, expires_at, version, basket, priced):
        raise Stale


def move(tx: Tx, row: CheckoutRow, after: str, sale_id: int | None = None) -> None:
    """Close the checkout; Stale when its state has moved."""
    if not checkouts.close(tx, row.id, row.state, after, sale_id):
        raise Stale


def expire(services: Services, checkout_id: int, tx: Tx) -> bool:
    """Give back the holds of a checkout whose time is over (S21); False when it moved meanwhile."""
    row = checkouts.find(tx, checkout_id, lock=True)
    if row is None or row.state != "open" or row.expires_at > services.now_ms():
        return False
    release(services, tx, row, "system")
    return checkouts.close(tx, row.id, "open", "expired")
