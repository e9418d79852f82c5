"""Once a local day: where every member stands, their quintiles and what to expect of them (habits.md section 3)."""

from __future__ import annotations

from loyalty_pos.jobs.summary import Summary, Tell, silent
from loyalty_pos.services import standing
from loyalty_pos.services.context import Services


def run(services: Services, tell: Tell = silent) -> Summary:
    """Judge every member, unless it was done today; a night that was cut off goes on."""
    return Summary("lifecycle", standing.judge_all(services, tell))
