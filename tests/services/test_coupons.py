"""Coupons given by people (S35-S39)."""

from __future__ import annotations

from datetime import date

import pytest
from actions import FixedClock
from conftest import Shop

from loyalty_pos.domain.cards import coupon_code
from loyalty_pos.errors import BadInput, Conflict, NotFound
from loyalty_pos.services import coupons, members, promotions
from loyalty_pos.services.context import SYSTEM, Request, Services
from loyalty_pos.services.requests import MemberIn

WRITE = Request(SYSTEM)


@pytest.fixture
def member(services: Services, shop: Shop) -> str:
    _, made = members.enrol(services, WRITE, MemberIn())
    return str(made["member"]["id"])


def test_a_coupon_lasts_30_local_days_unless_a_day_is_named(services: Services, member: str) -> None:
    """S36: 18 digits with a check digit; S38: inclusive local days."""
    _, made = coupons.issue(services, WRITE, member, "coffee-20k", reason="thanks")
    assert coupon_code(made["code"]) == made["code"]
    assert made | {"code": ""} == {
        "code": "", "state": "issued", "valid_from": "2026-11-21", "valid_to": "2026-12-21",
    }  # fmt: skip
    _, short = coupons.issue(services, WRITE, member, "coffee-20k", date(2026, 11, 21))
    assert short["valid_to"] == "2026-11-21"
    with pytest.raises(BadInput) as refused:
        coupons.issue(services, WRITE, member, "coffee-20k", date(2026, 11, 20))
    assert refused.value.errors == {"valid_to": ["past"]}


def test_a_coupon_does_not_outlive_its_promotion_by_default(services: Services, member: str) -> None:
    promotions.patch(services, WRITE, "coffee-20k", {"valid": {"to": "2026-11-30"}})
    _, made = coupons.issue(services, WRITE, member, "coffee-20k")
    assert made["valid_to"] == "2026-11-30"


def test_a_coupon_needs_a_promotion_of_trigger_coupon_in_force(services: Services, member: str) -> None:
    """S39."""
    with pytest.raises(Conflict) as refused:
        coupons.issue(services, WRITE, member, "fruit-15")
    assert refused.value.code == "promotion_not_coupon"
    promotions.patch(services, WRITE, "coffee-20k", {"state": "ended"})
    for code in ("coffee-20k", "nothing"):
        with pytest.raises(NotFound) as unknown:
            coupons.issue(services, WRITE, member, code)
        assert unknown.value.code == "promotion_unknown"
    with pytest.raises(NotFound) as nobody:
        coupons.issue(services, WRITE, "999", "ten-percent")
    assert nobody.value.code == "member_unknown"


def test_many_members_get_one_each_or_nobody_does(services: Services, member: str) -> None:
    _, other = members.enrol(services, WRITE, MemberIn())
    chosen = [member, other["member"]["id"], member]
    _, made = coupons.issue_many(services, WRITE, chosen, "ten-percent", reason="autumn")
    assert [item["member"] for item in made["items"]] == chosen[:2]
    with pytest.raises(NotFound):
        coupons.issue_many(services, WRITE, [member, "999"], "ten-percent")
    with pytest.raises(BadInput):
        coupons.issue_many(services, WRITE, [], "ten-percent")
    assert len(coupons.list_coupons(services)["items"]) == 2


def test_the_same_request_issues_once(services: Services, member: str) -> None:
    """contract.md 1, Idempotency-Key."""
    request = Request(SYSTEM, "issue-this-coupon", b"body")
    _, first = coupons.issue(services, request, member, "ten-percent")
    outcome, again = coupons.issue(services, request, member, "ten-percent")
    assert outcome.replayed
    assert first == again
    assert len(coupons.list_coupons(services, member=member)["items"]) == 1


def test_a_cancelled_coupon_stays_cancelled_with_its_reason(services: Services, member: str) -> None:
    """S35: every change has actor, time, reason."""
    _, made = coupons.issue(services, WRITE, member, "ten-percent")
    typed = f"{made['code'][:6]} {made['code'][6:12]}-{made['code'][12:]}"
    _, done = coupons.cancel(services, WRITE, typed, "printed twice")
    assert done["state"] == "cancelled"
    with pytest.raises(Conflict) as refused:
        coupons.cancel(services, WRITE, made["code"], "again")
    assert refused.value.code == "coupon_state"
    with pytest.raises(NotFound):
        coupons.cancel(services, WRITE, "99", "what")
    events = services.store.read(lambda tx: tx.all("SELECT state, by, reason FROM coupon_events ORDER BY id"))
    assert tuple(events[-1]) == ("cancelled", "system:system", "printed twice")


def test_the_list_filters_and_says_what_is_over(services: Services, member: str, clock: FixedClock) -> None:
    """S38: the last local day counts whole."""
    _, first = coupons.issue(services, WRITE, member, "ten-percent", date(2026, 11, 22))
    _, second = coupons.issue(services, WRITE, member, "coffee-20k")
    assert coupons.get(services, first["code"])["state"] == "issued"
    clock.move(hours=37)
    assert coupons.get(services, first["code"])["state"] == "expired"
    page = coupons.list_coupons(services, limit=1, member=member)
    rest = coupons.list_coupons(services, page["next"], limit=1, member=member)
    assert [page["items"][0]["code"], rest["items"][0]["code"]] == [second["code"], first["code"]]
    assert page["items"][0]["name"] == "Cà phê giảm 20.000đ"
    assert coupons.list_coupons(services, state="used")["items"] == []
    with pytest.raises(NotFound):
        coupons.get(services, "990000000000000000")
