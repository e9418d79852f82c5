"""What a campaign is measured by: coupons and their cost, sales and margin of each side, what was known before.

A member counts where the campaign put them first, whether or not they used the coupon; what was sold is
counted less what came back.  Members who were merged into another since are on neither side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from loyalty_pos.storage.campaigns import FEW
from loyalty_pos.storage.reading import marks
from loyalty_pos.storage.tx import Tx


class Given(NamedTuple):
    """The coupons of a campaign; ``discount`` in minor units, of bills that did not come back whole."""

    issued: int
    used: int
    cancelled: int
    discount: int


class Measured(NamedTuple):
    """One member of a side: sales before and since, in minor units."""

    side: str
    before: float
    since: float


def spent(tx: Tx, campaign_id: int) -> tuple[int, int]:
    """(coupons used, minor units that they took off bills)."""
    row = tx.one(
        "SELECT count(*), coalesce(sum(u.amount), 0) FROM coupons c JOIN sales s ON s.id = c.sale_id "
        "LEFT JOIN sale_uses u ON u.sale_id = c.sale_id AND u.coupon = c.code "
        "WHERE c.campaign_id = ? AND c.state = 'used' AND s.state <> 'returned'",
        (campaign_id,),
    )
    assert row is not None
    return int(row[0]), int(row[1])


def given(tx: Tx, campaign_id: int) -> Given:
    """The coupons of a campaign and what they cost so far."""
    row = tx.one(
        "SELECT count(*), coalesce(sum(CASE WHEN state = 'cancelled' THEN 1 ELSE 0 END), 0) FROM coupons "
        "WHERE campaign_id = ?",
        (campaign_id,),
    )
    assert row is not None
    used, discount = spent(tx, campaign_id)
    return Given(int(row[0]), used, int(row[1]), discount)


_FIRST = (
    "(SELECT x.member_id, min(x.side) AS side, min(x.assigned_at) AS at FROM campaign_members x "
    "JOIN members m ON m.id = x.member_id AND m.state <> 'merged' WHERE x.campaign_id = ? GROUP BY x.member_id) AS f"
)


def sales(tx: Tx, campaign_id: int, before: int, window: int, until: int) -> list[Measured]:
    """Each member's sales: ``before`` ms up to the assignment; since, for ``window`` ms and not from ``until`` on."""
    rows = tx.all(
        "SELECT f.side, coalesce(sum(CASE WHEN s.sold_at < f.at THEN s.net - s.refunded ELSE 0 END), 0), "
        "coalesce(sum(CASE WHEN s.sold_at >= f.at THEN s.net - s.refunded ELSE 0 END), 0) "
        f"FROM {_FIRST} LEFT JOIN sales s ON s.member_id = f.member_id AND s.sold_at >= f.at - ? "
        "AND s.sold_at < f.at + ? AND s.sold_at < ? GROUP BY f.member_id, f.side ORDER BY f.member_id",
        (campaign_id, before, window, until),
    )
    return [Measured(row[0], float(row[1]), float(row[2])) for row in rows]


_COST = "coalesce(l.unit_cost, p.unit_cost)"
_KEPT = "1.0 * (l.units - l.returned) / l.units"
_MARGIN = f"(l.net - {_COST} * CAST(l.quantity AS NUMERIC)) * {_KEPT}"


def margins(tx: Tx, campaign_id: int, before: int, window: int, until: int) -> list[Measured]:
    """The same of margin: what was paid for the goods less their cost, of lines whose cost is known."""
    rows = tx.all(
        f"SELECT f.side, coalesce(sum(CASE WHEN s.sold_at < f.at THEN {_MARGIN} END), 0), "
        f"coalesce(sum(CASE WHEN s.sold_at >= f.at THEN {_MARGIN} END), 0) "
        f"FROM {_FIRST} LEFT JOIN sales s ON s.member_id = f.member_id AND s.sold_at >= f.at - ? "
        "AND s.sold_at < f.at + ? AND s.sold_at < ? LEFT JOIN sale_lines l ON l.sale_id = s.id "
        "LEFT JOIN products p ON p.sku = l.sku GROUP BY f.member_id, f.side ORDER BY f.member_id",
        (campaign_id, before, window, until),
    )
    return [Measured(row[0], float(row[1]), float(row[2])) for row in rows]


def cost_known(tx: Tx, campaign_id: int, window: int, until: int) -> tuple[int, int]:
    """(minor units sold to both sides with a known cost, all of them)."""
    row = tx.one(
        f"SELECT coalesce(sum(CASE WHEN {_COST} IS NULL THEN 0 ELSE l.net END), 0), coalesce(sum(l.net), 0) "
        f"FROM {_FIRST} JOIN sales s ON s.member_id = f.member_id AND s.sold_at >= f.at AND s.sold_at < f.at + ? "
        "AND s.sold_at < ? JOIN sale_lines l ON l.sale_id = s.id LEFT JOIN products p ON p.sku = l.sku",
        (campaign_id, window, until),
    )
    assert row is not None
    return int(row[0]), int(row[1])


def came_back(tx: Tx, campaign_id: int, window: int, until: int) -> tuple[int, int]:
    """(returns, minor units refunded) of what both sides bought since."""
    row = tx.one(
        f"SELECT count(*), coalesce(sum(r.refund), 0) FROM {_FIRST} JOIN sales s ON s.member_id = f.member_id "
        "AND s.sold_at >= f.at AND s.sold_at < f.at + ? AND s.sold_at < ? JOIN returns r ON r.sale_id = s.id",
        (campaign_id, window, until),
    )
    assert row is not None
    return int(row[0]), int(row[1])


# Before the launch ---------------------------------------------------------------------------------


def spends(tx: Tx, members: Sequence[int], since: int) -> list[int]:
    """What each of these members spent since (ms), less what came back; 0 for those who bought nothing."""
    found: dict[int, int] = {}
    for part in _parts(members):
        rows = tx.all(
            f"SELECT member_id, sum(net - refunded) FROM sales WHERE member_id IN ({marks(part)}) AND sold_at >= ? "
            "GROUP BY member_id",
            (*part, since),
        )
        found |= {int(row[0]): int(row[1]) for row in rows}
    return [found.get(member, 0) for member in members]


def told(tx: Tx) -> dict[str, set[int]]:
    """Channel -> the members who agreed to marketing by it and can be reached there."""
    rows = tx.all(
        "SELECT t.channel, t.member_id FROM consents t JOIN people p ON p.member_id = t.member_id "
        "WHERE t.purpose = 'marketing' AND t.given = 1 AND CASE WHEN t.channel = 'email' THEN p.email ELSE p.phone END "
        "IS NOT NULL AND NOT EXISTS (SELECT 1 FROM consents n WHERE n.member_id = t.member_id "
        "AND n.purpose = t.purpose AND coalesce(n.channel, '') = coalesce(t.channel, '') AND n.id > t.id)"
    )
    found: dict[str, set[int]] = {}
    for channel, member in rows:
        if channel is not None:
            found.setdefault(channel, set()).add(int(member))
    return found


def fates(tx: Tx, promotions: Sequence[str], today: str) -> tuple[int, int]:
    """(used, used or let lapse) of the coupons of these promotions."""
    row = tx.one(
        "SELECT coalesce(sum(CASE WHEN state = 'used' THEN 1 ELSE 0 END), 0), count(*) FROM coupons "
        f"WHERE promotion IN ({marks(promotions)}) AND (state IN ('used', 'expired') "
        "OR (state = 'issued' AND valid_to < ?))",
        (*promotions, today),
    )
    assert row is not None
    return int(row[0]), int(row[1])


def average_discount(tx: Tx, promotions: Sequence[str], since: int) -> int | None:
    """What one use of these promotions took off since (ms), on average; None where there was none."""
    row = tx.one(
        f"SELECT sum(amount), sum(uses) FROM sale_uses WHERE promotion IN ({marks(promotions)}) AND at >= ?",
        (*promotions, since),
    )
    return round(float(row[0]) / float(row[1])) if row and row[1] else None


def margin_percent(tx: Tx, since: int, category: str | None, skus: Iterable[str]) -> tuple[int, int]:
    """(price, cost) of what was sold since (ms) of these goods with a known cost; no goods named: of all."""
    named = list(skus)[:FEW]
    rules, params = ["TRUE"], list[object]()
    if category is not None:
        rules = ["(l.category = ? OR substr(l.category, 1, ?) = ?)"]
        params = [category, len(category) + 1, category + "/"]
    elif named:
        rules, params = [f"l.sku IN ({marks(named)})"], list(named)
    row = tx.one(
        f"SELECT coalesce(sum(l.net), 0), coalesce(sum({_COST} * CAST(l.quantity AS NUMERIC)), 0) FROM sales s "
        "JOIN sale_lines l ON l.sale_id = s.id LEFT JOIN products p ON p.sku = l.sku "
        f"WHERE s.sold_at >= ? AND {_COST} IS NOT NULL AND {rules[0]}",
        (since, *params),
    )
    assert row is not None
    return int(row[0]), int(row[1])


def overlap(tx: Tx, campaign_id: int, members: set[int]) -> list[tuple[int, Any, int]]:
    """(campaign, name as JSON, how many of these members hold a coupon of it that they may still use)."""
    rows = tx.all(
        "SELECT k.id, k.name, c.member_id FROM campaigns k JOIN coupons c ON c.campaign_id = k.id "
        "WHERE k.state IN ('launching', 'running') AND k.id <> ? AND c.state IN ('issued', 'held')",
        (campaign_id,),
    )
    names = {int(row[0]): row[1] for row in rows}
    both: dict[int, set[int]] = {}
    for number, _name, member in rows:
        if int(member) in members:
            both.setdefault(int(number), set()).add(int(member))
    return [(number, names[number], len(both[number])) for number in sorted(both)]


def _parts(members: Sequence[int]) -> list[Sequence[int]]:
    return [members[start : start + FEW] for start in range(0, len(members), FEW)]
