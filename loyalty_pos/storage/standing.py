"""Where members stand, as a night has found it, and what it finds it from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from loyalty_pos.storage.recount import Block
from loyalty_pos.storage.tx import Tx


class StandingRow(NamedTuple):
    """One member: days, quintiles 1 to 5, thousandths of purchases and of a chance."""

    member_id: int
    day: str
    state: str
    visits: int
    silence: int
    usual: int
    slips_after: int
    away: int
    recency: int
    frequency: int
    spend: int
    expected: int
    alive: int | None


_COLUMNS = ", ".join(StandingRow._fields)
_PUT = (
    f"INSERT INTO member_standing ({_COLUMNS}) VALUES ({', '.join('?' * len(StandingRow._fields))}) "
    "ON CONFLICT (member_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in StandingRow._fields[1:])
)


def of(tx: Tx, member_id: int) -> StandingRow | None:
    """Where a member stood last night; None for one who had not bought."""
    row = tx.one(f"SELECT {_COLUMNS} FROM member_standing WHERE member_id = ?", (member_id,))
    return StandingRow(*row) if row else None


def put(tx: Tx, block: Block, day: str, rows: Sequence[StandingRow]) -> None:
    """Let exactly these stand of the members with ids above the first and up to the second."""
    tx.many(_PUT, rows)
    tx.run("DELETE FROM member_standing WHERE member_id > ? AND member_id <= ? AND day < ?", (*block, day))


def days(tx: Tx, block: Block) -> Iterator[tuple[int, list[tuple[str, int]]]]:
    """(member, their days with a purchase and what they spent, oldest first) of the members in a block."""
    rows = tx.all(
        "SELECT member_id, day, spend FROM member_days WHERE member_id > ? AND member_id <= ? AND visits > 0 "
        "ORDER BY member_id, day",
        block,
    )
    for member_id, mine in groupby(rows, key=itemgetter(0)):
        yield member_id, [(row[1], row[2]) for row in mine]


def newest_member(tx: Tx) -> int:
    """The largest id of a member, 0 without any."""
    return int(tx.all("SELECT coalesce(max(id), 0) FROM members")[0][0])


def goods(tx: Tx, block: Block) -> list[Any]:
    """(category or "", times, first at, last at, gap squares) of what members in a block bought more than once."""
    return tx.all(
        "SELECT coalesce(p.category, ''), m.times, m.first_at, m.last_at, m.gap_squares FROM member_products m "
        "LEFT JOIN products p ON p.sku = m.sku WHERE m.member_id > ? AND m.member_id <= ? AND m.times > 1",
        block,
    )


def categories(tx: Tx, block: Block) -> list[Any]:
    """(times, first at, last at, gap squares) of the categories that members in a block bought from more than once."""
    return tx.all(
        "SELECT times, first_at, last_at, gap_squares FROM member_categories "
        "WHERE member_id > ? AND member_id <= ? AND times > 1",
        block,
    )
