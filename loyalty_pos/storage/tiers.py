"""The rows behind tiers: what counts by day, where a member stands, whose review is due.

Windows are summed from ``member_days``, one row a day with a visit, so that nothing follows the
number of a member's sales; what counts for good stands ready in ``profiles`` (S32).
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from loyalty_pos.domain.tiers import Metric
from loyalty_pos.storage.tx import Tx

COLUMNS: dict[Metric, str] = {"spend": "spend", "points": "earned", "visits": "visits"}


class Place(NamedTuple):
    """Where a member stands: the tier; the one that no job takes away, if a hand gave one; the floor
    and the local day from which later days may lift it; the day of the next review."""

    tier: str | None
    tier_by_hand: str | None
    tier_floor: str | None
    floor_on: str
    review_on: str | None


class Candidate(NamedTuple):
    """A member as a review or a preview sees them."""

    id: int
    tier: str | None
    tier_by_hand: str | None
    review_on: str | None


def place(tx: Tx, member_id: int, where: Place) -> None:
    """The member's tier from now on; a price decided on the one before is decided again."""
    tx.later(
        f"UPDATE members SET {', '.join(f'{name} = ?' for name in Place._fields)}, version = version + 1 WHERE id = ?",
        (*where, member_id),
    )


def window(tx: Tx, member_id: int, metric: Metric, first: date) -> tuple[int, date | None]:
    """(the sum of the days from ``first`` on, the newest of them)."""
    row = tx.one(
        f"SELECT coalesce(sum({COLUMNS[metric]}), 0), max(day) FROM member_days WHERE member_id = ? AND day >= ?",
        (member_id, first.isoformat()),
    )
    assert row is not None
    return int(row[0]), date.fromisoformat(row[1]) if row[1] else None


def days(tx: Tx, member_id: int, metric: Metric, first: date) -> list[tuple[date, int]]:
    """The days from ``first`` on with what they count, oldest first."""
    rows = tx.all(
        f"SELECT day, {COLUMNS[metric]} FROM member_days WHERE member_id = ? AND day >= ? ORDER BY day",
        (member_id, first.isoformat()),
    )
    return [(date.fromisoformat(row[0]), int(row[1])) for row in rows]


def sums(
    tx: Tx, member_id: int, metric: Metric, first: date, kept_first: date, kept_last: date
) -> tuple[int, date | None, int]:
    """(the sum from ``first`` on, the oldest day in it that counts, the sum of the kept days); one statement."""
    column = COLUMNS[metric]
    row = tx.one(
        f"SELECT coalesce(sum(CASE WHEN day >= ? THEN {column} ELSE 0 END), 0), "
        f"min(CASE WHEN day >= ? AND {column} > 0 THEN day END), "
        f"coalesce(sum(CASE WHEN day BETWEEN ? AND ? THEN {column} ELSE 0 END), 0) "
        "FROM member_days WHERE member_id = ? AND day >= ?",
        (
            *(day.isoformat() for day in (first, first, kept_first, kept_last)),
            member_id,
            min(first, kept_first).isoformat(),
        ),
    )
    assert row is not None
    return int(row[0]), date.fromisoformat(row[1]) if row[1] else None, int(row[2])


def total(tx: Tx, member_id: int, metric: Metric) -> int:
    """What counts for good, from the running figures of the profile."""
    row = tx.one(f"SELECT {COLUMNS[metric]} FROM profiles WHERE member_id = ?", (member_id,))
    return int(row[0]) if row else 0


def waiting(tx: Tx, member_id: int) -> list[tuple[int, int]]:
    """(sold at in ms, points) of the member's lots that are still pending (S18)."""
    rows = tx.all(
        "SELECT s.sold_at, l.remaining FROM lots l JOIN sales s ON s.id = l.sale_id "
        "WHERE l.member_id = ? AND l.state = 'pending'",
        (member_id,),
    )
    return [(int(row[0]), int(row[1])) for row in rows]


_CANDIDATE = f"SELECT {', '.join(Candidate._fields)} FROM members "


def due(tx: Tx, until: date, limit: int) -> list[int]:
    """Members whose review date is not after ``until``, the oldest reviews first."""
    rows = tx.all(
        "SELECT id FROM members WHERE review_on IS NOT NULL AND review_on <= ? AND state = 'active' "
        "ORDER BY review_on, id LIMIT ?",
        (until.isoformat(), limit),
    )
    return sorted(int(row[0]) for row in rows)


def count_due(tx: Tx, until: date) -> int:
    """How many reviews are due."""
    row = tx.one(
        "SELECT count(*) FROM members WHERE review_on IS NOT NULL AND review_on <= ? AND state = 'active'",
        (until.isoformat(),),
    )
    return int(row[0]) if row else 0


def page(tx: Tx, after: int, limit: int) -> list[Candidate]:
    """Active members by id, after ``after``."""
    rows = tx.all(f"{_CANDIDATE}WHERE id > ? AND state = 'active' ORDER BY id LIMIT ?", (after, limit))
    return [Candidate(*row) for row in rows]


def days_between(tx: Tx, first_id: int, last_id: int, metric: Metric, first: date) -> dict[int, list[tuple[date, int]]]:
    """The same as ``days``, of all members with ids in a range."""
    rows = tx.all(
        f"SELECT member_id, day, {COLUMNS[metric]} FROM member_days "
        "WHERE member_id BETWEEN ? AND ? AND day >= ? ORDER BY member_id, day",
        (first_id, last_id, first.isoformat()),
    )
    found: dict[int, list[tuple[date, int]]] = {}
    for member_id, day, value in rows:
        found.setdefault(member_id, []).append((date.fromisoformat(day), int(value)))
    return found


def waiting_between(tx: Tx, first_id: int, last_id: int) -> dict[int, list[tuple[int, int]]]:
    """The same as ``waiting``, of all members with ids in a range."""
    rows = tx.all(
        "SELECT l.member_id, s.sold_at, l.remaining FROM lots l JOIN sales s ON s.id = l.sale_id "
        "WHERE l.member_id BETWEEN ? AND ? AND l.state = 'pending'",
        (first_id, last_id),
    )
    found: dict[int, list[tuple[int, int]]] = {}
    for member_id, sold_at, points in rows:
        found.setdefault(member_id, []).append((int(sold_at), int(points)))
    return found


def rename(tx: Tx, old: str, new: str | None) -> None:
    """Whoever stands on the level ``old``, which leaves the table, stands on ``new``."""
    tx.run("UPDATE members SET tier = ?, version = version + 1 WHERE tier = ?", (new, old))
    tx.run("UPDATE members SET tier_floor = ? WHERE tier_floor = ?", (new, old))
    tx.run("UPDATE members SET tier_by_hand = ? WHERE tier_by_hand = ?", (new, old))
