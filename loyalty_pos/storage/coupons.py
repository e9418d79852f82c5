"""Coupons as rows.  A change of state is one guarded update and one event (S35); single use is
kept by that guard and by the table's CHECKs, never by a read before a write (S37)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from loyalty_pos.storage.tx import Tx


class NewCoupon(NamedTuple):
    """A coupon to issue; days are local ISO dates."""

    code: str
    promotion: str
    valid_from: str
    valid_to: str
    name: str = ""
    reason: str = ""
    why: str | None = None
    """Where the member's habits chose it, as JSON: the reason per language, or the ``category`` bought most."""
    model: int | None = None
    """The model whose list chose it."""


def add(tx: Tx, coupon: NewCoupon, member_id: int | None, sale_id: int | None, at: int, by: str) -> int:
    """Issue one coupon; its id."""
    coupon_id = tx.insert(
        "INSERT INTO coupons (code, promotion, member_id, valid_from, valid_to, issued_at, reason, from_sale_id, why, "
        "model_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            coupon.code,
            coupon.promotion,
            member_id,
            coupon.valid_from,
            coupon.valid_to,
            at,
            coupon.reason,
            sale_id,
            coupon.why,
            coupon.model,
        ),
    )
    event(tx, coupon_id, at, "issued", by, coupon.reason, None)
    return coupon_id


def add_many(tx: Tx, coupons: Sequence[tuple[int, NewCoupon]], campaign_id: int, at: int, by: str) -> dict[str, int]:
    """Issue many (member, coupon) of a campaign at once; code -> id."""
    tx.many(
        "INSERT INTO coupons (code, promotion, member_id, valid_from, valid_to, issued_at, reason, campaign_id, why, "
        "model_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                one.code,
                one.promotion,
                member,
                one.valid_from,
                one.valid_to,
                at,
                one.reason,
                campaign_id,
                one.why,
                one.model,
            )
            for member, one in coupons
        ],
    )
    found = {code: coupon_id for coupon_id, code in ids(tx, [one.code for _, one in coupons])}
    tx.many(
        "INSERT INTO coupon_events (coupon_id, at, state, by, reason, sale_id) VALUES (?, ?, ?, ?, ?, NULL)",
        [(found[one.code], at, "issued", by, one.reason) for _, one in coupons],
    )
    return found


def unused_of(tx: Tx, campaign_id: int, limit: int) -> list[int]:
    """Coupons of a campaign that nobody has used or holds at a till, the oldest first."""
    rows = tx.all(
        "SELECT id FROM coupons WHERE campaign_id = ? AND state = 'issued' ORDER BY id LIMIT ?", (campaign_id, limit)
    )
    return [int(row[0]) for row in rows]


def add_next(tx: Tx, coupons: Sequence[NewCoupon], member_id: int, sale_id: int, at: int, by: str) -> None:
    """Issue the coupons that a sale gives for the next visit."""
    for coupon in coupons:
        add(tx, coupon, member_id, sale_id, at, by)


def event(tx: Tx, coupon_id: int, at: int, state: str, by: str, reason: str | None, sale_id: int | None) -> None:
    """Append one change of state: actor, time, reason (S35)."""
    tx.later(
        "INSERT INTO coupon_events (coupon_id, at, state, by, reason, sale_id) VALUES (?, ?, ?, ?, ?, ?)",
        (coupon_id, at, state, by, reason, sale_id),
    )


def use(tx: Tx, coupon_id: int, sale_id: int, at: int, by: str, checkout_id: int | None = None) -> bool:
    """issued, or held by this very checkout -> used; False when another was faster."""
    used = tx.run(
        "UPDATE coupons SET state = 'used', sale_id = ?, used_at = ?, checkout_id = NULL "
        "WHERE id = ? AND (state = 'issued' OR (state = 'held' AND checkout_id = ?))",
        (sale_id, at, coupon_id, checkout_id),
    )
    if used:
        event(tx, coupon_id, at, "used", by, None, sale_id)
    return bool(used)


def hold(tx: Tx, coupon_id: int, checkout_id: int, at: int, by: str) -> bool:
    """issued -> held for a checkout; False when it is not free."""
    held = tx.run(
        "UPDATE coupons SET state = 'held', checkout_id = ? WHERE id = ? AND state = 'issued'", (checkout_id, coupon_id)
    )
    if held:
        event(tx, coupon_id, at, "held", by, None, None)
    return bool(held)


def held_by(tx: Tx, checkout_id: int) -> list[tuple[int, str]]:
    """(id, code) of the coupons that a checkout holds."""
    return [
        (r[0], r[1]) for r in tx.all("SELECT id, code FROM coupons WHERE checkout_id = ? ORDER BY id", (checkout_id,))
    ]


def ids(tx: Tx, codes: Sequence[str], state: str | None = None) -> list[tuple[int, str]]:
    """(id, code) of coupons, of one state if asked."""
    if not codes:
        return []
    marks = ", ".join("?" * len(codes))
    rule = "" if state is None else " AND state = ?"
    rows = tx.all(f"SELECT id, code FROM coupons WHERE code IN ({marks}){rule}", (*codes, *([state] if state else [])))
    return [(row[0], row[1]) for row in rows]


def release(tx: Tx, checkout_id: int, at: int, by: str) -> None:
    """held -> issued for all coupons of a checkout."""
    for coupon_id, _ in held_by(tx, checkout_id):
        gone = tx.one(
            "SELECT 1 FROM coupons c JOIN sales s ON s.id = c.from_sale_id WHERE c.id = ? AND s.state = 'returned'",
            (coupon_id,),
        )
        state = "cancelled" if gone else "issued"
        tx.run("UPDATE coupons SET state = ?, checkout_id = NULL WHERE id = ?", (state, coupon_id))
        event(tx, coupon_id, at, state, by, "returned" if gone else "released", None)


def give_back(tx: Tx, sale_id: int, today: str, at: int, by: str) -> list[str]:
    """used -> issued after a full return, for coupons still valid (S29); their codes."""
    rows = tx.all(
        "SELECT id, code FROM coupons WHERE sale_id = ? AND state = 'used' AND (valid_to IS NULL OR valid_to >= ?)",
        (sale_id, today),
    )
    for coupon_id, _ in rows:
        tx.run("UPDATE coupons SET state = 'issued', sale_id = NULL, used_at = NULL WHERE id = ?", (coupon_id,))
        event(tx, coupon_id, at, "issued", by, "returned", sale_id)
    return [row[1] for row in rows]


def cancel_issued_by(tx: Tx, sale_id: int, at: int, by: str) -> list[str]:
    """issued -> cancelled for the coupons that a fully returned sale had given (S30); their codes."""
    rows = tx.all(
        "SELECT id, code FROM coupons WHERE member_id = (SELECT member_id FROM sales WHERE id = ?) "
        "AND from_sale_id = ? AND state = 'issued'",
        (sale_id, sale_id),
    )
    for coupon_id, _ in rows:
        tx.run("UPDATE coupons SET state = 'cancelled' WHERE id = ?", (coupon_id,))
        event(tx, coupon_id, at, "cancelled", by, "returned", sale_id)
    return [row[1] for row in rows]


def cancel(tx: Tx, coupon_id: int, at: int, by: str, reason: str) -> bool:
    """issued -> cancelled; False when it is not issued (any more)."""
    done = tx.run("UPDATE coupons SET state = 'cancelled' WHERE id = ? AND state = 'issued'", (coupon_id,))
    if done:
        event(tx, coupon_id, at, "cancelled", by, reason, None)
    return bool(done)


def listed(
    tx: Tx,
    after: int,
    limit: int,
    member_id: int | None = None,
    state: str | None = None,
    code: str | None = None,
    campaign_id: int | None = None,
) -> list[tuple[Any, ...]]:
    """Coupons, newest first, before id ``after`` (0: from the newest); filters are optional.

    (id, code, promotion, member_id, state, valid_from, valid_to, issued_at, reason, used_at, sale_id, campaign_id,
    why, model_id)
    """
    rules: list[tuple[str, object]] = []
    if after:
        rules.append(("id < ?", after))
    if member_id is not None:
        rules.append(("member_id = ?", member_id))
    if state is not None:
        rules.append(("state = ?", state))
    if code is not None:
        rules.append(("code = ?", code))
    if campaign_id is not None:
        rules.append(("campaign_id = ?", campaign_id))
    where = " AND ".join(rule for rule, _ in rules) or "1 = 1"
    return tx.all(
        "SELECT id, code, promotion, member_id, state, valid_from, valid_to, issued_at, reason, used_at, sale_id, "
        f"campaign_id, why, model_id FROM coupons WHERE {where} ORDER BY id DESC LIMIT ?",
        (*(value for _, value in rules), limit),
    )
