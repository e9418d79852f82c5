"""What a job tells of its run."""

from __future__ import annotations

from msgspec import Struct


class Summary(Struct, frozen=True):
    """What a job did: how many things it moved."""

    name: str
    done: int
