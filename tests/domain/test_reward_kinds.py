"""What every kind of reward owes the engine: an honest ceiling, and words for what it does."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from domain.baskets import as_rules, ask, lines, modest, multi_buys, promotions, rewards, rule_set
from hypothesis import given
from hypothesis import strategies as st

from loyalty_pos.domain.pricing.ceilings import Ceilings
from loyalty_pos.domain.pricing.contest import Contest
from loyalty_pos.domain.pricing.eligible import Candidate
from loyalty_pos.domain.pricing.engine import circumstances, price
from loyalty_pos.domain.pricing.offers import check_promotion, decode_reward
from loyalty_pos.domain.pricing.play import play
from loyalty_pos.domain.pricing.policy import Policy
from loyalty_pos.domain.pricing.table import Table
from loyalty_pos.domain.promotions.rewards import KINDS
from loyalty_pos.domain.promotions.rewards.base import MultiBuy
from loyalty_pos.domain.promotions.rewards.cheapest_off import CheapestOff

Json = dict[str, Any]
POLICIES = [Policy(), Policy(percent_stacking="additive", given_units="dearest_first")]


@pytest.mark.parametrize("policy", POLICIES, ids=["usual", "turned"])
@modest
@given(lines(), promotions(4), rewards)
def test_s11_no_reward_gives_more_than_its_ceiling_in_any_state_of_the_basket(
    policy: Policy, goods: list[Json], before: list[Json], reward: Json
) -> None:
    """The ceiling is taken from the untouched basket; other offers, in any number, may have come first."""
    made = decode_reward(reward, "reward")
    facts = circumstances(rule_set([]), ask(goods, []))
    fresh = Table(facts.board, policy)
    gift = made.gift(facts, fresh)
    most = made.ceiling(fresh), gift.worth if gift else 0
    first = [Candidate(check_promotion(one)) for one in as_rules(before)]
    table = play(facts, policy, sorted(first, key=lambda one: one.order)).table
    table.applications = None
    later = made.gift(facts, table)
    assert sum(cut.total for cut in made.propose(table)) <= most[0]
    assert (later.worth if later else 0) <= most[1]


@pytest.mark.parametrize("policy", POLICIES, ids=["usual", "turned"])
@modest
@given(lines(), promotions(4), multi_buys)
def test_s8_a_multi_buy_says_beforehand_what_it_gets_out_of_units(
    policy: Policy, goods: list[Json], before: list[Json], reward: Json
) -> None:
    """Unit by unit from the untouched basket, and as a whole where its turn has come (S11)."""
    made = decode_reward(reward, "reward")
    facts = circumstances(rule_set([]), ask(goods, []))
    first = [Candidate(check_promotion(one)) for one in as_rules(before)]
    table = play(facts, policy, sorted(first, key=lambda one: one.order)).table
    table.applications = None
    assert isinstance(made, MultiBuy)
    each, cuts = made.each(Table(facts.board, policy)), made.propose(table)
    gives, used = made.reach(table)
    assert gives >= sum(cut.total for cut in cuts)
    if cuts:
        assert sorted(used) == sorted(unit for cut in cuts for unit in cut.consumed)
    for cut in cuts:
        lowered = [unit for unit, amount in zip(cut.units, cut.amounts, strict=True) if amount]
        bearing = lowered if isinstance(made, CheapestOff) else cut.consumed
        assert cut.total <= sum(each[unit] for unit in bearing)
        assert len(lowered) <= made.units if isinstance(made, CheapestOff) else len(cut.consumed) >= made.needs


@modest
@given(lines(), st.lists(multi_buys, min_size=2, max_size=4))
def test_s11_rivals_together_give_no_more_than_is_said_of_them(goods: list[Json], some: list[Json]) -> None:
    """In every order; and where the first of them gives anything, what can come of it was said too."""
    facts, policy = circumstances(rule_set([]), ask(goods, [])), Policy()
    made = [{"code": f"p{number}", "name": "P", "rewards": [reward]} for number, reward in enumerate(some)]
    rivals = [Candidate(check_promotion(one)) for one in made]
    fresh = Table(facts.board, policy)
    contest = Contest(facts, rivals, Ceilings(facts, policy), fresh)
    most = contest.most(rivals, frozenset())
    ahead = {one: bound for bound, one in contest.ahead(rivals, fresh)}
    for order in itertools.permutations(rivals):
        total = play(facts, policy, order).total
        assert total <= most
        if play(facts, policy, order[:1]).total:
            assert total <= ahead[order[0]]


@modest
@given(lines(), rewards, st.sampled_from(["vi", "en"]))
def test_s14_every_reward_that_applies_says_what_it_did(goods: list[Json], reward: Json, language: Any) -> None:
    """On each line with its amount; of goods and points in a message."""
    rules = rule_set([{"code": "p", "name": {"vi": "Ưu đãi", "en": "Offer"}, "rewards": [reward]}])
    request = msgspec.structs.replace(ask(goods, []), language=language)
    pricing = price(rules, request).pricing
    for line in pricing.lines:
        assert all(share.explanation and share.amount for share in line.discounts)
    told = [text for text in pricing.messages if text.split(":")[0] in ("free_item", "more_points")]
    assert bool(told) == (any(use.promotion == "p" for use in price(rules, request).uses) and not _lowers(reward))


def _lowers(reward: Json) -> bool:
    return KINDS[reward["kind"]].lowers


GOODS = [
    {"line": "1", "sku": "milk", "category": "dairy", "quantity": 4, "unit_price": 30_000},
    {"line": "2", "sku": "tea", "category": "drinks", "quantity": 2, "unit_price": 20_000},
]
DAIRY = {"categories": ["dairy"]}
SAID: list[tuple[Json, str, str]] = [
    ({"kind": "percent_off", "percent": "2.5", "scope": DAIRY}, "2,5% của 120.000đ", "2.5% of 120,000đ"),
    ({"kind": "percent_off", "percent": 50, "scope": DAIRY, "max_amount": 9_000},
     "50% của 120.000đ, cả hoá đơn tối đa 9.000đ", "50% of 120,000đ, at most 9,000đ for the bill"),
    ({"kind": "amount_off", "amount": 5_000, "per": "line", "scope": DAIRY}, "Giảm 5.000đ", "5,000đ off"),
    ({"kind": "fixed_price", "price": 25_000, "scope": DAIRY}, "Giá 25.000đ × 4", "Price 25,000đ × 4"),
    ({"kind": "cheapest_off", "percent": 50, "scope": DAIRY}, "Món rẻ nhất: 50% của 30.000đ",
     "The cheapest: 50% of 30,000đ"),
    ({"kind": "buy_get", "buy_quantity": 2, "buy_scope": DAIRY}, "Mua 2 tặng 1: tặng 30.000đ",
     "Buy 2 get 1: 30,000đ free"),
    ({"kind": "fixed_price_group", "quantity": 3, "price": 75_000, "scope": DAIRY}, "3 món giá 75.000đ",
     "3 for 75,000đ"),
    ({"kind": "bundle", "items": [{"scope": DAIRY}], "price": 29_000}, "Combo giá 29.000đ", "Together for 29,000đ"),
    ({"kind": "bundle", "items": [{"scope": DAIRY}], "percent": 10, "max_groups": 1}, "Combo giảm 10% của 30.000đ",
     "Together 10% off 30,000đ"),
    ({"kind": "bundle", "items": [{"scope": DAIRY}], "amount": 500, "max_groups": 1}, "Combo giảm 500đ",
     "Together 500đ off"),
    ({"kind": "steps", "by": "quantity", "scope": DAIRY,
      "steps": [{"from": 3, "percent": 5}, {"from": 4, "percent": 10}]},
     "Từ 4 sản phẩm: 10% của 120.000đ", "From 4 items: 10% of 120,000đ"),
    ({"kind": "steps", "by": "basket_amount", "scope": DAIRY, "steps": [{"from": 100_000, "amount": 7_000}]},
     "Từ 100.000đ: giảm 7.000đ", "From 100,000đ: 7,000đ off"),
    ({"kind": "steps", "by": "line_amount", "scope": DAIRY, "steps": [{"from": 100_000, "price": 29_000}]},
     "Từ 100.000đ: giá 29.000đ × 4", "From 100,000đ: price 29,000đ × 4"),
]  # fmt: skip


@pytest.mark.parametrize(("reward", "vi", "en"), SAID, ids=[entry[2] for entry in SAID])
def test_s14_in_words(reward: Json, vi: str, en: str) -> None:
    rules = rule_set([{"code": "p", "name": "P", "rewards": [reward]}])
    request = msgspec.structs.replace(ask(GOODS, []), member=None)
    for language, said in (("vi", vi), ("en", en)):
        lines = price(rules, msgspec.structs.replace(request, language=language)).pricing.lines
        assert lines[0].discounts[0].explanation == said
