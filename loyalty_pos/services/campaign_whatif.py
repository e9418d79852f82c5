"""What if a campaign had run in the past weeks: who would have got which coupon, when, and what it would have cost.

A single campaign is launched on the first of the days, to the audience as it is today; one that is always on
looks at each day as it began.  What is known of a member is what had been bought before that moment, and of the
programme what is in force today.  How many coupons would have been used is the response model's to say (or what
it falls back on); who came in their days is counted.  Invariant: nothing is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from loyalty_pos.domain.campaigns.control import control_of, is_control
from loyalty_pos.domain.campaigns.definition import CampaignIn
from loyalty_pos.domain.campaigns.replay import Known, Morning, habits, occasions
from loyalty_pos.domain.campaigns.response import DAY_MS, PastLine
from loyalty_pos.errors import Refused
from loyalty_pos.services import campaign_audience, segment_members
from loyalty_pos.services.campaign_coupons import Chooser, Reason
from loyalty_pos.services.campaign_preview import SAMPLE, likely_cost, shown_use
from loyalty_pos.services.campaign_response import Responses, evenly
from loyalty_pos.services.campaigns import check, definition_of, find
from loyalty_pos.services.context import Services
from loyalty_pos.services.coupons import DEFAULT_DAYS
from loyalty_pos.storage import campaign_response, campaigns, segment_rows
from loyalty_pos.storage.campaign_response import Other, Person
from loyalty_pos.storage.tx import Tx

Json = dict[str, Any]
Tell = Callable[[int, int], None]
WEEKS, MOST_WEEKS = 8, 26
MOST_MEMBERS = 5_000
"""Of one request; the command line has no such limit."""
STEP = 250
BEFORE_DAYS = 365
"""How long before the first day purchases are looked at."""


class Gift(NamedTuple):
    """A coupon that would have been given."""

    member: int
    morning: Morning
    promotion: str
    reason: Reason


@dataclass
class Tally:
    """What was found so far."""

    looked: int = 0
    capped: int = 0
    came: int = 0
    bought: int = 0
    control: Counter[date] = field(default_factory=Counter)
    gifts: list[Gift] = field(default_factory=list)
    overlap: Counter[int] = field(default_factory=Counter)


class Replay:
    """One campaign and the mornings on which it is looked at."""

    def __init__(self, services: Services, tx: Tx, campaign_id: int, body: CampaignIn, weeks: int) -> None:
        self.id, self.body, self.book = campaign_id, body, check(services, tx, body)
        self.chooser, self.tally = Chooser(tx, self.book, body.given), Tally()
        programme, today = self.book.programme, self.book.programme.local(services.now_ms()).date()
        days = [today - timedelta(days=ago) for ago in range(7 * weeks, 0, -1)]
        self.mornings = [Morning(day, programme.day_begins(day)) for day in days]
        self.until = programme.day_begins(today)
        self.since = programme.day_begins(days[0] - timedelta(days=BEFORE_DAYS))
        self.goods = {one.promotion: one for one in self.chooser.candidates}
        audience = body.audience
        self.named = None if audience is None else {*campaign_audience.named(services, tx, self.book, audience)}
        percent, name = Decimal(body.control_percent), str(campaign_id)
        if body.always is None:
            out = control_of(name, map(str, self.named or ()), percent)
            self.left_out: Callable[[int], bool] = lambda member: str(member) in out
        else:
            self.left_out = lambda member: is_control(name, str(member), percent)

    def step(self, after: int, tx: Tx) -> tuple[int, int] | None:
        """Look at the next members: the last of them and how many; None when there are no more."""
        people = campaign_response.people(tx, after, STEP)
        if not people:
            return None
        meant = [one for one in people if self.named is None or one.id in self.named]
        ids = [one.id for one in meant]
        lines = campaign_response.lines(tx, ids, self.since, self.until) if ids else {}
        others = campaign_response.others(tx, ids, self.id) if ids else {}
        for one in meant:
            self._meet(one, lines.get(one.id, []), others.get(one.id, []))
        self.tally.looked += len(meant)
        return people[-1].id, len(people)

    def _meet(self, one: Person, lines: Sequence[PastLine], others: Sequence[Other]) -> None:
        for morning in self._when(one, lines):
            if self.body.capped and self._full(morning, others):
                self.tally.capped += 1
            elif self.left_out(one.id):
                self.tally.control[morning.day] += 1
            else:
                self._give(one.id, morning, lines, others)

    def _when(self, one: Person, lines: Sequence[PastLine]) -> list[Morning]:
        local = self.book.programme.local
        if self.body.always is None:
            return [self.mornings[0]] if one.enrolled_at < self.mornings[0].begins else []
        first = None if one.first_at is None else local(one.first_at).date()
        known = Known(local(one.enrolled_at).date(), one.birthday, first, lines)
        found = occasions(self.body.always, known, self.mornings, self.chooser.candidates)
        return [morning for morning, _ in found]

    def _full(self, morning: Morning, others: Sequence[Other]) -> bool:
        rules = self.book.programme.campaigns
        since = morning.begins - (rules.days - 1) * DAY_MS
        return sum(since <= one.issued_at < morning.begins for one in others) >= rules.coupons

    def _give(self, member: int, morning: Morning, lines: Sequence[PastLine], others: Sequence[Other]) -> None:
        before = [line for line in lines if line.sold_at < morning.begins]
        bought = habits(before, self.chooser.candidates)
        promotion, why, _ = self.chooser.choose_for({member: bought}, morning.begins)[member]
        self.tally.gifts.append(Gift(member, morning, promotion, why))
        held = {
            one.campaign for one in others
            if one.issued_at < morning.begins and (one.used_at is None or one.used_at >= morning.begins)
            and (one.valid_to is None or one.valid_to >= morning.day.isoformat())
        }  # fmt: skip
        self.tally.overlap.update(held)
        over = morning.begins + (self.body.valid_days or DEFAULT_DAYS) * DAY_MS
        later = [line for line in lines if morning.begins <= line.sold_at < over]
        self.tally.came += bool(later)
        self.tally.bought += any(self.goods[promotion].meets(line.sku, line.category) for line in later)


def simulate(
    services: Services,
    campaign_id: str,
    weeks: int = WEEKS,
    tell: Tell = lambda _done, _total: None,
    most: int | None = None,
) -> Json:
    """A kept campaign on the past ``weeks``; amounts in minor units.  ``tell`` hears (members done, of how many).

    NotFound (``campaign_unknown``) and what ``draft`` refuses; Conflict (``promotion_not_coupon``); Refused
    (``too_many_members``) above ``most``.
    """

    def begin(tx: Tx) -> tuple[Replay, int]:
        row, total = find(tx, campaign_id), campaign_response.how_many(tx)
        if most is not None and total > most:
            raise Refused("too_many_members", limit=most)
        return Replay(services, tx, row.id, definition_of(row), weeks), total

    replay, total = services.store.read(begin)
    after = done = 0
    while found := services.store.read(partial(replay.step, after)):
        after, done = found[0], done + found[1]
        tell(min(done, total), total)
    return services.store.read(lambda tx: _answer(services, tx, replay))


def _answer(services: Services, tx: Tx, replay: Replay) -> Json:
    tally, chooser = replay.tally, replay.chooser
    gifts = sorted(tally.gifts, key=lambda gift: (gift.morning.begins, gift.member))
    given = [(gift.member, gift.promotion, gift.morning.begins) for gift in evenly(gifts)]
    used = Responses(tx, replay.book, replay.body.given, services.now_ms()).expect(given, len(gifts))
    by_day = Counter(gift.morning.day for gift in gifts)
    by_promotion = Counter(gift.promotion for gift in gifts)
    days = [morning.day for morning in replay.mornings] if replay.body.always else [replay.mornings[0].day]
    names = {number: row.name for number in sorted(tally.overlap) if (row := campaigns.find(tx, number))}
    return {
        "from": replay.mornings[0].day.isoformat(),
        "to": replay.mornings[-1].day.isoformat(),
        "members": tally.looked,
        "given": len(gifts),
        "control": sum(tally.control.values()),
        "capped": tally.capped,
        "came": tally.came,
        "bought": tally.bought,
        "used": shown_use(used, len(gifts)),
        "cost": likely_cost(services, tx, chooser, used, len(gifts)),
        "by_day": [{"day": day.isoformat(), "given": by_day[day], "control": tally.control[day]} for day in days],
        "by_promotion": [{"promotion": code, "given": by_promotion[code]} for code in replay.body.given],
        "overlap": [
            {"campaign": str(number), "name": name, "members": tally.overlap[number]} for number, name in names.items()
        ],
        "sample": _sample(services, tx, gifts),
    }


def _sample(services: Services, tx: Tx, gifts: Sequence[Gift]) -> list[Json]:
    """Some of the coupons, over all of the time."""
    some = {gift.member: gift for gift in gifts[:: max(1, len(gifts) // SAMPLE)][:SAMPLE]}
    people = segment_members.people(services, tx, segment_rows.seen(tx, sorted(some)))
    return [
        one | {"promotion": some[int(one["id"])].promotion, "reason": some[int(one["id"])].reason,
               "day": some[int(one["id"])].morning.day.isoformat()}
        for one in people
    ]  # fmt: skip
