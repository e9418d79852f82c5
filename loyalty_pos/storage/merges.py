"""Two members made one, as rows: what moved, so that it can move back.

A merged member stays as an alias for ever (``members.merged_into``).  Entries are facts and stay
where they were written; lots, sales, cards and coupons move, and points move with their lots by
entries of kind ``merge`` that cancel out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from loyalty_pos.storage.tx import Tx

MOVABLE = ("cards", "coupons", "lots", "sales", "stored_values")
FEW = 500


class MergeRow(NamedTuple):
    """One merge that stands; ``moved`` as JSON, time in ms."""

    id: int
    member_id: int
    into_id: int
    at: int
    moved: str


class LotLeft(NamedTuple):
    """A lot as it moves."""

    id: int
    state: str
    remaining: int


def add(tx: Tx, member_id: int, into_id: int, at: int, by: str, reason: str, moved: str) -> None:
    """Write down a merge; the index lets only one stand for a member."""
    tx.run(
        "INSERT INTO merges (member_id, into_id, at, by, reason, moved) VALUES (?, ?, ?, ?, ?, ?)",
        (member_id, into_id, at, by, reason, moved),
    )


def standing(tx: Tx, member_id: int) -> MergeRow | None:
    """The merge of this member that was not undone."""
    row = tx.one(
        "SELECT id, member_id, into_id, at, moved FROM merges WHERE member_id = ? AND undone_at IS NULL", (member_id,)
    )
    return MergeRow(*row) if row else None


def undo(tx: Tx, merge_id: int, at: int, by: str) -> bool:
    """Undo it; False when it was undone before."""
    return bool(
        tx.run("UPDATE merges SET undone_at = ?, undone_by = ? WHERE id = ? AND undone_at IS NULL", (at, by, merge_id))
    )


def become_alias(tx: Tx, member_id: int, into_id: int) -> bool:
    """active -> merged; False when the member is not active any more."""
    return bool(
        tx.run(
            "UPDATE members SET state = 'merged', merged_into = ?, version = version + 1 "
            "WHERE id = ? AND state = 'active'",
            (into_id, member_id),
        )
    )


def become_member(tx: Tx, member_id: int) -> None:
    """merged -> active."""
    tx.run("UPDATE members SET state = 'active', merged_into = NULL, version = version + 1 WHERE id = ?", (member_id,))


def owned(tx: Tx, table: str, member_id: int) -> list[int]:
    """The ids of all that a member has of one kind."""
    assert table in MOVABLE
    return [int(row[0]) for row in tx.all(f"SELECT id FROM {table} WHERE member_id = ? ORDER BY id", (member_id,))]


def give(tx: Tx, table: str, ids: Sequence[int], member_id: int) -> None:
    """Let these belong to ``member_id``."""
    assert table in MOVABLE
    for part in _parts(ids):
        tx.run(f"UPDATE {table} SET member_id = ? WHERE id IN ({_marks(part)})", (member_id, *part))


def give_checkouts(tx: Tx, source: int, target: int, cards: Sequence[int] | None) -> None:
    """Let the unpaid checkouts of ``source`` belong to ``target``; of these cards, or all of them."""
    rule = "" if cards is None else f" AND card_id IN ({_marks(cards)})"
    tx.run(
        f"UPDATE checkouts SET member_id = ? WHERE member_id = ? AND state IN ('open', 'expired'){rule}",
        (target, source, *(cards or ())),
    )


def lots(tx: Tx, ids: Sequence[int]) -> list[LotLeft]:
    """What is left in these lots."""
    rows: list[Any] = []
    for part in _parts(ids):
        rows += tx.all(f"SELECT id, state, remaining FROM lots WHERE id IN ({_marks(part)}) ORDER BY id", part)
    return [LotLeft(*row) for row in rows]


def successors(tx: Tx, cards: Sequence[int]) -> list[int]:
    """These cards and all that replaced them."""
    found, fresh = set(cards), list(cards)
    while fresh:
        rows = tx.all(f"SELECT replaced_by FROM cards WHERE id IN ({_marks(fresh)}) AND replaced_by IS NOT NULL", fresh)
        fresh = sorted({int(row[0]) for row in rows} - found)
        found |= set(fresh)
    return sorted(found)


def sales_of_cards(tx: Tx, member_id: int, cards: Sequence[int]) -> list[int]:
    """The sales of a member at which one of these cards was shown."""
    rows = tx.all(
        "SELECT s.id FROM sales s JOIN swipes w ON w.id = s.swipe_id "
        f"WHERE s.member_id = ? AND w.card_id IN ({_marks(cards)}) ORDER BY s.id",
        (member_id, *cards),
    )
    return [int(row[0]) for row in rows]


def of_sales(tx: Tx, table: str, column: str, sales: Sequence[int]) -> list[int]:
    """The lots, or the coupons for the next visit, that these sales gave."""
    assert (table, column) in (("lots", "sale_id"), ("coupons", "from_sale_id"))
    found: list[int] = []
    for part in _parts(sales):
        found += [int(r[0]) for r in tx.all(f"SELECT id FROM {table} WHERE {column} IN ({_marks(part)})", part)]
    return found


class Counted(NamedTuple):
    """What a member's rows say they spent, lost and owe, in points."""

    spent: int
    expired: int
    owed: int


def counted(tx: Tx, member_id: int) -> Counted:
    """Spent and owed by the sales that are theirs, expired by their lots."""
    by_sales = tx.one(
        "SELECT coalesce(-sum(CASE WHEN e.kind IN ('redeem', 'give_back', 'claim') THEN e.points ELSE 0 END), 0), "
        "coalesce(sum(CASE WHEN e.kind = 'recover' THEN e.points ELSE 0 END), 0) "
        "FROM sales s JOIN entries e ON e.sale_id = s.id WHERE s.member_id = ?",
        (member_id,),
    )
    expired = tx.one(
        "SELECT coalesce(-sum(e.points), 0) FROM lots l JOIN entries e ON e.lot_id = l.id AND e.kind = 'expire' "
        "WHERE l.member_id = ?",
        (member_id,),
    )
    owed = tx.one(
        "SELECT coalesce(sum(r.shortfall), 0) FROM sales s JOIN returns r ON r.sale_id = s.id WHERE s.member_id = ?",
        (member_id,),
    )
    assert by_sales
    assert expired
    assert owed
    return Counted(int(by_sales[0]), int(expired[0]), int(owed[0]) + int(by_sales[1]))


def recoveries(tx: Tx, member_id: int) -> list[tuple[int, int, int]]:
    """(lot, sale, points still taken) of what a member's sales paid off, newest first."""
    rows = tx.all(
        "SELECT e.lot_id, e.sale_id, -sum(e.points) FROM sales s JOIN entries e ON e.sale_id = s.id "
        "AND e.kind = 'recover' WHERE s.member_id = ? GROUP BY e.lot_id, e.sale_id HAVING sum(e.points) < 0 "
        "ORDER BY e.lot_id DESC",
        (member_id,),
    )
    return [(int(row[0]), int(row[1]), int(row[2])) for row in rows]


def set_balances(tx: Tx, member_id: int, active: int, pending: int, facts: Counted) -> None:
    """Write the balances anew, from the rows."""
    tx.run(
        "UPDATE members SET active = ?, pending = ?, spent = ?, expired = ?, shortfall = ?, version = version + 1 "
        "WHERE id = ?",
        (active, pending, *facts, member_id),
    )


def member_uses(tx: Tx, member_id: int) -> list[tuple[str, int, int]]:
    """(promotion, uses, amount) that were counted against the limits of one member (S37)."""
    rows = tx.all(
        "SELECT promotion, uses, amount FROM usage WHERE scope = 'member' AND subject = ? AND uses > 0 "
        "ORDER BY promotion",
        (f"m{member_id}",),
    )
    return [(row[0], int(row[1]), int(row[2])) for row in rows]


def _parts(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + FEW] for start in range(0, len(ids), FEW))


def _marks(values: Sequence[int]) -> str:
    return ", ".join("?" * len(values)) or "NULL"
