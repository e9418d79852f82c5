"""Makes the backup of an embedded database when one is due; PostgreSQL has its own archive."""

from __future__ import annotations

from loyalty_pos.jobs.summary import Summary, Tell, silent
from loyalty_pos.services import rotation
from loyalty_pos.services.context import Services


def run(services: Services, _tell: Tell = silent) -> Summary:
    """One backup, or none."""
    return Summary("backup", int(rotation.run(services)))
