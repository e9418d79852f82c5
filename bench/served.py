"""``python -m bench.served``: what ``loyalty-pos serve`` serves, with a clock that the tills move."""

from __future__ import annotations

from bench.moving import Moving, ReplayClock
from loyalty_pos.app import create_app
from loyalty_pos.cli import serving
from loyalty_pos.config import load_config

THREADS = 16


def make() -> Moving:
    """The application of one worker."""
    clock = ReplayClock()
    return Moving(create_app(load_config(), clock=clock), clock)


def main() -> None:
    """Serve until told to stop, with the very options of ``serve``."""
    config = load_config()
    serving._serve_granian(config, make, THREADS, serving.default_workers(config), None)


if __name__ == "__main__":
    main()
