"""A campaign before its launch: whom it meets, what it may cost, what it runs into, and whether it can be measured.

Nothing is written.  What is not known is said to be so: a bound that the promotions do not give, a share of
used coupons that the shop has no history of, a group too small to tell anything from chance.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from statistics import fmean, pstdev
from typing import Any, NamedTuple

from loyalty_pos.domain.campaigns.control import control_of, control_size, is_control
from loyalty_pos.domain.campaigns.cost import discount_percent
from loyalty_pos.domain.campaigns.definition import CampaignIn
from loyalty_pos.domain.campaigns.uplift import smallest_difference
from loyalty_pos.errors import Refused
from loyalty_pos.services import campaign_audience, segment_members
from loyalty_pos.services.campaign_audience import Meant
from loyalty_pos.services.campaign_coupons import Chooser
from loyalty_pos.services.campaign_launch import term
from loyalty_pos.services.campaign_response import Responses, Used, evenly
from loyalty_pos.services.campaigns import check, definition_of, find, most_it_costs, stake
from loyalty_pos.services.context import Services
from loyalty_pos.storage import campaign_figures, segment_rows
from loyalty_pos.storage.tx import Tx

Json = dict[str, Any]
SAMPLE = 6
HISTORY_DAYS = 365
MARGIN_DAYS = 90
TOO_SMALL_PERCENT = 50
"""A group that would only show a rise of spend by more than this is called too small."""
_ODD = 7_919
"""A step through the audience that shows members of all ages in the sample."""


class Sides(NamedTuple):
    """Who would get a coupon, and who is left out by chance."""

    treated: list[int]
    control: list[int]


def preview(services: Services, campaign_id: str) -> Json:
    """The preview of a kept campaign; NotFound (``campaign_unknown``) and what ``draft`` refuses."""

    def work(tx: Tx) -> Json:
        row = find(tx, campaign_id)
        return preview_of(services, tx, definition_of(row), row.id)

    return services.store.read(work)


def preview_draft(services: Services, body: CampaignIn) -> Json:
    """The same of one that is not kept yet."""
    return services.store.read(lambda tx: preview_of(services, tx, body, 0))


def preview_of(services: Services, tx: Tx, body: CampaignIn, campaign_id: int) -> Json:
    """Everything about the members whom it would meet now; of one that is always on, those of today."""
    book = check(services, tx, body)
    chooser = Chooser(tx, book, body.given)
    if body.always is not None:
        meant = Meant([member for member, _ in campaign_audience.due_today(services, tx, campaign_id, body, chooser)])
    else:
        meant = campaign_audience.meant(services, tx, campaign_id, body)
    sides = _sides(body, campaign_id, meant.members)
    return {
        "audience": len(meant.members) + meant.not_active + meant.capped,
        "left_out": {"not_active": meant.not_active, "capped": meant.capped},
        "treated": len(sides.treated),
        "control": len(sides.control),
        "reach": _reach(tx, body, sides.treated),
        **_money(services, tx, body, chooser, sides),
        "margin": _margins(services, tx, chooser),
        "overlap": [
            {"campaign": str(number), "name": json.loads(name), "members": count}
            for number, name, count in campaign_figures.overlap(tx, campaign_id, set(sides.treated))
        ],
        "smallest_difference": _finds(services, tx, chooser, body, meant.members),
        "sample": _sample(services, tx, chooser, sides.treated),
    }


def _sides(body: CampaignIn, campaign_id: int, members: Sequence[int]) -> Sides:
    percent, name = Decimal(body.control_percent), str(campaign_id)
    if body.always is not None:
        out = {member for member in members if is_control(name, str(member), percent)}
    else:
        out = {int(member) for member in control_of(name, map(str, members), percent)}
    return Sides([member for member in members if member not in out], sorted(out))


def _reach(tx: Tx, body: CampaignIn, treated: Sequence[int]) -> Json:
    """Each member at the first channel of the campaign by which they agreed to be told; the others see it at the
    till and on their page alone."""
    told, left = campaign_figures.told(tx), set(treated)
    found: Json = {"channels": []}
    for channel in body.channels:
        here = left & told.get(channel, set())
        left -= here
        found["channels"].append({"channel": channel, "members": len(here)})
    return found | {"page_only": len(left)}


def _money(services: Services, tx: Tx, body: CampaignIn, chooser: Chooser, sides: Sides) -> Json:
    """What it costs: likely between two figures, at most, and whether a second person has to say yes."""
    coupons = len(sides.treated)
    book, most = chooser.book, most_it_costs(chooser, coupons)
    used = _used(services, tx, chooser, body.given, sides.treated)
    try:
        counted: int | None = stake(body, chooser, coupons + len(sides.control)).counted
    except Refused:
        counted = None
    return {
        "used": shown_use(used, coupons),
        "cost": likely_cost(services, tx, chooser, used, coupons) | {"most": None if body.always else most},
        "budget": body.budget,
        "budget_missing": counted is None,
        "needs_approval": counted is not None and counted > book.programme.campaigns.limit,
    }


def _used(services: Services, tx: Tx, chooser: Chooser, codes: Sequence[str], treated: Sequence[int]) -> Used:
    """How many of the coupons will be used; of a campaign that meets nobody now, nothing is looked at."""
    responses, now = Responses(tx, chooser.book, codes, services.now_ms()), services.now_ms()
    some = evenly(treated)
    chosen = chooser.choose(tx, some, now) if chooser.candidates and some else {}
    return responses.expect([(member, one.promotion, now) for member, one in chosen.items()], len(treated))


def likely_cost(services: Services, tx: Tx, chooser: Chooser, used: Used, coupons: int) -> Json:
    """What so many coupons will cost by their uses, and at most: by what a use took off lately, else at most takes."""
    programme, most = chooser.book.programme, most_it_costs(chooser, coupons)
    since = programme.day_begins(programme.local(services.now_ms()).date() - timedelta(days=HISTORY_DAYS))
    each = campaign_figures.average_discount(tx, [offer.code for offer in chooser.offers], since)
    if each is None and most is not None and coupons:
        each = most // coupons
    low, high = (None if each is None else half_up(end * each) for end in (used.low, used.high))
    return {"low": low, "high": high, "most": most, "each": each}


def shown_use(used: Used, coupons: int) -> Json:
    """A range of uses as it is answered, in coupons and in percent of them."""
    return {
        "low": half_up(used.low),
        "high": half_up(used.high),
        "low_percent": half_up(100 * used.low / coupons) if coupons else 0,
        "high_percent": half_up(100 * used.high / coupons) if coupons else 0,
        "known_from": used.known,
        "basis": used.basis,
    }


def half_up(value: float) -> int:
    """The nearest whole number, .5 up."""
    return int(Decimal(value).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _margins(services: Services, tx: Tx, chooser: Chooser) -> list[Json]:
    """For each promotion: what the goods bring lately, what it takes off, and whether that is below their cost."""
    programme, now = chooser.book.programme, services.now_ms()
    since = programme.day_begins(programme.local(now).date() - timedelta(days=MARGIN_DAYS))
    found: list[Json] = []
    for offer, candidate in zip(chooser.offers, chooser.candidates, strict=True):
        places: list[str | None] = [*candidate.categories] or [None]
        sums = [campaign_figures.margin_percent(tx, since, place, candidate.skus) for place in places]
        price, cost = sum(one[0] for one in sums), sum(one[1] for one in sums)
        off = discount_percent(offer)
        earned = None if not price else Decimal(100 * (price - cost)) / price
        found.append({
            "promotion": offer.code,
            "margin_percent": None if earned is None else half_up(float(earned)),
            "discount_percent": None if off is None else half_up(float(off)),
            "below_cost": None if earned is None or off is None else off > earned,
        })  # fmt: skip
    return found


def _finds(services: Services, tx: Tx, chooser: Chooser, body: CampaignIn, members: Sequence[int]) -> Json:
    """The smallest difference of spend that so many members would show, from what they spent in as many days before."""
    programme = chooser.book.programme
    today = programme.local(services.now_ms()).date()
    first, last = term(body, chooser, today)
    days = body.valid_days or (30 if last is None or body.always else max(1, (last - first).days + 1))
    since = programme.day_begins(today - timedelta(days=days))
    spends = [float(one) for one in campaign_figures.spends(tx, members, since)]
    share = body.control_percent / 100
    left_out = control_size(len(members), Decimal(body.control_percent))
    spread, mean = (pstdev(spends), fmean(spends)) if spends else (0.0, 0.0)
    least = smallest_difference(len(members), spread, share) if left_out >= 2 else None
    percent = None if least is None or not mean else half_up(100 * least / mean)
    return {
        "days": days,
        "spend": half_up(mean),
        "amount": None if least is None else half_up(least),
        "percent": percent,
        "too_small": percent is None or percent > TOO_SMALL_PERCENT,
    }


def _sample(services: Services, tx: Tx, chooser: Chooser, treated: Sequence[int]) -> list[Json]:
    """Some of the members, by short name, each with the coupon that they would get and why."""
    if not chooser.candidates:
        return []
    some = sorted(treated, key=lambda member: (member * _ODD % 65_537, member))[:SAMPLE]
    chosen = chooser.choose(tx, some, services.now_ms())
    people = segment_members.people(services, tx, segment_rows.seen(tx, some))
    return [
        one | {"promotion": chosen[int(one["id"])].promotion, "reason": chosen[int(one["id"])].reason} for one in people
    ]
