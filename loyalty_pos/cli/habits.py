"""``habits``: what members buy, counted anew from the sales."""

from __future__ import annotations

import click

from loyalty_pos.cli.base import json_option, opened, progress, show
from loyalty_pos.services import profiles


@click.group()
def habits() -> None:
    """What members buy, and what they buy next."""


@habits.command()
@json_option
def rebuild(as_json: bool) -> None:
    """Count the habits of every member anew from the sales.

    Every sale keeps them right by itself; this is for a doubt, or after the shop's time zone was
    changed.  Tills may sell meanwhile.
    """
    with opened() as services, progress("Members", 1000) as tell:
        done = profiles.rebuild(services, lambda number, total: tell(1000 * number // total))
    show(as_json, done, f"The habits of {done['members']} members are counted anew.")
