"""Two members made one, and made two again within thirty days.

The old id stays an alias for ever: cards, sales, lots and coupons belong to the member that is
left, and whoever asks for the old one is shown the new one.  Points move with their lots, by two
entries of kind ``merge`` that cancel out; no entry is changed (docs/decisions/0006).
Invariant: a balance is always the sum of the member's own lots and of the member's own entries.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct, structs

from loyalty_pos.errors import Conflict, NotFound, Refused
from loyalty_pos.services import segment_members, tiers, visits
from loyalty_pos.services.context import Outcome, Request, Services, from_ms
from loyalty_pos.services.idempotency import decide
from loyalty_pos.services.identity import parse_id
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import audit, ledger, members, merges, posting, reading
from loyalty_pos.storage import tiers as places
from loyalty_pos.storage.ledger import Why
from loyalty_pos.storage.merges import MergeRow
from loyalty_pos.storage.reading import MemberRow
from loyalty_pos.storage.tiers import Place
from loyalty_pos.storage.tx import Stale, Tx

DAY_MS = 86_400_000


class Moved(Struct, frozen=True):
    """What a merge moved, by id, and what it changed of the member that is left."""

    cards: list[int]
    coupons: list[int]
    lots: list[int]
    sales: list[int]
    stored_values: list[int]
    uses: list[tuple[str, int, int]]
    place: Place
    """Where the member that is left stood before."""
    by_hand: str | None
    """The tier by hand that the merge left to it."""


def merge(services: Services, request: Request, member_id: str, into: str, reason: str) -> tuple[Outcome, Any]:
    """Make ``member_id`` an alias of ``into``: what moved, and until when it can be undone.

    NotFound (``member_unknown``), Refused (``merge_itself``), Conflict (``member_merged``,
    ``member_erased``, ``member_busy`` while a checkout holds points).
    """

    def post(tx: Tx, _ready: object) -> Outcome:
        source, target = _two(tx, parse_id(member_id, "member"), parse_id(into, "member"))
        now, by, book = services.now_ms(), request.caller.key, services.rules.current(tx)
        before = Place(target.tier, target.tier_by_hand, target.tier_floor, target.floor_on, target.review_on)
        owned = {name: merges.owned(tx, name, source.id) for name in merges.MOVABLE}
        by_hand = tiers.kept_by_hand(book, target, source)
        moved = Moved(**owned, uses=merges.member_uses(tx, source.id), place=before, by_hand=by_hand)
        why = Why(now, by, request.caller.terminal_id, reason=reason, key=request.key)
        if not merges.become_alias(tx, source.id, target.id):
            raise Stale
        points = _give(tx, moved, source.id, target.id, why)
        merges.give_checkouts(tx, source.id, target.id, None)
        _move_uses(tx, moved, source.id, target.id)
        _count_anew(tx, book, source.id, target.id)
        tiers.join(tx, book, target, source)
        _follow(tx, book, source.id, target.id, now)
        merges.add(tx, source.id, target.id, now, by, reason, msgspec.json.encode(moved).decode())
        audit.add(tx, now, by, "member.merge", str(source.id), reason)
        until = now + book.programme.unmerge_days * DAY_MS
        return Outcome("created", _said(source.id, target.id, now, until, points, moved))

    outcome = decide(services, request, lambda _tx: object(), post)
    return outcome, outcome.value()


def unmerge(services: Services, request: Request, member_id: str, reason: str | None = None) -> tuple[Outcome, Any]:
    """Make two of them again: what moved back.

    Back go what had moved and what came since by the cards that had moved: their sales, with the
    lots and coupons of those.  NotFound (``member_unknown``), Conflict (``not_merged``,
    ``unmerge_too_late``, ``member_merged``, ``member_erased``, ``member_busy``).
    """

    def post(tx: Tx, _ready: object) -> Outcome:
        now, by, book = services.now_ms(), request.caller.key, services.rules.current(tx)
        row = _standing(tx, parse_id(member_id, "member"), now - book.programme.unmerge_days * DAY_MS)
        target = reading.member(tx, row.into_id)
        assert target is not None
        if target.id != row.into_id:
            raise Conflict("member_merged")
        _check(target)
        moved = msgspec.json.decode(row.moved, type=Moved)
        back = _with_what_came_since(tx, moved, target.id)
        why = Why(now, by, request.caller.terminal_id, reason=reason, key=request.key)
        if not merges.undo(tx, row.id, now, by):
            raise Stale
        merges.become_member(tx, row.member_id)
        points = _give(tx, back, target.id, row.member_id, why)
        merges.give_checkouts(tx, target.id, row.member_id, back.cards)
        _move_uses(tx, moved, target.id, row.member_id)
        _repay(tx, (target.id, row.member_id), why)
        _count_anew(tx, book, target.id, row.member_id)
        _restore_tiers(tx, book, row, moved, target)
        _follow(tx, book, target.id, row.member_id, now)
        audit.add(tx, now, by, "member.unmerge", str(row.member_id), reason)
        return Outcome("done", _said(row.member_id, target.id, now, None, points, back))

    outcome = decide(services, request, lambda _tx: object(), post)
    return outcome, outcome.value()


def _said(source: int, target: int, at: int, until: int | None, points: int, moved: Moved) -> dict[str, Any]:
    return {
        "member": str(source),
        "into": str(target),
        "at": from_ms(at).isoformat(timespec="seconds"),
        "undo_until": None if until is None else from_ms(until).isoformat(timespec="seconds"),
        "points": points,
        "cards": len(moved.cards),
        "sales": len(moved.sales),
        "coupons": len(moved.coupons),
    }


def _two(tx: Tx, source: int, target: int) -> tuple[MemberRow, MemberRow]:
    """Both members, locked in the order of their ids, if the one may become an alias of the other."""
    if source == target:
        raise Refused("merge_itself")
    rows = {number: reading.member(tx, number) for number in sorted((source, target))}
    for number, row in rows.items():
        if row is None:
            raise NotFound("member_unknown")
        if row.id != number:
            raise Conflict("member_merged")
        _check(row)
    first, second = rows[source], rows[target]
    assert first is not None
    assert second is not None
    return first, second


def _check(row: MemberRow) -> None:
    if row.state == "erased":
        raise Conflict("member_erased")
    if row.held:
        raise Conflict("member_busy")


def _standing(tx: Tx, member_id: int, since: int) -> MergeRow:
    if members.account(tx, member_id) is None:
        raise NotFound("member_unknown")
    row = merges.standing(tx, member_id)
    if row is None:
        raise Conflict("not_merged")
    if row.at < since:
        raise Conflict("unmerge_too_late")
    return row


def _with_what_came_since(tx: Tx, moved: Moved, target: int) -> Moved:
    """What had moved, and what the moved cards (and their successors) brought afterwards."""
    owned = {name: set(merges.owned(tx, name, target)) for name in merges.MOVABLE}
    cards = sorted(owned["cards"] & set(merges.successors(tx, moved.cards)))
    sales = sorted(owned["sales"] & {*moved.sales, *merges.sales_of_cards(tx, target, cards)})
    lots = owned["lots"] & {*moved.lots, *merges.of_sales(tx, "lots", "sale_id", sales)}
    coupons = owned["coupons"] & {*moved.coupons, *merges.of_sales(tx, "coupons", "from_sale_id", sales)}
    wallets = sorted(owned["stored_values"] & set(moved.stored_values))
    return structs.replace(
        moved, cards=cards, coupons=sorted(coupons), lots=sorted(lots), sales=sales, stored_values=wallets
    )


def _give(tx: Tx, moved: Moved, source: int, target: int, why: Why) -> int:
    """Let everything belong to ``target``; the points that move, each lot by two entries that cancel out."""
    points = 0
    for lot in merges.lots(tx, moved.lots):
        if lot.remaining:
            ledger.add_entry(tx, source, "merge", -lot.remaining, lot.id, why)
            ledger.add_entry(tx, target, "merge", lot.remaining, lot.id, why)
            points += lot.remaining
    for name in merges.MOVABLE:
        merges.give(tx, name, getattr(moved, name), target)
    return points


def _move_uses(tx: Tx, moved: Moved, source: int, target: int) -> None:
    """Uses that were counted against the limits of one member count for the other, as far as they still stand."""
    standing = {promotion: (uses, amount) for promotion, uses, amount in merges.member_uses(tx, source)}
    for promotion, uses, amount in moved.uses:
        left, worth = standing.get(promotion, (0, 0))
        uses, amount = min(uses, left), min(amount, worth)
        if uses:
            posting.give_back_use(tx, promotion, "member", f"m{source}", uses, amount)
            posting.reserve(tx, promotion, "member", f"m{target}", uses, amount, None, None)


def _repay(tx: Tx, both: tuple[int, int], why: Why) -> None:
    """What one paid off of the other's debts while they were one comes back to its lot; the debt stands again."""
    for member_id in both:
        paid = -merges.counted(tx, member_id).owed
        for lot_id, sale_id, points in merges.recoveries(tx, member_id):
            part = min(points, max(0, paid))
            if part:
                lot = ledger.lot(tx, lot_id)
                state = "pending" if lot.state == "pending" else "active"
                ledger.put_back(tx, lot_id, part, state, lot.expires_at)
                ledger.add_entry(tx, member_id, "recover", part, lot_id, why._replace(sale_id=sale_id))
                paid -= part


def _count_anew(tx: Tx, book: Book, *both: int) -> None:
    """Balances from the lots, figures and habits from the sales, of both members."""
    for member_id in both:
        lots = merges.lots(tx, merges.owned(tx, "lots", member_id))
        active, pending = (sum(x.remaining for x in lots if x.state == state) for state in ("active", "pending"))
        merges.set_balances(tx, member_id, active, pending, merges.counted(tx, member_id))
        visits.recount(tx, book, member_id)


def _follow(tx: Tx, book: Book, first: int, second: int, now: int) -> None:
    for member_id in (first, second):
        segment_members.follow(tx, book, member_id, now)


def _restore_tiers(tx: Tx, book: Book, row: MergeRow, moved: Moved, target: MemberRow) -> None:
    """Each stands where it stood, or on what it has reached alone; what a hand has decided since is kept (S33)."""
    if target.tier_by_hand == moved.by_hand:
        places.place(tx, target.id, moved.place)
    for member_id in (target.id, row.member_id):
        member = reading.member(tx, member_id)
        assert member is not None
        tiers.lift(tx, book, member)
