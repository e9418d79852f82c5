"""Four eyes: what is above the limit waits for a second person, and is decided once (S50)."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from conftest import Shop
from services.lane import Books, Lane, fresh_key, sqlite_only

from loyalty_pos.errors import Conflict, LoyaltyError, NotFound, Refused
from loyalty_pos.services import approvals, points, staff
from loyalty_pos.services.context import Caller, Request, Services
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
