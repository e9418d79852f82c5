"""A real server in its own process group, and tills as processes, for the tests that kill."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from crash.till import Journal

Json = dict[str, Any]
TESTS = Path(__file__).parents[1]
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


class TillProcess:
    """crash/till.py as a process; ``kill`` leaves it no time for anything either."""

    def __init__(self, name: str, key: str, cards: list[str], port: int, folder: Path, seed: int) -> None:
        self.name, self._folder = name, folder
        self.wire_key = key
        about = {"name": name, "key": key, "cards": cards, "port": port, "folder": str(folder), "seed": seed}
        self._command = [sys.executable, "-m", "crash.till", json.dumps(about)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, with whatever journal it has."""
        with (self._folder / f"{self.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=TESTS, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def unharmed(self) -> bool:
        """Whether it runs, or has ended in peace."""
        return self._process is not None and self._process.poll() in (None, 0)

    def join(self) -> None:
        """Wait until it has finished what it was doing."""
        assert self._process is not None
        self._process.wait(2 * PATIENCE)

    def records(self) -> list[Json]:
        """What its journal holds."""
        return Journal(self._folder / f"{self.name}.journal").records()

    def log(self) -> str:
        """What it printed, for the message of a failure."""
        return (self._folder / f"{self.name}.log").read_text(errors="replace")[-4000:]
