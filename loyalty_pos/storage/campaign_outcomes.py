"""What each campaign had brought when it was last counted: one row a campaign, replaced by the next count."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from loyalty_pos.storage.tx import Tx


class Outcome(NamedTuple):
    """A launched campaign: its name (JSON), state and last day, when it was counted (ms) and what was found;
    ``at`` and ``figures`` are None before the first count."""

    id: int
    name: Any
    state: str
    ends_on: str | None
    at: int | None
    figures: dict[str, Any] | None


def newest(tx: Tx, limit: int) -> list[Outcome]:
    """The campaigns that were launched, the newest first."""
    rows = tx.all(
        "SELECT c.id, c.name, c.state, c.ends_on, o.at, o.figures FROM campaigns c "
        "LEFT JOIN campaign_outcomes o ON o.campaign_id = c.id "
        "WHERE c.state IN ('launching', 'running', 'stopped', 'ended') ORDER BY c.launched_at DESC, c.id DESC LIMIT ?",
        (limit,),
    )
    return [
        Outcome(row[0], json.loads(row[1]), row[2], row[3], row[4], None if row[5] is None else json.loads(row[5]))
        for row in rows
    ]


def put(tx: Tx, campaign_id: int, at: int, figures: dict[str, Any]) -> None:
    """What was found now; an older count never replaces a newer one."""
    tx.run(
        "INSERT INTO campaign_outcomes (campaign_id, at, figures) VALUES (?, ?, ?) ON CONFLICT (campaign_id) DO UPDATE "
        "SET at = excluded.at, figures = excluded.figures WHERE campaign_outcomes.at <= excluded.at",
        (campaign_id, at, json.dumps(figures)),
    )
