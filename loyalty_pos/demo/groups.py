"""The segments that the made-up shop keeps: made twelve weeks before its last day, found anew each week since."""

from __future__ import annotations

from datetime import date, timedelta

from loyalty_pos.services import segment_members, segments
from loyalty_pos.services.context import Caller, Request, Services

WEEKS = 12
READY = ("first-time", "repeat", "loyal", "slipping", "lapsed", "birthday-week", "coupon-lovers", "big-spenders")
OWN = {
    "code": "milk-and-fresh",
    "name": {"vi": "Sữa và đồ tươi, vắng hai tuần", "en": "Milk and fresh food, away two weeks"},
    "rule": {
        "all": [
            {"field": "visits", "op": ">=", "value": 5, "days": 182},
            {"field": "category_last", "op": "exists", "value": True, "of": ["dairy", "fresh"]},
        ],
        "not": [{"field": "last_purchase", "op": "within_days", "value": 13}],
    },
}


def weeks(last: date) -> frozenset[date]:
    """The evenings on which they are found anew; the first is the one on which they are made."""
    return frozenset(last - timedelta(7 * week) for week in range(WEEKS + 1))


def keep(services: Services, manager: Caller) -> None:
    """Make them, or find their members anew."""
    kept = [one["code"] for one in segments.list_segments(services)["items"]]
    for code in kept:
        segment_members.refresh(services, code)
    if not kept:
        for code in READY:
            segments.make_ready(services, Request(manager), code)
        segments.save(services, Request(manager), segments.decoded(OWN))
