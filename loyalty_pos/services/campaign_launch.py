"""The launch: guarded, once; the audience is frozen in one small write, then issued in steps that may be cut off.

Each step is a transaction of its own that moves the campaign's position with the coupons it issued, so
that whoever goes on, after a kill or beside another, neither leaves a member out nor gives one two.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from loyalty_pos.domain.campaigns.control import control_of
from loyalty_pos.domain.campaigns.definition import CampaignIn
from loyalty_pos.errors import Conflict, Refused
from loyalty_pos.services import campaign_audience
from loyalty_pos.services.campaign_coupons import BY, Chooser, Term, chooser_for, give, in_force
from loyalty_pos.services.campaigns import STEP, check, definition_of, find, get, need_open, stake
from loyalty_pos.services.context import Outcome, Request, Services
from loyalty_pos.services.coupons import DEFAULT_DAYS
from loyalty_pos.services.idempotency import decide
from loyalty_pos.storage import audit, campaign_figures
from loyalty_pos.storage import campaigns as rows
from loyalty_pos.storage.campaigns import CampaignRow
from loyalty_pos.storage.tx import Stale, Tx

Tell = Callable[[int, int], None]


class Ready(NamedTuple):
    """A launch that may happen; ``ask``: it costs so much that a second person has to say yes first."""

    row: CampaignRow
    members: list[int]
    first: date
    last: date | None
    ask: bool


def launch(services: Services, request: Request, campaign_id: str) -> tuple[Outcome, Any]:
    """-> launching (or running, when it is always on); accepted as ``waiting`` above the limit (S50).

    Nothing is issued yet: ``issue`` does it.  Refused (``audience_empty``, ``budget_missing``), Conflict
    (``campaign_launched``, ``campaign_stopped``, ``campaign_over``, ``promotion_not_coupon``), NotFound.
    """

    def post(tx: Tx, ready: Ready) -> Outcome:
        row, now, by = ready.row, services.now_ms(), request.caller.key
        if ready.ask:
            if not rows.ask(tx, row):
                raise Stale
            audit.add(tx, now, by, "campaign.ask", str(row.id), None)
            return Outcome("accepted", {"id": str(row.id)})
        state = "launching" if ready.members else "running"
        last = None if ready.last is None else ready.last.isoformat()
        if not rows.launch(tx, row, state, ready.first.isoformat(), last, len(ready.members), now, by):
            raise Stale
        if ready.members:
            rows.freeze(tx, row.id, ready.members)
        audit.add(tx, now, by, "campaign.launch", str(row.id), None)
        return Outcome("done", {"id": str(row.id)})

    outcome = decide(services, request, lambda tx: _ready(services, tx, campaign_id), post)
    return outcome, get(services, outcome.value()["id"])


def _ready(services: Services, tx: Tx, campaign_id: str) -> Ready:
    row = need_open(find(tx, campaign_id))
    body = definition_of(row)
    book = check(services, tx, body)
    chooser, today = Chooser(tx, book, body.given), book.programme.local(services.now_ms()).date()
    first, last = term(body, chooser, today)
    if last is not None and last < today:
        raise Conflict("campaign_over")
    members = [] if body.always else campaign_audience.meant(services, tx, row.id, body).members
    if not members and not body.always:
        raise Refused("audience_empty")
    counted = stake(body, chooser, len(members)).counted
    return Ready(row, members, first, last, counted > max(book.programme.campaigns.limit, row.approved_most or 0))


def term(body: CampaignIn, chooser: Chooser, today: date) -> tuple[date, date | None]:
    """The first and last local day: of a single campaign those of its coupons, else those on which it gives any."""
    first = max(body.valid_from or today, today)
    if body.always is not None or body.valid_to is not None:
        return first, body.valid_to
    return first, _last(chooser, first + timedelta(days=DEFAULT_DAYS))


def _last(chooser: Chooser, default: date) -> date:
    """``default``, or the last day of a promotion that ends sooner."""
    return min([default, *(offer.valid.last for offer in chooser.offers if offer.valid.last is not None)])


def coupon_term(body: CampaignIn, chooser: Chooser, today: date) -> Term:
    """The days of a coupon that a campaign which is always on gives today."""
    return Term(today, _last(chooser, today + timedelta(days=body.valid_days or DEFAULT_DAYS)))


class Issuing:
    """One launch under way, as this process sees it: the frozen audience and its control group, read once."""

    def __init__(self, services: Services, campaign_id: int) -> None:
        self.services, self.id = services, campaign_id
        self.members = services.store.read(lambda tx: rows.frozen(tx, campaign_id))
        self._control: frozenset[str] | None = None
        self._chooser: Chooser | None = None

    def step(self, tx: Tx) -> range | None:
        """Issue to the next members: their places in the audience; None when there is nothing to do (any more)."""
        row = rows.find(tx, self.id)
        if row is None or row.state != "launching":
            return None
        body, book = definition_of(row), self.services.rules.current(tx)
        if why := stopping(self.services, tx, row, body):
            stop_by_itself(self.services, tx, row, why)
            return None
        self._chooser = chooser = chooser_for(tx, book, body.given, self._chooser)
        assert row.starts_on is not None
        assert row.ends_on is not None
        part = self.members[row.position : row.position + STEP]
        able = [(member, "") for member in rows.eligible(tx, part)]
        control, days = self._left_out(body), (date.fromisoformat(row.starts_on), date.fromisoformat(row.ends_on))
        give(self.services, tx, row, chooser, able, lambda member: str(member) in control, Term(*days))
        rows.advance(tx, row, row.position + len(part))
        return range(row.position, row.position + len(part))

    def _left_out(self, body: CampaignIn) -> frozenset[str]:
        if self._control is None:
            self._control = control_of(str(self.id), map(str, self.members), Decimal(body.control_percent))
        return self._control


def issue(
    services: Services, campaign_id: int, tell: Tell = lambda _done, _total: None, steps: int | None = None
) -> int:
    """Go on with a launch until all is issued, or for so many ``steps``; how many of the audience were done."""
    issuing = Issuing(services, campaign_id)
    done = count = 0
    while (steps is None or count < steps) and (places := services.store.write(issuing.step)):
        done, count = done + len(places), count + 1
        tell(places.stop, len(issuing.members))
    return done


def stopping(services: Services, tx: Tx, row: CampaignRow, body: CampaignIn) -> str | None:
    """Why a campaign may give no further coupon: ``budget``, ``promotion``, ``over``; None: it may."""
    book = services.rules.current(tx)
    if body.budget is not None and campaign_figures.spent(tx, row.id)[1] >= body.budget:
        return "budget"
    if not in_force(book, body.given):
        return "promotion"
    today = book.programme.local(services.now_ms()).date().isoformat()
    return "over" if row.ends_on is not None and row.ends_on < today else None


def stop_by_itself(services: Services, tx: Tx, row: CampaignRow, why: str) -> None:
    """Stop a campaign by no person's will; the coupons that were given stay good."""
    now = services.now_ms()
    if rows.stop(tx, row.id, now, BY, why, False):
        audit.add(tx, now, BY, "campaign.stop", str(row.id), why)
