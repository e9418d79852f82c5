"""The rewards catalogue as a pure function: paid with points, only when it applies, never by itself."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_pos.domain.pricing.document import price_document
from loyalty_pos.errors import BadInput

Json = dict[str, Any]
MUG = {"code": "mug", "cost": 300, "name": {"vi": "Cốc", "en": "A mug"},
       "reward": {"kind": "fixed_price", "price": 0, "scope": {"skus": ["mug"]}, "max_units": 1}}  # fmt: skip
TENTH = {"code": "tenth", "cost": 200, "reward": {"kind": "percent_off", "percent": 10, "scope": {"all": True}}}
COFFEE = {"code": "coffee", "cost": 100, "reward": {"kind": "issue_coupon", "promotion": "free", "valid_days": 7}}
FREE = {"code": "free", "name": "Free", "trigger": "coupon", "rewards": [{"kind": "amount_off", "amount": 9}]}
LINES = [{"line": "1", "sku": "mug", "quantity": 2, "unit_price": 40_000},
         {"line": "2", "sku": "rice", "quantity": 1, "unit_price": 20_000}]  # fmt: skip


def ask(*claims: str, rewards: Any = (MUG, TENTH, COFFEE), points: int = 1_000, **more: Any) -> Json:
    """A basket of two mugs and rice, priced for a member who was scanned."""
    basket = {"lines": LINES, "claim_rewards": list(claims)} | more.pop("basket", {})
    return price_document(
        {
            "now": "2026-11-21T10:00:00+07:00", "language": "en",
            "member": {"id": "m1", "points": points}, "promotions": [FREE],
            "points": {"redeem": {"value": 10, "min": 1}, "rewards": list(rewards)}, "basket": basket,
        }
        | more
    )  # fmt: skip


def test_a_reward_lowers_the_bill_and_costs_its_points() -> None:
    """promotions.md: its cost is computed by us; one mug of two is free."""
    found = ask("mug")
    assert found["totals"]["net"] == 60_000
    assert found["lines"][0]["discounts"][0] | {"explanation": ""} == {
        "promotion": "mug", "name": "A mug", "amount": 40_000, "explanation": ""
    }  # fmt: skip
    points = found["points"]
    assert (found["rewards"], points["redeemed"], points["earned"], points["active_after"]) == (
        {"mug": 300},
        0,
        60,
        760,
    )
    assert found["messages"] == []


def test_it_is_never_given_by_itself() -> None:
    assert ask()["totals"]["discount"] == 0
    assert ask()["not_applied"] == ask(explain=True)["not_applied"] == []


def test_what_is_left_may_be_money() -> None:
    """S22: points as payment come out of what the rewards leave."""
    found = ask("mug", "tenth", points=510, basket={"redeem_points": 400})
    assert found["rewards"] == {"mug": 300, "tenth": 200}
    assert found["points"]["redeemed"] == 10
    assert found["messages"] == ["points_insufficient: Only 10 points can be used"]
    assert found["points"]["active_after"] == 10 - 10 + found["points"]["earned"]


def test_the_same_reward_is_claimed_once() -> None:
    assert ask("mug", "mug")["rewards"] == {"mug": 300}


def test_a_coupon_for_the_next_visit_may_be_bought() -> None:
    found = ask("coffee")
    assert (found["rewards"], [coupon["name"] for coupon in found["next_coupons"]]) == ({"coffee": 100}, ["Free"])


@pytest.mark.parametrize(("more", "said"), [
    ({"points": 299}, "points_insufficient: A mug: 300 points are needed, 299 are there"),
    ({"member": None}, "member_required: A mug: This offer is for members only"),
    ({"basket": {"entry": "typed"}}, "typed_entry: A mug: A typed number only earns; scan the card to spend points"),
    ({"basket": {"lines": LINES[1:]}}, "not_in_scope: A mug: No item in the basket belongs to this offer"),
    ({"member": {"id": "m1", "points": 999, "blocked": True}},
     "member_required: A mug: This offer is for members only"),
])  # fmt: skip
def test_what_is_not_given_is_not_paid_for(more: Json, said: str) -> None:
    """S13, S22, S23, S42: the reason is told, the points stay."""
    found = ask("mug", **more)
    assert (found["totals"]["discount"], found["rewards"]) == (0, {})
    assert said in found["messages"]


def test_unknown_rewards_are_told_once() -> None:
    assert ask("cup", "plate")["messages"] == ["reward_not_usable: This points reward is not part of the programme"]


def test_an_exclusive_offer_that_is_better_keeps_the_points() -> None:
    """S11: the search decides; what is not applied costs nothing."""
    half = {"code": "half", "name": "Half", "stacking": "exclusive",
            "rewards": [{"kind": "percent_off", "percent": 50, "scope": {"all": True}}]}  # fmt: skip
    found = ask("tenth", promotions=[FREE, half])
    assert (found["totals"]["discount"], found["rewards"]) == (50_000, {})
    assert found["messages"][0].startswith("not_combinable: tenth")


@pytest.mark.parametrize(("rewards", "field"), [
    ([MUG, MUG], "points.rewards[1].code"),
    ([{**MUG, "cost": 0}], "points.rewards[0].cost"),
    ([{**MUG, "reward": {"kind": "gold"}}], "points.rewards[0].reward.kind"),
    ([{**MUG, "reward": {"kind": "percent_off", "percent": 101, "scope": {"all": True}}}],
     "points.rewards[0].reward.percent"),
    ([{**COFFEE, "reward": {**COFFEE["reward"], "promotion": "nothing"}}], "points.rewards[0].reward.promotion"),
    ([{**MUG, "code": "free"}], "promotions[0].code"),
])  # fmt: skip
def test_a_wrong_catalogue_is_refused_by_field(rewards: list[Json], field: str) -> None:
    with pytest.raises(BadInput) as refusal:
        ask(rewards=rewards)
    assert list(refusal.value.errors) == [field]
