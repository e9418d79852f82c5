"""Counts once a day what each campaign has brought, for the console's first page."""

from __future__ import annotations

from loyalty_pos.jobs.summary import Summary, Tell, silent
from loyalty_pos.services import campaign_outcomes
from loyalty_pos.services.context import Services


def run(services: Services, tell: Tell = silent) -> Summary:
    """Count what was not counted today."""
    return Summary("campaign-outcomes", campaign_outcomes.refresh(services, tell))
