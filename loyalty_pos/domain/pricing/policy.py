"""The few choices on which shops differ; the defaults are ours (promotions.md, Policy)."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

# Tries before the search must stop (search.py says what one is): about 50 ms for 20 lines on the
# reference machine.  A count, not a clock, so that every till computes the same (S11).
SEARCH_NODES = 400


class Policy(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How offers combine and who gets the benefit of a doubt."""

    percent_stacking: Literal["compound", "additive", "best_per_line"] = "compound"
    """Stacked percentages compound, add up on the original price, or only the best one counts."""
    exclusive_by: Literal["best", "priority"] = "best"
    given_units: Literal["cheapest_first", "dearest_first"] = "cheapest_first"
    over_budget: Literal["refuse", "cap"] = "refuse"
    earn_on_points_paid: bool = False
    tier_of_purchase: Literal["before", "including"] = "before"
    search_nodes: Annotated[int, Meta(ge=1, le=1_000_000)] = SEARCH_NODES
