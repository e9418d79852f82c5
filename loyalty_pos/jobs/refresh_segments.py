"""Finds anew, once each local day, who belongs to each segment: most rules speak of days that pass by themselves."""

from __future__ import annotations

from loyalty_pos.jobs.summary import Summary, Tell, silent
from loyalty_pos.services import segment_members
from loyalty_pos.services.context import Services


def run(services: Services, tell: Tell = silent) -> Summary:
    """Refresh every segment that is due; one that was cut off is due still."""
    moved = sum(segment_members.refresh(services, code, tell) for code in segment_members.due(services))
    return Summary("refresh-segments", moved)
