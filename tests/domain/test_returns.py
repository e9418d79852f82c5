"""Returns: partial returns sum to the full one, a full return leaves nothing (S25-S31)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from domain.baskets import lines, modest, priced, promotions
from hypothesis import given
from hypothesis import strategies as st

from loyalty_pos.domain.points import EarnPlan, EarnTerm
from loyalty_pos.domain.pricing.result import Priced, UnitRun
from loyalty_pos.domain.returns import (
    ReturnOutcome,
    SoldLine,
    SoldSale,
    compute_return,
    late_earned,
    units_back,
    worth_kept,
)
from loyalty_pos.errors import BadInput, Refused


def sold(answer: Priced, goods: list[dict[str, Any]]) -> SoldSale:
    """The settled sale of a priced basket."""
    points, totals = answer.pricing.points, answer.pricing.totals
    return SoldSale(
        lines=[
            SoldLine(line=line["line"], quantity=line["quantity"], runs=answer.units[line["line"]]) for line in goods
        ],
        earning=answer.earning,
        earned=points.earned,
        redeemed=points.redeemed,
        points_value=totals.points_value,
    )


def after(sale: SoldSale, back: dict[str, int], outcome: ReturnOutcome) -> SoldSale:
    """The sale as the next return finds it."""
    return SoldSale(
        lines=[
            SoldLine(
                line=line.line,
                quantity=line.quantity,
                runs=line.runs,
                returned=line.returned + back.get(line.line, 0),
            )
            for line in sale.lines
        ],
        earning=sale.earning,
        earned=sale.earned,
        redeemed=sale.redeemed,
        points_value=sale.points_value,
        refunded=sale.refunded + outcome.refund,
        paid_back=sale.paid_back + outcome.pay_back,
        taken_back=sale.taken_back + outcome.taken_back,
        given_back=sale.given_back + outcome.given_back,
    )


def one_line(runs: list[UnitRun], **sale: Any) -> SoldSale:
    count = sum(run.count for run in runs)
    return SoldSale(lines=[SoldLine(line="1", quantity=count, runs=runs)], **sale)


@modest
@given(lines(), promotions(), st.integers(0, 20_000), st.data())
def test_s25_s28_partial_returns_sum_to_the_full_one(
    goods: list[dict[str, Any]], rules: list[dict[str, Any]], redeem: int, data: st.DataObject
) -> None:
    answer = priced(goods, rules, redeem_points=redeem)
    sale = sold(answer, goods)
    totals = answer.pricing.totals
    units = [line.line for line in sale.lines for _ in range(line.units)]
    for name in data.draw(st.permutations(units)):
        outcome = compute_return(sale, {name: 1})
        assert min(outcome.refund, outcome.pay_back, outcome.taken_back, outcome.given_back) >= 0
        sale = after(sale, {name: 1}, outcome)
        assert sale.paid_back <= totals.to_pay
        assert outcome.full == (sum(line.returned for line in sale.lines) == len(units))
    assert sale.refunded == totals.net
    assert sale.paid_back == totals.to_pay
    assert sale.taken_back == answer.pricing.points.earned
    assert sale.given_back == answer.pricing.points.redeemed


@modest
@given(lines(), promotions(), st.integers(0, 20_000))
def test_s30_complaints_1_and_2_sale_and_full_return_change_nothing(
    goods: list[dict[str, Any]], rules: list[dict[str, Any]], redeem: int
) -> None:
    answer = priced(goods, rules, redeem_points=redeem)
    sale = sold(answer, goods)
    back = units_back(sale, [(line["line"], line["quantity"]) for line in goods])
    outcome = compute_return(sale, back)
    points, totals = answer.pricing.points, answer.pricing.totals
    assert outcome.full
    assert (outcome.refund, outcome.pay_back) == (totals.net, totals.to_pay)
    assert (outcome.taken_back, outcome.given_back) == (points.earned, points.redeemed)
    assert outcome.refund == outcome.pay_back + totals.points_value


def test_s25_each_of_a_three_for_two_is_worth_two_thirds() -> None:
    milk = {"categories": ["dairy/milk"]}
    rule = {"kind": "buy_get", "buy_scope": milk, "buy_quantity": 2, "get_scope": milk, "get_quantity": 1}
    goods = [{"line": "1", "sku": "m", "category": "dairy/milk", "quantity": 3, "unit_price": 30_000}]
    member_less = {"code": "milk", "name": "Sữa", "rewards": [rule], "stacking": "exclusive"}
    answer = priced(goods, [member_less])
    assert answer.units["1"] == [UnitRun(2, 0, 30_000, 20_000), UnitRun(1, 30_000, 0, 20_000)]
    sale = sold(answer, goods)
    assert [compute_return(sale, {"1": count}).refund for count in (1, 2, 3)] == [20_000, 40_000, 60_000]


def test_s25_a_tier_discount_on_top_is_shared_by_all_three() -> None:
    milk = {"categories": ["dairy/milk"]}
    rule = {"kind": "buy_get", "buy_scope": milk, "buy_quantity": 2, "get_quantity": 1}
    goods = [{"line": "1", "sku": "m", "category": "dairy/milk", "quantity": 3, "unit_price": 30_000}]
    answer = priced(goods, [{"code": "milk", "name": "Sữa", "rewards": [rule]}])
    assert answer.units["1"] == [UnitRun(2, 3000, 27_000, 18_000), UnitRun(1, 30_000, 0, 18_000)]


def test_s25_a_gift_of_another_line_is_worth_its_part() -> None:
    rule = {
        "kind": "buy_get",
        "buy_scope": {"skus": ["coffee"]},
        "buy_quantity": 1,
        "get_scope": {"skus": ["cake"]},
        "get_quantity": 1,
    }
    goods = [
        {"line": "1", "sku": "coffee", "quantity": 1, "unit_price": 30_000},
        {"line": "2", "sku": "cake", "quantity": 1, "unit_price": 15_000},
    ]
    answer = priced(goods, [{"code": "cake", "name": "Bánh", "rewards": [rule], "stacking": "exclusive"}])
    assert answer.units == {"1": [UnitRun(1, 0, 30_000, 20_000)], "2": [UnitRun(1, 15_000, 0, 10_000)]}


def test_s26_nineteen_returns_of_5000_take_back_nine_points_one_by_one() -> None:
    earning = EarnPlan(terms=[EarnTerm(points=1, per="amount", step=10_000, basis="paid", lines=["1"])], lines=["1"])
    sale = one_line([UnitRun(19, 0, 5000, 5000)], earning=earning, earned=9)
    taken = []
    for _ in range(19):
        outcome = compute_return(sale, {"1": 1})
        taken.append(outcome.taken_back)
        sale = after(sale, {"1": 1}, outcome)
    assert sum(taken) == 9
    assert set(taken) == {0, 1}


def test_s28_spent_points_come_back_in_proportion() -> None:
    runs = [UnitRun(3, 0, 10_000, 10_000)]
    sale = one_line(runs, earning=EarnPlan(), redeemed=1000, points_value=10_000)
    given, cash = [], []
    for _ in range(3):
        outcome = compute_return(sale, {"1": 1})
        assert outcome.refund == outcome.pay_back + outcome.given_back * 10 == 10_000
        given.append(outcome.given_back)
        cash.append(outcome.pay_back)
        sale = after(sale, {"1": 1}, outcome)
    assert (given, cash) == ([333, 333, 334], [6670, 6670, 6660])


def test_s28_cash_never_exceeds_cash_paid() -> None:
    sale = one_line([UnitRun(3, 0, 33, 33)], earning=EarnPlan(), redeemed=9, points_value=90)
    cash = 0
    for _ in range(3):
        outcome = compute_return(sale, {"1": 1})
        cash += outcome.pay_back
        sale = after(sale, {"1": 1}, outcome)
        assert cash <= 9
    assert (cash, sale.given_back) == (9, 9)


def test_s31_complaint_22_a_partial_return_pays_the_net_price() -> None:
    goods = [{"line": "1", "sku": "a", "quantity": 2, "unit_price": 50_000}]
    sale = sold(priced(goods, []), goods)
    assert compute_return(sale, {"1": 1}).refund == 45_000


@pytest.mark.parametrize(
    ("wanted", "errors"),
    [
        ([("9", 1)], {"lines.0.line": ["unknown"]}),
        ([("1", 1), ("1", 1)], {"lines.1.line": ["duplicate"]}),
        ([("1", 0)], {"lines.0.quantity": ["whole_units_only"]}),
        ([("1", "1")], {"lines.0.quantity": ["whole_units_only"]}),
        ([("2", "0.4")], {"lines.0.quantity": ["whole_line_only"]}),
    ],
)
def test_a_faulty_return_names_its_line(wanted: list[tuple[str, int | str]], errors: dict[str, list[str]]) -> None:
    with pytest.raises(BadInput) as refusal:
        units_back(two_lines(), wanted)
    assert refusal.value.errors == errors


def two_lines() -> SoldSale:
    whole = SoldLine(line="1", quantity=3, runs=[UnitRun(3, 0, 10, 10)], returned=1)
    weighed = SoldLine(line="2", quantity="0.435", runs=[UnitRun(1, 0, 13_920, 13_920)])
    return SoldSale(lines=[whole, weighed], earning=EarnPlan())


def test_s4_a_weighed_line_comes_back_whole() -> None:
    assert units_back(two_lines(), [("2", "0.435"), ("1", 2)]) == {"2": 1, "1": 2}
    assert units_back(two_lines(), [("2", 1)]) == {"2": 1}


def test_s31_more_than_was_bought_is_refused() -> None:
    with pytest.raises(Refused, match="more_than_bought"):
        units_back(two_lines(), [("1", 3)])


def test_s48_a_forgotten_card_earns_for_what_is_kept() -> None:
    """By the figures of the receipt while nothing came back; then never more than the kept units are worth."""
    plan = EarnPlan(terms=[EarnTerm(points=1, per="amount", step=1_000, basis="paid", lines=["1"])], lines=["1"])
    runs = [UnitRun(2, 0, 30_000, 20_000), UnitRun(1, 30_000, 0, 20_000)]
    sold = one_line(runs, earning=plan)
    assert late_earned(sold) == 60
    assert [late_earned(after(sold, {"1": n}, compute_return(sold, {"1": n}))) for n in (1, 2, 3)] == [40, 20, 0]


def test_gift_cards_get_theirs_before_any_cash() -> None:
    """S28: cash never exceeds cash paid; what the store bore comes back to nobody."""
    runs = [UnitRun(3, 0, 20_000, 20_000)]
    sale = SoldSale(
        lines=[SoldLine(line="1", quantity=3, runs=runs)], earning=EarnPlan(), value=45_000, value_paid=30_000
    )
    cash = value = 0
    for number in range(3):
        kept = msgspec.structs.replace(
            sale,
            lines=[SoldLine(line="1", quantity=3, runs=runs, returned=number)],
            refunded=20_000 * number, paid_back=cash, value_back=value,
        )  # fmt: skip
        outcome = compute_return(kept, {"1": 1})
        cash, value = cash + outcome.pay_back, value + outcome.value_back
    assert (cash, value) == (15_000, 30_000)
    at_once = compute_return(sale, {"1": 3})
    assert (at_once.pay_back, at_once.value_back) == (cash, value)


def test_what_is_kept_of_a_line_is_worth_its_refund() -> None:
    """S25: by the units, in stored order."""
    line = SoldLine(line="1", quantity=3, runs=[UnitRun(1, 0, 9, 9), UnitRun(2, 0, 5, 5)], returned=1)
    assert [worth_kept(line, back) for back in range(3)] == [10, 5, 0]
