"""A sale comes to its member late: a card forgotten at the till, or one enrolled after the sale.

The price stays as it was charged (S48).  The sale earns what it would have earned by the rules
that priced it, at the member's tier, for the units that are still kept; it counts in habits and
tier.  Invariant: a sale has one member, once; ``sales.attach`` is the guard.
"""

from __future__ import annotations

import msgspec

from loyalty_pos.domain.points import EarnPlan
from loyalty_pos.domain.returns import late_earned
from loyalty_pos.domain.tiers import NORMAL
from loyalty_pos.services import segment_members, tiers, visits
from loyalty_pos.services.context import Request, Services
from loyalty_pos.services.identity import Holder
from loyalty_pos.services.posting import grant
from loyalty_pos.services.reversal import sold_sale
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import audit, posting, reading, sales
from loyalty_pos.storage.ledger import Why
from loyalty_pos.storage.reading import MemberRow
from loyalty_pos.storage.sales import SaleRow
from loyalty_pos.storage.tx import Stale, Tx

DAY_MS = 86_400_000


def unknown_number(holder: Holder | None) -> str | None:
    """The card that a sale waits for: one that nobody has enrolled yet, however it was read (S42)."""
    if holder is None or holder.outcome != "unknown" or holder.entry == "rotating":
        return None
    return holder.number


def credit_enrolled(services: Services, tx: Tx, request: Request, sale_id: int, number: str) -> None:
    """The other half of ``credit_waiting``: the card was enrolled while this sale was under way."""
    tx.wait_for(f"card {number}")
    card = reading.card(tx, number)
    if card is not None and card.state != "blocked":
        sale = sales.find(tx, sale_id)
        assert sale is not None
        credit(services, tx, request, sale, card.member_id, None, own=False)


def credit_waiting(services: Services, tx: Tx, request: Request, number: str, member_id: int) -> None:
    """A card that was just enrolled is credited with the sales at which it was not known yet (S42).

    Claims the number until the transaction ends, so that a sale that is being recorded sees the
    card, or is seen here.
    """
    tx.wait_for(f"card {number}")
    book = services.rules.current(tx)
    since = services.now_ms() - book.programme.unknown_card_days * DAY_MS
    for sale_id in sales.waiting_for(tx, number, since):
        sale = sales.find(tx, sale_id, lock=True)
        if sale is not None and sale.member_id is None:
            credit(services, tx, request, sale, member_id, None, own=False)


def credit(
    services: Services, tx: Tx, request: Request, sale: SaleRow, member_id: int, swipe_id: int | None, own: bool
) -> int:
    """Give a locked sale to a member; the points it earns now (none by the seller's ``own`` card)."""
    now, book, caller = services.now_ms(), services.rules.current(tx), request.caller
    member = reading.member(tx, member_id)
    assert member is not None
    plan = EarnPlan() if own else _plan(book, sale, member)
    points = late_earned(msgspec.structs.replace(sold_sale(tx, sale, sales.lines(tx, sale.id)), earning=plan))
    packed = msgspec.json.encode(plan).decode()
    if not sales.attach(tx, sale.id, member.id, swipe_id, points, packed, now, caller.key):
        raise Stale
    _move_balances(tx, book, member, points)
    if points:
        why = Why(now, caller.key, caller.terminal_id, sale.id, key=request.key)
        grant(tx, book, member, points, min(sale.sold_at, now), why)
    visits.count(tx, book, member.id, sale, points, member.last_at)
    tiers.settle(tx, book, member, sale.sold_at)
    segment_members.follow(tx, book, member.id, now)
    audit.add(tx, now, caller.key, "sale.attach", str(sale.id), None)
    return points


def _plan(book: Book, sale: SaleRow, member: MemberRow) -> EarnPlan:
    """How the sale would have earned: its own rules, the member's tier (S17)."""
    plan = msgspec.json.decode(sale.plan, type=EarnPlan)
    tier = book.rules.tiers.get(member.tier)
    return msgspec.structs.replace(plan, multipliers=(tier.earn_multiplier if tier else NORMAL, plan.multipliers[1]))


def _move_balances(tx: Tx, book: Book, member: MemberRow, points: int) -> None:
    recovered = min(member.shortfall, points)
    gain, waits = points - recovered, book.rules.points.pending_days > 0
    active, pending = (0, gain) if waits else (gain, 0)
    posting.settle_member(tx, member.id, None, active, pending, 0, 0, -recovered)
