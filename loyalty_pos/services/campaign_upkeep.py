"""What campaigns need by the clock: go on with launches, stop at the budget, end, meet the day's occasions.

Every part may run again at any time and beside itself: a state is moved by a guarded update, an occasion is
met once by the key of its row, and what was cut off is found again.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from loyalty_pos.domain.campaigns.control import is_control
from loyalty_pos.services import campaign_audience
from loyalty_pos.services.campaign_coupons import Chooser, chooser_for, give
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
        elif services.store.read(lambda tx, row=row: _closing(services, tx, row)):  # type: ignore[misc]
            services.store.write(lambda tx, row=row: _close(services, tx, row.id))  # type: ignore[misc]
        elif definition_of(row).always:
            done += Night(services, row).meet(tell)
    return done


def _closing(services: Services, tx: Tx, row: CampaignRow) -> str | None:
    """Why a running campaign is over.  One that has issued all it will issue needs no promotion any more."""
    body = definition_of(row)
    why = stopping(services, tx, row, body)
    return None if why == "promotion" and body.always is None else why


def _close(services: Services, tx: Tx, campaign_id: int) -> None:
    row = rows.find(tx, campaign_id)
    why = _closing(services, tx, row) if row is not None and row.state == "running" else None
    if row is None or why is None:
        return
    if why == "over":
        rows.end(tx, row.id)
    else:
        stop_by_itself(services, tx, row, why)


class Night:
    """One day's occasions of a campaign that is always on."""

    def __init__(self, services: Services, row: CampaignRow) -> None:
        self.services, self.id = services, row.id
        self._row = row
        self._chooser: Chooser | None = None

    def meet(self, tell: Tell) -> int:
        """Meet whom today means, once each local day; how many."""
        found = self.services.store.read(self._due)
        if found is None:
            return 0
        day, pairs = found
        done = 0
        for start in range(0, len(pairs), STEP):
            part = pairs[start : start + STEP]
            done += self.services.store.write(lambda tx, part=part: self._some(tx, part))  # type: ignore[misc]
            tell(start + len(part), len(pairs))
        self.services.store.write(lambda tx: rows.evaluated(tx, self.id, day))
        return done

    def _due(self, tx: Tx) -> tuple[str, list[tuple[int, str]]] | None:
        book, row = self.services.rules.current(tx), self._row
        day = book.programme.local(self.services.now_ms()).date().isoformat()
        if row.evaluated_on == day or (row.starts_on or day) > day:
            return None
        body = definition_of(row)
        self._chooser = Chooser(tx, book, body.given)
        return day, campaign_audience.due_today(self.services, tx, row.id, body, self._chooser)

    def _some(self, tx: Tx, pairs: list[tuple[int, str]]) -> int:
        row = rows.find(tx, self.id)
        if row is None or row.state != "running":
            return 0
        body, book = definition_of(row), self.services.rules.current(tx)
        assert body.always is not None
        if why := stopping(self.services, tx, row, body):
            stop_by_itself(self.services, tx, row, why)
            return 0
        self._chooser = chooser = chooser_for(tx, book, body.given, self._chooser)
        able = set(rows.eligible(tx, [member for member, _ in pairs]))
        left = campaign_audience.unmet(tx, row.id, [pair for pair in pairs if pair[0] in able])
        percent, today = Decimal(body.control_percent), book.programme.local(self.services.now_ms()).date()
        give(
            self.services, tx, row, chooser, left, lambda member: is_control(str(row.id), str(member), percent),
            coupon_term(body, chooser, today), body.always.kind,
        )  # fmt: skip
        return len(left)
