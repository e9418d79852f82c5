"""Who belongs: found when a segment is saved, moved by sales, returns and merges, found anew once a day."""

from __future__ import annotations

from typing import Any

import pytest
from actions import FixedClock
from conftest import Shop
from services.crowd import Crowd, crowd
from services.lane import BREAD, Lane, lane

from loyalty_pos import jobs
from loyalty_pos.errors import NotFound
from loyalty_pos.services import rules, segment_members, segments
from loyalty_pos.services.context import SYSTEM, Request, Services

__all__ = ["crowd", "lane"]
WRITE = Request(SYSTEM)


def keep(services: Services, code: str, *conditions: dict[str, Any]) -> dict[str, Any]:
    body = segments.decoded({"code": code, "name": code, "rule": {"all": list(conditions)}})
    found: dict[str, Any] = segments.save(services, WRITE, body)[1]
    return found


def members(services: Services, crowd: Crowd, code: str) -> set[str]:
    items = segment_members.list_members(services, code, None, 50)["items"]
    return crowd.named(int(one["id"]) for one in items)


def test_a_segment_is_filled_when_it_is_saved_and_again_when_its_rule_changes(services: Services, crowd: Crowd) -> None:
    assert keep(services, "s", {"field": "visits", "op": ">=", "value": 1})["members"] == 3
    assert members(services, crowd, "s") == {"lan", "an", "minh"}
    assert keep(services, "s", {"field": "visits", "op": "=", "value": 0})["members"] == 1
    assert members(services, crowd, "s") == {"thu"}


def test_a_sale_a_return_and_a_merge_move_only_their_own_member(services: Services, crowd: Crowd, lane: Lane) -> None:
    """And each ends where the nightly job would put it."""
    keep(services, "new", {"field": "visits", "op": "<=", "value": 1})
    keep(services, "spent", {"field": "product_times", "op": ">=", "value": 1, "of": ["bread"]})
    sold = lane.sells(BREAD, card=crowd.cards["minh"])
    assert members(services, crowd, "new") == {"an", "thu"}
    assert members(services, crowd, "spent") == {"an", "minh"}
    lane.takes_back_all(sold)
    assert members(services, crowd, "new") == {"an", "thu", "minh"}
    assert members(services, crowd, "spent") == {"an"}
    lane.merges(str(crowd.ids["an"]), str(crowd.ids["minh"]))
    assert members(services, crowd, "new") == {"thu"}
    assert members(services, crowd, "spent") == {"minh"}
    assert [segment_members.refresh(services, code) for code in ("new", "spent")] == [0, 0]


def test_a_sale_asks_nothing_where_no_rule_can_be_changed_by_one(services: Services, crowd: Crowd, lane: Lane) -> None:
    keep(services, "women", {"field": "gender", "op": "in", "value": ["female"]})
    assert rules.book(services).segments == ()
    assert not rules.book(services).names_segments
    lane.sells(BREAD, card=crowd.cards["lan"])
    assert members(services, crowd, "women") == {"lan"}


def test_days_that_pass_move_members_once_a_day(services: Services, crowd: Crowd, clock: FixedClock) -> None:
    """A refresh that was done is not done again before the next local day; the size of each day is kept."""
    keep(services, "recent", {"field": "last_purchase", "op": "within_days", "value": 12})
    assert members(services, crowd, "recent") == {"lan", "minh"}
    assert jobs.run(services, "refresh-segments").done == 0
    clock.move(hours=11)
    assert segment_members.due(services) == []
    clock.move(hours=2)
    assert segment_members.due(services) == ["recent"]
    assert jobs.run(services, "refresh-segments").done == 1
    assert members(services, crowd, "recent") == {"minh"}
    assert [day["members"] for day in segments.get(services, "recent")["sizes"]] == [2, 1]
    assert segment_members.due(services) == []


def test_every_ready_made_segment_can_be_kept(services: Services, crowd: Crowd) -> None:
    for one in segments.ready(services):
        kept = segments.make_ready(services, WRITE, one.code)[1]
        assert kept["code"] == one.code
    assert members(services, crowd, "birthday-week") == {"lan"}
    assert members(services, crowd, "store-hn-02") == {"minh"}
    assert members(services, crowd, "kind-fresh") == {"an", "minh"}
    assert members(services, crowd, "big-spenders") == {"lan"}
    with pytest.raises(NotFound, match="segment_unknown"):
        segments.make_ready(services, WRITE, "no-such")


def test_the_names_of_a_preview_are_masked(services: Services, crowd: Crowd, shop: Shop) -> None:
    """Short names, as the queue may see them."""
    found = segments.preview(services, {"all": [{"field": "visits", "op": ">=", "value": 1}]})
    assert {one["short_name"] for one in found["sample"]} == {"Lan N.", "An T.", "Minh L."}
