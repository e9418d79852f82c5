"""Jobs by the clock: may run again at any time, move exactly what is due (S18, S20, S21)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from actions import FixedClock
from conftest import SEAL_KEY, SECRET
from services.lane import Books, Lane, bread

from loyalty_pos import jobs
from loyalty_pos.errors import Unavailable
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


@pytest.mark.parametrize("job", [release_holds, release_points, expire_points], ids=lambda job: job.__name__)
def test_a_job_that_was_cut_off_is_continued_by_the_next(
    lane: Lane, hanh: Json, books: Books, clock: FixedClock, job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step is durable by itself; the progress says how much of it all is done."""
    programme(lane, pending_days=1, expiry={"mode": "days", "days": 3})
    for _ in range(4):
        lane.sells(bread(20_000), card=hanh["card"])
        lane.adjusts(hanh["id"], 200)
        lane.opens(bread(20_000), card=hanh["card"], redeem_points=100)
    clock.move(days=1 if job is release_points else 5)
    if job is expire_points:
        release_holds.run(lane.services)
        release_points.run(lane.services)
    monkeypatch.setattr(job, "STEP", 1)
    told: list[tuple[int, int]] = []

    def cut(done: int, total: int) -> None:
        told.append((done, total))
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        job.run(lane.services, cut)
    assert told == [(1, told[0][1]), (2, told[0][1])]
    assert books.faults() == []
    assert job.run(lane.services).done == told[0][1] - 2
    assert job.run(lane.services).done == 0
    assert books.faults() == []


def test_two_processes_share_the_work(
    lane: Lane, hanh: Json, books: Books, clock: FixedClock, store_url: str, tmp_path: Path
) -> None:
    """``jobs run`` twice at once beside a service: everything is moved, once."""
    clock.at = datetime(2020, 2, 29, 5, 0, tzinfo=UTC)
    programme(lane, pending_days=1, expiry={"mode": "days", "days": 3})
    for _ in range(12):
        lane.sells(bread(20_000), card=hanh["card"])
        lane.adjusts(hanh["id"], 200)
        lane.opens(bread(20_000), card=hanh["card"], redeem_points=100)
    lane.takes_back_receipt("never seen", ("1", 1))
    command = [sys.executable, "-c", "from loyalty_pos.cli import main; main()", "jobs", "run", "--json"]
    env = os.environ | {
        "LOYALTY_POS_DATABASE_URL": store_url,
        "LOYALTY_POS_DATA": str(tmp_path),
        "LOYALTY_POS_SECRET_KEY": SECRET.decode(),
        "LOYALTY_POS_SEAL_KEY": SEAL_KEY.decode(),
    }
    running = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    answers = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0], answers
    moved: dict[str, int] = dict.fromkeys(JOBS, 0)
    for said, _ in answers:
        for summary in json.loads(said)["jobs"]:
            moved[summary["name"]] += summary["done"]
    assert (moved["release-holds"], moved["release-points"], moved["report-parked"]) == (12, 12, 1)
    now = lane.points(hanh["id"])
    assert (now["active"], now["pending"], now["held"], now["expired"]) == (0, 0, 0, 12 * 220)
    assert books.value("SELECT count(*) FROM exceptions WHERE code = 'return_parked'") == 1
    assert books.faults() == []


def test_one_job_that_fails_leaves_the_others_their_work(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of one, foreseen or not, is logged."""

    def broken(*_: object) -> Any:
        raise ValueError

    def away(*_: object) -> Any:
        raise Unavailable

    monkeypatch.setattr(jobs, "JOBS", {"broken": broken, "away": away} | dict(JOBS))
    assert [summary.name for summary in run_due(lane.services)] == list(JOBS)


def test_points_returned_while_they_lapse_live_on(lane: Lane, hanh: Json, books: Books, clock: FixedClock) -> None:
    """S24: what the job saw as due is looked at again under the member's lock."""
    from loyalty_pos.storage import due

    programme(lane, expiry={"mode": "days", "days": 10})
    lane.sells(bread(200_000), card=hanh["card"])
    sold = lane.sells(bread(100_000, earns=False), card=hanh["card"], redeem_points=200)
    clock.move(days=11)
    lane.takes_back_all(sold)
    now = lane.services.now_ms()
    assert lane.services.store.write(lambda tx: due._locked(tx, int(hanh["id"]), 1, due._LAPSING, now)) is None
