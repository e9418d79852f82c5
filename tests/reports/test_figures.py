"""The figures of the first page and the reports, against values counted by hand, on both engines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from actions import FixedClock
from conftest import Shop
from services.lane import Lane, bread, lane_of
from services.test_campaigns import drafted, launched

from loyalty_pos import reports
from loyalty_pos.domain.breakage import FEWEST, breakage
from loyalty_pos.errors import BadInput
from loyalty_pos.jobs import campaign_outcomes as outcomes_job
from loyalty_pos.jobs import lifecycle
from loyalty_pos.reports import board, cohorts, points
from loyalty_pos.services import campaign_outcomes, campaign_results, staff
from loyalty_pos.services.context import SYSTEM, Caller
from loyalty_pos.storage.tables import ENTRY_KINDS

Json = dict[str, Any]


def report(lane: Lane, code: str, caller: Caller = SYSTEM, **days: str) -> list[Json]:
    """The rows, each with exactly its columns."""
    found = reports.run(lane.services, caller, code, days.get("first"), days.get("last"))
    assert all(list(row) == [column["code"] for column in found["columns"]] for row in found["rows"])
    return list(found["rows"])


@pytest.fixture
def sold(lane: Lane, shop: Shop, hanh: Json, clock: FixedClock) -> Mapping[str, Json]:
    """On 21 November: Hạnh 100.000 and 40.000 (taken back whole), a stranger 30.000, and 60.000 of Hạnh at the other
    store.  Forty days earlier: Hạnh 50.000, then a second member 20.000."""
    second = lane.enrols()
    clock.move(days=-40)
    lane.sells(bread(50_000), card=hanh["card"])
    lane.sells(bread(20_000), card=second["card"]["number"])
    clock.move(days=40)
    kept = lane.sells(bread(100_000), card=hanh["card"])
    back = lane.sells(bread(40_000), card=hanh["card"])
    lane.takes_back_all(back)
    lane.sells(bread(30_000))
    lane_of(shop, "hn-02-1").sells(bread(60_000), card=hanh["card"])
    return {"kept": kept, "back": back}


def test_sales_by_day_count_what_was_kept(lane: Lane, sold: Mapping[str, Json]) -> None:
    """A bill that came back whole is no bill; a day without a sale stands there with 0."""
    rows = report(lane, "days")
    assert len(rows) == 30
    assert rows[-1] == {"day": "2026-11-21", "bills": 3, "carded": 2, "member_net": 160_000, "other_net": 30_000,
                        "net": 190_000}  # fmt: skip
    assert {row["net"] for row in rows[:-1]} == {0}


def test_each_store_has_its_share_and_a_manager_sees_their_own(
    lane: Lane, shop: Shop, sold: Mapping[str, Json]
) -> None:
    """100 of 130 at hn-01, all of it at hn-02; the manager is hn-01's (contract.md, Who may what)."""
    rows = report(lane, "sales")
    assert [(row["store"], row["net"], row["member_net"], row["share"]) for row in rows] == [
        ("Cầu Giấy", 60_000, 60_000, 100.0), ("Hàng Bông", 130_000, 100_000, 76.9),
    ]  # fmt: skip
    manager = staff.by_token(lane.services, shop.tokens["manager"])
    assert [row["store"] for row in report(lane, "sales", manager)] == ["Hàng Bông"]
    assert report(lane, "days", manager)[-1]["net"] == 130_000


def test_tiers_hold_every_member_once(lane: Lane, sold: Mapping[str, Json]) -> None:
    """Two members; one of them bought in these days."""
    rows = report(lane, "tiers")
    assert sum(row["members"] for row in rows) == 2
    assert sum(row["buyers"] for row in rows) == 1
    assert sum(row["net"] for row in rows) == 160_000


def test_points_owed_are_what_was_owed_and_what_moved(lane: Lane, hanh: Json, sold: Mapping[str, Json]) -> None:
    """1 point for 1.000 ₫: 70 owed at the beginning, 200 issued, 40 taken back, 230 now; lots add up to the same."""
    lane.adjusts(hanh["id"], -30)
    rows = report(lane, "points")
    flow = {row["what"]: row["points"] for row in rows if row["part"] == "flow"}
    assert flow == {"start": 70, "issued": 200, "spent": 0, "taken_back": -40, "expired": 0, "by_hand": -30, "end": 200}
    assert sum(row["points"] for row in rows if row["part"] == "lapse") == 200
    then = report(lane, "points", last="2026-11-20")
    assert next(row["points"] for row in then if row["what"] == "end") == 70


def test_every_kind_of_entry_is_in_one_line_of_the_flow() -> None:
    """Else the lines would not add up."""
    kinds = [kind for parts in points.FLOW.values() for kind in parts if kind != "adjust_down"]
    assert sorted(kinds) == sorted(ENTRY_KINDS)


def test_cohorts_follow_the_month_of_the_first_purchase(lane: Lane, sold: Mapping[str, Json]) -> None:
    """Both began in October; Hạnh came in November."""
    rows = report(lane, "cohorts")
    assert len(rows) == cohorts.MONTHS
    assert (rows[-2]["month"], rows[-2]["m0"], rows[-2]["m1"], rows[-2]["m2"]) == ("2026-10", 2, 1, None)
    assert (rows[-1]["month"], rows[-1]["m0"], rows[-1]["m1"]) == ("2026-11", 0, None)


def test_recency_and_frequency_hold_every_buyer(lane: Lane, sold: Mapping[str, Json]) -> None:
    """Nothing before the first night; then both, the one who came today further up."""
    assert report(lane, "rfm") == []
    lifecycle.run(lane.services)
    rows = report(lane, "rfm")
    counts = {row["recency"]: sum(row[f"f{n}"] for n in range(1, 6)) for row in rows}
    assert sum(counts.values()) == 2
    assert [row["silence_to"] for row in rows if counts[row["recency"]]] == [0, 40]


def test_coupons_are_counted_by_what_became_of_them(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """Two given, one used, one lapsed; the discount and the bill of the one that was used."""
    used, _lapsed = (lane.issues(hanh["id"], valid_to=date(2026, 12, 1)) for _ in range(2))
    bill = lane.sells(bread(100_000), card=hanh["card"], coupons=[used])
    clock.move(days=40)
    rows = report(lane, "coupons", first="2026-11-01", last="2027-01-31")
    row = next(one for one in rows if one["promotion"] == "ten-percent")
    assert (row["issued"], row["used"], row["lapsed"], row["used_share"]) == (2, 1, 1, 50.0)
    assert (row["discount"], row["net"]) == (bill["totals"]["discount"], bill["totals"]["net"])


def test_the_board_is_beside_the_days_before(lane: Lane, sold: Mapping[str, Json]) -> None:
    """The last 30 days, the 30 before, the goods that moved."""
    found = board.figures(lane.services, SYSTEM, 30)
    assert (found["from"], found["to"], len(found["days"])) == ("2026-10-23", "2026-11-21", 30)
    assert found["now"] == {"bills": 3, "carded": 2, "net": 190_000, "member_net": 160_000, "buyers": 1,
                            "coupons_used": 0}  # fmt: skip
    assert (found["before"]["bills"], found["before"]["net"], found["before"]["buyers"]) == (2, 70_000, 2)
    assert [(one["sku"], one["now"], one["before"]) for one in found["movers"]["goods"]] == [("bread", 190_000, 70_000)]
    assert found["points"] == {"points": 230, "before": 70, "value": 230 * 10}


def test_many_bills_are_told_from_every_nth(
    lane: Lane, sold: Mapping[str, Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five bills, two may be looked at: every third, so what is told is three times as much."""
    monkeypatch.setattr(board, "MOST_BILLS", 2)
    movers = board.figures(lane.services, SYSTEM, 30)["movers"]
    assert movers["every"] == 3
    assert all(one["now"] % 3 == 0 and one["before"] % 3 == 0 for one in movers["goods"])


def test_a_campaign_is_counted_once_a_day_as_its_page_counts_it(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """Before the first count there is nothing; afterwards what ``campaign_results`` finds."""
    audience = {"members": [hanh["id"], *(lane.enrols()["member"]["id"] for _ in range(3))]}
    number = drafted(lane.services, audience=audience, control_percent=0)
    assert campaign_outcomes.newest(lane.services, 4) == []
    launched(lane.services, number)
    assert [one["figures"] for one in campaign_outcomes.newest(lane.services, 4)] == [None]
    assert [outcomes_job.run(lane.services).done for _ in range(2)] == [1, 0]
    (row,) = board.figures(lane.services, SYSTEM, 7)["campaigns"]
    found = campaign_results.results(lane.services, number)
    assert (row["id"], row["figures"]["coupons"], row["figures"]["sales"]) == (number, found["coupons"], found["sales"])
    clock.move(days=1)
    assert outcomes_job.run(lane.services).done == 1


def test_days_are_bounded(lane: Lane) -> None:
    """At most a year; the last day is not before the first."""
    for first, last in (("2025-01-01", "2026-11-21"), ("2026-11-21", "2026-11-20"), ("x", "2026-11-20")):
        with pytest.raises(BadInput):
            report(lane, "days", first=first, last=last)


def test_what_lapses_unused_is_a_ratio_over_members() -> None:
    """30 members of 100 points each, of whom 10 let all lapse: a third, give or take 1,96 standard errors."""
    found = breakage(30, 3_000, 1_000, 30 * 100**2, 10 * 100**2, 10 * 100**2)
    assert found is not None
    error = (((10 * (2 / 3) ** 2 + 20 * (1 / 3) ** 2) / 29) / 30) ** 0.5
    assert found.share == pytest.approx(1 / 3)
    assert (found.low, found.high) == pytest.approx((1 / 3 - 1.96 * error, 1 / 3 + 1.96 * error))
    assert breakage(FEWEST - 1, 3_000, 1_000, 1, 1, 1) is None
    assert breakage(FEWEST, 0, 0, 0, 0, 0) is None
