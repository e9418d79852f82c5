"""What always holds of a priced basket, whatever the rules and their kinds (S4, S5, S11, S14, S25)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from domain.baskets import ask, lines, modest, priced, promotions, rule_set, shown_coupons
from domain.clashes import KINDS, WORLD
from domain.oracle import may_be_tried
from domain.oracle_rewards import Units
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_pos.domain.pricing.engine import circumstances, price
from loyalty_pos.domain.pricing.outcome import screen
from loyalty_pos.domain.pricing.policy import Policy
from loyalty_pos.domain.pricing.result import Priced
from loyalty_pos.domain.pricing.search import search
from loyalty_pos.domain.pricing.table import Applied, Cut, Table
from loyalty_pos.domain.promotions.rewards import KINDS as ALL

POLICIES = [
    {},
    {"percent_stacking": "additive", "given_units": "dearest_first", "over_budget": "cap"},
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
    assert pricing.proof.discount + sum(line.get("discount", 0) for line in goods) == totals.discount


@pytest.mark.parametrize("policy", POLICIES, ids=str)
@modest
@given(lines(), promotions())
def test_no_offer_goes_below_a_floor(
    policy: dict[str, Any], goods: list[dict[str, Any]], rules: list[dict[str, Any]]
) -> None:
    """Per unit for offers on units; for a multi-buy over all units of the application together."""
    compiled = rule_set(rules, policy)
    facts = circumstances(compiled, ask(goods, rules))
    table = search(facts, compiled.policy, screen(compiled, facts).tried).attempt.table
    again = Table(facts.board, Policy())
    for done in table.done:
        floor = compiled.offers[done.promotion].floor if done.promotion in compiled.offers else None
        for _, cut in done.cuts:
            before = {unit: again.left[unit] for unit in cut.units}
            again.take(cut)
            assert _above(again, cut, before, floor), (done.promotion, cut)
    assert again.left == table.left


def _above(table: Table, cut: Cut, before: dict[int, int], floor: str | int | None) -> bool:
    """Whether a cut that was taken left its units at their lowest price or higher, or did not touch them."""
    board = table.board

    def lowest(unit: int) -> int:
        line = board.lines[board.line_of[unit]]
        ruled = line.unit_cost if floor == "cost" else floor
        return board.unit_price(board.line_of[unit], max(line.floor or 0, int(ruled or 0)))

    if cut.consumed:
        return sum(table.left[unit] for unit in cut.consumed) >= sum(map(lowest, cut.consumed))
    return all(table.left[unit] >= lowest(unit) or table.left[unit] == before[unit] for unit in cut.units)


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


@pytest.mark.parametrize("policy", POLICIES[:-1], ids=str)
@modest
@given(lines(), promotions(), st.data())
def test_s11_the_order_of_lines_and_of_promotions_does_not_matter(
    policy: dict[str, Any], goods: list[dict[str, Any]], rules: list[dict[str, Any]], data: st.DataObject
) -> None:
    straight = price(rule_set(rules, policy), ask(goods, rules))
    turned = data.draw(st.permutations(rules))
    other = price(rule_set(turned, policy), ask(data.draw(st.permutations(goods)), turned))
    assert {line.line: line for line in straight.pricing.lines} == {line.line: line for line in other.pricing.lines}
    assert (straight.units, straight.uses) == (other.units, other.uses)
    assert straight.pricing.proof == other.pricing.proof
    assert straight.pricing.points == other.pricing.points
    assert straight.pricing.free_items == other.pricing.free_items


@modest
@given(lines(), promotions())
def test_pricing_twice_is_identical(goods: list[dict[str, Any]], rules: list[dict[str, Any]]) -> None:
    """By the same compiled rules, and by rules compiled anew: nothing is remembered from basket to basket."""
    compiled = rule_set(rules)
    first = price(compiled, ask(goods, rules))
    assert price(compiled, ask(goods, rules)) == first == priced(goods, rules)


@modest
@given(lines(), promotions(), st.data())
def test_a_line_that_is_taken_out_leaves_no_discount_behind(
    goods: list[dict[str, Any]], rules: list[dict[str, Any]], data: st.DataObject
) -> None:
    """The rest is priced as if it had never been there, and no offer stands that the rest does not earn."""
    compiled = rule_set(rules)
    price(compiled, ask(goods, rules))
    gone = data.draw(st.sampled_from(goods))
    rest = [line for line in goods if line is not gone]
    after = price(compiled, ask(rest, rules))
    assert after == priced(rest, rules)
    assert sum(line.discount for line in after.pricing.lines) == after.pricing.totals.discount
    earned = {rule["code"] for rule in rules if may_be_tried(Units(rest, WORLD), rule)}
    assert {use.promotion for use in after.uses} <= earned | {"gold-10"}


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
    assert [outcome.code for outcome in answer.pricing.coupons] == [code for code, _ in shown_coupons(rules)]
    used = {use.coupon for use in answer.uses} - {None}
    for outcome in answer.pricing.coupons:
        assert (outcome.status == "applied") == (outcome.code in used)
        assert (outcome.status == "refused") == bool(outcome.reason and outcome.message)


def test_every_kind_of_reward_is_drawn_and_really_applies() -> None:
    """The properties above would prove nothing of a kind that never applies."""
    assert set(KINDS) == set(ALL) - {"issue_coupon"}  # it gives nothing on this bill
    baskets, applied = 0, Counter[str]()

    @settings(modest, max_examples=300, derandomize=True, database=None)
    @given(lines(), promotions())
    def draw(goods: list[dict[str, Any]], rules: list[dict[str, Any]]) -> None:
        nonlocal baskets
        compiled = rule_set(rules)
        facts = circumstances(compiled, ask(goods, rules))
        done = search(facts, compiled.policy, screen(compiled, facts).tried).attempt.table.done
        rewards = {rule["code"]: rule["rewards"] for rule in rules}
        applied.update({rewards[one.promotion][place]["kind"] for one in done for place in gave(one, rewards)})
        baskets += 1

    def gave(one: Applied, rewards: dict[str, Any]) -> set[int]:
        return {place for place, _ in (*one.cuts, *one.gifts)} if one.promotion in rewards else set()

    draw()
    assert {kind for kind in KINDS if applied[kind] < baskets * 0.02} == set(), (baskets, applied)
