"""What a query cannot recount (law L5): the units of lines, the uses under limits, the habits.

Each part takes a block of sales or members, adds up anew what their tickets say, and compares it with
what is stored.  It stands on its own arithmetic: nothing here is shared with what wrote the rows.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
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

SALES, MEMBERS, COUNTED = 4_000, 200, 10_000
"""Rows of a block."""
TOLERANCE = 1e-9
"""Of a decayed weight: a sum of floats depends on its order."""


class Units(NamedTuple):
    """The units of a line in stored order, as one (discount, net, refund) each, run by run."""

    runs: list[tuple[int, int, int, int]]

    def total(self, place: int) -> int:
        """The sum over all units: 1 discount, 2 net, 3 refund; 0 how many there are."""
        return sum(run[0] * (run[place] if place else 1) for run in self.runs)

    def worth(self, count: int) -> int:
        """What the first ``count`` units are worth on return (S25)."""
        found = 0
        for number, _, _, refund in self.runs:
            taken = min(count, number)
            found, count = found + taken * refund, count - taken
        return found


@lru_cache(maxsize=65_536)
def _units(text: str) -> Units:
    return Units(msgspec.json.decode(text, type=list[tuple[int, int, int, int]]))


# Lines ------------------------------------------------------------------------------------------


def lines(tx: Tx, block: Block) -> Iterator[str]:
    """Lines against their units and their returns, sales against their lines (S25, S31)."""
    for (sale, state, net), rows in groupby(recount.lines(tx, block), key=itemgetter(0, 1, 2)):
        worth, sold, back = 0, 0, 0
        for _, _, _, line, count, returned, discount, line_net, runs, units_back, refund in rows:
            units = _units(runs)
            if (units.total(0), units.total(1), units.total(2)) != (count, discount, line_net):
                yield f"line {line} of sale {sale} is not the sum of its units"
            if returned != units_back:
                yield f"line {line} of sale {sale} has {returned} units returned, its returns say {units_back}"
            elif units.worth(returned) != refund:
                yield f"the {returned} units returned of line {line} of sale {sale} were not refunded at their worth"
            worth, sold, back = worth + units.total(3), sold + count, back + returned
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

Key = tuple[str, int, object]
"""Table, member, and what the row is about: a day, a store, a sku, a category."""
DAYPARTS = ("night", "morning", "afternoon", "evening")


class _Row:
    """What a row of habits should say: its counts, when the tickets were that still stand, its weight."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = defaultdict(int)
        self.standing: list[int] = []
        self.weight = self.scale = 0.0

    def add(self, **counts: int) -> None:
        """Move some counts."""
        for name, count in counts.items():
            self.counts[name] += count

    def decay(self, at: int, stands: bool) -> None:
        """One purchase at ``at`` (ms): exp(days since 2020 / 90), if it stands."""
        term = math.exp((at / 86_400_000 - 18_262) / 90)
        self.scale += term
        self.weight += term if stands else 0.0

    def faults(self, names: Iterable[str], found: Iterable[Any]) -> Iterator[str]:
        """Each figure that differs; the ends are told only by tickets that stand."""
        for name, figure in zip(names, found, strict=True):
            if name == "weight":
                if abs(figure - self.weight) > TOLERANCE * max(self.scale, 1.0):
                    yield f"{name} is {figure:.9g}, the tickets say {self.weight:.9g}"
                continue
            if name in ("first_at", "last_at"):
                if not self.standing:
                    continue
                right = min(self.standing) if name == "first_at" else max(self.standing)
            else:
                right = self.counts[name]
            if figure != right:
                yield f"{name} is {figure}, the tickets say {right}"


def habits(tx: Tx, block: Block, zone: ZoneInfo) -> Iterator[str]:
    """Profiles, days, stores, products and categories of members against their tickets (S30, S32)."""
    wanted: dict[Key, _Row] = defaultdict(_Row)
    tickets = {ticket[1]: ticket for ticket in recount.visits(tx, block)}
    for ticket in tickets.values():
        _count_visit(wanted, zone, *ticket)
    for sale, lines_of_it in groupby(recount.bought(tx, block), key=itemgetter(0)):
        member, _, _, at, *_ = tickets[sale]
        _count_goods(wanted, member, at, list(lines_of_it))
    for table, (_, figures) in recount.HABITS.items():
        for member, about, *found in recount.habits(tx, table, block):
            names = figures.split(", ")
            faults = list(wanted.pop((table, member, about), _Row()).faults(names, found))
            if faults:
                yield _wrong((table, member, about), faults)
    for key, row in wanted.items():
        if any(row.counts.values()):
            yield _wrong(key, ["there is no row"])


def _wrong(key: Key, faults: list[str]) -> str:
    table, member, about = key
    return f"{table} of member {member}{f', {about}' if about else ''}: {'; '.join(faults)}"


def _count_visit(
    wanted: dict[Key, _Row], zone: ZoneInfo, member: int, _sale: int, store: int, at: int, stands: int, net: int,
    refunded: int, earned: int, points_back: int,
) -> None:  # fmt: skip
    """One ticket: in the profile, on its local day, in its store."""
    local, visits, spend = datetime.fromtimestamp(at / 1000, zone), int(stands), net - refunded
    profile, store_row = wanted["profiles", member, ""], wanted["member_stores", member, store]
    profile.add(visits=visits, spend=spend)
    profile.add(**{f"weekday_{local.isoweekday()}": visits, f"daypart_{DAYPARTS[local.hour // 6]}": visits})
    wanted["member_days", member, local.date().isoformat()].add(visits=visits, spend=spend, earned=earned - points_back)
    store_row.add(visits=visits)
    if stands:
        profile.standing.append(at)
        store_row.standing.append(at)


def _count_goods(wanted: dict[Key, _Row], member: int, at: int, rows: list[Any]) -> None:
    """The lines of one ticket: a sku or a category was bought once, if any of it was kept."""
    for table, place in (("member_products", 1), ("member_categories", 2)):
        kept: dict[str, bool] = {}
        for row in rows:
            name, (quantity, count, returned, runs) = row[place], row[3:]
            if name:
                left = count - returned
                unit = round(float(quantity) * 1000) if count == 1 else 1000
                units = _units(runs)
                goods = wanted[table, member, name]
                goods.add(quantity=unit * left, spend=units.total(3) - units.worth(returned))
                kept[name] = kept.get(name, False) or left > 0
        for name, stands in kept.items():
            goods = wanted[table, member, name]
            goods.add(times=int(stands))
            goods.decay(at, stands)
            if stands:
                goods.standing.append(at)
    wanted["profiles", member, ""].add(items=sum(row[4] - row[5] for row in rows))
