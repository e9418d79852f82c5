"""What is sent: the bodies of all calls as marshmallow schemas, the published contract."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from loyalty_pos.api.fields import (
    CODE,
    EMAIL,
    Body,
    Coupons,
    Day,
    Moment,
    Quantity,
    Returned,
    Whole,
    Yes,
    identifier,
    many,
    money,
    one_of,
    plain,
    scan,
    words,
)
from loyalty_pos.domain.basket import MAX_LINES, MAX_LINES_SOLD, MAX_MONEY
from loyalty_pos.services.batch import BATCH_MAX
from loyalty_pos.services.staff import PASSWORD_MAX, PASSWORD_MIN

ENTRIES = ("scan", "stripe", "qr", "typed", "phone")
MUST: dict[str, Any] = {"required": True}
MAY: dict[str, Any] = {"allow_none": True}


def doc(text: str) -> dict[str, Any]:
    """A field's line in the document."""
    return {"metadata": {"description": text}}


class Line(Body):
    """One line of a basket."""

    line = identifier(**MUST, **doc("The till's own line id, unique in the basket."))
    sku = identifier(**MUST)
    quantity = Quantity(**MUST)
    unit_price = money(**MUST, **doc("As the till shows it, tax included."))
    name = words(**MAY, **doc("Fills our catalogue when the sku is new."))
    category = words(**MAY, **doc("A path: food/noodles."))
    brand = words(**MAY)
    discount = money(**doc("What the till already took off the line (S49)."))
    unit_cost = money(**MAY)
    floor = money(**MAY, **doc("The line is never discounted below this unit price."))
    discountable = Yes()
    earns = Yes()


class Tender(Body):
    """A part of the payment; never a card number."""

    kind = plain(32, 1, **MUST)
    amount = Whole(-MAX_MONEY, MAX_MONEY, **MUST)


class Basket(Body):
    """What is being bought, and who holds the card: at most one of card, swipe and member."""

    lines = many(Line, MAX_LINES)
    card = scan(**MAY)
    swipe = scan(**MAY, **doc("The raw scan, track text or QR content."))
    member = identifier(**MAY)
    entry = one_of(*ENTRIES, **MAY, **doc("How it was read; typed when absent: earning only (S23)."))
    cashier = identifier(**MAY)
    receipt = identifier(**MAY)
    sold_at = Moment(**MAY)
    coupons = Coupons()
    redeem_points = Whole(0, MAX_MONEY, **doc("As many as the rules allow are redeemed (S22)."))
    claim_rewards = many(identifier(), 20)
    pay_with = many(scan(), 20)
    swipe_id = identifier(**MAY)
    replace_card = Yes()
    explain = Yes()


class Sale(Basket):
    """A basket with its receipt; ``as_sold``: already made, at the price charged (S47)."""

    lines = many(Line, MAX_LINES_SOLD, 1, **MUST)
    receipt = identifier(**MUST)
    tenders = many(Tender, 20)
    as_sold = Yes()


class Settle(Body):
    """The receipt under which a checkout becomes a sale."""

    receipt = identifier(**MUST)
    paid_at = Moment(**MAY)
    tenders = many(Tender, 20)


class Nothing(Body):
    """{}"""


class Swipe(Body):
    """A card as it was read."""

    swipe = scan(**MUST)
    entry = one_of(*ENTRIES, **MAY)
    cashier = identifier(**MAY)


class ReturnLine(Body):
    """How much of a line comes back; a weighed line comes back whole."""

    line = identifier(**MUST)
    quantity = Returned(**MUST)


class Exchange(Basket):
    """The new basket of an exchange; ``receipt``, when absent, is the return's (S31)."""

    lines = many(Line, MAX_LINES, 1, **MUST)


class Return(Body):
    """Goods of a sale that come back; ``preview`` changes nothing."""

    lines = many(ReturnLine, MAX_LINES_SOLD, 1, **MUST)
    receipt = identifier(**MUST)
    preview = Yes()
    reason = words(**MAY)
    exchange = fields.Nested(Exchange, **MAY)


class Attach(Body):
    """A forgotten card: exactly one of card and swipe."""

    card = scan(**MAY)
    swipe = scan(**MAY, **doc("The raw scan, track text or QR content."))
    cashier = identifier(**MAY)


class ReceiptReturn(Body):
    """The same, the sale named by its receipt."""

    sale_receipt = identifier(**MUST)
    lines = many(ReturnLine, MAX_LINES_SOLD, 1, **MUST)
    receipt = identifier(**MUST)
    sale_terminal = identifier(**MAY)
    sold_on = Day(**MAY)
    preview = Yes()
    reason = words(**MAY)
    exchange = fields.Nested(Exchange, **MAY)


class Batch(Body):
    """Facts of a till that was offline, each with its own "key" and perhaps a "kind", and from a till
    that numbers "epoch" and "sequence"."""

    sales = many(fields.Dict(keys=fields.String()), BATCH_MAX, 1, **MUST)
    sent_at = Moment(**MAY, **doc("The till's clock when it sends (S44)."))


class Swipes(Body):
    """Identifications made offline, each a Swipe with "at" and its own "key", and perhaps "epoch" and "sequence"."""

    swipes = many(fields.Dict(keys=fields.String()), BATCH_MAX, 1, **MUST)
    sent_at = Moment(**MAY, **doc("The till's clock when it sends (S44)."))


class Pairing(Body):
    """The code that a manager gave."""

    pairing_code = plain(32, 1, **MUST)


class Note(Body):
    """A remark, if there is one."""

    note = words(**MAY)


class Consent(Body):
    """One consent, given or not (S51)."""

    purpose = one_of("programme", "profiling", "marketing", "sharing", **MUST)
    given = Yes(**MUST)
    text_version = plain(64, 1, **MUST)
    channel = one_of("email", "sms", "zalo", "phone", **MAY)


class Person(Body):
    """What a member tells of themselves; every field is optional."""

    name = words(**MAY)
    call_name = words(**MAY)
    phone = plain(32, **MAY)
    email = plain(254, pattern=EMAIL, **MAY)
    birthday = Day(**MAY)
    gender = one_of("female", "male", "other", **MAY)
    address = words(**MAY)
    interests = many(words(), 20, **MAY)


class Member(Person):
    """A new member; without a card one is made."""

    card = scan(**MAY)
    consents = many(Consent, 20)


class Card(Body):
    """One more card, or the successor of another."""

    card = scan(**MAY)
    replaces = scan(**MAY)
    reason = words(**MAY)


class Reason(Body):
    """Why."""

    reason = plain(200, 1, **MUST)


class Why(Body):
    """Why, if there is something to say."""

    reason = words(**MAY)


class Coupon(Body):
    """A coupon of a promotion for one member."""

    promotion = identifier(**MUST)
    valid_to = Day(**MAY, **doc("The last local day; 30 days when absent (S38)."))
    reason = words(**MAY)


class MemberTier(Body):
    """A tier by hand, or null: no longer by hand (S33)."""

    tier = identifier(required=True, allow_none=True)
    reason = plain(200, 1, **MUST)


class Adjustment(Body):
    """Points by hand, signed, never 0 (S50)."""

    points = Whole(-(10**9), 10**9, **MUST)
    reason = plain(200, 1, **MUST)


class Merge(Body):
    """The member that is left, and why."""

    into = identifier(**MUST)
    reason = plain(200, 1, **MUST)


class Decision(Body):
    """Why it is approved or rejected, if there is something to say."""

    note = words(**MAY)


class Promotion(Body):
    """A promotion in the rule language; conditions and rewards as docs/promotions.md lists them."""

    code = plain(64, 1, pattern=CODE, **MUST)
    name = fields.Raw(**MUST, **doc("A text, or one per language: vi, en."))
    rewards = many(fields.Dict(keys=fields.String()), 20, 1, **MUST)
    trigger = one_of("automatic", "coupon")
    valid = fields.Dict(keys=fields.String(), **doc("from, to, weekdays, hours."))
    audience = fields.Dict(keys=fields.String())
    conditions = many(fields.Dict(keys=fields.String()), 20)
    stacking = one_of("combine", "exclusive", "best_of_group", "only_if_alone")
    group = plain(64, 1, pattern=CODE, **MAY)
    priority = Whole(-(10**6), 10**6)
    stage = one_of("catalog", "item", "group", "tier", "basket", "coupon", **MAY)
    limits = fields.Dict(keys=fields.String())
    floor = fields.Raw(**MAY)
    enabled = Yes()
    state = one_of("draft", "active", "ended")


class PromotionChange(Body):
    """Any field of a promotion but its code."""

    class Meta:
        """The rules themselves check the result."""

        unknown = "include"


class PromotionSimulation(Body):
    """The local days to replay, both inclusive, and fields of the promotion to try otherwise."""

    class Meta:
        """A field that Python has a word for."""

        include = {"from": Day(**MUST)}

    to = Day(**MUST)
    changes = fields.Dict(keys=fields.String())


class Tiers(Body):
    """The whole tier table, lowest first (S32)."""

    tiers = fields.List(fields.Dict(keys=fields.String()), **MUST)


class TierSimulation(Tiers):
    """A draft table and the local days to replay, both inclusive."""

    class Meta(Tiers.Meta):
        """A field that Python has a word for."""

        include = {"from": Day(**MUST)}

    to = Day(**MUST)


class Settings(Body):
    """Some settings of the programme."""

    class Meta:
        """The programme itself checks the result."""

        unknown = "include"


class Product(Body):
    """A product; absent fields stay as they are known."""

    sku = identifier(**MUST)
    name = words(**MAY)
    category = words(**MAY)
    brand = words(**MAY)
    unit_price = money(**MAY)
    unit_cost = money(**MAY)


class Category(Body):
    """A category's name per language."""

    code = identifier(**MUST)
    name = fields.Dict(keys=fields.String(), values=words(), validate=validate.Length(1, 2), **MUST)


class Store(Body):
    """A store."""

    code = plain(64, 1, pattern=CODE, **MUST)
    name = plain(200, 1, **MUST)


class Terminal(Body):
    """A terminal; all scopes unless some are named."""

    code = plain(64, 1, pattern=CODE, **MUST)
    store = plain(64, 1, pattern=CODE, **MUST)
    scopes = many(fields.String(), 4, 1)


class Staff(Body):
    """A person who works here."""

    login = plain(64, 1, pattern=CODE, **MUST)
    name = plain(200, 1, **MUST)
    role = one_of("cashier", "manager", "owner", "auditor", **MUST)
    stores = many(plain(64, 1, pattern=CODE), 200)
    password = fields.String(validate=validate.Length(PASSWORD_MIN, PASSWORD_MAX), allow_none=True)
    token = Yes()


class Password(Body):
    """A new password."""

    password = fields.String(validate=validate.Length(PASSWORD_MIN, PASSWORD_MAX), required=True)


class StaffCard(Body):
    """A person's own card; null takes it away."""

    card = scan(required=True, allow_none=True)


class Resolution(Body):
    """What is done about an exception, and why."""

    action = one_of("accept", "recover", "drop", **MUST)
    note = words(**MAY)
