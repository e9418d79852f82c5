"""Goes on with launches, stops campaigns at their budget, ends them, and meets each day's occasions."""

from __future__ import annotations

from loyalty_pos.jobs.summary import Summary, Tell, silent
from loyalty_pos.services import campaign_upkeep
from loyalty_pos.services.context import Services


def run(services: Services, tell: Tell = silent) -> Summary:
    """Do what is due of every campaign."""
    return Summary("campaigns", campaign_upkeep.run(services, tell))
