"""Promotions: drafts, versions, and no rule in force that cannot be priced with."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from actions import line
from conftest import Shop
from services.lane import Lane

from loyalty_pos.errors import BadInput, Conflict, NotFound
from loyalty_pos.services import ledger, promotions, rules, sales
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
    assert versions(services, "ten") == [(1, "superseded"), (2, "ended"), (3, "draft")]
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


# A draft beside what runs ---------------------------------------------------------------------------


def percent(services: Services, code: str = "ten") -> int:
    """What the rules in force take off."""
    found: int = rules.book(services).promotions[code]["rewards"][0]["percent"]
    return found


def cheaper(by: int) -> dict[str, Any]:
    return {"rewards": [{"kind": "percent_off", "percent": by, "scope": {"all": True}}]}


def test_a_draft_waits_beside_what_runs_until_it_is_activated(services: Services, shop: Shop) -> None:
    """mockups/README: a running version is never edited; the tills hear of a draft when it runs."""
    promotions.create(services, WRITE, TEN)
    number = rules.book(services).version
    _, kept = promotions.patch(services, WRITE, "ten", cheaper(15) | {"state": "draft"})
    promotions.patch(services, WRITE, "ten", cheaper(20) | {"state": "draft"})
    assert (kept["state"], kept["version"], kept["draft"]["version"]) == ("active", 1, 2)
    assert (percent(services), rules.book(services).version) == (10, number)
    assert versions(services, "ten") == [(1, "active"), (2, "draft")]
    promotions.patch(services, WRITE, "ten", {"state": "active"})
    assert (percent(services), versions(services, "ten")) == (20, [(1, "superseded"), (2, "active")])


def test_a_change_at_once_leaves_the_draft_alone(services: Services, shop: Shop) -> None:
    promotions.create(services, WRITE, TEN)
    promotions.patch(services, WRITE, "ten", cheaper(15) | {"state": "draft"})
    promotions.patch(services, WRITE, "ten", cheaper(12))
    assert (percent(services), promotions.get(services, "ten")["draft"]["rewards"]) == (12, cheaper(15)["rewards"])
    promotions.patch(services, WRITE, "ten", {"state": "ended"})
    assert promotions.get(services, "ten")["draft"]["version"] == 2
    promotions.patch(services, WRITE, "ten", {"state": "active"})
    assert percent(services) == 15


def test_a_draft_is_thrown_away_and_what_runs_stays(services: Services, shop: Shop) -> None:
    promotions.create(services, WRITE, TEN)
    promotions.patch(services, WRITE, "ten", cheaper(15) | {"state": "draft"})
    _, found = promotions.drop_draft(services, WRITE, "ten")
    assert ("draft" not in found, percent(services), versions(services, "ten")) == (True, 10, [(1, "active")])
    with pytest.raises(NotFound) as none:
        promotions.drop_draft(services, WRITE, "ten")
    promotions.create(services, WRITE, TEN | {"code": "alone", "state": "draft"})
    with pytest.raises(Conflict) as refused:
        promotions.drop_draft(services, WRITE, "alone")
    assert (none.value.code, refused.value.code) == ("draft_unknown", "only_draft")


def test_what_ended_runs_again_as_its_next_version(services: Services, shop: Shop) -> None:
    """Each version runs once, so that the number of the rules says which one it was."""
    promotions.create(services, WRITE, TEN)
    promotions.patch(services, WRITE, "ten", {"state": "ended"})
    promotions.patch(services, WRITE, "ten", {"state": "active"})
    assert versions(services, "ten") == [(1, "ended"), (2, "active")]


# Which version priced a sale -------------------------------------------------------------------------


def test_a_sale_tells_the_version_that_priced_it_whatever_became_of_it(lane: Lane) -> None:
    """contract.md 3: sales keep the version that priced them, text and all."""
    bills, expected = [], []  # type: ignore[var-annotated]
    promotions.create(lane.services, WRITE, TEN)
    for off in (None, 15, 20):
        if off:
            promotions.patch(lane.services, WRITE, "ten", cheaper(off))
            promotions.patch(lane.services, WRITE, "ten", cheaper(50) | {"state": "draft"})
            promotions.drop_draft(lane.services, WRITE, "ten")
        bills.append(lane.sells(line(1))["id"])
        now = promotions.get(lane.services, "ten")
        expected.append([("ten", now["version"], now["rewards"])])
    promotions.patch(lane.services, WRITE, "ten", {"state": "ended"})
    bills.append(lane.sells(line(1))["id"])
    found = [sales.get_sale(lane.services, lane.caller, sale)["promotions"] for sale in bills]
    shown = [[(x["promotion"], x["version"], x["definition"]["rewards"]) for x in one] for one in found]
    assert shown == [*expected, []]
    assert [version for one in expected for _, version, _ in one] == [1, 2, 3]


def test_a_checkout_tells_the_version_it_was_priced_with_not_the_one_it_was_settled_under(lane: Lane) -> None:
    """S48: settle never prices."""
    promotions.create(lane.services, WRITE, TEN)
    checkout = lane.opens(line(1))
    promotions.patch(lane.services, WRITE, "ten", cheaper(15))
    sale = lane.settles(checkout["id"])
    found = sales.get_sale(lane.services, lane.caller, sale["id"])
    assert found["totals"]["discount"] * 10 == found["totals"]["gross"]
    assert [x["version"] for x in found["promotions"]] == [1]


def test_a_version_that_ran_is_never_rewritten(services: Services, shop: Shop) -> None:
    """Not even by SQL: its text, its span and its row stay (I10)."""
    promotions.create(services, WRITE, TEN)
    promotions.patch(services, WRITE, "ten", cheaper(15))
    for change in (
        "UPDATE promotions SET definition = '{}' WHERE code = 'ten' AND version = 1",
        "UPDATE promotions SET since = since - 1 WHERE code = 'ten' AND version = 2",
        "UPDATE promotions SET until = until + 1 WHERE code = 'ten' AND version = 1",
        "UPDATE promotions SET state = 'active', until = NULL WHERE code = 'ten' AND version = 1",
        "DELETE FROM promotions WHERE code = 'ten' AND version = 2",
        "INSERT INTO promotions (code, version, state, definition, created_at, created_by, since) "
        "SELECT code, 9, 'active', definition, created_at, created_by, since FROM promotions WHERE version = 2",
    ):
        with pytest.raises(Exception, match=r"append_only|UNIQUE|unique"):
            services.store.write(lambda tx, sql=change: tx.run(sql))  # type: ignore[misc]
    assert versions(services, "ten") == [(1, "superseded"), (2, "active")]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_was_done_each_sale_finds_what_priced_it(lane: Lane, seed: int) -> None:
    """Any order of drafts, activations, changes, pauses and ends: the text found is the text that was in force."""
    luck, expected = Random(seed), {}
    promotions.create(lane.services, WRITE, TEN)
    for _ in range(30):
        change = luck.choice(
            [{"state": "active"}, {"state": "ended"}, {"enabled": luck.random() < 0.5}, cheaper(luck.randrange(1, 99)),
             cheaper(luck.randrange(1, 99)) | {"state": "draft"}, cheaper(luck.randrange(1, 99)) | {"state": "active"}]
        )  # fmt: skip
        promotions.patch(lane.services, WRITE, "ten", change)
        if luck.random() < 0.2 and "draft" in promotions.get(lane.services, "ten"):
            promotions.drop_draft(lane.services, WRITE, "ten")
        running = rules.book(lane.services).promotions.get("ten")
        sale = lane.sells(line(1, price=1_000))
        used = running is not None and running.get("enabled", True)
        assert bool(sale["totals"]["discount"]) == used
        expected[sale["id"]] = [running] if used else []
    for sale_id, texts in expected.items():
        found = sales.get_sale(lane.services, lane.caller, sale_id)["promotions"]
        assert [one["definition"] for one in found] == texts
    assert ledger.check(lane.services) == []
