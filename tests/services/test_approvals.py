"""Four eyes: what is above the limit waits for a second person, and is decided once (S50)."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from conftest import Shop
from services.lane import Books, Lane, fresh_key, sqlite_only

from loyalty_pos.errors import Conflict, LoyaltyError, NotFound, Refused
from loyalty_pos.services import approvals, points, programme, promotions, rules, staff
from loyalty_pos.services.context import SYSTEM, Caller, Request, Services
from loyalty_pos.services.requests import AdjustIn

Json = dict[str, Any]


@pytest.fixture
def owner(services: Services, shop: Shop) -> Caller:
    """One who may approve."""
    return staff.by_token(services, shop.tokens["owner"])


@pytest.fixture
def manager(services: Services, shop: Shop) -> Caller:
    """One who asks."""
    return staff.by_token(services, shop.tokens["manager"])


def ask(services: Services, who: Caller, member: str, amount: int) -> str:
    """The id of an adjustment that waits."""
    body = AdjustIn(points=amount, reason="quà lớn")
    outcome, said = points.adjust(services, Request(who, fresh_key()), member, body)
    assert (outcome.kind, said["status"]) == ("accepted", "waiting_approval")
    return str(said["approval"])


def test_an_approved_adjustment_moves_once_and_names_both(
    services: Services, lane: Lane, hanh: Json, books: Books, manager: Caller, owner: Caller
) -> None:
    """Nothing moves before; the entry bears who asked, the approval and the audit bear both."""
    asked = ask(services, manager, hanh["id"], 5_000)
    assert lane.points(hanh["id"])["active"] == 0
    request = Request(owner, fresh_key())
    _, done = approvals.approve(services, request, asked, "đã gọi cho khách")
    again, same = approvals.approve(services, request, asked, "đã gọi cho khách")
    assert (again.replayed, same) == (True, done)
    assert (done["state"], done["by"], done["decided_by"]) == ("approved", "staff:manager", "staff:owner")
    assert [(x["kind"], x["points"], x["reason"]) for x in lane.entries(hanh["id"])] == [("adjust", 5_000, "quà lớn")]
    assert books.rows("SELECT by FROM entries") == [("staff:manager",)]
    assert books.rows("SELECT by, what, reason FROM audit WHERE what LIKE 'approval.%'") == [
        ("staff:owner", "approval.approved", "đã gọi cho khách")
    ]
    with pytest.raises(Conflict, match="approval_decided"):
        approvals.approve(services, Request(owner, fresh_key()), asked)
    with pytest.raises(Conflict, match="approval_decided"):
        approvals.reject(services, Request(owner, fresh_key()), asked)
    assert lane.points(hanh["id"])["active"] == 5_000
    assert books.faults() == []


def test_nobody_approves_their_own(
    services: Services, lane: Lane, hanh: Json, books: Books, manager: Caller, owner: Caller
) -> None:
    """S50, also for the owner; taking one's own request back is allowed."""
    for who in (manager, owner):
        asked = ask(services, who, hanh["id"], 1_001)
        with pytest.raises(Refused, match="own_approval"):
            approvals.approve(services, Request(who, fresh_key()), asked)
        _, done = approvals.reject(services, Request(who, fresh_key()), asked)
        assert done["state"] == "rejected"
    assert lane.points(hanh["id"])["active"] == 0
    assert books.faults() == []


def test_what_cannot_be_done_any_more_stays_waiting(
    services: Services, lane: Lane, hanh: Json, books: Books, manager: Caller, owner: Caller
) -> None:
    """Points that were there when it was asked may be gone when it is approved; then nothing moves."""
    with pytest.raises(Refused, match="points_insufficient"):
        ask(services, manager, hanh["id"], -1_001)
    approvals.approve(services, Request(owner), ask(services, manager, hanh["id"], 1_500))
    asked = ask(services, manager, hanh["id"], -1_500)
    lane.adjusts(hanh["id"], -1)
    with pytest.raises(Refused, match="points_insufficient"):
        approvals.approve(services, Request(owner, fresh_key()), asked)
    assert approvals.list_approvals(services, "waiting")["items"][0]["id"] == asked
    lane.adjusts(hanh["id"], 1)
    approvals.approve(services, Request(owner, fresh_key()), asked)
    assert lane.points(hanh["id"])["active"] == 0
    assert books.faults() == []


@sqlite_only
def test_the_list_comes_in_pages_and_by_state(
    services: Services, hanh: Json, lane: Lane, manager: Caller, owner: Caller
) -> None:
    first, second = ask(services, manager, hanh["id"], 1_001), ask(services, manager, hanh["id"], 1_002)
    approvals.reject(services, Request(owner), first)
    page = approvals.list_approvals(services, limit=1)
    rest = approvals.list_approvals(services, cursor=page["next"], limit=1)
    assert [x["id"] for x in (*page["items"], *rest["items"])] == [second, first]
    assert rest["next"] is None
    assert [x["id"] for x in approvals.list_approvals(services, "waiting")["items"]] == [second]
    with pytest.raises(NotFound, match="approval_unknown"):
        approvals.approve(services, Request(owner), "999")


def test_two_who_decide_at_once_have_one_winner(
    services: Services, lane: Lane, hanh: Json, books: Books, shop: Shop, manager: Caller, owner: Caller
) -> None:
    """reliability.md I4: decided once, posted once, on both engines."""
    _, second = staff.add_staff(services, Request(owner), "hoa", "Hoa", "owner", [], token=True)
    deciders = [owner, staff.by_token(services, second["token"])] * 4
    asked = ask(services, manager, hanh["id"], 2_000)
    start = threading.Barrier(len(deciders))
    said: list[str] = []

    def run(who: Caller) -> None:
        start.wait()
        try:
            approvals.approve(services, Request(who, fresh_key()), asked)
            said.append("won")
        except LoyaltyError as error:
            said.append(error.code)

    threads = [threading.Thread(target=run, args=(who,)) for who in deciders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["approval_decided"] * 7 + ["won"]
    assert lane.points(hanh["id"])["active"] == 2_000
    assert books.faults() == []


# A promotion above the limit -------------------------------------------------------------------------


TEN: Json = {"code": "ten", "name": "Giảm 10%", "rewards": [{"kind": "percent_off", "percent": 10}]}


@pytest.fixture
def limited(services: Services, shop: Shop) -> Services:
    """One person decides about a million at most."""
    programme.change(services, Request(SYSTEM), {"promotion_limit": 1_000_000})
    return services


def costs(budget: int | None, **more: Any) -> Json:
    return TEN | {"limits": {"budget": budget}} | more


def running(services: Services) -> set[str]:
    return set(rules.book(services).promotions)


def test_a_dear_promotion_runs_when_a_second_person_approves(limited: Services, manager: Caller, owner: Caller) -> None:
    """S50, mockups/README: sending needs a second person above the store's limit."""
    outcome, said = promotions.create(limited, Request(manager, fresh_key()), costs(1_000_001))
    assert (outcome.kind, said["status"], said["state"]) == ("accepted", "waiting_approval", "draft")
    assert "ten" not in running(limited)
    asked = approvals.list_approvals(limited, "waiting")["items"][0]
    assert (asked["id"], asked["promotion"], asked["version"], asked["amount"]) == (
        said["approval"],
        "ten",
        1,
        1_000_001,
    )
    with pytest.raises(Refused) as own:
        approvals.approve(limited, Request(manager, fresh_key()), asked["id"])
    assert own.value.code == "own_approval"
    approvals.approve(limited, Request(owner, fresh_key()), asked["id"])
    assert "ten" in running(limited)


@pytest.mark.parametrize(
    ("rule", "asks"),
    [(costs(1_000_000), False), (costs(1_000_001), True), (costs(None), True), (TEN, True),
     (costs(None, enabled=False), False), (costs(None, state="draft"), False)],
)  # fmt: skip
def test_the_limit_is_inclusive_and_no_budget_is_above_any(
    limited: Services, manager: Caller, rule: Json, asks: bool
) -> None:
    outcome, _ = promotions.create(limited, Request(manager, fresh_key()), rule)
    assert (outcome.kind == "accepted") == asks


def test_a_shop_without_a_limit_asks_nobody(services: Services, shop: Shop, manager: Caller) -> None:
    promotions.create(services, Request(manager, fresh_key()), TEN)
    assert "ten" in running(services)


def test_a_changed_draft_needs_it_again(limited: Services, manager: Caller, owner: Caller) -> None:
    """mockups/README: changes after approval need it again; asking twice for the same is asking once."""
    _, first = promotions.create(limited, Request(manager, fresh_key()), costs(2_000_000))
    _, same = promotions.patch(limited, Request(manager, fresh_key()), "ten", {"state": "active"})
    assert same["approval"] == first["approval"]
    promotions.patch(limited, Request(manager, fresh_key()), "ten", {"limits": {"budget": 9_000_000}})
    with pytest.raises(Conflict, match="approval_decided"):
        approvals.approve(limited, Request(owner, fresh_key()), first["approval"])
    _, again = promotions.patch(limited, Request(manager, fresh_key()), "ten", {"state": "active"})
    assert again["approval"] != first["approval"]
    assert approvals.waiting(limited, "ten") is not None
    approvals.reject(limited, Request(owner, fresh_key()), again["approval"])
    assert (approvals.waiting(limited, "ten"), "ten" in running(limited)) == (None, False)


def test_what_runs_goes_on_while_its_dearer_draft_waits(limited: Services, manager: Caller, owner: Caller) -> None:
    promotions.create(limited, Request(manager, fresh_key()), costs(500_000))
    _, said = promotions.patch(limited, Request(manager, fresh_key()), "ten", {"limits": {"budget": 5_000_000}})
    assert rules.book(limited).promotions["ten"]["limits"]["budget"] == 500_000
    promotions.patch(limited, Request(manager, fresh_key()), "ten", {"enabled": False})
    approvals.approve(limited, Request(owner, fresh_key()), said["approval"])
    assert rules.book(limited).promotions["ten"]["limits"]["budget"] == 5_000_000


def test_a_draft_that_is_thrown_away_waits_no_more(limited: Services, manager: Caller) -> None:
    promotions.create(limited, Request(manager, fresh_key()), costs(500_000))
    promotions.patch(limited, Request(manager, fresh_key()), "ten", {"limits": {"budget": 5_000_000}})
    promotions.drop_draft(limited, Request(manager, fresh_key()), "ten")
    assert approvals.waiting(limited, "ten") is None
