"""Limits: a use is counted where it is reserved, and exactly what was counted is given back (S37, S30).

A checkout and a sale keep the list of counters that they moved.  So the rules, the cashier or
the member may change meanwhile, and giving back still undoes what was done.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import msgspec
from msgspec import Struct

from loyalty_pos.domain.pricing.request import Usage
from loyalty_pos.domain.pricing.result import Use
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import checkouts, members, posting, reading
from loyalty_pos.storage.tx import Stale, Tx

LIMITS = ("total", "budget", "per_member", "per_period", "per_store", "per_cashier")


class Counted(Struct, frozen=True, array_like=True):
    """One counter that was moved; scope ``period`` has no counter of its own: the sales are counted."""

    promotion: str
    scope: str
    subject: str
    uses: int
    amount: int


def pack(counted: Iterable[Counted]) -> str:
    """As a checkout and a sale keep it."""
    return msgspec.json.encode(list(counted)).decode()


def unpack(text: str) -> list[Counted]:
    """What a checkout or a sale counted."""
    return msgspec.json.decode(text, type=list[Counted]) if text != "[]" else []


def _counters(member_id: int | None, store_id: int | None, cashier: str | None) -> dict[str, tuple[str, str]]:
    """limit -> (scope, subject) of the counter that it is measured against."""
    found = {"total": ("total", ""), "budget": ("total", "")}
    if member_id is not None:
        found |= {"per_member": ("member", f"m{member_id}"), "per_period": ("period", f"m{member_id}")}
    if store_id is not None:
        found["per_store"] = ("store", f"s{store_id}")
    if cashier is not None:
        found["per_cashier"] = ("cashier", f"c{cashier}")
    return found


def count(
    tx: Tx,
    book: Book,
    uses: Iterable[Use],
    member_id: int | None,
    store_id: int | None,
    cashier: str | None,
    limited: bool = True,
) -> list[Counted]:
    """Count uses against their limits; Stale when there is no room any more.

    ``limited`` False: count a fact that happened, whatever the limit says.
    """
    counters = _counters(member_id, store_id, cashier)
    moved: list[Counted] = []
    counting = sorted((use for use in uses if use.promotion in book.limited), key=lambda use: use.promotion)
    if counting:
        members.lock(tx, member_id)
    for use in counting:
        limits = book.limited.get(use.promotion, {})
        for scope, subject in dict.fromkeys(counters[name] for name in LIMITS if name in limits and name in counters):
            moved.append(Counted(use.promotion, scope, subject, use.uses, use.amount))
            if scope == "period":
                continue
            room = limits.get("total" if scope == "total" else f"per_{scope}") if limited else None
            budget = limits.get("budget") if limited and scope == "total" else None
            if not posting.reserve(tx, use.promotion, scope, subject, use.uses, use.amount, room, budget):
                raise Stale
    return moved


def give_back(tx: Tx, counted: Iterable[Counted]) -> None:
    """Undo what was counted, on void, expiry and full return; of a merged member where it is counted now."""
    for one in sorted(counted, key=lambda one: one.promotion):
        if one.scope != "period":
            subject = f"m{members.living(tx, int(one.subject[1:]))}" if one.scope == "member" else one.subject
            posting.give_back_use(tx, one.promotion, one.scope, subject, one.uses, one.amount)


def usage(
    tx: Tx,
    book: Book,
    member_id: int | None,
    store_id: int | None,
    cashier: str | None,
    now: int,
    own: checkouts.CheckoutRow | None,
) -> dict[str, Usage]:
    """The uses so far of each limited promotion, as this basket's limits see them at ``now`` (ms, the
    server's: S44).

    What the checkout being changed (``own``) has reserved itself is not in the way; what other
    open checkouts of the member hold is.
    """
    if not book.limited:
        return {}
    counters = _counters(member_id, store_id, cashier)
    subjects = sorted({subject for _, subject in counters.values()})
    counts = reading.uses(tx, tuple(book.limited), subjects)
    mine = unpack(own.counted) if own is not None and own.state == "open" else []
    for one in mine:
        if (one.scope, one.subject) in counters.values() and (one.promotion, one.scope) in counts:
            uses, amount = counts[(one.promotion, one.scope)]
            counts[(one.promotion, one.scope)] = (uses - one.uses, amount - one.amount)
    lately = _in_periods(tx, book, member_id, now, own)
    found: dict[str, Usage] = {}
    for code in book.limited:
        found[code] = Usage(
            total=counts.get((code, "total"), (0, 0))[0],
            member=counts.get((code, "member"), (0, 0))[0],
            member_in_period=lately.get(code, 0),
            store=counts.get((code, "store"), (0, 0))[0],
            cashier=counts.get((code, "cashier"), (0, 0))[0],
            budget=counts.get((code, "total"), (0, 0))[1],
        )
    return found


def _in_periods(
    tx: Tx, book: Book, member_id: int | None, now: int, own: checkouts.CheckoutRow | None
) -> dict[str, int]:
    """promotion -> the member's uses in its period: those of sales, and those that open checkouts hold."""
    since = {
        code: now - int(timedelta(days=limits["per_period"]["days"]).total_seconds() * 1000)
        for code, limits in book.limited.items()
        if "per_period" in limits
    }
    if member_id is None or not since:
        return {}
    found = reading.uses_since(tx, member_id, since)
    for row_id, text in checkouts.open_of_member(tx, member_id):
        for one in unpack(text) if own is None or row_id != own.id else ():
            if one.scope == "period":
                found[one.promotion] = found.get(one.promotion, 0) + one.uses
    return found
