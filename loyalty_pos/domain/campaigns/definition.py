"""A campaign as the shop writes it: what is given, to whom, how long, within which budget.

It gives one promotion, or to each member the best one out of a set; either once to an audience that is
frozen at its launch, or always on, to whoever has an occasion on a day (``occasions.py``).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from loyalty_pos.domain.basket import Id
from loyalty_pos.domain.promotions.names import Code, Name

MOST_PROMOTIONS = 20
MOST_NAMED = 10_000
"""Members whom a campaign may name one by one."""
CONTROL_PERCENT = 10
Channel = Literal["email", "sms", "zalo", "phone"]
OccasionKind = Literal["welcome", "thank_you", "birthday", "anniversary", "slipping", "replenishment"]
Budget = Annotated[int, Meta(ge=1, le=10**12)]
Days = Annotated[int, Meta(ge=1, le=3660)]


class Audience(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Exactly one of: a segment's members, those whom a rule means, members named by id."""

    segment: Code | None = None
    rule: dict[str, Any] | None = None
    members: Annotated[list[Id], Meta(min_length=1, max_length=MOST_NAMED)] | None = None


class Always(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The occasion of a campaign that is always on; ``every_days``: at most once in so many days."""

    kind: OccasionKind
    every_days: Days | None = None


class CampaignIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A campaign to keep; ``faults`` says what is wrong with it as a whole.

    ``valid_from`` and ``valid_to`` are local days (S38): of a single campaign those of its coupons, of
    one that is always on those on which it gives any; its coupons last ``valid_days``.  ``budget`` is in
    minor units.  ``channels`` are recorded in the order in which members are told; nothing is sent.
    """

    name: Name
    promotion: Code | None = None
    promotions: Annotated[list[Code], Meta(min_length=1, max_length=MOST_PROMOTIONS)] | None = None
    audience: Audience | None = None
    always: Always | None = None
    control_percent: Annotated[int, Meta(ge=0, le=50)] = CONTROL_PERCENT
    valid_from: date | None = None
    valid_to: date | None = None
    valid_days: Days | None = None
    budget: Budget | None = None
    channels: Annotated[list[Channel], Meta(max_length=4)] = []
    capped: bool = True
    """Whether those who had enough coupons of campaigns lately are left out."""

    @property
    def given(self) -> tuple[str, ...]:
        """The codes of its promotions."""
        return (self.promotion,) if self.promotion is not None else tuple(self.promotions or ())


def faults(campaign: CampaignIn) -> dict[str, list[str]]:
    """What contradicts itself: field path -> codes; empty when it makes sense."""
    audience, always = campaign.audience, campaign.always
    named = [] if audience is None else [audience.segment, audience.rule, audience.members]
    given = len([one for one in named if one is not None])
    rules: tuple[tuple[bool, str, str], ...] = (
        (not campaign.given, "promotion", "missing"),
        (campaign.promotion is not None and campaign.promotions is not None, "promotions", "one_only"),
        (len(set(campaign.given)) < len(campaign.given), "promotions", "duplicate"),
        (len(set(campaign.channels)) < len(campaign.channels), "channels", "duplicate"),
        (audience is None and always is None, "audience", "missing"),
        (audience is not None and given == 0, "audience", "missing"),
        (given > 1, "audience", "one_only"),
        (always is None and campaign.valid_days is not None, "valid_days", "contradictory"),
        (bool(campaign.valid_from and campaign.valid_to and campaign.valid_to < campaign.valid_from), "valid_to",
         "before_from"),
    )  # fmt: skip
    found: dict[str, list[str]] = {}
    for wrong, path, code in rules:
        if wrong:
            found.setdefault(path, []).append(code)
    return found
