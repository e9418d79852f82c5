"""Jobs by the clock: may run again at any time, move exactly what is due (S18, S20, S21)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from actions import FixedClock
from services.lane import Books, Lane, bread

from loyalty_pos.jobs import JOBS, expire_points, release_holds, release_points, run_due
from loyalty_pos.services import programme as programmes
from loyalty_pos.services.context import SYSTEM, Request

Json = dict[str, Any]


def programme(lane: Lane, **values: Any) -> None:
    """The points programme."""
    programmes.change(lane.services, Request(SYSTEM), {"points": values})


def test_pending_points_become_active_on_their_day(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """S18: pending until the local day begins, then active; not spendable before."""
    programme(lane, pending_days=3)
    sold = lane.sells(bread(300_000), card=hanh["card"])
    assert sold["points"]["pending_after"] == 300
    assert lane.quotes(bread(100_000), card=hanh["card"], redeem_points=200)["points"]["redeemed"] == 0
    clock.move(days=2, hours=11, minutes=59, seconds=59)
    assert release_points.run(lane.services).done == 0
    clock.move(seconds=1)
    assert release_points.run(lane.services).done == 1
    now = lane.points(hanh["id"])
    assert (now["active"], now["pending"]) == (300, 0)
    assert release_points.run(lane.services).done == 0
    assert books.faults() == []


def test_points_lapse_at_the_end_of_their_local_day(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """S20: granted 2026-11-21 + 10 days is spendable until 23:59:59 on 1 December in the shop's zone."""
    programme(lane, expiry={"mode": "days", "days": 10})
    lane.sells(bread(300_000), card=hanh["card"])
    clock.move(days=10, hours=11, minutes=59, seconds=59)
    assert expire_points.run(lane.services).done == 0
    clock.move(seconds=1)
    assert expire_points.run(lane.services).done == 1
    now = lane.points(hanh["id"])
    assert (now["active"], now["expired"], now["lots"]) == (0, 300, [])
    assert lane.entries(hanh["id"])[-1]["kind"] == "expire"
    assert expire_points.run(lane.services).done == 0
    assert books.faults() == []


def test_only_what_is_left_of_a_lot_lapses(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """S19, S20: spent points are spent, others of another day stay."""
    programme(lane, expiry={"mode": "days", "days": 10})
    lane.sells(bread(300_000), card=hanh["card"])
    clock.move(days=5)
    lane.adjusts(hanh["id"], 50)
    lane.sells(bread(100_000, earns=False), card=hanh["card"], redeem_points=120)
    clock.move(days=6)
    expire_points.run(lane.services)
    now = lane.points(hanh["id"])
    assert (now["active"], now["expired"], now["spent"]) == (50, 180, 120)
    assert books.faults() == []


def test_points_that_never_lapse(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """S20, mode ``never``."""
    programme(lane, expiry={"mode": "never"})
    lane.adjusts(hanh["id"], 100)
    clock.move(days=20_000)
    assert expire_points.run(lane.services).done == 0
    assert lane.points(hanh["id"])["active"] == 100


def test_all_jobs_run_and_say_what_they_did(lane: Lane, hanh: Json, clock: FixedClock) -> None:
    """One summary a job, in the order of the list; a second run moves nothing."""
    programme(lane, pending_days=1, expiry={"mode": "days", "days": 5})
    lane.sells(bread(100_000), card=hanh["card"])
    lane.adjusts(hanh["id"], 500)
    lane.opens(bread(100_000), card=hanh["card"], redeem_points=100)
    clock.move(days=1)
    done = {summary.name: summary.done for summary in run_due(lane.services)}
    assert list(done) == list(JOBS)
    assert (done["release-holds"], done["release-points"], done["expire-points"]) == (1, 1, 0)
    assert {summary.done for summary in run_due(lane.services)} == {0}


@pytest.mark.parametrize("job", [release_holds, release_points, expire_points], ids=lambda job: job.__name__)
def test_the_same_job_in_four_threads_moves_everything_once(
    lane: Lane, hanh: Json, books: Books, clock: FixedClock, job: Any
) -> None:
    """Each step is its own guarded transaction: run twice at once, the sum is right."""
    programme(lane, pending_days=1, expiry={"mode": "days", "days": 3})
    for _ in range(5):
        lane.sells(bread(20_000), card=hanh["card"])
        lane.adjusts(hanh["id"], 200)
        lane.opens(bread(20_000), card=hanh["card"], redeem_points=100)
    clock.move(days=1 if job is release_points else 5)
    with ThreadPoolExecutor(4) as pool:
        done = sum(summary.done for summary in pool.map(lambda _: job.run(lane.services), range(4)))
    assert done > 0
    assert books.faults() == []
    assert job.run(lane.services).done == 0


def test_a_job_beside_the_tills(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """Points lapse while they are being spent: nobody sees an error, the laws hold."""
    programme(lane, expiry={"mode": "days", "days": 1})
    for _ in range(8):
        lane.adjusts(hanh["id"], 200)
    clock.move(days=2)

    def spend(_: int) -> str:
        return str(lane.sells(bread(30_000, earns=False), card=hanh["card"], redeem_points=150)["status"])

    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(expire_points.run, lane.services) for _ in range(2)]
        sold = list(pool.map(spend, range(12)))
        moved = sum(job.result().done for job in jobs)
    assert set(sold) == {"ok"}
    assert moved <= 16
    expire_points.run(lane.services)
    assert lane.points(hanh["id"])["active"] == 0
    assert books.faults() == []
