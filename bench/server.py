"""The product served by granian in processes of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from bench.till import Till, Unexpected

PATIENCE = 60.0


class Server:
    """A running service on the database ``url``; a context manager that stops it."""

    def __init__(self, url: str, folder: Path) -> None:
        self._folder = folder
        self.port = _free_port()
        self._env = os.environ | {
            "LOYALTY_POS_DATABASE_URL": url,
            "LOYALTY_POS_DATA": str(folder / "var"),
            "LOYALTY_POS_PORT": str(self.port),
            "LOYALTY_POS_SECRET_KEY": "benchmark-secret-benchmark-secret",
        }

    def __enter__(self) -> Server:
        self._log = (self._folder / "server.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.served"],
            env=self._env,
            stdout=self._log,
            stderr=self._log,
        )
        self._wait()
        return self

    def __exit__(self, *failure: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        if failure[0] is not None:
            lines = (self._folder / "server.log").read_text(errors="replace").splitlines()
            print("\n".join([line for line in lines if '"level":"info"' not in line][-30:]), file=sys.stderr)

    def kill(self) -> None:
        """Kill every process of the service with -9."""
        parent = psutil.Process(self._process.pid)
        for process in (*parent.children(recursive=True), parent):
            process.kill()
        self._process.wait()

    def cpu(self) -> float:
        """Seconds of CPU of all the service's processes."""
        return sum(times.user + times.system for times in self._each("cpu_times"))

    def rss(self) -> int:
        """Bytes of memory of all the service's processes."""
        return sum(memory.rss for memory in self._each("memory_info"))

    def pss(self) -> int:
        """The same, with what processes share counted once."""
        return sum(memory.pss for memory in self._each("memory_full_info"))

    def _each(self, what: str) -> list[Any]:
        parent = psutil.Process(self._process.pid)
        return [getattr(process, what)() for process in (parent, *parent.children(recursive=True))]

    def _wait(self) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self._process.poll() is None:
            with suppress(OSError), Till(self.port) as till:
                if till.get(b"/readyz").status == 200:
                    return
            time.sleep(0.1)
        self.__exit__(Unexpected, None, None)
        raise Unexpected(f"the service did not start (exit status {self._process.returncode})")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
