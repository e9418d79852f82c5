"""Two members made one, and made two again (reliability.md 3.9, story 9)."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from actions import FixedClock
from conftest import Shop, add_promotions
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from services.batches import numbered, sends
from services.lane import COFFEE, FRUIT, MILK, Books, Lane, bread, fresh_key, lane_of, sqlite_only

from loyalty_pos.errors import Conflict, LoyaltyError, NotFound, Refused
from loyalty_pos.jobs import expire_points
from loyalty_pos.services import listings, members, merging, points, profiles, programme, rules, visits
from loyalty_pos.services.context import SYSTEM, Request

Json = dict[str, Any]
LIMITED: Json = {
    "code": "once", "name": {"vi": "Một lần", "en": "Once"}, "limits": {"per_member": 1},
    "rewards": [{"kind": "amount_off", "amount": 1_000, "per": "basket", "scope": {"categories": ["drinks/coffee"]}}],
}  # fmt: skip


@pytest.fixture
def lan(lane: Lane) -> Json:
    """The second membership of one person: {"id", "card"}."""
    made = lane.enrols(name="Lan", phone="0907654321")
    return {"id": made["member"]["id"], "card": made["card"]["number"]}


def merge(lane: Lane, source: Json, target: Json, key: str | None = None) -> Json:
    """Make two members one."""
    answer: Json = merging.merge(lane.services, lane.request("merge", key), source["id"], target["id"], "hai thẻ")[1]
    return answer


def unmerge(lane: Lane, source: Json) -> Json:
    """Make two of them again."""
    answer: Json = merging.unmerge(lane.services, lane.request("unmerge"), source["id"])[1]
    return answer


def live(lane: Lane, who: Json, other: int = 0) -> None:
    """A life with purchases, spending, a return and points by hand."""
    lane.adjusts(who["id"], 500 + other)
    lane.sells(MILK, FRUIT, card=who["card"])
    back = lane.sells(bread(300_000 + other * 1_000), COFFEE, card=who["card"])
    lane.sells(COFFEE, card=who["card"], redeem_points=150)
    lane.takes_back(back["id"], ("4" if "4" in [x["line"] for x in back["lines"]] else "1", 1))
    lane.issues(who["id"])


def test_everything_goes_along_and_the_laws_hold(lane: Lane, hanh: Json, lan: Json, books: Books) -> None:
    """Balances, lots, coupons, habits and tier are as if one card had bought it all."""
    live(lane, hanh)
    live(lane, lan, other=7)
    before = {who["id"]: lane.points(who["id"]) for who in (hanh, lan)}
    habits = [profiles.profile(lane.services, lane.caller, who["id"]) for who in (hanh, lan)]
    said = merge(lane, lan, hanh)
    now = lane.points(hanh["id"])
    for name in ("active", "pending", "held", "spent", "expired", "shortfall"):
        assert now[name] == before[hanh["id"]][name] + before[lan["id"]][name], name
    assert said["points"] == before[lan["id"]]["active"]
    assert (said["cards"], said["coupons"], said["sales"]) == (1, 1, 3)
    assert lane.points(lan["id"]) == now
    seen = profiles.profile(lane.services, lane.caller, hanh["id"])
    assert seen["visits"] == sum(one["visits"] for one in habits)
    assert seen["spend"] == sum(one["spend"] for one in habits)
    entries = lane.entries(hanh["id"])
    assert sum(row["points"] for row in entries) == now["active"]
    assert entries == lane.entries(lan["id"])
    assert len(points.coupons(lane.services, lane.caller, lan["id"], None, None, 50)["items"]) == 2
    listed = listings.list_sales(lane.services, lane.caller, None, 50, member=lan["id"])["items"]
    assert {row["member"] for row in listed} == {hanh["id"]}
    assert len(listed) == 6
    assert books.faults() == []


def test_the_old_card_id_and_phone_serve_the_member_that_is_left(
    lane: Lane, shop: Shop, hanh: Json, lan: Json, books: Books
) -> None:
    """Story 9: an offline till still uses the old card; entries follow the alias."""
    held = lane.opens(bread(40_000), card=lan["card"])["id"]
    merge(lane, lan, hanh)
    lane.settles(held)
    lane.sells(bread(10_000), card=lan["card"], as_sold=True)
    lane.sells(bread(20_000), member=lan["id"])
    lane.sells(bread(30_000), swipe="0907654321", entry="phone")
    assert lane.identifies(lan["card"])["member"]["id"] == hanh["id"]
    assert lane.points(hanh["id"])["active"] == 100
    assert members.get(lane.services, lane.caller, lan["id"])["id"] == hanh["id"]
    assert books.value("SELECT count(*) FROM entries WHERE member_id = ?", int(lan["id"])) == 0
    assert books.faults() == []


def test_undone_at_once_nothing_happened(lane: Lane, hanh: Json, lan: Json, books: Books) -> None:
    """Every counter of both is what it was."""
    live(lane, hanh)
    live(lane, lan, other=7)
    lane.sells(bread(6_000_000), card=lan["card"])
    before = books.state()
    merge(lane, lan, hanh)
    assert [row[1] for row in books.state()["members"]] == ["gold", "gold"]
    unmerge(lane, lan)
    assert books.state() == before
    assert books.faults() == []


def test_what_came_since_is_split_by_the_card(lane: Lane, hanh: Json, lan: Json, books: Books) -> None:
    """Each card's sales, points and visits go with it; points by hand and the spent ones do not come back."""
    lane.sells(bread(200_000), card=hanh["card"])
    lane.sells(bread(300_000), card=lan["card"])
    merge(lane, lan, hanh)
    lane.sells(bread(50_000), card=lan["card"])
    successor = lane.gives_card(hanh["id"], replaces=lan["card"])["card"]["number"]
    lane.sells(bread(5_000), card=successor)
    lane.sells(bread(70_000), card=hanh["card"])
    lane.adjusts(hanh["id"], 9)
    spent = lane.sells(bread(40_000, earns=False), card=hanh["card"], redeem_points=200)
    unmerge(lane, lan)
    assert lane.points(lan["id"])["active"] == 300 + 50 + 5
    assert lane.points(hanh["id"])["active"] == 200 + 70 + 9 - 200
    assert [profiles.profile(lane.services, lane.caller, who["id"])["visits"] for who in (hanh, lan)] == [3, 3]
    assert [lane.points(who["id"])["spent"] for who in (hanh, lan)] == [200, 0]
    assert lane.identifies(successor)["member"]["id"] == lan["id"]
    assert lane.identifies(hanh["card"])["member"]["id"] == hanh["id"]
    lane.takes_back_all(spent)
    assert lane.points(hanh["id"])["active"] == 279
    assert books.faults() == []


def test_points_of_one_that_the_other_spent_come_back_to_the_one_who_returns(
    lane: Lane, hanh: Json, lan: Json, books: Books
) -> None:
    """Spent from the lot of the alias, given back after they are two again: the buyer has them."""
    lane.sells(bread(300_000), card=lan["card"])
    merge(lane, lan, hanh)
    spent = lane.sells(bread(40_000, earns=False), card=hanh["card"], redeem_points=200)
    unmerge(lane, lan)
    lane.takes_back_all(spent)
    assert [lane.points(who["id"])["active"] for who in (hanh, lan)] == [200, 100]
    assert books.faults() == []


def test_a_debt_that_the_other_paid_stands_again(lane: Lane, hanh: Json, lan: Json, books: Books) -> None:
    """S27: what was recovered from the one's points for the other's return comes back to its lot."""
    first = lane.sells(bread(300_000), card=lan["card"])
    lane.sells(bread(500_000, earns=False), card=lan["card"], redeem_points=300)
    lane.takes_back_all(first)
    merge(lane, lan, hanh)
    assert lane.points(hanh["id"])["shortfall"] == 300
    lane.sells(bread(120_000), card=hanh["card"])
    assert (lane.points(hanh["id"])["shortfall"], lane.points(hanh["id"])["active"]) == (180, 0)
    unmerge(lane, lan)
    assert [(lane.points(who["id"])["shortfall"], lane.points(who["id"])["active"]) for who in (hanh, lan)] == [
        (0, 120), (300, 0),
    ]  # fmt: skip
    assert books.faults() == []


def test_limits_of_a_member_hold_for_both_together(lane: Lane, shop: Shop, hanh: Json, lan: Json, books: Books) -> None:
    """S37: merging does not open a limit again; a return gives the use back where it is counted now."""
    add_promotions(shop.services, [LIMITED])
    used = lane.sells(COFFEE, card=lan["card"])
    assert used["totals"]["discount"] == 1_000
    merge(lane, lan, hanh)
    assert lane.quotes(COFFEE, card=hanh["card"])["totals"]["discount"] == 0
    lane.takes_back_all(used)
    assert lane.quotes(COFFEE, card=hanh["card"])["totals"]["discount"] == 1_000
    unmerge(lane, lan)
    for who in (hanh, lan):
        assert lane.quotes(COFFEE, card=who["card"])["totals"]["discount"] == 1_000
    assert books.faults() == []


def test_uses_of_a_period_hold_for_both_together(lane: Lane, shop: Shop, hanh: Json, lan: Json, books: Books) -> None:
    """S37: they are counted where the sale is now, also after a second merge and when two are two again."""
    add_promotions(shop.services, [LIMITED | {"limits": {"per_period": {"uses": 1, "days": 7}}}])
    third = lane.enrols()
    other = {"id": third["member"]["id"], "card": third["card"]["number"]}
    assert lane.sells(COFFEE, card=lan["card"])["totals"]["discount"] == 1_000
    merge(lane, lan, hanh)
    merge(lane, hanh, other)
    assert lane.quotes(COFFEE, card=other["card"])["totals"]["discount"] == 0
    unmerge(lane, hanh)
    unmerge(lane, lan)
    found = [lane.quotes(COFFEE, card=who["card"])["totals"]["discount"] for who in (hanh, lan, other)]
    assert found == [1_000, 0, 1_000]
    assert books.faults() == []


def test_a_tier_by_hand_stays_with_whoever_is_left(lane: Lane, hanh: Json, lan: Json, books: Books) -> None:
    """S33: the alias's goes along and back; what a hand decides meanwhile is kept."""
    lane.gives_tier(lan["id"], "gold")
    merge(lane, lan, hanh)
    stands = "SELECT tier, tier_by_hand, tier_floor FROM members ORDER BY id"
    assert books.rows(stands)[0] == ("gold", "gold", "gold")
    unmerge(lane, lan)
    assert books.rows(stands) == [("bronze", None, "bronze"), ("gold", "gold", "gold")]
    merge(lane, lan, hanh)
    lane.gives_tier(hanh["id"], "silver")
    unmerge(lane, lan)
    assert books.rows(stands) == [("silver", "silver", "silver"), ("gold", "gold", "gold")]


def test_two_halves_make_a_tier_and_each_alone_has_its_own(lane: Lane, hanh: Json, lan: Json, books: Books) -> None:
    """S32, S33: what both bought counts together, and apart again; what was bought since stays with its card."""
    lane.sells(bread(600_000), card=hanh["card"])
    lane.sells(bread(600_000), card=lan["card"])
    tiers = "SELECT tier FROM members ORDER BY id"
    before = books.rows(tiers)
    merge(lane, lan, hanh)
    assert books.rows(tiers)[0] == ("silver",)
    unmerge(lane, lan)
    assert books.rows(tiers) == before == [("bronze",), ("bronze",)]
    merge(lane, lan, hanh)
    lane.sells(bread(600_000), card=lan["card"])
    unmerge(lane, lan)
    assert books.rows(tiers) == [("bronze",), ("silver",)]
    assert books.faults() == []


def test_lapsed_points_are_not_taken_twice_after_a_merge(
    lane: Lane, hanh: Json, lan: Json, books: Books, clock: FixedClock
) -> None:
    """S26, S27: what lapsed in the lot of the alias is known to the return of its sale."""
    programme.change(lane.services, Request(SYSTEM), {"points": {"expiry": {"mode": "days", "days": 3}}})
    sold = lane.sells(bread(100_000), card=lan["card"])
    clock.move(days=5)
    expire_points.run(lane.services)
    merge(lane, lan, hanh)
    lane.adjusts(hanh["id"], 50)
    lane.takes_back_all(sold)
    now = lane.points(hanh["id"])
    assert (now["active"], now["expired"], now["shortfall"]) == (50, 100, 0)
    unmerge(lane, lan)
    assert books.faults() == []


@sqlite_only
def test_each_wrong_way_has_its_code_and_changes_nothing(
    lane: Lane, hanh: Json, lan: Json, books: Books, clock: FixedClock
) -> None:
    third = lane.enrols()["member"]
    gone = lane.enrols()["member"]
    books.change("UPDATE members SET state = 'erased' WHERE id = ?", int(gone["id"]))
    lane.adjusts(hanh["id"], 500)
    held = lane.opens(bread(100_000), card=hanh["card"], redeem_points=100)["id"]
    before = books.state()
    for source, target, kind, code in [
        (hanh, hanh, Refused, "merge_itself"),
        (hanh, lan, Conflict, "member_busy"),
        (lan, hanh, Conflict, "member_busy"),
        (lan, gone, Conflict, "member_erased"),
        (gone, lan, Conflict, "member_erased"),
        ({"id": "999"}, lan, NotFound, "member_unknown"),
        (lan, {"id": "x"}, NotFound, "member_unknown"),
    ]:
        with pytest.raises(kind, match=code):
            merge(lane, source, target)
    with pytest.raises(Conflict, match="not_merged"):
        unmerge(lane, lan)
    assert books.state() == before
    lane.voids(held)
    merge(lane, lan, hanh)
    for source, target in ((lan, third), (third, lan), (lan, hanh)):
        with pytest.raises(Conflict, match="member_merged"):
            merge(lane, source, target)
    merge(lane, hanh, third)
    with pytest.raises(Conflict, match="member_merged"):
        unmerge(lane, lan)
    assert lane.points(lan["id"])["active"] == lane.points(third["id"])["active"] == 500
    unmerge(lane, hanh)
    clock.move(days=30, seconds=1)
    with pytest.raises(Conflict, match="unmerge_too_late"):
        unmerge(lane, lan)
    programme.change(lane.services, Request(SYSTEM), {"unmerge_days": 40})
    unmerge(lane, lan)
    with pytest.raises(Conflict, match="not_merged"):
        unmerge(lane, lan)
    assert books.faults() == []


def test_a_merge_among_sales_of_both_cards_loses_nothing(
    lane: Lane, hanh: Json, lan: Json, books: Books, shop: Shop
) -> None:
    """However it falls among the sales, every sale earns once; two who merge at once have one winner."""
    lanes = [lane, lane_of(shop, "hn-02-1")]
    start = threading.Barrier(10)
    said: list[str] = []

    def sell(number: int) -> None:
        start.wait()
        lanes[number % 2].sells(bread(10_000), card=(hanh if number % 3 else lan)["card"])

    def merges() -> None:
        start.wait()
        try:
            merge(lane, lan, hanh, fresh_key())
            said.append("won")
        except LoyaltyError as error:
            said.append(error.code)

    threads = [threading.Thread(target=sell, args=(n,)) for n in range(8)]
    threads += [threading.Thread(target=merges) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["member_merged", "won"]
    assert lane.points(hanh["id"])["active"] == 80
    assert books.faults() == []
    unmerge(lane, lan)
    assert [lane.points(who["id"])["active"] for who in (hanh, lan)] == [50, 30]
    assert books.faults() == []


@sqlite_only
@settings(
    max_examples=12, derandomize=True, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(data=st.data())
def test_counted_anew_is_what_the_till_counted(lane: Lane, books: Books, data: st.DataObject) -> None:
    """S30: habits from the stored sales equal those that each sale and each return moved."""
    made = lane.enrols()
    card, member = made["card"]["number"], int(made["member"]["id"])
    for _ in range(data.draw(st.integers(1, 4))):
        goods = data.draw(st.sampled_from([[MILK], [MILK, FRUIT], [bread(10_000, quantity=4)], [COFFEE, FRUIT]]))
        sold = lane.sells(*goods, card=card)
        for row in sold["lines"]:
            back = data.draw(st.integers(0, len(row["units"])))
            if back:
                lane.takes_back(sold["id"], (row["line"], back))
    before = books.state()
    book = rules.book(lane.services)
    lane.services.store.write(lambda tx: visits.recount(tx, book, member))
    assert books.state() == before


@sqlite_only
def test_a_period_limit_counts_both_members_by_the_servers_time(
    lane: Lane, hanh: Json, lan: Json, shop: Shop, books: Books
) -> None:
    """S37, S44: whatever the till's clock said, a use of the week counts on after a merge, and parts again."""
    add_promotions(shop.services, [LIMITED | {"limits": {"per_period": {"days": 7, "uses": 1}}}])
    sends(lane, numbered(1, lines=[COFFEE], card=hanh["card"], sold_at="2026-11-11T12:00:00+07:00"))
    merge(lane, hanh, lan)
    assert lane.sells(COFFEE, card=lan["card"])["totals"]["discount"] == 0
    unmerge(lane, hanh)
    assert lane.sells(COFFEE, card=lan["card"])["totals"]["discount"] == 1_000
    assert lane.sells(COFFEE, card=hanh["card"])["totals"]["discount"] == 0
    assert books.rows("SELECT discount FROM sales ORDER BY id LIMIT 1") == [(1_000,)]
