"""Promotions: drafts, versions, and no rule in force that cannot be priced with."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Shop

from loyalty_pos.errors import BadInput, Conflict, NotFound
from loyalty_pos.services import promotions, rules
from loyalty_pos.services.context import SYSTEM, Request, Services
from loyalty_pos.storage.tx import Tx

WRITE = Request(SYSTEM)
TEN: dict[str, Any] = {
    "code": "ten",
    "name": {"vi": "Giảm 10%", "en": "10% off"},
    "rewards": [{"kind": "percent_off", "percent": 10, "scope": {"all": True}}],
}


def versions(services: Services, code: str) -> list[tuple[int, str]]:
    def work(tx: Tx) -> list[tuple[int, str]]:
        rows = tx.all("SELECT version, state FROM promotions WHERE code = ? ORDER BY version", (code,))
        return [(row[0], row[1]) for row in rows]

    return services.store.read(work)


def test_a_new_promotion_is_in_force_at_once(services: Services, shop: Shop) -> None:
    _, made = promotions.create(services, WRITE, TEN)
    assert (made["state"], made["version"]) == ("active", 1)
    assert "ten" in rules.book(services).promotions


def test_a_draft_changes_in_place_and_prices_nothing(services: Services, shop: Shop) -> None:
    promotions.create(services, WRITE, TEN | {"state": "draft"})
    promotions.patch(services, WRITE, "ten", {"priority": 5})
    assert versions(services, "ten") == [(1, "draft")]
    assert "ten" not in rules.book(services).promotions
    promotions.patch(services, WRITE, "ten", {"state": "active"})
    assert versions(services, "ten") == [(1, "active")]
    assert rules.book(services).promotions["ten"]["priority"] == 5


def test_a_change_of_one_that_ran_is_its_next_version(services: Services, shop: Shop) -> None:
    """contract.md 3: sales keep the version that priced them."""
    promotions.create(services, WRITE, TEN)
    promotions.patch(services, WRITE, "ten", {"priority": 5})
    promotions.patch(services, WRITE, "ten", {"state": "ended"})
    assert versions(services, "ten") == [(1, "superseded"), (2, "ended")]
    promotions.patch(services, WRITE, "ten", {"state": "draft"})
    promotions.patch(services, WRITE, "ten", {"priority": 6})
    assert versions(services, "ten") == [(1, "superseded"), (2, "superseded"), (3, "draft")]
    assert promotions.get(services, "ten")["priority"] == 6


def test_a_bad_rule_is_refused_with_its_field_and_changes_nothing(services: Services, shop: Shop) -> None:
    promotions.create(services, WRITE, TEN)
    before = rules.book(services).version
    with pytest.raises(BadInput) as refused:
        promotions.patch(services, WRITE, "ten", {"rewards": [{"kind": "percent_off", "percent": 200}]})
    assert list(refused.value.errors) == ["rewards[0].percent"]
    with pytest.raises(BadInput) as refused:
        promotions.create(services, WRITE, {"code": "x", "name": "X"})
    assert refused.value.errors == {"rewards": ["missing"]}
    unknown = [{"kind": "issue_coupon", "promotion": "nothing", "valid_days": 7}]
    with pytest.raises(BadInput) as refused:
        promotions.create(services, WRITE, TEN | {"code": "x", "rewards": unknown})
    assert list(refused.value.errors) == ["rewards[0].promotion"]
    for changes in ({"state": "asleep"}, {"code": "other"}, {"wrong_field": 1}):
        with pytest.raises(BadInput):
            promotions.patch(services, WRITE, "ten", changes)
    assert rules.book(services).version == before


def test_a_promotion_that_another_issues_coupons_of_cannot_end(services: Services, shop: Shop) -> None:
    """S39: a coupon points to exactly one promotion, and that one is there."""
    issue = [{"kind": "issue_coupon", "promotion": "ten-percent", "valid_days": 7}]
    promotions.create(services, WRITE, TEN | {"code": "next-visit", "rewards": issue})
    with pytest.raises(Conflict) as refused:
        promotions.patch(services, WRITE, "ten-percent", {"state": "ended"})
    assert refused.value.code == "promotion_needed"
    promotions.patch(services, WRITE, "next-visit", {"state": "ended"})
    promotions.patch(services, WRITE, "ten-percent", {"state": "ended"})
    assert "ten-percent" not in rules.book(services).promotions


def test_codes_are_taken_once_and_known(services: Services, shop: Shop) -> None:
    with pytest.raises(Conflict) as refused:
        promotions.create(services, WRITE, TEN | {"code": "fruit-15"})
    assert refused.value.code == "promotion_taken"
    with pytest.raises(NotFound):
        promotions.patch(services, WRITE, "nothing", {"state": "ended"})


def test_the_list_shows_the_newest_version_of_each(services: Services, shop: Shop) -> None:
    promotions.patch(services, WRITE, "fruit-15", {"priority": 1})
    promotions.patch(services, WRITE, "milk-3for2", {"state": "ended"})
    first = promotions.list_promotions(services, limit=2)
    rest = promotions.list_promotions(services, first["next"], limit=2)
    found = [(row["code"], row["version"]) for row in first["items"] + rest["items"]]
    assert found == [("coffee-20k", 1), ("fruit-15", 2), ("milk-3for2", 1), ("ten-percent", 1)]
    ended = promotions.list_promotions(services, state="ended")["items"]
    assert [row["code"] for row in ended] == ["milk-3for2"]


def test_every_version_is_kept_the_newest_first(services: Services, shop: Shop) -> None:
    promotions.create(services, WRITE, TEN)
    promotions.patch(services, WRITE, "ten", {"priority": 5})
    items = promotions.versions(services, "ten")["items"]
    assert [(x["version"], x["state"], x.get("priority")) for x in items] == [(2, "active", 5), (1, "superseded", None)]
    assert {x["created_by"] for x in items} == {SYSTEM.key}
    with pytest.raises(NotFound):
        promotions.versions(services, "nothing")
