"""Tills in parallel: each takes the next customer in line, so every till keeps its own time order.

One thread a till.  The first thing that goes wrong stops them all: a run with an error is no run.
"""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from bench.till import Till

C = TypeVar("C")


class Times(NamedTuple):
    """``calls``: for each call of a visit, the seconds it took, over all tills; ``wall``: all of it."""

    calls: list[list[float]]
    wall: float


def run(
    port: int,
    keys: Sequence[str],
    customers: Iterable[C],
    visit: Callable[[Till, C], tuple[float, ...]],
    progress: Callable[[int], None] = lambda taken: None,
) -> Times:
    """``visit`` serves one customer at a till and says how long each of its calls took."""
    line = _Line(customers)
    times = [array("d") for _ in keys]
    threads = [
        threading.Thread(target=_lane, args=(line, Till(port, key), visit, times[lane]), daemon=True)
        for lane, key in enumerate(keys)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(timeout=2)
            progress(line.taken)
    wall = time.perf_counter() - began
    if line.failure is not None:
        raise line.failure
    calls = sum(map(len, times)) // max(1, line.taken)
    return Times([[t for lane in times for t in lane[call::calls]] for call in range(calls)], wall)


class _Line(Generic[C]):
    """The customers waiting; the next one goes to the till that is free."""

    def __init__(self, customers: Iterable[C]) -> None:
        self._customers = iter(customers)
        self._lock = threading.Lock()
        self.taken = 0
        self.failure: BaseException | None = None

    def __iter__(self) -> Iterator[C]:
        nobody = object()
        while True:
            with self._lock:
                customer = next(self._customers, nobody) if self.failure is None else nobody
                self.taken += customer is not nobody
            if customer is nobody:
                return
            yield customer


def _lane(line: _Line[C], till: Till, visit: Callable[[Till, C], tuple[float, ...]], times: array[float]) -> None:
    try:
        with till:
            for customer in line:
                times.extend(visit(till, customer))
    except BaseException as error:
        line.failure = line.failure or error
