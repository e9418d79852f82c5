"""What the response model reads: past coupons with their fate, and what some members bought and were given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from loyalty_pos.domain.campaigns.response import PastCoupon, PastLine
from loyalty_pos.storage.campaigns import FEW
from loyalty_pos.storage.reading import marks
from loyalty_pos.storage.tx import Tx


class FateRow(NamedTuple):
    """A past coupon of a member; ``group``: the campaign or promotion that it came from."""

    member: int
    promotion: str
    group: str
    issued_at: int
    used: bool


def fates(tx: Tx, promotions: Sequence[str], today: str, most: int) -> list[FateRow]:
    """The newest coupons whose days are over, of these promotions (none named: of all).

    One that was used early while its neighbours may still be used says nothing yet.
    """
    of = f"AND promotion IN ({marks(promotions)}) " if promotions else ""
    rows = tx.all(
        "SELECT member_id, promotion, coalesce(CAST(campaign_id AS TEXT), promotion), issued_at, "
        f"CASE WHEN state = 'used' THEN 1 ELSE 0 END FROM coupons WHERE member_id IS NOT NULL {of}"
        "AND valid_to < ? AND state IN ('used', 'expired', 'issued') ORDER BY id DESC LIMIT ?",
        (*promotions, today, most),
    )
    return [FateRow(int(row[0]), row[1], row[2], int(row[3]), bool(row[4])) for row in rows]


def uses(tx: Tx, promotions: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Promotion -> (used, used or lapsed) of its coupons."""
    rows = tx.all(
        "SELECT promotion, sum(CASE WHEN state = 'used' THEN 1 ELSE 0 END), count(*) FROM coupons "
        f"WHERE promotion IN ({marks(promotions)}) AND state IN ('used', 'expired') GROUP BY promotion",
        promotions,
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}


def lines(tx: Tx, members: Sequence[int], since: int, until: int) -> dict[int, list[PastLine]]:
    """Member -> the lines that they bought from ``since`` until ``until`` (ms) and did not bring back, the oldest
    first."""
    found: dict[int, list[PastLine]] = {}
    for start in range(0, len(members), FEW):
        part = members[start : start + FEW]
        rows = tx.all(
            "SELECT s.member_id, s.id, s.sold_at, l.sku, l.category, l.net, CASE WHEN l.discount > 0 AND EXISTS "
            "(SELECT 1 FROM coupons c WHERE c.sale_id = s.id AND c.state = 'used') THEN 1 ELSE 0 END "
            f"FROM sales s JOIN sale_lines l ON l.sale_id = s.id WHERE s.member_id IN ({marks(part)}) "
            "AND s.sold_at >= ? AND s.sold_at < ? AND l.units > l.returned "
            "ORDER BY s.member_id, s.sold_at, s.id, l.position",
            (*part, since, until),
        )
        for member, sale, sold_at, sku, category, net, coupon in rows:
            line = PastLine(int(sale), int(sold_at), sku, category, int(net), bool(coupon))
            found.setdefault(int(member), []).append(line)
    return found


def coupons(tx: Tx, members: Sequence[int]) -> dict[int, list[PastCoupon]]:
    """Member -> the coupons that they were given and that were not taken back."""
    found: dict[int, list[PastCoupon]] = {}
    for start in range(0, len(members), FEW):
        part = members[start : start + FEW]
        rows = tx.all(
            "SELECT member_id, issued_at, CASE WHEN state = 'used' THEN used_at END FROM coupons "
            f"WHERE member_id IN ({marks(part)}) AND state <> 'cancelled' ORDER BY id",
            part,
        )
        for member, issued_at, used_at in rows:
            found.setdefault(int(member), []).append(PastCoupon(int(issued_at), used_at))
    return found


class Person(NamedTuple):
    """An active member with a card that is not blocked; moments in ms, ``birthday`` as ``11-24``."""

    id: int
    enrolled_at: int
    birthday: str | None
    first_at: int | None


def people(tx: Tx, after: int, limit: int) -> list[Person]:
    """The next of them by id."""
    rows = tx.all(
        "SELECT m.id, m.enrolled_at, substr(p.birthday, 6), f.first_at FROM members m "
        "LEFT JOIN people p ON p.member_id = m.id LEFT JOIN profiles f ON f.member_id = m.id AND f.visits > 0 "
        "WHERE m.id > ? AND m.state = 'active' AND EXISTS "
        "(SELECT 1 FROM cards c WHERE c.member_id = m.id AND c.state = 'active') ORDER BY m.id LIMIT ?",
        (after, limit),
    )
    return [Person(*row) for row in rows]


def how_many(tx: Tx) -> int:
    """The active members."""
    row = tx.one("SELECT count(*) FROM members WHERE state = 'active'")
    assert row is not None
    return int(row[0])


class Other(NamedTuple):
    """A coupon of another campaign; ``valid_to`` a local day, moments in ms."""

    campaign: int
    issued_at: int
    used_at: int | None
    valid_to: str | None


def others(tx: Tx, members: Sequence[int], campaign_id: int) -> dict[int, list[Other]]:
    """Member -> the coupons that other campaigns gave them and nobody took back."""
    found: dict[int, list[Other]] = {}
    rows = tx.all(
        "SELECT member_id, campaign_id, issued_at, used_at, valid_to FROM coupons "
        f"WHERE member_id IN ({marks(members)}) AND campaign_id <> ? AND state <> 'cancelled' ORDER BY id",
        (*members, campaign_id),
    )
    for member, *rest in rows:
        found.setdefault(int(member), []).append(Other(*rest))
    return found
