"""What a checkout reads, on one snapshot: the card and its member, coupons, uses, goods.

Every look-up is by an index; the cost does not follow the number of members (S46).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from loyalty_pos.storage.tx import Tx


class MemberRow(NamedTuple):
    """A member as the checkout needs it; points and minor units, times in ms."""

    id: int
    state: str
    tier: str | None
    tier_by_hand: str | None
    tier_floor: str | None
    floor_on: str
    review_on: str | None
    active: int
    pending: int
    held: int
    shortfall: int
    version: int
    name: str | None
    call_name: str | None
    birthday: str | None
    visits: int
    spend: int
    last_at: int | None


class CardRow(NamedTuple):
    """A card; ``replaced_by`` names its successor."""

    id: int
    number: str
    member_id: int
    state: str
    replaced_by: int | None


class SwipeRow(NamedTuple):
    """One recorded identification."""

    id: int
    store_id: int
    terminal_id: int
    number: str | None
    card_id: int | None
    member_id: int | None
    entry: str
    outcome: str
    at: int
    recorded_at: int


class CouponRow(NamedTuple):
    """One coupon with, if used, when and where; if held, by which checkout until when."""

    id: int
    code: str
    promotion: str
    member_id: int | None
    state: str
    valid_from: str
    valid_to: str | None
    checkout_id: int | None
    held_until: int | None
    used_at: int | None
    used_store: str | None


_MEMBER_COLUMNS = (
    "m.id, m.state, m.tier, m.tier_by_hand, m.tier_floor, m.floor_on, m.review_on, "
    "m.active, m.pending, m.held, m.shortfall, m.version, p.name, p.call_name, p.birthday, "
    "coalesce(f.visits, 0), coalesce(f.spend, 0), f.last_at "
)
_MEMBER_TABLES = "LEFT JOIN people p ON p.member_id = m.id LEFT JOIN profiles f ON f.member_id = m.id "
_MEMBER = f"SELECT {_MEMBER_COLUMNS}FROM members m {_MEMBER_TABLES}"
_CARD = "SELECT id, number, member_id, state, replaced_by FROM cards "
_HOLDER = (
    f"SELECT c.id, c.number, c.member_id, c.state, c.replaced_by, {_MEMBER_COLUMNS}"
    f"FROM cards c JOIN members m ON m.id = c.member_id {_MEMBER_TABLES}"
)


def marks(values: Sequence[object]) -> str:
    """``?, ?, ?`` for an IN list."""
    return ", ".join("?" * len(values))


def member(tx: Tx, member_id: int) -> MemberRow | None:
    """A member by id; a writing transaction locks the row, before anything else of the member.

    Of a merged member the one it was merged into: an old id stays an alias for ever.
    """
    row = tx.one(f"{_MEMBER}WHERE m.id = ?{_lock(tx)}", (member_id,))
    return _living(tx, MemberRow(*row)) if row else None


def _living(tx: Tx, row: MemberRow) -> MemberRow | None:
    if row.state != "merged":
        return row
    into = tx.one("SELECT merged_into FROM members WHERE id = ?", (row.id,))
    return member(tx, int(into[0])) if into else None


def holder(tx: Tx, number: str) -> tuple[CardRow, MemberRow] | None:
    """A card by its number, with its member as ``member`` reads it."""
    return _holder(tx, tx.one(f"{_HOLDER}WHERE c.number = ?{_lock(tx)}", (number,)))


def holder_by_id(tx: Tx, card_id: int) -> tuple[CardRow, MemberRow] | None:
    """A card by id, with its member as ``member`` reads it."""
    return _holder(tx, tx.one(f"{_HOLDER}WHERE c.id = ?{_lock(tx)}", (card_id,)))


def _holder(tx: Tx, row: Sequence[Any] | None) -> tuple[CardRow, MemberRow] | None:
    found = _living(tx, MemberRow(*row[5:])) if row else None
    return (CardRow(*row[:5]), found) if row and found else None


def _lock(tx: Tx) -> str:
    return f"{tx.for_update} OF m" if tx.for_update else ""


def card(tx: Tx, number: str) -> CardRow | None:
    """A card by its number."""
    row = tx.one(_CARD + "WHERE number = ?", (number,))
    return CardRow(*row) if row else None


def member_card(tx: Tx, member_id: int) -> CardRow | None:
    """The member's newest card that is not replaced: active before blocked."""
    row = tx.one(_CARD + "WHERE member_id = ? AND state <> 'replaced' ORDER BY state, id DESC LIMIT 1", (member_id,))
    return CardRow(*row) if row else None


def member_by_phone(tx: Tx, phone: str) -> int | None:
    """The member with this phone (E.164)."""
    row = tx.one("SELECT member_id FROM people WHERE phone = ?", (phone,))
    return int(row[0]) if row else None


def swipe(tx: Tx, swipe_id: int) -> SwipeRow | None:
    """A recorded identification."""
    row = tx.one(
        "SELECT id, store_id, terminal_id, number, card_id, member_id, entry, outcome, at, recorded_at FROM swipes "
        "WHERE id = ?",
        (swipe_id,),
    )
    return SwipeRow(*row) if row else None


_COUPONS = (
    "SELECT c.id, c.code, c.promotion, c.member_id, c.state, c.valid_from, c.valid_to, c.checkout_id, "
    "k.expires_at, c.used_at, t.name FROM coupons c LEFT JOIN checkouts k ON k.id = c.checkout_id "
    "LEFT JOIN sales s ON s.id = c.sale_id LEFT JOIN stores t ON t.id = s.store_id"
)


def coupons(tx: Tx, codes: Sequence[str]) -> list[CouponRow]:
    """The coupons with these codes; unknown ones are absent."""
    if not codes:
        return []
    return [CouponRow(*row) for row in tx.all(f"{_COUPONS} WHERE c.code IN ({marks(codes)})", codes)]


def own_coupons(tx: Tx, member_id: int | None) -> list[CouponRow]:
    """The coupons that a member may still use, the soonest to end first: 50 at most."""
    own = "WHERE c.member_id = ? AND c.state IN ('issued', 'held') ORDER BY coalesce(c.valid_to, '9999'), c.id LIMIT 50"
    return [CouponRow(*row) for row in tx.all(f"{_COUPONS} {own}", (member_id,))]


def uses(tx: Tx, promotions: Sequence[str], subjects: Sequence[str]) -> dict[tuple[str, str], tuple[int, int]]:
    """(promotion, scope) -> (uses, amount), for scopes whose subject is among ``subjects``."""
    if not promotions:
        return {}
    rows = tx.all(
        f"SELECT promotion, scope, uses, amount FROM usage WHERE promotion IN ({marks(promotions)}) "
        f"AND subject IN ({marks(subjects)})",
        (*promotions, *subjects),
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


_KIN = (
    "WITH RECURSIVE kin (id) AS (SELECT CAST(? AS BIGINT) UNION "
    "SELECT CASE WHEN g.into_id = k.id THEN g.member_id ELSE g.into_id END "
    "FROM kin k JOIN merges g ON g.into_id = k.id OR g.member_id = k.id) "
)
"""The ids that a member's sales may have been recorded under: its own, and those it was ever merged with."""


def uses_since(tx: Tx, member_id: int, since: Mapping[str, int]) -> dict[str, int]:
    """promotion -> how often a member used it since a moment (ms, S44) of its own, in sales not all returned."""
    one = (
        "SELECT u.promotion, sum(u.uses) FROM sale_uses u JOIN sales s ON s.id = u.sale_id WHERE u.promotion = ? "
        "AND u.member_id IN (SELECT id FROM kin) AND u.at >= ? AND s.member_id = ? AND s.state <> 'returned' "
        "GROUP BY u.promotion"
    )
    params = [value for promotion, moment in since.items() for value in (promotion, moment, member_id)]
    rows = tx.all(_KIN + " UNION ALL ".join([one] * len(since)), (member_id, *params))
    return {row[0]: int(row[1]) for row in rows}


class ProductRow(NamedTuple):
    """What our catalogue knows of a product; prices in minor units."""

    sku: str
    name: str | None
    category: str | None
    brand: str | None
    unit_price: int | None
    unit_cost: int | None


def products(tx: Tx, skus: Iterable[str]) -> dict[str, ProductRow]:
    """sku -> product, for those we know."""
    wanted = tuple(set(skus))
    if not wanted:
        return {}
    rows = tx.all(
        f"SELECT sku, name, category, brand, unit_price, unit_cost FROM products WHERE sku IN ({marks(wanted)})", wanted
    )
    return {row[0]: ProductRow(*row) for row in rows}


def sale_by_receipt(tx: Tx, store_id: int, terminal_id: int, day: str, receipt: str) -> tuple[int, bytes] | None:
    """(sale id, body hash) of a receipt (S45)."""
    row = tx.one(
        "SELECT id, body_hash FROM sales WHERE store_id = ? AND terminal_id = ? AND business_date = ? AND receipt = ?",
        (store_id, terminal_id, day, receipt),
    )
    return (int(row[0]), bytes(row[1])) if row else None


def standing(tx: Tx, member_id: int, now: int) -> tuple[int, str | None]:
    """(lapsed points as ``ledger.lapsed`` says, the category bought most often; ties by spend, then name)."""
    row = tx.one(
        "SELECT (SELECT coalesce(sum(remaining - held), 0) FROM lots "
        "WHERE member_id = ? AND state = 'active' AND expires_at <= ?), "
        "(SELECT category FROM member_categories WHERE member_id = ? AND times > 0 "
        "ORDER BY times DESC, spend DESC, category LIMIT 1)",
        (member_id, now, member_id),
    )
    assert row is not None
    return int(row[0]), row[1]
