"""What is sent and what comes back of campaigns; money in minor units."""

from __future__ import annotations

from marshmallow import fields

from loyalty_pos.api.fields import CODE, Body, Day, Label, Whole, Yes, identifier, many, one_of, plain
from loyalty_pos.api.schemas import MAY, MUST, doc
from loyalty_pos.api.segment_schemas import SegmentMember
from loyalty_pos.api.shapes import anything, moment, one, text, whole, yes
from loyalty_pos.api.shapes import day as a_day
from loyalty_pos.api.shapes import many as several
from loyalty_pos.domain.basket import MAX_MONEY
from loyalty_pos.domain.campaigns.definition import MOST_NAMED, MOST_PROMOTIONS

DAYS = 3660


def code(**more: object) -> fields.String:
    """A code that the shop chose."""
    return plain(64, 1, pattern=CODE, **more)


class CampaignAudience(Body):
    """Exactly one of: a segment's members, those whom a rule means, members by id."""

    segment = code(**MAY)
    rule = fields.Dict(keys=fields.String(), **MAY, **doc("As docs/segments.md has it."))
    members = many(identifier(), MOST_NAMED, 1, **MAY)


class CampaignOccasion(Body):
    """The occasion of a campaign that is always on, and in how many days it comes at most once."""

    kind = one_of("welcome", "thank_you", "birthday", "anniversary", "slipping", "replenishment", **MUST)
    every_days = Whole(1, DAYS, **MAY)


class NewCampaign(Body):
    """A campaign to keep: promotion, or promotions of which each member gets the best; audience, or always."""

    name = Label(**MUST, **doc("A text, or one per language: vi, en."))
    promotion = code(**MAY)
    promotions = many(code(), MOST_PROMOTIONS, 1, **MAY)
    audience = fields.Nested(CampaignAudience, **MAY)
    always = fields.Nested(CampaignOccasion, **MAY)
    control_percent = Whole(0, 50, **doc("Left out by chance to compare with; 10 when absent."))
    valid_from = Day(**MAY)
    valid_to = Day(**MAY, **doc("The last local day (S38)."))
    valid_days = Whole(1, DAYS, **MAY, **doc("How long a coupon lasts of a campaign that is always on."))
    budget = Whole(1, MAX_MONEY, **MAY)
    channels = many(one_of("email", "sms", "zalo", "phone"), 4, **doc("Recorded, in the order of preference."))
    capped = Yes(**doc("Leave out members who had enough coupons of campaigns lately (setting campaigns)."))


class CampaignChange(Body):
    """Any field of a campaign; null takes it away."""

    class Meta:
        """The campaign itself checks the result."""

        unknown = "include"


class CampaignStop(Body):
    """Why, and whether unused coupons are taken back."""

    reason = plain(200, 1, **MUST)
    cancel_unused = Yes()


class Campaign(Body):
    """A campaign, how far its launch is (``done`` of ``audience``), and what its coupons came to."""

    id = text()
    name = fields.Raw(required=True)
    state = text()
    definition = anything()
    version = whole()
    created_at = moment()
    created_by = text()
    saved_by = text()
    approved_at = moment(null=True)
    approved_by = text(null=True)
    approved_most = whole(null=True)
    launched_at = moment(null=True)
    starts_on = a_day(null=True)
    ends_on = a_day(null=True)
    audience = whole()
    done = whole()
    treated = whole()
    control = whole()
    coupons = whole()
    used = whole()
    cancelled = whole()
    discount = whole()
    stopped_at = moment(null=True)
    stopped_by = text(null=True)
    stop_reason = text(null=True)


class CampaignMember(Body):
    """A member on a side; of the control group without a coupon."""

    member = text()
    occasion = text()
    side = text()
    assigned_at = moment()
    promotion = text(null=True)
    reason = fields.Dict(required=True, allow_none=True)
    coupon = text(null=True)
    state = text(null=True)


class LeftOut(Body):
    """Of the audience, those who cannot get a coupon, and those who had enough lately."""

    not_active = whole()
    capped = whole()


class ReachOf(Body):
    """Those who agreed to be told by this channel, and by none before it."""

    channel = text()
    members = whole()


class Reach(Body):
    """How the members can be told; all see it at the till and on their page."""

    channels = several(ReachOf)
    page_only = whole()


class Used(Body):
    """How many coupons will be used, between two figures; ``known_from`` so many past coupons, 0: assumed.

    ``basis``: model (each member's figures), history (these promotions' coupons), assumed.
    """

    low = whole()
    high = whole()
    low_percent = whole()
    high_percent = whole()
    known_from = whole()
    basis = text()


class Cost(Body):
    """What it will cost, between two figures; ``most`` null: the promotions give no bound."""

    low = whole(null=True)
    high = whole(null=True)
    most = whole(null=True)
    each = whole(null=True)


class MarginOf(Body):
    """What the goods of a promotion bring, and what it takes off; null: not known."""

    promotion = text()
    margin_percent = whole(null=True)
    discount_percent = whole(null=True)
    below_cost = fields.Boolean(required=True, allow_none=True)


class Overlap(Body):
    """Members who hold an unused coupon of another campaign."""

    campaign = text()
    name = fields.Raw(required=True)
    members = whole()


class Smallest(Body):
    """The smallest difference of spend that would show, from the spend of as many days before; null: none would."""

    days = whole()
    spend = whole()
    amount = whole(null=True)
    percent = whole(null=True)
    too_small = yes()


class CampaignSample(SegmentMember):
    """A member, the coupon that they would get, and why."""

    promotion = text()
    reason = anything()


class CampaignPreview(Body):
    """A campaign before its launch."""

    audience = whole()
    left_out = one(LeftOut)
    treated = whole()
    control = whole()
    reach = one(Reach)
    used = one(Used)
    cost = one(Cost)
    budget = whole(null=True)
    budget_missing = yes()
    needs_approval = yes()
    margin = several(MarginOf)
    overlap = several(Overlap)
    smallest_difference = one(Smallest)
    sample = several(CampaignSample)


class CampaignWeeks(Body):
    """How many of the past weeks are replayed."""

    weeks = Whole(1, 26, **MAY)


class WhatIfDay(Body):
    """The coupons of one local day, and the members who would have been left out by chance."""

    day = a_day()
    given = whole()
    control = whole()


class WhatIfSample(CampaignSample):
    """A member with the coupon that they would have got on a day, and why."""

    day = a_day()


class WhatIfPromotion(Body):
    """How many coupons of a promotion would have been given."""

    promotion = text()
    given = whole()


class CampaignWhatIf(Body):
    """A campaign on the past weeks.  ``came``: of the coupons, those whose holder bought anything in their days;
    ``bought``: anything that the coupon is for.  Neither shows that the coupon would have been used."""

    class Meta:
        """``from`` is no name in Python."""

        include = {"from": a_day()}  # noqa: RUF012

    to = a_day()
    members = whole()
    given = whole()
    control = whole()
    capped = whole()
    came = whole()
    bought = whole()
    used = one(Used)
    cost = one(Cost)
    by_day = several(WhatIfDay)
    by_promotion = several(WhatIfPromotion)
    overlap = several(Overlap)
    sample = several(WhatIfSample)


class Side(Body):
    """Members whom it is counted of; ``left_out`` were merged into others since."""

    treated = whole()
    control = whole()
    left_out = whole()


class CouponsOf(Body):
    """Its coupons."""

    issued = whole()
    used = whole()
    cancelled = whole()
    used_percent = fields.Float(required=True, allow_none=True)


class ReturnsOf(Body):
    """What came back of what both sides bought since."""

    count = whole()
    refund = whole()


class Compared(Body):
    """Per member of each side, the difference with its interval of 95 %, and in all; ``verdict`` more, less, unclear.

    ``settled_by``: so many members would settle a difference like this one.
    """

    treated = whole()
    control = whole()
    difference = whole()
    interval = fields.List(fields.Integer(), required=True, allow_none=True)
    total = whole()
    verdict = text()
    verdict_text = anything()
    settled_by = whole(null=True)


class CampaignResults(Body):
    """What a campaign brought; ``margin`` null: no cost of goods is known."""

    class Meta:
        """``from`` is no name in Python."""

        include = {"from": moment()}  # noqa: RUF012

    campaign = one(Campaign)
    until = moment()
    days_each = whole(null=True)
    members = one(Side)
    coupons = one(CouponsOf)
    discount = whole()
    returns = one(ReturnsOf)
    sales = one(Compared)
    margin = one(Compared, null=True)
    cost_known_percent = whole(null=True)
