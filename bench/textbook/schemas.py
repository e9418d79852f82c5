"""The reference's JSON, in and out, as marshmallow schemas: the contract's Basket and Sale."""

from __future__ import annotations

from marshmallow import Schema, fields, validate


class LineSchema(Schema):
    line = fields.String(required=True, validate=validate.Length(1, 64))
    sku = fields.String(required=True, validate=validate.Length(1, 64))
    name = fields.String(allow_none=True, validate=validate.Length(max=200))
    category = fields.String(allow_none=True, validate=validate.Length(max=200))
    brand = fields.String(allow_none=True, validate=validate.Length(max=200))
    quantity = fields.Integer(required=True, strict=True, validate=validate.Range(1, 10_000))
    unit_price = fields.Integer(required=True, strict=True, validate=validate.Range(0, 10**12))
    discount = fields.Integer(load_default=0, strict=True, validate=validate.Range(0, 10**12))
    unit_cost = fields.Integer(allow_none=True, strict=True)
    discountable = fields.Boolean(load_default=True)
    earns = fields.Boolean(load_default=True)


class BasketSchema(Schema):
    card = fields.String(required=True, validate=validate.Length(1, 400))
    entry = fields.String(validate=validate.OneOf(["scan", "stripe", "qr", "typed", "phone"]))
    cashier = fields.String(allow_none=True, validate=validate.Length(1, 64))
    receipt = fields.String(required=True, validate=validate.Length(1, 64))
    sold_at = fields.AwareDateTime(required=True, format="iso")
    swipe_id = fields.String(allow_none=True)
    coupons = fields.List(fields.String(), load_default=list)
    redeem_points = fields.Integer(load_default=0, strict=True)
    lines = fields.List(fields.Nested(LineSchema), required=True, validate=validate.Length(1, 5_000))


class DiscountSchema(Schema):
    promotion = fields.String()
    name = fields.String()
    amount = fields.Integer()
    explanation = fields.String()


class UnitSchema(Schema):
    discount = fields.Integer()
    net = fields.Integer()
    refund = fields.Integer()


class PricedLineSchema(Schema):
    line = fields.String()
    gross = fields.Integer()
    discount = fields.Integer()
    net = fields.Integer()
    discounts = fields.List(fields.Nested(DiscountSchema))
    units = fields.List(fields.Nested(UnitSchema))


class TotalsSchema(Schema):
    gross = fields.Integer()
    discount = fields.Integer()
    net = fields.Integer()
    points_value = fields.Integer()
    to_pay = fields.Integer()
    due = fields.Integer()


class PointsSchema(Schema):
    earned = fields.Integer()
    basis = fields.Integer()
    redeemed = fields.Integer()
    active_after = fields.Integer()
    pending_after = fields.Integer()


class SummarySchema(Schema):
    id = fields.String()
    tier = fields.String(allow_none=True)
    active = fields.Integer()


class SaleSchema(Schema):
    id = fields.String()
    receipt = fields.String()
    sold_at = fields.AwareDateTime(format="iso")
    state = fields.String()
    status = fields.String()
    currency = fields.String()
    member = fields.Nested(SummarySchema)
    lines = fields.List(fields.Nested(PricedLineSchema))
    totals = fields.Nested(TotalsSchema)
    points = fields.Nested(PointsSchema)
    coupons = fields.List(fields.String())
    messages = fields.List(fields.String())
