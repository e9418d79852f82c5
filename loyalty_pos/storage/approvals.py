"""What waits for a second person, as rows: ``waiting``, then ``approved`` or ``rejected``, once."""

from __future__ import annotations

from typing import NamedTuple

from loyalty_pos.storage.tx import Tx


class ApprovalRow(NamedTuple):
    """What somebody asked for: points for a member, or that a version of a promotion runs; times in ms.

    ``amount`` is the most that the promotion can cost, minor units; None: there is no most.
    """

    id: int
    at: int
    by: str
    member_id: int | None
    points: int | None
    promotion: str | None
    version: int | None
    amount: int | None
    reason: str
    state: str
    decided_by: str | None
    decided_at: int | None
    note: str | None


_SELECT = f"SELECT {', '.join(ApprovalRow._fields)} FROM approvals "


def add(tx: Tx, at: int, by: str, member_id: int, points: int, reason: str) -> int:
    """Ask a second person for points; the id."""
    return tx.insert(
        "INSERT INTO approvals (at, by, member_id, points, reason) VALUES (?, ?, ?, ?, ?) RETURNING id",
        (at, by, member_id, points, reason),
    )


def add_promotion(tx: Tx, at: int, by: str, promotion: str, version: int, amount: int | None) -> int:
    """Ask a second person that a draft runs; the id."""
    return tx.insert(
        "INSERT INTO approvals (at, by, promotion, version, amount, reason) VALUES (?, ?, ?, ?, ?, '') RETURNING id",
        (at, by, promotion, version, amount),
    )


def waiting(tx: Tx, promotion: str) -> ApprovalRow | None:
    """What waits for this promotion."""
    row = tx.one(_SELECT + "WHERE promotion = ? AND state = 'waiting'", (promotion,))
    return ApprovalRow(*row) if row else None


def waiting_promotions(tx: Tx) -> list[str]:
    """The promotions for which somebody waits, by code."""
    rows = tx.all("SELECT promotion FROM approvals WHERE state = 'waiting' AND promotion IS NOT NULL ORDER BY 1")
    return [str(row[0]) for row in rows]


def find(tx: Tx, approval_id: int) -> ApprovalRow | None:
    """One request."""
    row = tx.one(_SELECT + "WHERE id = ?", (approval_id,))
    return ApprovalRow(*row) if row else None


def listed(tx: Tx, before: int, limit: int, state: str | None = None) -> list[ApprovalRow]:
    """Newest first, before id ``before`` (0: from the newest)."""
    rules: list[str] = ["1 = 1"]
    params: list[object] = []
    if before:
        rules.append("id < ?")
        params.append(before)
    if state is not None:
        rules.append("state = ?")
        params.append(state)
    rows = tx.all(_SELECT + f"WHERE {' AND '.join(rules)} ORDER BY id DESC LIMIT ?", (*params, limit))
    return [ApprovalRow(*row) for row in rows]


def decide(tx: Tx, approval_id: int, state: str, by: str, at: int, note: str | None) -> bool:
    """waiting -> approved or rejected; False when it was decided before."""
    return bool(
        tx.run(
            "UPDATE approvals SET state = ?, decided_by = ?, decided_at = ?, note = ? "
            "WHERE id = ? AND state = 'waiting'",
            (state, by, at, note, approval_id),
        )
    )
