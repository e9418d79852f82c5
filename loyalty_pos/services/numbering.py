"""A till that numbers what it records (S44): (terminal, epoch, sequence) is one record, for ever.

The epoch is given at pairing, the sequence counts from 1.  The same number with the same body is
that record again; with another body two tills bear one identity: the second body waits in
quarantine, the terminal must be paired again, a manager is told, and nothing is dropped.  The
order of a till's records is that of its numbers, whatever its clock says.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from loyalty_pos.errors import BadInput, Conflict
from loyalty_pos.services.context import Caller, Number, Request, Services
from loyalty_pos.storage import exceptions, shops, tills
from loyalty_pos.storage.shops import TerminalRow
from loyalty_pos.storage.tills import Gap, Record
from loyalty_pos.storage.tx import Tx

MOST_GAPS = 500
SKEW_FLAGGED_MS = 5 * 60_000
SKEW_TOLD_MS = 24 * 3_600_000


class Quarantined(Conflict):
    """A record that contradicts the till's numbers: kept, but not recorded."""


def admit(services: Services, request: Request, item: dict[str, Any]) -> Request:
    """The request under which this record is to be answered.

    As it is, when its number is new; the earlier one's, when the number stands for the same body.
    A record that contradicts the numbers is kept, ``item`` in full: Quarantined (``number_taken``,
    ``epoch_old``, ``epoch_ahead``).  BadInput for numbers of a caller that is no terminal.
    """
    number, caller = request.number, request.caller
    if number is None:
        return request
    if caller.kind != "terminal" or caller.terminal is None:
        raise BadInput(errors={"epoch": ["not_available"]})
    row, known = services.store.read(partial(_look, caller, number))
    if known is not None and known.body_hash == number.body_hash:
        return Request(caller, known.key, request.body_hash)
    wrong = _contradiction(known, number, row.epoch)
    if wrong is None:
        return request
    services.store.write(lambda tx: _set_aside(tx, row, services.now_ms(), number, wrong.code, item))
    raise wrong


def _look(caller: Caller, number: Number, tx: Tx) -> tuple[TerminalRow, Record | None]:
    row = _terminal(tx, caller)
    return row, tills.record(tx, row.id, number.epoch, number.sequence)


def _terminal(tx: Tx, caller: Caller) -> TerminalRow:
    assert caller.terminal is not None
    row = shops.terminal(tx, caller.terminal)
    assert row is not None
    return row


def _contradiction(known: Record | None, number: Number, epoch: int) -> Quarantined | None:
    if known is not None:
        return Quarantined("number_taken")
    if number.epoch < epoch:
        return Quarantined("epoch_old")
    return Quarantined("epoch_ahead") if number.epoch > epoch else None


def _set_aside(tx: Tx, row: TerminalRow, now: int, number: Number, code: str, item: dict[str, Any]) -> None:
    """Keep the record and tell the manager; two bodies for one number: both tills must be paired again."""
    kind, body = item.get("kind", "swipe" if "at" in item else "sale"), msgspec.json.encode(item)
    tills.set_aside(tx, row.id, now, number.epoch, number.sequence, code, kind, number.body_hash, body)
    if code == "number_taken":
        shops.need_pairing(tx, row.id, now)
    exceptions.tell(tx, row.store_id, row.id, now, code)


def position(services: Services, caller: Caller) -> dict[str, Any]:
    """{"high_contiguous", "gaps", "pair_again"} of the terminal's epoch; null and empty before its first number.

    At most ``MOST_GAPS`` gaps, the lowest: whoever fills them is told the next.
    """
    if caller.kind != "terminal":
        return {"high_contiguous": None, "gaps": [], "pair_again": False}

    def work(tx: Tx) -> tuple[TerminalRow, int, list[Gap]]:
        row = _terminal(tx, caller)
        return row, tills.highest(tx, row.id, row.epoch), tills.gaps(tx, row.id, row.epoch, MOST_GAPS)

    row, top, gaps = services.store.read(work)
    return {
        "high_contiguous": contiguous(top, gaps) if top else None,
        "gaps": [{"from": gap.first, "to": gap.last} for gap in gaps],
        "pair_again": row.pair_again_since is not None,
    }


def contiguous(top: int, gaps: list[Gap]) -> int:
    """Up to where no number is missing: before the first gap of an epoch, or its highest number."""
    return gaps[0].first - 1 if gaps else top


def note_clock(services: Services, caller: Caller, sent_ms: int | None) -> None:
    """The till's clock against ours (S44): above five minutes it is flagged, above a day a manager is told."""
    if sent_ms is None or caller.kind != "terminal":
        return
    now = services.now_ms()
    off = abs(sent_ms - now)
    skew = sent_ms - now if off > SKEW_FLAGGED_MS else None

    def work(tx: Tx, row: TerminalRow) -> None:
        shops.set_skew(tx, row.id, skew)
        if off > SKEW_TOLD_MS:
            exceptions.tell(tx, row.store_id, row.id, now, "clock_skew")

    row = services.store.read(lambda tx: _terminal(tx, caller))
    if skew is not None or row.skew is not None:
        services.store.write(lambda tx: work(tx, row))
