"""A real server in its own process group, and tills that keep a journal, for the tests that kill.

A till writes what it is going to send, with its key, to a file that is synced before the first
byte leaves; it repeats the same request until it has a final answer.  Everything it believes
afterwards comes from that journal, never from a look inside the server.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Json = dict[str, Any]
AGAIN = frozenset({"in_progress", "slow_down"})
PATIENCE = 60.0


class Server:
    """``loyalty-pos serve`` on a free port; ``kill`` leaves it no time for anything."""

    def __init__(self, url: str, folder: Path, secret: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._folder = folder
        self._env = os.environ | {
            "LOYALTY_POS_DATABASE_URL": url,
            "LOYALTY_POS_DATA": str(folder),
            "LOYALTY_POS_SECRET_KEY": secret,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.ready_after: list[float] = []
        """Seconds of work from each start to the first good answer of /readyz: what a machine with
        nothing else to do would take, whatever this one is doing beside."""

    def start(self) -> None:
        """Start and wait until it is ready."""
        begun = time.monotonic()
        command = [sys.executable, "-c", "from loyalty_pos.cli import main; main()"]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "serve", "--port", str(self.port)],
                env=self._env, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        while not self._ready():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() - begun < PATIENCE, self.log()
            time.sleep(0.02)
        self.ready_after.append(worked(self._process.pid))

    def kill(self) -> None:
        """SIGKILL to the whole process group."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """SIGTERM, as a service manager does; the exit status."""
        assert self._process is not None
        self._process.terminate()
        try:
            return self._process.wait(PATIENCE)
        finally:
            self.kill()

    def log(self) -> str:
        """What the server printed, for the message of a failure."""
        return (self._folder / "server.log").read_text(errors="replace")[-4000:]

    def _ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        except http.client.HTTPException:
            return False
        finally:
            connection.close()


def worked(group: int) -> float:
    """Seconds of processor time that the processes of a group have used."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Trap:
    """Fires once at the first byte of an answer, if it was set."""

    def __init__(self) -> None:
        self._set = threading.Event()
        self._lock = threading.Lock()
        self.fired = threading.Event()
        self.act: Callable[[], None] = lambda: None

    def arm(self, act: Callable[[], None]) -> None:
        """Do ``act`` when the next answer begins."""
        self.act = act
        self.fired.clear()
        self._set.set()

    def first_byte(self) -> bool:
        """An answer begins; whether the trap fired now."""
        with self._lock:
            if not self._set.is_set():
                return False
            self._set.clear()
            self.act()
            self.fired.set()
            return True


class Journal:
    """Records that are on the disk before anything else happens."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, record: Json) -> None:
        """Append and sync one record."""
        with self._path.open("ab") as file:
            file.write(json.dumps(record).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def records(self) -> list[Json]:
        """All records, from the disk."""
        return [json.loads(text) for text in self._path.read_bytes().splitlines()]


class CrashTill(threading.Thread):
    """A lane that sells, opens, settles, voids and returns until it is told to stop."""

    def __init__(self, name: str, key: str, cards: list[str], port: int, folder: Path, trap: Trap, seed: int) -> None:
        super().__init__(name=name, daemon=True)
        self._key, self._cards, self._port, self._trap = key, cards, port, trap
        self._random = random.Random(seed)
        self._count = 0
        self._returnable: list[Json] = []
        self.halt = threading.Event()
        self.journal = Journal(folder / f"{name}.journal")
        self.failure: BaseException | None = None
        self.repeats = 0

    def run(self) -> None:
        """One errand after another."""
        try:
            while not self.halt.is_set():
                self._random.choice((self.sell, self.sell, self.check_out, self.change_mind, self.give_back))()
        except BaseException as error:  # the test reads it after join
            self.failure = error

    def sell(self) -> None:
        """Open and settle in one."""
        sold = self.send("/sales", self._basket() | {"receipt": self._receipt()})
        self._returnable.append(sold)

    def check_out(self) -> None:
        """Open, then settle."""
        opened = self.send("/checkouts", self._basket())
        self.send(f"/checkouts/{opened['id']}/settle", {"receipt": self._receipt()})

    def change_mind(self) -> None:
        """Open, then void."""
        opened = self.send("/checkouts", self._basket())
        self.send(f"/checkouts/{opened['id']}/void", {})

    def give_back(self) -> None:
        """Return one unit of something this till sold."""
        if self._returnable:
            sold = self._returnable.pop()
            body = {"lines": [{"line": "1", "quantity": 1}], "receipt": self._receipt()}
            self.send(f"/sales/{sold['id']}/returns", body)

    def send(self, path: str, body: Json) -> Json:
        """Journal, send until there is a final answer, journal that."""
        self._count += 1
        key = f"{self.name}-key-{self._count:010d}"
        self.journal.write({"key": key, "path": path, "body": body})
        status, answer = self.deliver(key, path, body)
        self.journal.write({"key": key, "path": path, "status": status, "answer": answer})
        return answer

    def deliver(self, key: str, path: str, body: Json) -> tuple[int, Json]:
        """The same request until it is answered.  An answer that had begun was final: its repeat is a replay."""
        begun = False
        deadline = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < deadline, f"no answer to {path}"
            try:
                status, headers, answer, cut = self._once(key, path, body)
            except (OSError, http.client.HTTPException):
                self.repeats += 1
                time.sleep(0.02)
                continue
            begun = begun or cut
            assert status != 500, (path, answer)
            if status == 0 or status > 500 or answer.get("code") in AGAIN:
                self.repeats += 1
                time.sleep(0.02)
                continue
            assert not begun or headers.get("Idempotent-Replayed") == "true", f"{path}: answered before it was kept"
            return status, answer

    def _once(self, key: str, path: str, body: Json) -> tuple[int, Any, Json, bool]:
        """(status, headers, body, whether a good answer began and was cut); status 0: cut."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE) as wire:
            content = json.dumps(body).encode()
            head = (
                f"POST /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self._key}\r\n"
                f"Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
                "Connection: close\r\n\r\n"
            )
            wire.sendall(head.encode() + content)
            if not wire.recv(1, socket.MSG_PEEK):
                return 0, {}, {}, False
            began = wire.recv(12, socket.MSG_PEEK)
            fired = self._trap.first_byte()
            response = http.client.HTTPResponse(wire)
            try:
                response.begin()
                answer = json.loads(response.read())
            except (OSError, http.client.HTTPException, ValueError):
                return 0, {}, {}, fired and began.startswith(b"HTTP/1.1 2")
            return response.status, response.headers, answer, False

    def _basket(self) -> Json:
        units = self._random.randint(1, 3)
        price = self._random.randrange(10_000, 90_000, 500)
        goods = [{"line": "1", "sku": "bread", "quantity": units, "unit_price": price}]
        points = self._random.choice((0, 0, 100, 150))
        return {"lines": goods, "card": self._random.choice(self._cards), "entry": "scan", "redeem_points": points}

    def _receipt(self) -> str:
        return f"{self.name}-{self._count + 1:06d}"
