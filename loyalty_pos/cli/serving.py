"""The server: granian with threads, or waitress where granian is not installed.

An embedded database has one process, for it has one writer; PostgreSQL has a worker for each
core.  The jobs that are due by the clock run beside the requests, in the same process.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flask import Flask

from loyalty_pos import jobs
from loyalty_pos.app import create_app
from loyalty_pos.cli.base import Failed
from loyalty_pos.config import Config
from loyalty_pos.errors import LoyaltyError
from loyalty_pos.services.context import Services

EVERY_SECONDS = 30
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Tls = tuple[Path, Path]


def make_app(config: Config, with_jobs: bool) -> Flask:
    """The application, with the jobs running beside it if asked."""
    app = create_app(config)
    if with_jobs:
        start_jobs(app.extensions["loyalty_pos"])
    return app


def start_jobs(services: Services) -> threading.Event:
    """Run the due jobs every half minute, the long ones in a thread of their own; set the event to stop them."""
    stop = threading.Event()

    def run(names: Sequence[str]) -> None:
        while not stop.wait(EVERY_SECONDS):
            try:
                jobs.run_due(services, names)
            except LoyaltyError as error:
                logging.getLogger("loyalty_pos.jobs").warning("jobs: %s", error.code)

    for name, some in (("jobs", [x for x in jobs.JOBS if x not in jobs.LONG]), ("long jobs", jobs.LONG)):
        threading.Thread(target=run, args=(some,), name=name, daemon=True).start()
    return stop


def serve(config: Config, *, threads: int, workers: int, with_jobs: bool, tls: Tls | None) -> None:
    """Serve until interrupted.  Failed when the port is taken, or TLS is asked of waitress."""
    check_port(config.host, config.port)
    make = partial(make_app, config, with_jobs)
    if find_spec("granian") is None:
        _serve_waitress(config, make(), threads, tls)
    else:
        _serve_granian(config, make, threads, workers, tls)


def default_workers(config: Config) -> int:
    """One process for an embedded database, one for each core on PostgreSQL."""
    return 1 if config.database_url.startswith("sqlite") else os.cpu_count() or 1


def check_port(host: str, port: int) -> None:
    """Failed when nobody can listen there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Failed(f"Port {port} of {host} cannot be used: {error.strerror}.") from error


def _serve_granian(config: Config, make: Callable[[], Wsgi], threads: int, workers: int, tls: Tls | None) -> None:
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    server = Granian(
        "loyalty_pos",
        address=config.host,
        port=config.port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        websockets=False,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        ssl_cert=tls[0] if tls else None,
        ssl_key=tls[1] if tls else None,
    )
    server.serve(target_loader=make, wrap_loader=False)


def _serve_waitress(config: Config, app: Wsgi, threads: int, tls: Tls | None) -> None:
    import waitress  # type: ignore[import-untyped]

    if tls is not None:
        raise Failed("TLS needs granian: pip install granian, or put a TLS proxy in front.")
    waitress.serve(app, host=config.host, port=config.port, threads=threads, ident="loyalty-pos")
