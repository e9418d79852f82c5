"""What comes back: the answers of all calls as marshmallow schemas, for the published document.

A test holds every real answer against its schema, so the document cannot promise what is not
there, nor keep silent about what is.
"""

from __future__ import annotations

from marshmallow import fields

from loyalty_pos.api.fields import Body
from loyalty_pos.api.shapes import anything, day, many, moment, one, text, texts, whole, yes


class Problem(Body):
    """RFC 9457; ``errors`` where a field is at fault, ``incident`` where the fault is ours."""

    type = text()
    title = text()
    status = whole()
    detail = text()
    code = text()
    errors = fields.Dict(keys=fields.String(), values=fields.List(fields.String()))
    incident = fields.String()


class Named(Body):
    """A code and its name."""

    code = text()
    name = text()


class PointsNow(Body):
    """Balances; ``active`` does not include ``held``."""

    active = whole()
    pending = whole()
    held = whole()


class NextTier(Body):
    """The tier above, and what is missing to it; ``until`` the last day on which this figure holds."""

    code = text()
    name = text()
    threshold = whole()
    missing = whole()
    until = day(null=True)


class KeepTier(Body):
    """What is missing to keep the present tier, and the last day that counts for it."""

    missing = whole()
    until = day()


class TierProgress(Body):
    """Where a member stands (S34), in minor units, points or visits."""

    metric = text()
    figure = whole()
    next = one(NextTier, null=True)
    keep = one(KeepTier, null=True)


class MemberSummary(Body):
    """Who it is, as the queue may see it."""

    id = text()
    short_name = text(null=True)
    tier = one(Named, null=True)
    tier_progress = one(TierProgress, null=True)
    points = one(PointsNow)
    flags = texts()


class MemberFound(MemberSummary):
    """The same, with the name the cashier calls them by."""

    call_name = text(null=True)


class CardState(Body):
    """A card."""

    number = text()
    state = text()


class Identified(Body):
    """Who holds this card."""

    swipe_id = text()
    member = one(MemberFound)
    card = one(CardState)


class LineDiscount(Body):
    """One offer's share on one line (S14)."""

    promotion = text(null=True)
    name = text()
    amount = whole()
    explanation = text()


class PricedLine(Body):
    """gross - discount = net."""

    line = text()
    gross = whole()
    discount = whole()
    net = whole()
    discounts = many(LineDiscount)


class Totals(Body):
    """gross - discount = net; net - points_value = to_pay; what gift cards and wallets pay leaves due."""

    gross = whole()
    discount = whole()
    net = whole()
    points_value = whole()
    to_pay = whole()
    due = whole()


class PointsOutcome(Body):
    """What the bill does to the points."""

    earned = whole()
    basis = whole()
    redeemed = whole()
    active_after = whole()
    pending_after = whole()


class CouponOutcome(Body):
    """A presented coupon: applied or refused, with a code and a sentence."""

    code = text()
    status = text()
    reason = text(null=True)
    message = text(null=True)


class Nearly(Body):
    """An offer that almost applied."""

    promotion = text()
    missing_amount = whole(null=True)
    missing_quantity = whole(null=True)
    message = text()


class NextCoupon(Body):
    """A coupon for the next visit; its code is known when the sale is."""

    code = text(null=True)
    name = text()
    valid_to = day()
    reason = text()


class NotApplied(Body):
    """Why an offer did not apply (``explain``)."""

    promotion = text()
    reason = text()
    missing_amount = whole(null=True)
    missing_quantity = whole(null=True)


class Proof(Body):
    """The best permitted combination, or the bound not known to be reached (S11)."""

    optimal = yes()
    discount = whole()
    upper_bound = whole()
    nodes = whole()


class Pricing(Body):
    """A basket priced."""

    currency = text()
    member = one(MemberSummary, null=True)
    lines = many(PricedLine)
    totals = one(Totals)
    points = one(PointsOutcome)
    coupons = many(CouponOutcome)
    nearly = many(Nearly)
    next_coupons = many(NextCoupon)
    messages = texts()
    free_items = anything()
    stored_value = anything()
    rewards = anything()
    not_applied = many(NotApplied)
    proof = one(Proof)


class Checkout(Pricing):
    """A Pricing that holds what it uses until ``expires_at``."""

    id = text()
    state = text()
    expires_at = moment()


class Unit(Body):
    """One unit: what the receipt shows, and what it is worth on return (S25)."""

    discount = whole()
    net = whole()
    refund = whole()


class SaleLine(PricedLine):
    """A line with its units."""

    units = many(Unit)


class Exceptional(Body):
    """What could not be given as priced, and what the shop bears."""

    code = text()
    amount = whole()


class Sale(Pricing):
    """A Pricing that happened."""

    id = text()
    receipt = text()
    sold_at = moment()
    state = text()
    status = text()
    lines = many(SaleLine)
    exceptions = many(Exceptional)
    receipt_text = texts()


class PricedBy(Body):
    """The version of a promotion that priced a sale, in the rule language."""

    promotion = text()
    version = whole()
    definition = anything()


class SaleNow(Sale):
    """A sale as it stands now, with the versions that priced it."""

    promotions = many(PricedBy)


class ReturnedLine(Body):
    """How much of a line came back, and for how much."""

    line = text()
    quantity = fields.Raw(required=True)
    refund = whole()


class PointsBack(Body):
    """Points of a return (S26-S28)."""

    taken_back = whole()
    given_back = whole()
    shortfall = whole()


class Return(Body):
    """Goods that came back; of a preview without ``id``, of an exchange with the new sale.

    ``balance`` is what the customer still pays for the new basket, negative: gets.
    """

    id = fields.String()
    status = text()
    refund = whole()
    pay_back = whole()
    lines = many(ReturnedLine)
    points = one(PointsBack)
    coupons = texts()
    value_back = anything()
    rewards_back = whole()
    sale = fields.Nested(Sale)
    balance = fields.Integer()


class Parked(Body):
    """A return that waits for its sale."""

    id = text()
    status = text()


class OwnCard(CardState):
    """A member's card."""

    issued_at = moment()


class ConsentNow(Body):
    """The newest word on one purpose (S51)."""

    purpose = text()
    channel = text(null=True)
    given = yes()
    text_version = text()
    at = moment()


class Member(Body):
    """A member's record, as much of it as the caller may see."""

    id = text()
    state = text()
    short_name = text(null=True)
    name = text(null=True)
    call_name = text(null=True)
    phone = text(null=True)
    email = text(null=True)
    birthday = text(null=True)
    gender = text(null=True)
    address = text(null=True)
    interests = texts()
    tier = one(Named, null=True)
    tier_by_hand = text(null=True)
    tier_progress = one(TierProgress, null=True)
    points = one(PointsNow)
    enrolled_at = moment()
    cards = many(OwnCard)
    consents = many(ConsentNow)


class CardNumber(Body):
    """A card's number."""

    number = text()


class Enrolled(Body):
    """A new member with a card, and the card's page."""

    member = one(Member)
    card = one(CardNumber)
    page = text()


class NewCard(Body):
    """A new card and its page."""

    card = one(CardState)
    page = text()
