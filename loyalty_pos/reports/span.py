"""What a report is about: which stores, which days; by business day where it counts bills."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from loyalty_pos.errors import BadInput
from loyalty_pos.services.context import Caller
from loyalty_pos.services.listings import day_of
from loyalty_pos.services.rules import Programme
from loyalty_pos.storage import shops
from loyalty_pos.storage.sale_figures import Days
from loyalty_pos.storage.tx import Tx

DAYS = 30
LONGEST = 366


class Span(NamedTuple):
    """Days, both inclusive, and the same in ms (the end exclusive); ``everywhere``: of every store."""

    first: date
    last: date
    start: int
    end: int
    days: Days
    everywhere: bool


def spanned(
    tx: Tx, programme: Programme, caller: Caller, now: int, first: str | None, last: str | None, days: int = DAYS
) -> Span:
    """The named days, else the last ``days``; BadInput (``not_a_day``, ``out_of_range``), also above a year."""
    end = day_of("to", last) or programme.business_date(now)
    start = day_of("from", first) or end - timedelta(days=days - 1)
    if not 0 <= (end - start).days < LONGEST:
        raise BadInput(errors={"from": ["out_of_range"]})
    every = shops.store_ids(tx)
    stores = every if caller.store_ids is None else sorted(caller.store_ids)
    counted = Days(stores, start.isoformat(), end.isoformat())
    return Span(start, end, programme.business_day(start), programme.business_day(end + timedelta(days=1)),
                counted, set(stores) >= set(every))  # fmt: skip


def tenths(part: float, whole: float) -> float | None:
    """A share in percent with one decimal; None of nothing."""
    return round(100 * part / whole, 1) if whole else None
