"""What comes back of the things that a shop keeps: entries, coupons, rules, goods, people."""

from __future__ import annotations

from marshmallow import fields

from loyalty_pos.api.answers import MemberFound, PointsNow
from loyalty_pos.api.fields import Body
from loyalty_pos.api.shapes import anything, day, many, moment, one, text, texts, whole, yes


class Entry(Body):
    """One change of a member's points."""

    id = text()
    at = moment()
    kind = text()
    points = whole()
    sale = text(null=True)
    receipt = text(null=True)
    idempotency_key = text(null=True)
    terminal = text(null=True)
    reason = text(null=True)


class SaleRow(Body):
    """A sale in a list."""

    id = text()
    receipt = text()
    store = text()
    terminal = text()
    member = text(null=True)
    sold_at = moment()
    state = text()
    status = text()
    net = whole()
    to_pay = whole()
    earned = whole()
    redeemed = whole()


class Earned(Body):
    """What a sale earned."""

    earned = whole()


class Attached(Body):
    """A sale that has a member now; ``member`` with the balances after it."""

    sale = text()
    receipt = text()
    attached_at = moment()
    member = one(MemberFound)
    points = one(Earned)
    messages = texts()


class Merge(Body):
    """Two members made one, or made two again: what moved."""

    member = text()
    into = text()
    at = moment()
    undo_until = moment(null=True)
    points = whole()
    cards = whole()
    sales = whole()
    coupons = whole()


class SwipeRow(Body):
    """An identification in a list, by the till's clock and by ours; the card's number is masked."""

    id = text()
    at = moment()
    recorded_at = moment()
    store = text()
    terminal = text()
    cashier = text(null=True)
    card = text(null=True)
    member = text(null=True)
    entry = text()
    outcome = text()


class Lot(Body):
    """Points that lapse together (S19)."""

    points = whole()
    active_from = day()
    expires_on = day(null=True)


class Balances(PointsNow):
    """All balances and the lots behind them."""

    spent = whole()
    expired = whole()
    shortfall = whole()
    lots = many(Lot)


class Adjusted(Body):
    """Points changed by hand (``ok``, ``active``), or waiting for a second person (``approval``)."""

    status = text()
    member = text()
    points = whole()
    active = fields.Integer()
    approval = fields.String()


class Approval(Body):
    """What waits for a second person, or was decided by one (S50): points for a member, or a draft that is to run."""

    id = text()
    at = moment()
    by = text()
    member = text(null=True)
    points = whole(null=True)
    promotion = text(null=True)
    version = whole(null=True)
    amount = whole(null=True)
    reason = text()
    state = text()
    decided_by = text(null=True)
    decided_at = moment(null=True)
    note = text(null=True)


class Coupon(Body):
    """A coupon; ``reason`` in the reader's language where habits chose it, ``model``: whose list did."""

    code = text()
    promotion = text()
    name = text()
    member = text(null=True)
    state = text()
    valid_from = day()
    valid_to = day(null=True)
    issued_at = moment()
    reason = text(null=True)
    used_at = moment(null=True)
    sale = text(null=True)
    campaign = text(null=True)
    model = text(null=True)


class GivenCoupon(Body):
    """A coupon as it was given."""

    code = text()
    state = text()
    valid_from = day()
    valid_to = day(null=True)


class Rhythm(Body):
    """How often, on which days and at which hours."""

    gaps = whole()
    mean_days = fields.Float(required=True, allow_none=True)
    mean_square_days = fields.Float(required=True, allow_none=True)
    weekdays = fields.List(fields.Integer(), required=True)
    dayparts = anything()


class Quintiles(Body):
    """Fifths of the shop's members, 5 the best."""

    recency = whole()
    frequency = whole()
    spend = whole()


class Standing(Body):
    """Where the member stood in the night of ``day``; ``expected_days_90``: days with a purchase to expect within 90.

    ``alive`` is null for one who bought on one day only: nothing is known of them.
    """

    day = day()
    lifecycle = text()
    reason = text()
    rfm = one(Quintiles)
    expected_days_90 = fields.Float(required=True)
    alive = fields.Float(required=True, allow_none=True)


class NextItem(Body):
    """A product of the list; ``chance`` within 28 days, ``due``: usual gaps of silence, null without a rhythm."""

    place = whole()
    sku = text()
    name = text(null=True)
    chance = fields.Float(required=True)
    reason = text()
    bought_before = yes()
    due = fields.Float(required=True, allow_none=True)


class NextList(Body):
    """What the member is likely to buy next, as the night of ``day`` ranked it by ``model``."""

    day = day()
    model = text()
    items = many(NextItem)


class Profile(Body):
    """A member's habits."""

    visits = whole()
    items = whole()
    spend = whole()
    average_basket = whole()
    first_purchase = moment(null=True)
    last_purchase = moment(null=True)
    rhythm = one(Rhythm)
    favourites = fields.List(fields.Dict(), required=True)
    categories = fields.List(fields.Dict(), required=True)
    stores = fields.List(fields.Dict(), required=True)
    standing = one(Standing, null=True)
    goes_with = fields.List(fields.Dict(), required=True)
    next = one(NextList, null=True)


class Promotion(Body):
    """A rule with its state and version; its other fields are those that were sent."""

    class Meta:
        """The rule's own fields."""

        unknown = "include"

    code = text()
    state = text()
    version = whole()
    created_at = moment()


class PromotionNow(Promotion):
    """A promotion: the version in force, else the newest, and the draft beside it, if there is one.

    ``status`` and ``approval`` where an activation waits for a second person.
    """

    draft = fields.Nested(Promotion)
    status = fields.String()
    approval = fields.String()


class PromotionVersion(Promotion):
    """One version of a rule, and who made it."""

    created_by = text()


class PromotionVersions(Body):
    """Every version of a promotion, the newest first."""

    items = many(PromotionVersion)


class Tiers(Body):
    """The tier table in force."""

    tiers = fields.List(fields.Dict(), required=True)
    version = whole()


class Settings(Body):
    """The settings in force."""

    settings = anything()
    version = whole()


class Product(Body):
    """A product; its cost for manager and owner alone."""

    sku = text()
    name = text(null=True)
    category = text(null=True)
    category_name = fields.Dict(required=True, allow_none=True)
    brand = text(null=True)
    unit_price = whole(null=True)
    unit_cost = fields.Integer(allow_none=True)
    updated_at = moment()


class Category(Body):
    """A category's names."""

    code = text()
    name = fields.Dict(required=True)


class ExceptionRow(Body):
    """What could not be given as priced."""

    id = text()
    at = moment()
    code = text()
    amount = whole()
    points = whole()
    store = text()
    terminal = text(null=True)
    sale = text(null=True)
    receipt = text(null=True)
    state = text()
    action = text(null=True)
    note = text(null=True)
    resolved_by = text(null=True)
    resolved_at = moment(null=True)


class ReportName(Body):
    """A report in the list; its name per language."""

    code = text()
    name = anything()


class Report(ReportName):
    """A report: columns with their names, rows by column code."""

    class Meta:
        """``from`` is no name in Python."""

        include = {"from": day()}  # noqa: RUF012

    to = day()
    columns = many(ReportName)
    rows = fields.List(fields.Dict(keys=fields.String()), required=True)


class Store(Body):
    """A store."""

    code = text()
    name = text()
    created_at = fields.AwareDateTime()


class Terminal(Body):
    """A terminal."""

    code = text()
    store = text()
    scopes = texts()
    state = text()
    epoch = whole()
    pair_again = yes()
    created_at = moment()


class TerminalKey(Body):
    """A terminal's new key, shown once."""

    code = text()
    store = text()
    scopes = texts()
    key = text()


class Revoked(Body):
    """A terminal that is out of use."""

    code = text()
    store = text()
    state = text()


class Staff(Body):
    """A person who works here, their own card masked; ``token`` only in the answer that made it."""

    login = text()
    name = text()
    role = text()
    stores = texts()
    card = text(null=True)
    state = text()
    created_at = moment()
    token = fields.String()
