"""Campaigns as rows: their states, the audience frozen at the launch, and who was on which side.

Every change of state is one guarded update; it says whether it was the one that did it.  Who is locked
together locks the campaign first, then members by id, then coupons by id.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from loyalty_pos.storage.reading import marks
from loyalty_pos.storage.tx import Tx

FEW = 500
OPEN = ("draft", "waiting", "approved")
"""The states before the launch, in which a campaign may still change."""


class CampaignRow(NamedTuple):
    """One campaign; ``name`` and ``definition`` as JSON, days local, times in ms, ``approved_most`` minor units."""

    id: int
    name: Any
    state: str
    definition: dict[str, Any]
    version: int
    created_at: int
    created_by: str
    saved_at: int
    saved_by: str
    approved_at: int | None
    approved_by: str | None
    approved_most: int | None
    launched_at: int | None
    launched_by: str | None
    starts_on: str | None
    ends_on: str | None
    size: int
    position: int
    evaluated_on: str | None
    stopped_at: int | None
    stopped_by: str | None
    stop_reason: str | None
    withdraw: int


class Assigned(NamedTuple):
    """A member on one side of a campaign; ``reason`` per language and ``coupon_id`` of the treated."""

    member_id: int
    occasion: str
    side: str
    promotion: str | None = None
    reason: dict[str, str] | None = None
    coupon_id: int | None = None


_COLUMNS = ", ".join(CampaignRow._fields)


def _row(row: Sequence[Any]) -> CampaignRow:
    return CampaignRow(row[0], json.loads(row[1]), row[2], json.loads(row[3]), *row[4:])


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def find(tx: Tx, campaign_id: int) -> CampaignRow | None:
    """A campaign; a writing transaction locks it."""
    row = tx.one(f"SELECT {_COLUMNS} FROM campaigns WHERE id = ?{tx.for_update}", (campaign_id,))
    return _row(row) if row else None


def listed(tx: Tx, before: int, limit: int, state: str | None = None) -> list[CampaignRow]:
    """Newest first, before id ``before`` (0: from the newest), of one state if asked."""
    rules, params = ["1 = 1"], list[object]()
    if before:
        rules.append("id < ?")
        params.append(before)
    if state is not None:
        rules.append("state = ?")
        params.append(state)
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM campaigns WHERE {' AND '.join(rules)} ORDER BY id DESC LIMIT ?", (*params, limit)
    )
    return [_row(row) for row in rows]


def in_states(tx: Tx, *states: str) -> list[CampaignRow]:
    """Every campaign in one of these states, the oldest first; nobody is locked."""
    rows = tx.all(f"SELECT {_COLUMNS} FROM campaigns WHERE state IN ({marks(states)}) ORDER BY id", states)
    return [_row(row) for row in rows]


def add(tx: Tx, name: object, definition: object, at: int, by: str) -> int:
    """A new draft; its id."""
    return tx.insert(
        "INSERT INTO campaigns (name, definition, created_at, created_by, saved_at, saved_by) "
        "VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
        (_json(name), _json(definition), at, by, at, by),
    )


def change(tx: Tx, row: CampaignRow, name: object, definition: object, at: int, by: str) -> bool:
    """Its next version, a draft again; False when it is launched, or changed meanwhile."""
    return bool(
        tx.run(
            "UPDATE campaigns SET name = ?, definition = ?, saved_at = ?, saved_by = ?, state = 'draft', "
            "version = version + 1, approved_at = NULL, approved_by = NULL, approved_most = NULL "
            f"WHERE id = ? AND version = ? AND state IN ({marks(OPEN)})",
            (_json(name), _json(definition), at, by, row.id, row.version, *OPEN),
        )
    )


def ask(tx: Tx, row: CampaignRow) -> bool:
    """draft or approved -> waiting for a second person."""
    return bool(
        tx.run(
            "UPDATE campaigns SET state = 'waiting', approved_at = NULL, approved_by = NULL, approved_most = NULL "
            "WHERE id = ? AND version = ? AND state IN ('draft', 'approved', 'waiting')",
            (row.id, row.version),
        )
    )


def approve(tx: Tx, row: CampaignRow, most: int, at: int, by: str) -> bool:
    """draft or waiting -> approved up to ``most`` minor units; False when it was faster than us."""
    return bool(
        tx.run(
            "UPDATE campaigns SET state = 'approved', approved_at = ?, approved_by = ?, approved_most = ? "
            "WHERE id = ? AND version = ? AND state IN ('draft', 'waiting')",
            (at, by, most, row.id, row.version),
        )
    )


def launch(
    tx: Tx, row: CampaignRow, state: str, starts_on: str, ends_on: str | None, size: int, at: int, by: str
) -> bool:
    """-> launching or running, once; False when somebody else was faster."""
    return bool(
        tx.run(
            "UPDATE campaigns SET state = ?, starts_on = ?, ends_on = ?, size = ?, launched_at = ?, launched_by = ? "
            "WHERE id = ? AND version = ? AND state = ?",
            (state, starts_on, ends_on, size, at, by, row.id, row.version, row.state),
        )
    )


def freeze(tx: Tx, campaign_id: int, members: Sequence[int]) -> None:
    """Keep the audience of a campaign, whole, in one row."""
    packed = zlib.compress(json.dumps(list(members)).encode())
    tx.run("INSERT INTO campaign_audiences (campaign_id, members) VALUES (?, ?)", (campaign_id, packed))


def frozen(tx: Tx, campaign_id: int) -> list[int]:
    """The audience as it was at the launch."""
    row = tx.one("SELECT members FROM campaign_audiences WHERE campaign_id = ?", (campaign_id,))
    return list(json.loads(zlib.decompress(bytes(row[0])))) if row else []


def advance(tx: Tx, row: CampaignRow, position: int) -> None:
    """So many of the frozen audience are done; all of them: launching -> running."""
    tx.run(
        "UPDATE campaigns SET position = ?, state = CASE WHEN size = ? THEN 'running' ELSE state END "
        "WHERE id = ? AND state = 'launching' AND position = ?",
        (position, position, row.id, row.position),
    )


def evaluated(tx: Tx, campaign_id: int, day: str) -> None:
    """Everybody whom ``day`` means has been looked at."""
    tx.run("UPDATE campaigns SET evaluated_on = ? WHERE id = ? AND state = 'running'", (day, campaign_id))


def stop(tx: Tx, campaign_id: int, at: int, by: str, reason: str, withdraw: bool) -> bool:
    """launching or running -> stopped; False when it is neither."""
    return bool(
        tx.run(
            "UPDATE campaigns SET state = 'stopped', stopped_at = ?, stopped_by = ?, stop_reason = ?, withdraw = ? "
            "WHERE id = ? AND state IN ('launching', 'running')",
            (at, by, reason, int(withdraw), campaign_id),
        )
    )


def end(tx: Tx, campaign_id: int) -> bool:
    """running -> ended."""
    return bool(tx.run("UPDATE campaigns SET state = 'ended' WHERE id = ? AND state = 'running'", (campaign_id,)))


# Who is on which side ------------------------------------------------------------------------------


def assign(tx: Tx, campaign_id: int, at: int, assigned: Iterable[Assigned]) -> None:
    """Write down who is on which side; the key refuses a member who is, for this occasion, already."""
    tx.many(
        "INSERT INTO campaign_members (campaign_id, member_id, occasion, side, assigned_at, promotion, reason, "
        "coupon_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (campaign_id, one.member_id, one.occasion, one.side, at, one.promotion,
             None if one.reason is None else _json(one.reason), one.coupon_id)
            for one in assigned
        ],
    )  # fmt: skip


def sides(tx: Tx, campaign_id: int) -> dict[str, int]:
    """Side -> members."""
    rows = tx.all(
        "SELECT side, count(DISTINCT member_id) FROM campaign_members WHERE campaign_id = ? GROUP BY side",
        (campaign_id,),
    )
    return {row[0]: int(row[1]) for row in rows}


def eligible(tx: Tx, members: Sequence[int]) -> list[int]:
    """Those of these members who may get a coupon: active, with a card that is not blocked; locked by a writer."""
    found: list[int] = []
    for start in range(0, len(members), FEW):
        part = members[start : start + FEW]
        rows = tx.all(
            f"SELECT m.id FROM members m WHERE m.id IN ({marks(part)}) AND m.state = 'active' "
            "AND EXISTS (SELECT 1 FROM cards c WHERE c.member_id = m.id AND c.state = 'active') ORDER BY m.id"
            + (f"{tx.for_update} OF m" if tx.for_update else ""),
            part,
        )
        found += [int(row[0]) for row in rows]
    return found


def had_enough(tx: Tx, campaign_id: int, since: int, coupons: int) -> set[int]:
    """The members who got at least so many coupons of other campaigns since (ms)."""
    rows = tx.all(
        "SELECT member_id FROM campaign_members WHERE assigned_at >= ? AND side = 'treated' AND campaign_id <> ? "
        "GROUP BY member_id HAVING count(*) >= ?",
        (since, campaign_id, coupons),
    )
    return {int(row[0]) for row in rows}


def met_since(tx: Tx, campaign_id: int, since: int) -> set[int]:
    """The members who were put on a side of this campaign since (ms)."""
    rows = tx.all(
        "SELECT DISTINCT member_id FROM campaign_members WHERE campaign_id = ? AND assigned_at >= ?",
        (campaign_id, since),
    )
    return {int(row[0]) for row in rows}


def met(tx: Tx, campaign_id: int, members: Sequence[int]) -> set[tuple[int, str]]:
    """(member, occasion) of these members that this campaign has used."""
    rows = tx.all(
        f"SELECT member_id, occasion FROM campaign_members WHERE campaign_id = ? AND member_id IN ({marks(members)})",
        (campaign_id, *members),
    )
    return {(int(row[0]), row[1]) for row in rows}


class Place(NamedTuple):
    """Where a member stands, and of the treated what they got: the coupon's code, state and local days."""

    member: int
    occasion: str
    side: str
    at: int
    promotion: str | None
    reason: dict[str, str] | None
    code: str | None
    state: str | None
    valid_from: str | None
    valid_to: str | None


def page(tx: Tx, campaign_id: int, after: int, limit: int) -> list[Place]:
    """The next members after ``after``, each with all of their occasions; ``limit`` counts members."""
    rows = tx.all(
        "SELECT x.member_id, x.occasion, x.side, x.assigned_at, x.promotion, x.reason, c.code, c.state, "
        "c.valid_from, c.valid_to FROM campaign_members x LEFT JOIN coupons c ON c.id = x.coupon_id "
        "WHERE x.campaign_id = ? AND x.member_id IN (SELECT DISTINCT member_id FROM campaign_members "
        "WHERE campaign_id = ? AND member_id > ? ORDER BY member_id LIMIT ?) ORDER BY x.member_id, x.assigned_at",
        (campaign_id, campaign_id, after, limit),
    )
    found = [Place(*row) for row in rows]
    return [one._replace(reason=json.loads(row[5]) if row[5] else None) for one, row in zip(found, rows, strict=True)]
