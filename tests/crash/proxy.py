"""A link that fails: it stands between tills and server, and loses what links lose.

Each connection carries one request.  With a chance of ``share`` something happens to it: it never
arrives, or half of it; its answer is lost, or torn; it arrives late, when the till has long given
up; it arrives twice.  ``trap`` does something at the first byte of an answer, and the till still
gets what the server had sent.
"""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable

FAULTS = ("refused", "half", "answer lost", "answer torn", "late", "twice")
LATEST = 1.0


class Proxy:
    """Listens on ``port`` and hands on to ``server``."""

    def __init__(self, server: int, share: float, seed: int) -> None:
        self._server, self._share = server, share
        self._luck = random.Random(seed)
        self._lock = threading.Lock()
        self._trap: Callable[[], None] | None = None
        self._open: set[threading.Thread] = set()
        self.sprung = threading.Event()
        self.happened: Counter[str] = Counter()
        """How often each fault was made."""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def trap(self, act: Callable[[], None]) -> None:
        """Do ``act`` at the first byte of the next answer."""
        self.sprung.clear()
        self._trap = act

    def close(self) -> None:
        """Hear nothing more; wait for what is still on its way."""
        self._listener.close()
        while waiting := [one for one in tuple(self._open) if one is not threading.current_thread()]:
            waiting[0].join()
            self._open.discard(waiting[0])

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                till, _ = self._listener.accept()
                self._start(self._carry, till)

    def _start(self, work: Callable[..., None], *args: object) -> None:
        def run() -> None:
            try:
                with contextlib.suppress(OSError):
                    work(*args)
            finally:
                self._open.discard(threading.current_thread())

        thread = threading.Thread(target=run, daemon=True)
        self._open.add(thread)
        thread.start()

    def _carry(self, till: socket.socket) -> None:
        with till:
            request = _whole(till)
            fault = self._choose()
            if not request or fault == "refused":
                return
            if fault == "late":
                self._start(self._deliver_late, request)
                return
            if fault == "twice":
                self._start(self._ask, request)
            if fault == "half":
                with self._call() as server:
                    server.sendall(request[: len(request) // 2])
                return
            answer = self._ask(request)
            if fault == "answer torn":
                till.sendall(answer[: len(answer) // 2])
            elif fault != "answer lost":
                till.sendall(answer)

    def _choose(self) -> str | None:
        with self._lock:
            if self._luck.random() >= self._share:
                return None
            fault = self._luck.choice(FAULTS)
            self.happened[fault] += 1
            return fault

    def _call(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._server), timeout=60)

    def _deliver_late(self, request: bytes) -> None:
        time.sleep(self._luck.uniform(0, LATEST))
        self._ask(request)

    def _ask(self, request: bytes) -> bytes:
        """The answer, as much of it as came."""
        answer = b""
        with self._call() as server:
            server.sendall(request)
            with contextlib.suppress(OSError):
                while part := server.recv(65_536):
                    if not answer and part:
                        self._first_byte()
                    answer += part
        return answer

    def _first_byte(self) -> None:
        with self._lock:
            act, self._trap = self._trap, None
            if act is not None:
                act()
                self.sprung.set()


def _whole(till: socket.socket) -> bytes:
    """A request with its body, as the till sent it."""
    till.settimeout(60)
    data = b""
    while b"\r\n\r\n" not in data:
        part = till.recv(65_536)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-length:"))
    while len(body) < length:
        part = till.recv(65_536)
        if not part:
            return b""
        body += part
    return head + b"\r\n\r\n" + body
