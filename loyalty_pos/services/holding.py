"""What a checkout holds: coupons, points of named lots, and uses under limits.

Taking and giving back are guarded updates; when one fails, what the price stood on has moved
and Stale sends the request back to be priced again.
"""

from __future__ import annotations

import msgspec

from loyalty_pos.domain.pricing.result import Priced, Use
from loyalty_pos.services.context import Caller, Services
from loyalty_pos.services.loading import Ready
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import checkouts, coupons, ledger, posting, reading, rules
from loyalty_pos.storage.checkouts import CheckoutRow
from loyalty_pos.storage.tx import Stale, Tx


def check_rules(tx: Tx, book: Book) -> None:
    """Stale when a rule has changed since the price was made."""
    if rules.version(tx) != book.version:
        raise Stale


def hold(tx: Tx, ready: Ready, checkout_id: int, caller: Caller, released: CheckoutRow | None = None) -> None:
    """Hold all that the price uses.  ``released``: the same checkout's own holds were just freed,
    which moved the member's version by one."""
    member = ready.earner
    points = ready.priced.pricing.points.redeemed
    if member is not None:
        freed = released is not None and released.points_held > 0 and released.member_id == member.id
        version = member.version + (1 if freed and released is not None and released.state == "open" else 0)
        if points and not posting.settle_member(tx, member.id, version, -points, 0, points, 0, 0):
            raise Stale
    if points and member is not None:
        _hold_lots(tx, member.id, checkout_id, points)
        checkouts.hold_points(tx, checkout_id, points)
    for outcome in ready.priced.pricing.coupons:
        if outcome.status == "applied" and not coupons.hold(
            tx, ready.coupons[outcome.code].id, checkout_id, ready.now, caller.key
        ):
            raise Stale
    count_uses(tx, ready.book, ready.priced.uses, member.id if member else None, caller.store_id, ready.basket.cashier)


def _hold_lots(tx: Tx, member_id: int, checkout_id: int, points: int) -> None:
    for lot in ledger.spendable_lots(tx, member_id):
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
    coupons.release(tx, row.id, services.now_ms(), by)
    book = services.rules.current(tx)
    give_back_uses(tx, book, uses_of(row), row.member_id, row.store_id, row.cashier)


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
    basket, priced = msgspec.json.encode(ready.basket), msgspec.json.encode(ready.priced)
    checkouts.hold_points(tx, row.id, 0)
    if not checkouts.reprice(tx, row, member_id, card_id, swipe_id, expires_at, ready.book.version, basket, priced):
        raise Stale


def move(tx: Tx, row: CheckoutRow, after: str, sale_id: int | None = None) -> None:
    """Close the checkout; Stale when its state has moved."""
    if not checkouts.close(tx, row.id, row.state, after, sale_id):
        raise Stale


def uses_of(row: CheckoutRow) -> list[Use]:
    """The uses that a checkout's stored price counts."""
    return msgspec.json.decode(row.priced, type=Priced).uses


def expire(services: Services, checkout_id: int, tx: Tx) -> bool:
    """Give back the holds of a checkout whose time is over (S21); False when it moved meanwhile."""
    row = checkouts.find(tx, checkout_id, lock=True)
    if row is None or row.state != "open" or row.expires_at > services.now_ms():
        return False
    release(services, tx, row, "system")
    return checkouts.close(tx, row.id, "open", "expired")


def _subjects(member_id: int | None, store_id: int | None, cashier: str | None) -> dict[str, tuple[str, str]]:
    """limit name -> (scope, subject) of the counter that it is measured against (S37)."""
    found = {"total": ("total", ""), "budget": ("total", "")}
    if member_id is not None:
        found["per_member"] = ("member", f"m{member_id}")
    if store_id is not None:
        found["per_store"] = ("store", f"s{store_id}")
    if cashier is not None:
        found["per_cashier"] = ("cashier", f"c{cashier}")
    return found


def count_uses(
    tx: Tx, book: Book, uses: list[Use], member_id: int | None, store_id: int | None, cashier: str | None,
    limited: bool = True,
) -> None:  # fmt: skip
    """Count uses against their limits; Stale when there is no room any more.

    ``limited`` False: count a fact that happened, whatever the limit says.
    """
    subjects = _subjects(member_id, store_id, cashier)
    for use in uses:
        limits = book.limited.get(use.promotion, {})
        done: set[tuple[str, str]] = set()
        for name in ("total", "budget", "per_member", "per_store", "per_cashier"):
            if name not in limits or name not in subjects or subjects[name] in done:
                continue
            done.add(subjects[name])
            room = limits[name] if limited and name != "budget" else None
            if not posting.reserve(tx, use.promotion, *subjects[name], use.uses, use.amount, room):
                raise Stale
            if limited and "budget" in limits and subjects[name][0] == "total" and _over(tx, use, limits["budget"]):
                raise Stale


def _over(tx: Tx, use: Use, budget: int) -> bool:
    amount = reading.uses(tx, (use.promotion,), ("",)).get((use.promotion, "total"), (0, 0))[1]
    return amount > budget


def give_back_uses(
    tx: Tx, book: Book, uses: list[Use], member_id: int | None, store_id: int | None, cashier: str | None
) -> None:
    """Take counted uses back, on void, expiry and full return (S30)."""
    subjects = _subjects(member_id, store_id, cashier)
    for use in uses:
        limits = book.limited.get(use.promotion, {})
        for scope, subject in {subjects[name] for name in limits if name in subjects}:
            posting.give_back_use(tx, use.promotion, scope, subject, use.uses, use.amount)
