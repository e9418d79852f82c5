"""How much CPU and time a stretch of work took, and how much the rest of the machine did meanwhile.

CPU is this process (all its threads) plus the database's own processes.  Foreign load is the
machine's busy time less ours, as a share of all cores: a run with much of it is a doubtful run.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import NamedTuple

import psutil


class Reading(NamedTuple):
    """One stretch: seconds of CPU and wall, and the foreign load as a share of the machine."""

    cpu: float
    wall: float
    foreign: float


def measure(work: Callable[[], object], server_cpu: Callable[[], float] = lambda: 0.0) -> Reading:
    """Run ``work`` once."""
    busy, server, own, wall = _busy(), server_cpu(), time.process_time(), time.perf_counter()
    work()
    spent = time.process_time() - own + server_cpu() - server
    wall = time.perf_counter() - wall
    foreign = max(0.0, _busy() - busy - spent) / (wall * (os.cpu_count() or 1))
    return Reading(spent, wall, foreign)


def quantile(values: list[float], share: float) -> float:
    """The value that ``share`` of the sorted values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _busy() -> float:
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    return float(sum(times[:8]) - idle)
