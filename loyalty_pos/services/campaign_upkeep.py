"""What campaigns need by the clock: go on with launches, stop at the budget, end, meet the day's occasions.

Every part may run again at any time and beside itself: a state is moved by a guarded update, an occasion is
met once by the key of its row, and what was cut off is found again.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from loyalty_pos.domain.campaigns.control import is_control
from loyalty_pos.services import campaign_audience
from loyalty_pos.services.campaign_coupons import Chooser, give
from loyalty_pos.services.campaign_launch import coupon_term, issue, stop_by_itself, stopping
from loyalty_pos.services.campaigns import STEP, definition_of, withdraw
from loyalty_pos.services.context import Services
from loyalty_pos.storage import campaigns as rows
from loyalty_pos.storage.campaigns import CampaignRow
from loyalty_pos.storage.tx import Tx

Tell = Callable[[int, int], None]


def run(services: Services, tell: Tell = lambda _done, _total: None) -> int:
    """Do what is due of every campaign; how many members were met and coupons taken back."""
    done = 0
    for row in services.store.read(lambda tx: rows.in_states(tx, "launching", "running", "stopped")):
        if row.state == "launching":
            done += issue(services, row.id, tell)
        elif row.state == "stopped":
            done += withdraw(services, row.id) if row.withdraw else 0
        elif not services.store.write(lambda tx, row=row: _close(services, tx, row.id)):  # type: ignore[misc]
            done += _meet(services, row, tell) if definition_of(row).always else 0
    return done


def _close(services: Services, tx: Tx, campaign_id: int) -> bool:
    """End or stop a running campaign whose time or money is up; whether it is closed."""
    row = rows.find(tx, campaign_id)
    if row is None or row.state != "running":
        return True
    body, book = definition_of(row), services.rules.current(tx)
    why = stopping(services, tx, row, body, Chooser(tx, book, body.given))
    if why == "over":
        return rows.end(tx, row.id)
    if why == "budget" or (why == "promotion" and body.always):
        stop_by_itself(services, tx, row, why)
        return True
    return False


def _meet(services: Services, row: CampaignRow, tell: Tell) -> int:
    """Meet today's occasions of a campaign that is always on, once each local day; how many."""

    def due(tx: Tx) -> tuple[str, list[tuple[int, str]]] | None:
        book = services.rules.current(tx)
        day = book.programme.local(services.now_ms()).date().isoformat()
        if row.evaluated_on == day or (row.starts_on or day) > day:
            return None
        body = definition_of(row)
        chooser = Chooser(tx, book, body.given)
        return day, campaign_audience.due_today(services, tx, row.id, body, chooser)

    found = services.store.read(due)
    if found is None:
        return 0
    day, pairs = found
    done = 0
    for start in range(0, len(pairs), STEP):
        part = pairs[start : start + STEP]
        done += services.store.write(lambda tx, part=part: _meet_some(services, tx, row.id, part))  # type: ignore[misc]
        tell(start + len(part), len(pairs))
    services.store.write(lambda tx: rows.evaluated(tx, row.id, day))
    return done


def _meet_some(services: Services, tx: Tx, campaign_id: int, pairs: list[tuple[int, str]]) -> int:
    row = rows.find(tx, campaign_id)
    if row is None or row.state != "running":
        return 0
    body, book = definition_of(row), services.rules.current(tx)
    chooser = Chooser(tx, book, body.given)
    assert body.always is not None
    if why := stopping(services, tx, row, body, chooser):
        stop_by_itself(services, tx, row, why)
        return 0
    able = set(rows.eligible(tx, [member for member, _ in pairs]))
    left = campaign_audience.unmet(tx, row.id, [pair for pair in pairs if pair[0] in able])
    percent, term = (
        Decimal(body.control_percent),
        coupon_term(body, chooser, book.programme.local(services.now_ms()).date()),
    )
    give(
        services, tx, row, chooser, left, lambda member: is_control(str(row.id), str(member), percent), term,
        body.always.kind,
    )  # fmt: skip
    return len(left)
