"""The one writer of an SQLite database: jobs queue in the process and commit in groups.

Up to ``GROUP`` waiting jobs share one transaction and one fsync.  Each job has a savepoint of
its own, so a refused one leaves nothing behind and disturbs no neighbour.  No answer leaves
before COMMIT has returned; when COMMIT fails, every job of the group is told so.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from loyalty_pos.errors import Unavailable

if TYPE_CHECKING:
    from loyalty_pos.storage.sqlite import SqliteTx
    from loyalty_pos.storage.tx import Tx

T = TypeVar("T")
GROUP = 64

Job = tuple["Callable[[Tx], Any]", "Future[Any]"]


class Writer:
    """A thread that owns the writing connection."""

    def __init__(self, connect: Callable[[], SqliteTx], turn: threading.Lock) -> None:
        self._connect = connect
        self._turn = turn
        self._tx: SqliteTx | None = None
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._closed = False
        self._gate = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Tx], T]) -> T:
        """Run ``work`` in the next group; return its value after COMMIT, or raise what it raised."""
        future: Future[T] = Future()
        with self._gate:
            if self._closed:
                raise Unavailable("shutting_down")
            self._jobs.put((work, future))
        return future.result()

    def close(self) -> None:
        """Finish the jobs that were accepted, then stop."""
        with self._gate:
            if self._closed:
                return
            self._closed = True
            self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        going = True
        while going:
            group, going = self._next_group()
            if group:
                self._commit(group)

    def _next_group(self) -> tuple[list[Job], bool]:
        first = self._jobs.get()
        group = [first] if first else []
        while first and len(group) < GROUP:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return group, True
            if job is None:
                return group, False
            group.append(job)
        return group, first is not None

    def _commit(self, group: list[Job]) -> None:
        done: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            self._run_group(group, done)
        except Exception as error:
            for _, future in group:
                future.set_exception(Unavailable("database_unavailable", cause=type(error).__name__))
            return
        for future, value, failure in done:
            if failure is None:
                future.set_result(value)
            else:
                future.set_exception(failure)

    def _run_group(self, group: list[Job], done: list[tuple[Future[Any], Any, BaseException | None]]) -> None:
        if self._tx is None:
            self._tx = self._connect()
        tx = self._tx
        tx.begin("BEGIN IMMEDIATE")
        try:
            with self._turn:
                for work, future in group:
                    done.append((future, *self._job(tx, work)))
            tx.end("COMMIT")
        finally:
            tx.end("ROLLBACK")

    def _job(self, tx: SqliteTx, work: Callable[[Tx], Any]) -> tuple[Any, BaseException | None]:
        tx.savepoint()
        try:
            value, failure = work(tx), None
        except Exception as error:
            tx.undo()
            value, failure = None, error
        tx.release()
        return value, failure
