"""GET /members/{id}/profile: sentences in the reader's language, one of each layer (docs/profiles.md)."""

from __future__ import annotations

from typing import Any

import pytest
from actions import FixedClock, Till, basket, line, ok

from loyalty_pos import jobs
from loyalty_pos.services.context import Services


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("language", "rhythm", "reason"),
    [
        (
            "vi",
            "Mua khoảng 7 ngày một lần, lần cuối 3 ngày trước.",
            "Mua khoảng 7 ngày một lần, lần cuối 3 ngày trước.",
        ),
        ("en", "Buys about every 7 days, last 3 days ago.", "Buys about every 7 days, last 3 days ago."),
    ],
)
def test_a_profile_speaks_the_readers_language(
    till: Till, services: Services, clock: FixedClock, language: str, rhythm: str, reason: str
) -> None:
    """Rhythm and standing; an old id of a member made one with another answers too."""
    member: dict[str, Any] = ok(till.enrol(name="Lan"))
    for days in (7, 7, 7, 3):
        ok(till.sell(basket(line(1, "milk", 30_000), card=member["card"]["number"], entry="scan")))
        clock.move(days=days)
    jobs.run(services, "lifecycle")
    path = f"/members/{member['member']['id']}/profile"
    seen = ok(till.call("GET", path, headers={"Accept-Language": language}))
    assert seen["favourites"][0]["rhythm"]["reason"] == rhythm
    assert (seen["standing"]["lifecycle"], seen["standing"]["reason"]) == ("active", reason)
    assert seen["goes_with"] == []
