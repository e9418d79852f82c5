"""A sale already made keeps its price (S47)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from domain.baskets import rule_set

from loyalty_pos.domain.basket import Basket
from loyalty_pos.domain.pricing.as_sold import record_as_sold
from loyalty_pos.domain.pricing.request import CouponFacts, MemberFacts, PriceRequest
from loyalty_pos.domain.pricing.result import Priced, Use

PROMOTIONS: list[dict[str, Any]] = [
    {"code": "half", "name": "Nửa giá", "rewards": [{"kind": "percent_off", "percent": 50}]},
    {"code": "c", "name": "Phiếu", "trigger": "coupon", "rewards": [{"kind": "amount_off", "amount": 5000}]},
]


@dataclass
class Sold:
    """One basket as a till charged it."""

    points: int = 500
    redeem: int = 0
    may_spend: bool = True
    coupon: CouponFacts | None = None

    def record(self) -> Priced:
        line = {"line": "1", "sku": "a", "quantity": 3, "unit_price": 10_000, "discount": 5000}
        basket = {"lines": [line], "coupons": ["991"] if self.coupon else [], "redeem_points": self.redeem}
        request = PriceRequest(
            basket=msgspec.convert(basket, Basket),
            now=datetime(2026, 11, 21, 3, tzinfo=UTC),
            member=MemberFacts(id="m1", tier="gold", points=self.points, may_spend=self.may_spend),
            coupons=(self.coupon,) if self.coupon else (),
        )
        return record_as_sold(rule_set(PROMOTIONS), request)


def test_s47_no_promotion_touches_what_was_charged() -> None:
    answer = Sold().record()
    totals = answer.pricing.totals
    assert (totals.gross, totals.discount, totals.net, totals.to_pay) == (30_000, 5000, 25_000, 25_000)
    assert [share.promotion for share in answer.pricing.lines[0].discounts] == [None]
    assert answer.uses == []
    # 25 whole steps at the gold tier's 12500 basis points.
    assert answer.pricing.points.earned == 31
    assert [(run.count, run.net, run.refund) for run in answer.units["1"]] == [(2, 8333, 8333), (1, 8334, 8334)]


def test_s47_a_coupon_that_was_good_is_used() -> None:
    answer = Sold(coupon=CouponFacts(code="991", promotion="c", member="m1")).record()
    assert [(outcome.status, outcome.reason) for outcome in answer.pricing.coupons] == [("applied", None)]
    assert answer.uses == [Use("c", 1, 0, "991")]
    assert answer.pricing.totals.net == 25_000


def test_s47_a_lapsed_coupon_is_refused_and_the_amount_stands() -> None:
    lapsed = CouponFacts(code="991", promotion="c", member="m1", valid_to=date(2026, 11, 20))
    answer = Sold(coupon=lapsed).record()
    assert [(outcome.status, outcome.reason) for outcome in answer.pricing.coupons] == [("refused", "coupon_expired")]
    assert answer.uses == []
    assert answer.pricing.totals.net == 25_000


def test_s47_points_that_the_till_took_stay_taken() -> None:
    """A sale already made keeps its price, even where the rules would have allowed fewer points or none."""
    for sold in (Sold(redeem=200), Sold(redeem=200, may_spend=False), Sold(redeem=200, points=50)):
        answer = sold.record()
        assert (answer.pricing.points.redeemed, answer.pricing.totals.to_pay) == (200, 23_000)
