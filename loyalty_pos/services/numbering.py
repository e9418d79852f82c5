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
from msgspec import Struct

from loyalty_pos.errors import BadInput, Conflict
from loyalty_pos.services.context import Caller, Number, Request, Services
from loyalty_pos.storage import exceptions, shops, tills
from loyalty_pos.storage.shops import TerminalRow
from loyalty_pos.storage.tills import Record
from loyalty_pos.storage.tx import Tx

MOST_GAPS = 500
SKEW_FLAGGED_MS = 5 * 60_000
SKEW_TOLD_MS = 24 * 3_600_000


class Quarantined(Conflict):
    """A record that contradicts the till's numbers: kept, but not recorded."""


class Gap(Struct, frozen=True):
    """Numbers that are missing, both inclusive, and when (ms) the first one after them came."""

    epoch: int
    first: int
    last: int
    since: int


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

    def work(tx: Tx) -> tuple[TerminalRow, int, int, list[Gap]]:
        row = _terminal(tx, caller)
        mark = tills.contiguous(tx, row.id, row.epoch)
        return row, mark, *missing(tx, row.id, row.epoch, mark)

    row, mark, high, gaps = services.store.read(work)
    if high > mark:
        services.store.write(lambda tx: tills.advance(tx, row.id, row.epoch, high))
    shown = [{"from": gap.first, "to": gap.last} for gap in gaps]
    numbered = high > 0 or bool(gaps)
    again = row.pair_again_since is not None
    return {"high_contiguous": high if numbered else None, "gaps": shown, "pair_again": again}


def missing(tx: Tx, terminal_id: int, epoch: int, mark: int) -> tuple[int, list[Gap]]:
    """(up to where no number is missing, the gaps above it); ``mark``: where to begin looking."""
    high, gaps = mark, []
    end = mark
    for first, last in tills.islands(tx, terminal_id, epoch, mark, MOST_GAPS):
        if first == high + 1:
            high = last
        else:
            gaps.append(Gap(epoch, end + 1, first - 1, tills.recorded_at(tx, terminal_id, epoch, first)))
        end = last
    return high, gaps


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
