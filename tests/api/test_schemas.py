"""The published schemas and the structs that really decode: both accept, or both refuse."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_pos.api import (
    approvals,
    campaign_schemas,
    campaigns,
    checkouts,
    exceptions,
    people,
    programme,
    promotions,
    schemas,
    segment_schemas,
    shops,
    value_schemas,
)
from loyalty_pos.domain.basket import Basket
from loyalty_pos.domain.campaigns.definition import CampaignIn
from loyalty_pos.services import batch, products, requests, segments

Json = dict[str, Any]

LINE: Json = {"line": "1", "sku": "8934563138165", "quantity": 4, "unit_price": 4500, "discount": 0, "name": "Mì"}
BASKET: Json = {"lines": [LINE], "card": "2900000000018", "entry": "scan", "coupons": ["992048517730264414"],
                "sold_at": "2026-11-21T19:05:00+07:00", "redeem_points": 200}  # fmt: skip
CONSENT: Json = {"purpose": "marketing", "given": True, "text_version": "v1", "channel": "email"}
PAIRS: dict[str, tuple[type[schemas.Body], type, Json]] = {
    "basket": (schemas.Basket, Basket, BASKET),
    "sale": (schemas.Sale, requests.SaleIn, BASKET | {"receipt": "r-1", "tenders": [{"kind": "cash", "amount": 1}]}),
    "settle": (schemas.Settle, requests.SettleIn, {"receipt": "r-1", "tenders": [{"kind": "cash", "amount": 1}]}),
    "swipe": (schemas.Swipe, requests.SwipeIn, {"swipe": "2900000000018", "entry": "qr"}),
    "return": (schemas.Return, requests.ReturnIn, {"lines": [{"line": "1", "quantity": 1}], "receipt": "r-2",
                                                   "exchange": BASKET, "preview": True}),
    "receipt return": (schemas.ReceiptReturn, requests.ReceiptReturnIn,
                       {"lines": [{"line": "1", "quantity": "0.435"}], "receipt": "r-2", "sale_receipt": "r-1",
                        "sold_on": "2026-11-21"}),
    "member": (schemas.Member, requests.MemberIn, {"name": "Lan", "phone": "0901", "email": "a@b.vn",
                                                   "birthday": "1990-02-28", "gender": "female",
                                                   "interests": ["trà"], "consents": [CONSENT]}),
    "person": (schemas.Person, requests.PersonIn, {"name": "Lan", "interests": None}),
    "card": (schemas.Card, requests.CardIn, {"card": "2900000000018", "replaces": "29"}),
    "reason": (schemas.Reason, requests.ReasonIn, {"reason": "mất thẻ"}),
    "why": (schemas.Why, shops.WhyIn, {"reason": "mất máy"}),
    "coupon": (schemas.Coupon, requests.CouponIn, {"promotion": "ten", "valid_to": "2026-12-01", "reason": "xin lỗi"}),
    "adjustment": (schemas.Adjustment, requests.AdjustIn, {"points": -5, "reason": "nhầm"}),
    "new value": (value_schemas.NewValue, requests.StoredValueIn,
                  {"kind": "wallet", "member": "7", "amount": 0, "expires_on": "2027-01-31", "reason": "quà"}),
    "load": (value_schemas.Load, requests.LoadIn, {"amount": 50_000, "sale": "7", "line": "1"}),
    "attach": (schemas.Attach, requests.AttachIn, {"swipe": "2900000000018", "cashier": "C07"}),
    "merge": (schemas.Merge, requests.MergeIn, {"into": "7", "reason": "hai thẻ"}),
    "decision": (schemas.Decision, approvals.DecisionIn, {"note": "đã hỏi khách"}),
    "batch": (schemas.Batch, batch.BatchIn, {"sales": [{}], "sent_at": "2026-11-21T19:05:00Z"}),
    "swipes": (schemas.Swipes, batch.SwipesIn, {"swipes": [{}], "sent_at": "2026-11-21T19:05:00Z"}),
    "pairing": (schemas.Pairing, shops.PairIn, {"pairing_code": "1234-5678"}),
    "note": (schemas.Note, exceptions.NoteIn, {"note": "một hoá đơn khác"}),
    "nothing": (schemas.Nothing, checkouts.Nothing, {}),
    "tiers": (schemas.Tiers, programme.TiersIn, {"tiers": [{"code": "gold"}]}),
    "tier simulation": (schemas.TierSimulation, programme.SimulateIn,
                        {"tiers": [{"code": "gold"}], "from": "2026-11-01", "to": "2026-11-21"}),
    "promotion simulation": (schemas.PromotionSimulation, promotions.SimulateIn,
                             {"from": "2026-11-01", "to": "2026-11-21", "changes": {"priority": 1}}),
    "segment": (segment_schemas.NewSegment, segments.SegmentIn, {"code": "a", "name": "Nhóm", "rule": {"all": []}}),
    "segment rule": (segment_schemas.SegmentRule, segments.PreviewIn, {"rule": {"all": []}}),
    "campaign": (campaign_schemas.NewCampaign, CampaignIn,
                 {"name": {"vi": "Sữa"}, "promotion": "milk", "promotions": ["a"],
                  "audience": {"segment": "loyal", "rule": {"all": []}, "members": ["1"]},
                  "always": {"kind": "birthday", "every_days": 9}, "control_percent": 10, "valid_from": "2026-11-21",
                  "valid_to": "2026-11-30", "valid_days": 7, "budget": 1, "channels": ["sms"], "capped": False}),
    "campaign stop": (campaign_schemas.CampaignStop, campaigns.StopIn, {"reason": "đủ", "cancel_unused": True}),
    "tier by hand": (schemas.MemberTier, requests.TierIn, {"tier": "gold", "reason": "quà"}),
    "product": (schemas.Product, products.ProductIn, {"sku": "1", "unit_price": 5, "category": "a/b"}),
    "category": (schemas.Category, products.CategoryIn, {"code": "a", "name": {"vi": "Sữa"}}),
    "store": (schemas.Store, shops.StoreIn, {"code": "hn-01", "name": "Hàng Bông"}),
    "terminal": (schemas.Terminal, shops.TerminalIn, {"code": "hn-01-1", "store": "hn-01", "scopes": ["earn"]}),
    "staff": (schemas.Staff, people.StaffIn, {"login": "lan", "name": "Lan", "role": "cashier", "stores": ["hn-01"],
                                              "password": "mat khau dai", "token": True}),
    "password": (schemas.Password, people.PasswordIn, {"password": "mat khau dai"}),
    "staff card": (schemas.StaffCard, people.OwnCardIn, {"card": None}),
    "resolution": (schemas.Resolution, exceptions.ResolveIn, {"action": "recover", "note": "đã trả"}),
}  # fmt: skip

ODD: list[Any] = [
    None, True, False, 0, 1, -1, 2, 10_001, 10**12, 10**12 + 1, 10**18, 1.0, 1.5, "", "1", "0", "0.435", "0.4355",
    "1e3", "a" * 64, "a" * 65, "a" * 200, "a" * 201, "a" * 400, "a" * 401, "a\x07", "a\u202eb", "a\n", "best",
    "scan", "2026-11-21", "2026-13-01", "2026-11-21T19:05:00", "2026-11-21 19:05:00Z", "not a time", "x@y.z",
    "a b@c.d", [], {}, [None], ["a"], [1], [[]], ["a"] * 51, {"a": 1}, {"vi": "a", "en": "b", "fr": "c"},
]  # fmt: skip


def spots(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, and one beside each object's own fields."""
    found = [at] if at else []
    if isinstance(value, dict):
        found += [(*at, "unknown_field")]
        for name, inner in value.items():
            found += spots(inner, (*at, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += spots(inner, (*at, index))
    return found


@st.composite
def damaged(draw: st.DrawFn, good: Json) -> Json:
    """The good body with up to two places made odd or taken away; sometimes with no harm done."""
    body = copy.deepcopy(good)
    for _ in range(draw(st.integers(0, 2))):
        places = spots(body)
        at = draw(st.sampled_from(places))
        inner: Any = body
        for step in at[:-1]:
            inner = inner[step]
        if draw(st.booleans()) and isinstance(inner, dict) and at[-1] in inner:
            del inner[at[-1]]
        else:
            inner[at[-1]] = copy.deepcopy(draw(st.sampled_from(ODD)))
    return body


def check(name: str, body: Json) -> None:
    """Both accept, or both refuse."""
    schema, struct, _ = PAIRS[name]
    try:
        msgspec.convert(body, struct)
        accepted = True
    except msgspec.ValidationError:
        accepted = False
    assert (not schema().validate(body)) == accepted, (body, schema().validate(body))


@given(body=damaged(PAIRS["sale"][2]))
@settings(max_examples=150, deadline=None)
def test_schema_and_struct_of_a_sale_accept_the_same(body: Json) -> None:
    """contract.md section 1: a wrong type, value or unknown field is refused, never guessed."""
    check("sale", body)
    check("basket", {name: value for name, value in body.items() if name not in ("receipt", "tenders")})


@pytest.mark.parametrize("name", PAIRS)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_schema_and_struct_accept_the_same(name: str, data: st.DataObject) -> None:
    """The same for every other body."""
    check(name, data.draw(damaged(PAIRS[name][2])))


@pytest.mark.parametrize("name", PAIRS)
def test_the_good_example_is_accepted_and_names_no_field_too_many(name: str) -> None:
    schema, struct, good = PAIRS[name]
    msgspec.convert(good, struct)
    assert schema().validate(good) == {}
    assert set(schema().fields) == {field.encode_name for field in msgspec.structs.fields(struct)}
