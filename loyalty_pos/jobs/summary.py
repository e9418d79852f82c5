"""What a job tells: how far it is, and in the end what it did."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from loyalty_pos.services.context import Services
from loyalty_pos.storage.tx import Tx

Tell = Callable[[int, int], None]
"""Told (done, total) after each step."""


class Summary(Struct, frozen=True):
    """What a job did: how many things it moved."""

    name: str
    done: int


def silent(done: int, total: int) -> None:
    """Nobody listens."""


def in_steps(
    services: Services, name: str, waiting: Callable[[Tx], int], step: Callable[[Tx], int], tell: Tell
) -> Summary:
    """Run ``step``, a transaction each, until it moves nothing.

    A run that was cut off is continued by the next one; runs at the same time share the work.
    """
    total, done = services.store.read(waiting), 0
    while moved := services.store.write(step):
        done += moved
        tell(done, max(done, total))
    return Summary(name, done)
