"""The product as it is served, with a clock that the tills move; granian loads ``application``."""

from __future__ import annotations

from bench.moving import Moving, ReplayClock
from loyalty_pos.app import create_app
from loyalty_pos.config import load_config

_clock = ReplayClock()
application = Moving(create_app(load_config(), clock=_clock), _clock)
