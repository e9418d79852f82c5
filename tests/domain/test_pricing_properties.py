"""What always holds of a priced basket, whatever the rules (S4, S5, S11, S14, S25)."""

from __future__ import annotations

from typing import Any

import pytest
from domain.baskets import ask, lines, modest, priced, promotions, rule_set
from hypothesis import given
from hypothesis import strategies as st

from loyalty_pos.domain.pricing.engine import price
from loyalty_pos.domain.pricing.result import Priced

POLICIES = [
    {},
    {"percent_stacking": "additive", "given_units": "dearest_first"},
    {"percent_stacking": "best_per_line", "exclusive_by": "priority"},
    {"search_nodes": 1},
]


@pytest.mark.parametrize("policy", POLICIES, ids=str)
@modest
@given(lines(), promotions(), st.integers(0, 20_000))
def test_s5_sums_are_exact_and_nothing_falls_below_zero(
    policy: dict[str, Any], goods: list[dict[str, Any]], rules: list[dict[str, Any]], redeem: int
) -> None:
    answer = price(rule_set(rules, policy), ask(goods, rules, redeem_points=redeem))
    pricing, totals = answer.pricing, answer.pricing.totals
    for line in pricing.lines:
        assert line.gross - line.discount == line.net >= 0
        assert sum(share.amount for share in line.discounts) == line.discount
        assert all(share.amount > 0 and share.explanation for share in line.discounts)
    assert totals.gross == sum(line.gross for line in pricing.lines)
    assert totals.discount == sum(line.discount for line in pricing.lines)
    assert totals.net == totals.gross - totals.discount
    assert totals.to_pay == totals.net - totals.points_value >= 0
    assert sum(use.amount for use in answer.uses) >= pricing.proof.discount <= pricing.proof.upper_bound
    assert pricing.proof.discount + sum(line["discount"] for line in goods) == totals.discount


@modest
@given(lines(), promotions())
def test_s25_units_sum_to_their_line_and_refunds_to_the_bill(
    goods: list[dict[str, Any]], rules: list[dict[str, Any]]
) -> None:
    answer = priced(goods, rules)
    for line in answer.pricing.lines:
        runs = answer.units[line.line]
        assert sum(run.count * run.discount for run in runs) == line.discount
        assert sum(run.count * run.net for run in runs) == line.net
        assert all(run.refund >= 0 and run.net >= 0 for run in runs)
    worth = sum(run.count * run.refund for runs in answer.units.values() for run in runs)
    assert worth == answer.pricing.totals.net


@modest
@given(lines(), promotions(), st.data())
def test_s11_the_order_of_lines_and_of_promotions_does_not_matter(
    goods: list[dict[str, Any]], rules: list[dict[str, Any]], data: st.DataObject
) -> None:
    straight = priced(goods, rules)
    other = priced(data.draw(st.permutations(goods)), data.draw(st.permutations(rules)))
    assert {line.line: line for line in straight.pricing.lines} == {line.line: line for line in other.pricing.lines}
    assert straight.units == other.units
    assert straight.pricing.proof.discount == other.pricing.proof.discount
    assert straight.pricing.points == other.pricing.points


@modest
@given(lines(), promotions())
def test_s11_no_coupon_less_makes_it_cheaper(goods: list[dict[str, Any]], rules: list[dict[str, Any]]) -> None:
    answer = priced(goods, rules)
    if answer.pricing.proof.optimal:
        without = priced(goods, rules, coupons=[])
        assert given_by(answer) >= given_by(without)


def given_by(answer: Priced) -> int:
    """The discount, and what gifts are worth beside it (S11)."""
    return sum(use.amount for use in answer.uses)


@modest
@given(lines(), promotions())
def test_s36_every_coupon_presented_is_answered(goods: list[dict[str, Any]], rules: list[dict[str, Any]]) -> None:
    answer = priced(goods, rules)
    coupons = [f"99{rule['code']}" for rule in rules if rule["trigger"] == "coupon"]
    assert [outcome.code for outcome in answer.pricing.coupons] == coupons
    used = {use.coupon for use in answer.uses} - {None}
    for outcome in answer.pricing.coupons:
        assert (outcome.status == "applied") == (outcome.code in used)
        assert (outcome.status == "refused") == bool(outcome.reason and outcome.message)
