"""The rules in force: one version number, a book for each, in force with the next request (S45, S47)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from conftest import Shop, add_promotions
from services.lane import Lane, bread

from loyalty_pos.errors import BadInput, LoyaltyError
from loyalty_pos.services import programme, rules
from loyalty_pos.services.context import SYSTEM, Request, to_ms
from loyalty_pos.services.rules import Programme, RuleBooks
from loyalty_pos.storage.engine import open_store

Json = dict[str, Any]
HALF: Json = {
    "code": "half", "name": {"vi": "Nửa giá", "en": "Half"},
    "rewards": [{"kind": "percent_off", "percent": 50, "scope": {"all": True}, "level": "basket"}],
}  # fmt: skip


def test_a_book_is_compiled_once_a_version(lane: Lane, shop: Shop) -> None:
    """The same object until the number moves, then a new one."""
    first = rules.book(shop.services)
    assert rules.book(shop.services) is first
    add_promotions(shop.services, [HALF])
    second = rules.book(shop.services)
    assert second.version == first.version + 1
    assert "half" in second.promotions
    assert "half" not in first.promotions


def test_another_process_sees_it_with_its_next_request(lane: Lane, shop: Shop) -> None:
    """Every process asks for the newest number with each request, on either database."""
    other = Lane(replace(shop.services, store=open_store(shop.services.store.url), rules=RuleBooks()), lane.caller)
    try:
        assert other.quotes(bread(10_000))["totals"]["net"] == 10_000
        add_promotions(shop.services, [HALF])
        assert other.quotes(bread(10_000))["totals"]["net"] == 5_000
    finally:
        other.services.store.close()


def test_a_change_that_is_wrong_changes_nothing(lane: Lane, shop: Shop) -> None:
    """An unknown setting or a wrong value is refused, and the rules stay."""
    before = rules.book(shop.services)
    for wrong in ({"unknown": 1}, {"points": {"pending_days": -1}}, {"adjustment_limit": "many"}):
        with pytest.raises(LoyaltyError):
            programme.change(shop.services, Request(SYSTEM), wrong)
    with pytest.raises(BadInput):
        programme.put_tiers(shop.services, Request(SYSTEM), [{"code": "x", "threshold": -1}])
    assert rules.book(shop.services) is before


def test_settings_and_tiers_are_versions(lane: Lane, shop: Shop) -> None:
    """Each change has its row: who, when, what."""
    programme.change(shop.services, Request(SYSTEM), {"name": "Mộc An"})
    programme.put_tiers(shop.services, Request(SYSTEM), [{"code": "one", "name": {"vi": "Một", "en": "One"}}])
    book = rules.book(shop.services)
    assert book.programme.name == "Mộc An"
    assert [tier["code"] for tier in book.tiers] == ["one"]
    rows = shop.services.store.read(lambda tx: tx.all("SELECT what, by FROM rule_versions ORDER BY id"))
    assert [tuple(row) for row in rows][-2:] == [("settings", SYSTEM.key), ("tiers", SYSTEM.key)]


@pytest.mark.parametrize(
    ("starts", "moment", "day"),
    [
        ("00:00", "2026-11-21T17:00:00", "2026-11-22"),
        ("00:00", "2026-11-21T16:59:59", "2026-11-21"),
        ("05:30", "2026-11-21T22:29:59", "2026-11-21"),
        ("05:30", "2026-11-21T22:30:00", "2026-11-22"),
    ],
)
def test_the_business_day_of_a_moment(starts: str, moment: str, day: str) -> None:
    """S45: the local date of Ho Chi Minh City, cut at ``day_starts``."""
    at = to_ms(datetime.fromisoformat(moment).replace(tzinfo=UTC))
    assert Programme(day_starts=starts).business_date(at) == date.fromisoformat(day)


def test_a_local_day_has_its_own_length() -> None:
    """S20, S38: days are local, also where the clock is put forward."""
    hanoi, berlin = Programme(), Programme(zone="Europe/Berlin")
    assert hanoi.day_ends(date(2026, 11, 30)) - hanoi.day_begins(date(2026, 11, 30)) == 86_400_000
    assert hanoi.day_begins(date(2026, 11, 30)) == to_ms(datetime(2026, 11, 29, 17, tzinfo=UTC))
    assert berlin.day_ends(date(2026, 3, 29)) - berlin.day_begins(date(2026, 3, 29)) == 23 * 3_600_000
    assert berlin.day_ends(date(2026, 10, 25)) - berlin.day_begins(date(2026, 10, 25)) == 25 * 3_600_000
