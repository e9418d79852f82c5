"""What is done with the list of what a member buys next: shown, and asked when a coupon is chosen (habits.md 5)."""

from __future__ import annotations

from typing import Any

import pytest
from actions import FixedClock
from conftest import Shop, add_promotions
from services.lane import COFFEE, FRUIT, MILK, Books, Lane
from services.test_campaigns import drafted, launched

from loyalty_pos.domain.campaigns.choice import LIKELY, Bought, Candidate, Listed, choose
from loyalty_pos.domain.habits.reasons import Why
from loyalty_pos.services import campaigns, coupons, profiles
from loyalty_pos.storage import ranking as rows
from loyalty_pos.storage.ranking import Item, ModelRow

Json = dict[str, Any]


def listed(lane: Lane, day: str, *items: Item) -> int:
    """A list that a night has left; its model."""

    def work(tx: Any) -> int:
        model = rows.add_model(tx, ModelRow(0, 1, day, "shipped", 1, 1, 0, "{}", None, None))
        rows.put(tx, model, items)
        rows.list_by(tx, model, 2)
        return model

    return lane.services.store.write(work)


def test_the_profile_shows_the_list_in_the_readers_language(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """Chance, reason in words, how due it is; the night and the model that it comes from."""
    mine = int(hanh["id"])
    for _ in range(2):
        lane.sells(MILK, card=hanh["card"])
        clock.move(days=7)
    lane.sells(FRUIT)
    assert profiles.profile(lane.services, lane.caller, hanh["id"], "en")["next"] is None
    model = listed(
        lane, "2026-12-05",
        Item(mine, 1, "milk", 0.6, 0.71234, "rhythm", 7, 7, None, None),
        Item(mine, 2, "apple", 0.1, 0.2, "newcomer_group", None, None, 20, "hn-01"),
        Item(mine, 3, "gone", 0.05, 0.1, "popular", None, None, None, None),
    )  # fmt: skip
    seen = profiles.profile(lane.services, lane.caller, hanh["id"], "en")["next"]
    assert (seen["day"], seen["model"]) == ("2026-12-05", str(model))
    milk, apple, gone = seen["items"]
    assert milk["reason"] == "bought every 7 days, last 7 days ago"
    assert (milk["name"], milk["chance"], milk["bought_before"]) == ("Sữa tươi", 0.7123, True)
    assert 0.3 < milk["due"] <= 1
    store = lane.services.store.read(lambda tx: tx.one("SELECT name FROM stores WHERE code = 'hn-01'"))
    assert store is not None
    assert f"20% of the customers of {store[0]} bought it" in apple["reason"]
    assert (apple["bought_before"], apple["due"], gone["name"]) == (False, None, None)
    vi = profiles.profile(lane.services, lane.caller, hanh["id"], "vi")["next"]["items"]
    assert vi[0]["reason"] == "mua 7 ngày một lần, lần cuối 7 ngày trước"


def test_a_coupon_of_several_is_the_likeliest_and_remembers_why(
    lane: Lane, shop: Shop, hanh: Json, books: Books
) -> None:
    """Nothing bought of either: the list decides; reason in the reader's language, model beside it."""
    add_promotions(shop.services, [{
        "code": "apples", "trigger": "coupon", "name": {"vi": "Táo", "en": "Apples"},
        "rewards": [{"kind": "percent_off", "percent": 10, "scope": {"skus": ["apple"]}}],
    }])  # fmt: skip
    lane.sells(FRUIT)
    lane.sells(COFFEE)
    other = lane.enrols()["member"]["id"]
    model = listed(lane, "2026-11-21", Item(int(hanh["id"]), 1, "apple", 0.3, 0.4, "popular", None, None, None, None))
    campaign = drafted(
        lane.services, promotion=None, promotions=["coffee-20k", "apples"], control_percent=0, budget=1_000_000,
        audience={"members": [hanh["id"], other]},
    )  # fmt: skip
    launched(lane.services, campaign)
    given = {one["member"]: one for one in campaigns.list_members(lane.services, campaign, None, 50)["items"]}
    assert given[hanh["id"]]["promotion"] == "apples"
    told = coupons.get(lane.services, given[hanh["id"]]["coupon"], "en")
    assert told["reason"] == "May buy Táo next: not bought yet; many customers buy it lately"
    assert told["model"] == str(model)
    vi = coupons.get(lane.services, told["code"], "vi")["reason"]
    assert vi == "Có thể sẽ mua Táo: chưa mua; dạo này nhiều khách mua"
    assert coupons.get(lane.services, told["code"])["reason"] == vi
    unlisted = coupons.get(lane.services, given[other]["coupon"], "en")
    assert (unlisted["promotion"], unlisted["model"]) == ("coffee-20k", None)
    assert unlisted["reason"] == "Not bought yet: an invitation to try"
    by_hand = coupons.get(lane.services, lane.issues(hanh["id"]), "en")
    assert by_hand["model"] is None
    assert books.faults() == []


def test_a_coupon_for_the_next_visit_says_which_habit_chose_it(lane: Lane, shop: Shop, hanh: Json) -> None:
    """By what the member buys most: said in the reader's language after what the shop wrote; else that alone."""
    add_promotions(shop.services, [{
        "code": "thanks", "name": {"vi": "Cảm ơn", "en": "Thanks"}, "audience": {"members_only": True},
        "rewards": [{"kind": "issue_coupon", "promotion": "ten-percent", "valid_days": 7,
                     "by_category": {"drinks": "coffee-20k"}}],
    }])  # fmt: skip
    codes = [lane.sells(COFFEE, card=hanh["card"])["next_coupons"][0]["code"] for _ in range(2)]
    told = [coupons.get(lane.services, code, "en") for code in codes]
    assert [one["promotion"] for one in told] == ["ten-percent", "coffee-20k"]
    assert told[0]["reason"] == "Cảm ơn"
    assert told[1]["reason"] == "Cảm ơn. Buys drinks most"
    assert coupons.get(lane.services, codes[1], "vi")["reason"] == "Cảm ơn. Mua drinks nhiều nhất"
    assert told[1]["model"] is None


TEA = Candidate("tea", "Tea", frozenset(), frozenset({"tea"}))
KIND = Candidate("kind", "Kind", frozenset({"dairy"}), frozenset())
GENERAL = Candidate("any", "Any", frozenset(), frozenset())
WHY = Why("popular")


@pytest.mark.parametrize(
    ("bought", "likely", "chosen"),
    [
        ([Bought("tea", False, 1, 0.1, 0)], [Listed("milk", "dairy/milk", 0.9, WHY)], "tea"),
        ([], [Listed("milk", "dairy/milk", 0.9, WHY), Listed("tea", None, 0.2, WHY)], "kind"),
        ([], [Listed("tea", None, LIKELY, WHY)], "tea"),
        ([], [Listed("tea", None, LIKELY / 2, WHY)], "any"),
        ([], [], "any"),
        (
            [Bought("tea", False, 2, 0.9, 0), Bought("dairy/milk", True, 2, 0.1, 0)],
            [Listed("milk", "dairy/milk", 0.9, WHY)],
            "kind",
        ),
    ],
    ids=["own purchases first", "then by chance", "just likely", "too unlikely", "no list", "chance breaks a tie"],
)
def test_own_purchases_come_first_then_the_list(bought: list[Bought], likely: list[Listed], chosen: str) -> None:
    assert choose([GENERAL, TEA, KIND], bought, likely).candidate.promotion == chosen
