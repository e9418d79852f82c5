"""What a query cannot recount (law L5): the units of lines, the uses under limits, the habits.

Each part takes a block of sales or members, adds up anew what their tickets say, and compares it with
what is stored.  It stands on its own arithmetic: nothing here is shared with what wrote the rows.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from loyalty_pos.storage import recount
from loyalty_pos.storage.recount import Block
from loyalty_pos.storage.tx import Tx

SALES, MEMBERS, COUNTED = 4_000, 100, 10_000
"""Rows of a block."""
TOLERANCE = 1e-9
"""Of a decayed weight: a sum of floats depends on its order."""


class Units(NamedTuple):
    """The units of a line: how many, what they come to, and their worth on return in stored order (S25)."""

    size: int
    discount: int
    net: int
    refund: int
    runs: list[tuple[int, int, int, int]]

    def worth(self, count: int) -> int:
        """What the first ``count`` units are worth on return."""
        found = 0
        for number, _, _, refund in self.runs:
            taken = min(count, number)
            found, count = found + taken * refund, count - taken
        return found


@lru_cache(maxsize=65_536)
def _units(text: str) -> Units:
    runs = msgspec.json.decode(text, type=list[tuple[int, int, int, int]])
    discount, net, refund = (sum(run[0] * run[place] for run in runs) for place in (1, 2, 3))
    return Units(sum(run[0] for run in runs), discount, net, refund, runs)


# Lines ------------------------------------------------------------------------------------------


def lines(tx: Tx, block: Block) -> Iterator[str]:
    """Lines against their units and their returns, sales against their lines (S25, S31)."""
    for (sale, state, net), rows in groupby(recount.lines(tx, block), key=itemgetter(0, 1, 2)):
        worth, sold, back = 0, 0, 0
        for _, _, _, line, count, returned, discount, line_net, runs, units_back, refund in rows:
            units = _units(runs)
            if units[:3] != (count, discount, line_net):
                yield f"line {line} of sale {sale} is not the sum of its units"
            if returned != units_back:
                yield f"line {line} of sale {sale} has {returned} units returned, its returns say {units_back}"
            elif (returned or refund) and units.worth(returned) != refund:
                yield f"the {returned} units returned of line {line} of sale {sale} were not refunded at their worth"
            worth, sold, back = worth + units.refund, sold + count, back + returned
        if worth != net:
            yield f"sale {sale} came to {net}, its units are worth {worth} on return"
        wanted = "settled" if not back else "returned" if back == sold else "partly_returned"
        if state != wanted:
            yield f"sale {sale} is {state}, its lines say {wanted}"


# Limits -----------------------------------------------------------------------------------------


def usage(tx: Tx) -> Iterator[str]:
    """The counters of limits against what sales and open checkouts counted (S30, S37)."""
    wanted: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for text in recount.counted(tx, COUNTED):
        for promotion, scope, subject, uses, amount in msgspec.json.decode(text):
            if scope != "period":
                figures = wanted[promotion, scope, subject]
                figures[0] += uses
                figures[1] += amount
    for promotion, scope, subject, uses, amount in recount.usage(tx):
        right = wanted.pop((promotion, scope, subject), [0, 0])
        if right != [uses, amount]:
            yield _miscounted(promotion, scope, subject, [uses, amount], right)
    for key, right in wanted.items():
        if right != [0, 0]:
            yield _miscounted(*key, [0, 0], right)


def _miscounted(promotion: str, scope: str, subject: str, found: list[int], right: list[int]) -> str:
    where = f"{scope} {subject}".strip()
    return (
        f"promotion {promotion}, {where}: {found[0]} uses of {found[1]} counted, the sales say {right[0]} of {right[1]}"
    )


# Habits -----------------------------------------------------------------------------------------

DAY_MS, HOUR_MS, DAYS_TO_2020 = 86_400_000, 3_600_000, 18_262
WEEKDAY, DAYPART, FIRST, LAST = 3, 10, 14, 15
"""Where a profile has its first weekday, its first part of the day, and its ends."""
WIDTH = {table: figures.count(",") + 1 for table, (_, figures) in recount.HABITS.items()}
GOODS = WIDTH["member_products"]

Rows = dict[tuple[int, object], list[Any]]
"""(member, what it is about) -> the figures that a row of habits should have, in the order of its columns."""


def habits(tx: Tx, block: Block, zone: ZoneInfo) -> Iterator[str]:
    """Profiles, days, stores, products and categories of members against their tickets (S30, S32)."""
    wanted: dict[str, Rows] = {table: {} for table in recount.HABITS}
    tickets = {}
    for member, sale, store, at, stands, net, refunded, earned, points_back in recount.visits(tx, block):
        tickets[sale] = member, at, math.exp((at / DAY_MS - DAYS_TO_2020) / 90)
        _count_visit(wanted, zone, (member, store, at), bool(stands), net - refunded, earned - points_back)
    _count_goods(wanted, tickets, recount.bought(tx, block))
    for table, (_, figures) in recount.HABITS.items():
        rows = wanted[table]
        for member, about, *found in recount.habits(tx, table, block):
            right = rows.pop((member, about), None) or [0] * WIDTH[table]
            if found != right[: len(found)] and not _but_for_weight(found, right):
                yield from _compared(table, member, about, figures.split(", "), found, right)
        for (member, about), right in rows.items():
            if any(right[:3]):
                yield f"{_row(table, member, about)}: there is no row"


def _but_for_weight(found: list[Any], right: list[Any]) -> bool:
    """Whether two rows of goods are the same but for the last digits of a weight: most rows are."""
    return len(found) == GOODS and found[:-1] == right[: GOODS - 1] and _close(found[-1], right)


def _close(weight: float, right: list[Any]) -> bool:
    return bool(abs(weight - right[GOODS - 1]) <= TOLERANCE * max(right[-1], 1.0))


def _row(table: str, member: int, about: object) -> str:
    return f"{table} of member {member}{f', {about}' if about else ''}"


def _compared(
    table: str, member: int, about: object, names: list[str], found: list[Any], right: list[Any]
) -> Iterator[str]:
    """The figures of one row that differ; its ends count only while a ticket stands, a weight is a float."""
    faults = [
        f"{name} is {figure}, the tickets say {wanted}"
        for name, figure, wanted in zip(names, found, right, strict=False)
        if not (figure == wanted or (name.endswith("_at") and not right[0]))
        and not (name == "weight" and _close(figure, right))
    ]
    if faults:
        yield f"{_row(table, member, about)}: {'; '.join(faults)}"


def _count_visit(
    wanted: dict[str, Rows], zone: ZoneInfo, where: tuple[int, int, int], stands: bool, spend: int, earned: int
) -> None:
    """One ticket (member, store, at): in the profile, on its local day, in its store."""
    member, store, at = where
    local = datetime.fromtimestamp(at / 1000, zone)
    profile = _figures(wanted, "profiles", member, "")
    day = _figures(wanted, "member_days", member, local.date().isoformat())
    in_store = _figures(wanted, "member_stores", member, store)
    profile[2] += spend
    day[1] += spend
    day[2] += earned
    if stands:
        for figures in (profile, day, in_store):
            figures[0] += 1
        profile[WEEKDAY + local.isoweekday() - 1] += 1
        profile[DAYPART + local.hour // 6] += 1
        profile[FIRST] = min(profile[FIRST] or at, at)
        profile[LAST] = max(profile[LAST] or at, at)
        in_store[1] = max(in_store[1] or at, at)


def _count_goods(wanted: dict[str, Rows], tickets: dict[int, tuple[int, int, float]], bought: list[Any]) -> None:
    """The lines of the tickets in their order of time: a ticket bought a sku or category once, if any of it was kept.

    The weight is exp(days since 2020 / 90) of each such ticket; its scale, of every ticket.
    """
    for sale, sku, category, quantity, count, returned, runs in bought:
        (member, at, term), left, units = tickets[sale], count - returned, _units(runs)
        amount = (round(float(quantity) * 1000) if count == 1 else 1000) * left
        spend = units.refund - (units.worth(returned) if returned else 0)
        wanted["profiles"][member, ""][1] += left
        for table, name in (("member_products", sku), ("member_categories", category)):
            if not name:
                continue
            figures = wanted[table].get((member, name))
            if figures is None:
                figures = wanted[table][member, name] = [0, 0, 0, at, at, 0, 0.0, None, 0.0]
            figures[1] += amount
            figures[2] += spend
            figures[8] += term
            if left and figures[7] != sale:
                figures[7] = sale
                if figures[0]:
                    figures[5] += (at // HOUR_MS - figures[4] // HOUR_MS) ** 2
                else:
                    figures[3] = at
                figures[4] = at
                figures[0] += 1
                figures[6] += term


def _figures(wanted: dict[str, Rows], table: str, member: int, about: object) -> list[Any]:
    """The row of one thing, all zero at first."""
    rows = wanted[table]
    found = rows.get((member, about))
    if found is None:
        found = rows[member, about] = [0] * WIDTH[table]
    return found
