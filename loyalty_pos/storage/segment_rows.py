"""Segments as rows: their rules, who belongs to them, and how many belonged at the end of each day."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from loyalty_pos.storage.reading import marks
from loyalty_pos.storage.tx import Tx


class SegmentRow(NamedTuple):
    """One segment; ``name`` a text or one per language, ``rule`` as JSON, times in ms."""

    id: int
    code: str
    name: Any
    rule: dict[str, Any]
    version: int
    saved_at: int
    saved_by: str
    refreshed_at: int


_COLUMNS = ", ".join(SegmentRow._fields)


def _row(row: Sequence[Any]) -> SegmentRow:
    return SegmentRow(row[0], row[1], json.loads(row[2]), json.loads(row[3]), *row[4:])


def find(tx: Tx, code: str) -> SegmentRow | None:
    """A segment by its code."""
    row = tx.one(f"SELECT {_COLUMNS} FROM segments WHERE code = ?", (code,))
    return _row(row) if row else None


def listed(tx: Tx, after: str = "", limit: int = 1000) -> list[SegmentRow]:
    """Segments by code, after ``after``."""
    rows = tx.all(f"SELECT {_COLUMNS} FROM segments WHERE code > ? ORDER BY code LIMIT ?", (after, limit))
    return [_row(row) for row in rows]


def count(tx: Tx) -> int:
    """How many segments there are."""
    return int(tx.all("SELECT count(*) FROM segments")[0][0])


def add(tx: Tx, code: str, name: object, rule: object, at: int, by: str) -> None:
    """A new segment; unique by code."""
    tx.run(
        "INSERT INTO segments (code, name, rule, saved_at, saved_by) VALUES (?, ?, ?, ?, ?)",
        (code, _json(name), _json(rule), at, by),
    )


def change(tx: Tx, segment_id: int, name: object, rule: object, at: int, by: str) -> None:
    """Its next version; who belongs to it is to be found anew."""
    tx.run(
        "UPDATE segments SET name = ?, rule = ?, version = version + 1, saved_at = ?, saved_by = ?, refreshed_at = 0 "
        "WHERE id = ?",
        (_json(name), _json(rule), at, by, segment_id),
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


# Who belongs ---------------------------------------------------------------------------------------


def belonging(tx: Tx, segment_id: int) -> list[int]:
    """Every member of a segment."""
    return [int(row[0]) for row in tx.all("SELECT member_id FROM segment_members WHERE segment_id = ?", (segment_id,))]


def among(tx: Tx, segments: Sequence[int], members: Sequence[int]) -> set[tuple[int, int]]:
    """(segment, member) of those among these members who belong to one of these segments."""
    rows = tx.all(
        f"SELECT segment_id, member_id FROM segment_members WHERE member_id IN ({marks(members)}) "
        f"AND segment_id IN ({marks(segments)})",
        (*members, *segments),
    )
    return {(int(row[0]), int(row[1])) for row in rows}


def codes_of(tx: Tx, member_id: int) -> tuple[str, ...]:
    """The codes of the segments that a member belongs to."""
    rows = tx.all(
        "SELECT s.code FROM segment_members x JOIN segments s ON s.id = x.segment_id WHERE x.member_id = ? "
        "ORDER BY s.code",
        (member_id,),
    )
    return tuple(row[0] for row in rows)


def bring_in(tx: Tx, pairs: Iterable[tuple[int, int]], at: int) -> None:
    """Let these (segment, member) belong, from now on."""
    tx.many(
        "INSERT INTO segment_members (segment_id, member_id, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(segment, member, at) for segment, member in pairs],
    )


def take_out(tx: Tx, pairs: Iterable[tuple[int, int]]) -> None:
    """Let these (segment, member) belong no more."""
    for pair in pairs:
        tx.later("DELETE FROM segment_members WHERE segment_id = ? AND member_id = ?", pair)


def note(tx: Tx, segment_id: int, day: str, at: int) -> None:
    """Say that the membership is that of ``at``, and keep the size of that day."""
    tx.run("UPDATE segments SET refreshed_at = ? WHERE id = ?", (at, segment_id))
    tx.run(
        "INSERT INTO segment_sizes (segment_id, day, members) "
        "SELECT CAST(? AS BIGINT), CAST(? AS TEXT), count(*) FROM segment_members WHERE segment_id = ? "
        "ON CONFLICT (segment_id, day) DO UPDATE SET members = excluded.members",
        (segment_id, day, segment_id),
    )


def sizes(tx: Tx) -> dict[int, int]:
    """Segment -> how many belong to it now."""
    return {int(row[0]): int(row[1]) for row in tx.all(
        "SELECT segment_id, count(*) FROM segment_members GROUP BY segment_id"
    )}  # fmt: skip


def size(tx: Tx, segment_id: int) -> int:
    """How many belong to a segment now."""
    return int(tx.all("SELECT count(*) FROM segment_members WHERE segment_id = ?", (segment_id,))[0][0])


def sizes_at(tx: Tx, day: str) -> dict[int, int]:
    """Segment -> how many belonged to it on the last noted day up to ``day``."""
    rows = tx.all(
        "SELECT z.segment_id, z.members FROM segment_sizes z WHERE z.day = "
        "(SELECT max(y.day) FROM segment_sizes y WHERE y.segment_id = z.segment_id AND y.day <= ?)",
        (day,),
    )
    return {int(row[0]): int(row[1]) for row in rows}


def history(tx: Tx, segment_id: int, since: str) -> list[tuple[str, int]]:
    """(day, members) of a segment from a day on."""
    rows = tx.all(
        "SELECT day, members FROM segment_sizes WHERE segment_id = ? AND day >= ? ORDER BY day", (segment_id, since)
    )
    return [(row[0], int(row[1])) for row in rows]


# Who they are --------------------------------------------------------------------------------------


class Seen(NamedTuple):
    """A member as a list of people shows one; minor units, ms."""

    id: int
    name: str | None
    tier: str | None
    visits: int
    spend: int
    last_at: int | None
    favourite: str | None


_SEEN = (
    "SELECT m.id, p.name, m.tier, coalesce(f.visits, 0), coalesce(f.spend, 0), f.last_at, "
    "(SELECT c.category FROM member_categories c WHERE c.member_id = m.id AND c.times > 0 "
    "ORDER BY c.times DESC, c.spend DESC, c.category LIMIT 1) "
    "FROM members m LEFT JOIN people p ON p.member_id = m.id LEFT JOIN profiles f ON f.member_id = m.id "
)


def seen(tx: Tx, members: Sequence[int]) -> list[Seen]:
    """These members, in the order in which they were named."""
    if not members:
        return []
    rows = {row[0]: Seen(*row) for row in tx.all(f"{_SEEN}WHERE m.id IN ({marks(members)})", members)}
    return [rows[number] for number in members if number in rows]


def page(tx: Tx, segment_id: int, after: int, limit: int) -> list[Seen]:
    """Members of a segment by id, after ``after``."""
    rows = tx.all(
        f"{_SEEN}JOIN segment_members x ON x.member_id = m.id WHERE x.segment_id = ? AND m.id > ? "
        "ORDER BY m.id LIMIT ?",
        (segment_id, after, limit),
    )
    return [Seen(*row) for row in rows]


def by_tier(tx: Tx, segment_id: int) -> list[tuple[str | None, int]]:
    """(tier, members) of a segment."""
    rows = tx.all(
        "SELECT m.tier, count(*) FROM segment_members x JOIN members m ON m.id = x.member_id "
        "WHERE x.segment_id = ? GROUP BY m.tier ORDER BY 2 DESC",
        (segment_id,),
    )
    return [(row[0], int(row[1])) for row in rows]


def by_store(tx: Tx, segment_id: int) -> list[tuple[str, int]]:
    """(name of the usual store, members) of a segment, the most first; those without a visit are absent."""
    rows = tx.all(
        "SELECT s.name, count(*) FROM segment_members x JOIN member_stores t ON t.member_id = x.member_id "
        "JOIN stores s ON s.id = t.store_id WHERE x.segment_id = ? AND t.visits > 0 AND NOT EXISTS "
        "(SELECT 1 FROM member_stores o WHERE o.member_id = t.member_id AND (o.visits > t.visits "
        "OR (o.visits = t.visits AND o.store_id < t.store_id))) GROUP BY s.id, s.name ORDER BY 2 DESC, s.name",
        (segment_id,),
    )
    return [(row[0], int(row[1])) for row in rows]


def spend_at(tx: Tx, since: str, percent: int) -> int | None:
    """The least that one of the ``percent`` who spent most since a local day spent (minor units); None: nobody did."""
    rows = tx.all(
        "SELECT sum(d.spend) AS total FROM member_days d JOIN members m ON m.id = d.member_id "
        "WHERE m.state = 'active' AND d.day >= ? GROUP BY d.member_id HAVING sum(d.spend) > 0 ORDER BY total DESC",
        (since,),
    )
    return int(rows[max(1, len(rows) * percent // 100) - 1][0]) if rows else None


def kinds(tx: Tx) -> list[str]:
    """The top categories of what members bought: ``dairy`` of ``dairy/milk``."""
    rows = tx.all("SELECT DISTINCT category FROM products WHERE category IS NOT NULL")
    return sorted({row[0].partition("/")[0] for row in rows})
