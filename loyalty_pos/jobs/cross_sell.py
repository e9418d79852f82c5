"""Once a local day: which goods go together in baskets."""

from __future__ import annotations

from loyalty_pos.jobs.summary import Summary, Tell, silent
from loyalty_pos.services import pairs
from loyalty_pos.services.context import Services


def run(services: Services, tell: Tell = silent) -> Summary:
    """Count the pairs of the newest baskets, unless it was done today."""
    return Summary("cross-sell", pairs.count_all(services, tell))
