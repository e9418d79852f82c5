"""A return and stored value: what gift cards paid goes back to them, what was sold on them is taken off.

Money that a gift card or wallet paid comes back to it before any is handed out, in the order in which
they paid, so that none is ever turned into cash (S28).  A line that sold a gift card comes back only
while the money is still on it: else the customer would have it twice.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from loyalty_pos.domain.points import restored_expiry
from loyalty_pos.domain.returns import ReturnOutcome, SoldSale, worth_kept
from loyalty_pos.errors import Refused
from loyalty_pos.services.rules import Book
from loyalty_pos.storage import values
from loyalty_pos.storage.ledger import Why
from loyalty_pos.storage.tx import Stale, Tx
from loyalty_pos.storage.values import Loaded, Paid


class ValuePlan(Struct, frozen=True):
    """Where the money of a return goes: back on cards that paid, off cards that the goods were."""

    refunds: list[tuple[Paid, int]]
    unloads: list[tuple[str, int, int]]
    """(line, id, amount)"""

    @property
    def shown(self) -> dict[str, int]:
        """Code -> what comes back to it."""
        return {paid.code: amount for paid, amount in self.refunds}


def plan(tx: Tx, sale_id: int, sold: SoldSale, outcome: ReturnOutcome) -> ValuePlan:
    """What a return of a locked sale moves; Refused (``value_spent``) when what a returned line had put
    on a card is not on it any more."""
    left, refunds = outcome.value_back, []
    for paid in values.paid(tx, sale_id) if left else ():
        part = min(left, paid.amount)
        if part:
            refunds.append((paid, part))
            left -= part
    return ValuePlan(refunds, _unloads(values.loaded(tx, sale_id), sold, outcome))


def _unloads(loaded: list[Loaded], sold: SoldSale, outcome: ReturnOutcome) -> list[tuple[str, int, int]]:
    back = {line.line: line.units for line in outcome.lines}
    free = {one.id: one.free for one in loaded}
    unloads = []
    for line in sold.lines if loaded else ():
        mine = [one for one in loaded if one.line == line.line]
        excess = sum(one.amount for one in mine) - worth_kept(line, back.get(line.line, 0))
        for one in mine:
            part = max(0, min(excess, one.amount, free[one.id]))
            if part:
                unloads.append((line.line, one.id, part))
                free[one.id] -= part
                excess -= part
        if mine and excess > 0:
            raise Refused("value_spent")
    return unloads


def post(tx: Tx, book: Book, made: ValuePlan, why: Why) -> None:
    """Move it, in the order of the ids; a card that has lapsed pays again for thirty days (S24).

    Stale when a card was spent meanwhile.
    """
    today = book.programme.local(why.at).date()
    moves: list[tuple[int, int, str | None]] = [(paid.id, amount, None) for paid, amount in made.refunds]
    moves += [(value_id, amount, line) for line, value_id, amount in made.unloads]
    last_days = {paid.id: paid.expires_on for paid, _ in made.refunds}
    for value_id, amount, line in sorted(moves, key=lambda move: move[0]):
        if line is not None:
            if not values.unload(tx, value_id, amount, why, line):
                raise Stale
            continue
        values.refund(tx, value_id, amount, why)
        last = last_days[value_id]
        if last is not None and last < today.isoformat():
            values.last_until(tx, value_id, str(restored_expiry(date.fromisoformat(last), today)))
