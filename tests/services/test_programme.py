"""Settings and tiers: nothing is stored that would not compile."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import TIERS, Shop

from loyalty_pos.errors import BadInput
from loyalty_pos.services import programme, rules
from loyalty_pos.services.context import SYSTEM, Request, Services

WRITE = Request(SYSTEM)


def test_settings_that_are_not_named_stay(services: Services, shop: Shop) -> None:
    programme.change(services, WRITE, {"name": "Mộc An", "adjustment_limit": 500})
    _, after = programme.change(services, WRITE, {"day_starts": "04:00"})
    assert after["settings"]["name"] == "Mộc An"
    assert after["settings"]["adjustment_limit"] == 500
    assert rules.book(services).programme.day_starts == "04:00"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"zone": "Asia/Nowhere"}, "zone"),
        ({"language": "fr"}, "language"),
        ({"day_starts": "25:00"}, "day_starts"),
        ({"card_prefix": "9"}, "card_prefix"),
        ({"own_prefixes": ["abc"]}, "own_prefixes"),
        ({"return_shortfall": "maybe"}, "return_shortfall"),
        ({"adjustment_limit": -1}, "adjustment_limit"),
        ({"adjustment_limit": "many"}, "adjustment_limit"),
        ({"unknown": 1}, "unknown"),
        ({"currency": "XXX"}, "currency"),
        ({"points": {"wrong": 1}}, "points.wrong"),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_changes(
    services: Services, shop: Shop, values: dict[str, Any], field: str
) -> None:
    before = programme.get(services)
    with pytest.raises(BadInput) as refused:
        programme.change(services, WRITE, values)
    assert list(refused.value.errors) == [field]
    assert programme.get(services) == before


def test_a_tier_table_replaces_the_one_before(services: Services, shop: Shop) -> None:
    """S32."""
    _, after = programme.put_tiers(services, WRITE, TIERS[:2])
    assert after["tiers"] == TIERS[:2]
    with pytest.raises(BadInput):
        programme.put_tiers(services, WRITE, [TIERS[0], TIERS[0]])
    assert programme.get(services)["tiers"] == TIERS[:2]
