"""Whom a campaign means: an audience at a moment, or, of one that is always on, whoever has an occasion today."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from loyalty_pos.domain.campaigns.definition import Always, Audience, CampaignIn
from loyalty_pos.domain.campaigns.occasions import (
    DUE,
    LEAST_TIMES,
    OCCASIONS,
    YEARLY,
    comes_round,
    key_of,
    pause,
    spans,
)
from loyalty_pos.domain.segments.decode import decode_rule
from loyalty_pos.errors import BadInput
from loyalty_pos.services import segment_members
from loyalty_pos.services.campaign_coupons import Chooser
from loyalty_pos.services.context import Services
from loyalty_pos.services.rules import Book
from loyalty_pos.services.segments import check_known
from loyalty_pos.storage import campaign_habits, campaigns, segment_rows, segments
from loyalty_pos.storage.tx import Tx


class Meant(NamedTuple):
    """The members who may get a coupon, by id, and how many of the audience may not: not active or without a
    card that is not blocked; with enough coupons lately."""

    members: list[int]
    not_active: int = 0
    capped: int = 0


def check(services: Services, tx: Tx, campaign: CampaignIn) -> None:
    """BadInput for an audience of unknown members or with a faulty rule; NotFound (``segment_unknown``)."""
    audience = campaign.audience
    if audience is None:
        return
    if audience.segment is not None:
        segment_members.find(tx, audience.segment)
    if audience.rule is not None:
        try:
            check_known(tx, services.rules.current(tx), decode_rule(audience.rule))
        except BadInput as refusal:
            raise BadInput(errors={f"audience.{path}": codes for path, codes in refusal.errors.items()}) from None
    unknown = [number for number, one in enumerate(audience.members or ()) if not one.isascii() or not one.isdigit()]
    if unknown:
        raise BadInput(errors={f"audience.members[{number}]": ["unknown"] for number in unknown})


def meant(services: Services, tx: Tx, campaign_id: int, campaign: CampaignIn) -> Meant:
    """The audience of a campaign as it is now, by id."""
    assert campaign.audience is not None
    book = services.rules.current(tx)
    found = named(services, tx, book, campaign.audience)
    able = campaigns.eligible(tx, found)
    full = _full(services, tx, book, campaign_id, campaign)
    left = [member for member in able if member not in full]
    return Meant(left, len(found) - len(able), len(able) - len(left))


def named(services: Services, tx: Tx, book: Book, audience: Audience) -> list[int]:
    """Those whom an audience means, whether or not they may get a coupon, by id."""
    if audience.segment is not None:
        return sorted(segment_rows.belonging(tx, segment_members.find(tx, audience.segment).id))
    if audience.rule is not None:
        return sorted(segments.matching(tx, decode_rule(audience.rule), segment_members.today(book, services.now_ms())))
    return sorted({int(one) for one in audience.members or ()})


def _full(services: Services, tx: Tx, book: Book, campaign_id: int, campaign: CampaignIn) -> set[int]:
    """The members who got enough coupons of other campaigns lately."""
    if not campaign.capped:
        return set()
    rules, programme = book.programme.campaigns, book.programme
    first = programme.local(services.now_ms()).date() - timedelta(days=rules.days - 1)
    return campaigns.had_enough(tx, campaign_id, programme.day_begins(first), rules.coupons)


def due_today(
    services: Services, tx: Tx, campaign_id: int, campaign: CampaignIn, chooser: Chooser
) -> list[tuple[int, str]]:
    """(member, occasion) whom today means and who were not met for that occasion, or too lately."""
    assert campaign.always is not None
    book, now = chooser.book, services.now_ms()
    today = book.programme.local(now).date()
    keys = dict(_occasions(services, tx, campaign.always, chooser, today))
    if campaign.audience is not None:
        keys = {member: keys[member] for member in named(services, tx, book, campaign.audience) if member in keys}
    wait = pause(campaign.always)
    if wait is not None:
        since = book.programme.day_begins(today - timedelta(days=wait - 1))
        keys = _without(keys, campaigns.met_since(tx, campaign_id, since))
    keys = _without(keys, _full(services, tx, book, campaign_id, campaign))
    able = campaigns.eligible(tx, sorted(keys))
    return unmet(tx, campaign_id, [(member, keys[member]) for member in able])


def unmet(tx: Tx, campaign_id: int, pairs: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Those (member, occasion) that the campaign has not used yet."""
    found: list[tuple[int, str]] = []
    for start in range(0, len(pairs), campaigns.FEW):
        part = pairs[start : start + campaigns.FEW]
        used = campaigns.met(tx, campaign_id, [member for member, _ in part])
        found += [pair for pair in part if pair not in used]
    return found


def _without(keys: dict[int, str], members: set[int]) -> dict[int, str]:
    return {member: key for member, key in keys.items() if member not in members}


def _occasions(services: Services, tx: Tx, always: Always, chooser: Chooser, today: date) -> Iterator[tuple[int, str]]:
    book, kind = chooser.book, always.kind
    if kind == "anniversary":
        begins = book.programme.day_begins
        for member, first_at in campaign_habits.first_purchases(tx, [(begins(a), begins(b)) for a, b in spans(today)]):
            first = book.programme.local(first_at).date()
            if comes_round(first, today):
                yield member, key_of(kind, today, f"{first:%m-%d}")
        return
    if kind == "replenishment":
        goods = (chooser.categories, chooser.skus)
        for member in campaign_habits.due_again(tx, services.now_ms(), LEAST_TIMES, DUE, *goods):
            yield member, key_of(kind, today)
        return
    rule = decode_rule(OCCASIONS[kind].rule)
    found = sorted(segments.matching(tx, rule, segment_members.today(book, services.now_ms())))
    for start in range(0, len(found), campaigns.FEW):
        part = found[start : start + campaigns.FEW]
        born = campaign_habits.birthdays(tx, part) if kind in YEARLY else {}
        yield from ((member, key_of(kind, today, born.get(member))) for member in part)
