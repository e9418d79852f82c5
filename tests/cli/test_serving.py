"""``serve``: one process for an embedded database, TLS, jobs beside the requests."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import waitress  # type: ignore[import-untyped]
from click import ClickException

from loyalty_pos import jobs
from loyalty_pos.app import make_services
from loyalty_pos.cli import serving
from loyalty_pos.config import Config
from loyalty_pos.errors import Conflict, Unavailable
from loyalty_pos.services import backup
from loyalty_pos.services.context import Services

PATIENCE = 60
COMMAND = (sys.executable, "-c", "from loyalty_pos.cli import main; main()")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(folder: Path, *options: str, scheme: str = "http") -> Iterator[str]:
    """A running service in ``folder``; its address."""
    port = free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith("LOYALTY_POS_")}
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", str(port), *options],
        env=env | {"LOYALTY_POS_DATA": str(folder)},
        stderr=subprocess.PIPE,
    )
    try:
        address = f"{scheme}://127.0.0.1:{port}"
        wait_for(address + "/readyz", process)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE)
    assert b"Traceback" not in said
    assert process.returncode == 0


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    until = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None
        try:
            with urllib.request.urlopen(address, timeout=5, context=context) as answer:
                assert answer.status == 200
                return
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.2)


def test_an_embedded_shop_is_served_and_stops_when_told(tmp_path: Path) -> None:
    """The database is made on the way; while it is served, nothing is restored over it."""
    with served(tmp_path):
        shop = make_services(Config(tmp_path, f"sqlite:///{tmp_path}/loyalty.db", secret_key=b"x" * 32))
        copied = tmp_path / "copy.db"
        backup.backup(shop, copied)
        with pytest.raises(Conflict) as refused:
            backup.restore(shop, copied)
        assert refused.value.code == "database_in_use"
        shop.store.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
def test_https_is_served_directly(tmp_path: Path) -> None:
    """contract.md 3: serve --tls-cert --tls-key."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    words = f"openssl req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {cert} -days 1 -subj /CN=localhost"
    subprocess.run(words.split(), check=True, capture_output=True)
    with served(tmp_path / "var", "--tls-cert", str(cert), "--tls-key", str(key), "--no-jobs", scheme="https"):
        pass


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data=tmp_path, database_url=f"sqlite:///{tmp_path}/x.db", secret_key=b"x" * 32, port=free_port())


def test_a_port_that_is_taken_is_said_in_a_line(config: Config) -> None:
    with socket.socket() as other:
        other.bind((config.host, config.port))
        other.listen()
        with pytest.raises(ClickException) as refused:
            serving.serve(config, threads=1, workers=1, with_jobs=False, tls=None)
    assert str(config.port) in refused.value.message


def test_waitress_serves_where_granian_is_not_installed(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, object] = {}
    monkeypatch.setattr(serving, "find_spec", lambda _name: None)
    monkeypatch.setattr(waitress, "serve", lambda app, **options: told.update(options, app=app))
    serving.serve(config, threads=3, workers=1, with_jobs=False, tls=None)
    assert (told["port"], told["threads"]) == (config.port, 3)
    told["app"].extensions["loyalty_pos"].store.close()  # type: ignore[attr-defined]
    with pytest.raises(ClickException) as refused:
        serving.serve(config, threads=3, workers=1, with_jobs=False, tls=(Path("c"), Path("k")))
    assert "granian" in refused.value.message


def test_postgresql_has_a_worker_for_each_core(config: Config) -> None:
    assert serving.default_workers(config) == 1
    chain = Config(data=config.data, database_url="postgresql://x", secret_key=b"x" * 32)
    assert serving.default_workers(chain) == os.cpu_count()


def test_jobs_go_on_when_one_run_fails(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = threading.Semaphore(0)

    def run(_services: Services, *_names: object) -> None:
        runs.release()
        raise Unavailable("database_unavailable")

    monkeypatch.setattr(serving, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(jobs, "run_due", run)
    stop = serving.start_jobs(services)
    for _ in range(3):  # each of the two threads begins with one
        assert runs.acquire(timeout=PATIENCE)
    stop.set()
