"""How much a long test does: enough for every change, much more before a release.

LOYALTY_POS_TEST_AMOUNT is unset (what CI does), ``soak``, or a share of what CI does such as
``0.05``, for a look while developing and for the planted faults.
"""

from __future__ import annotations

import os

CHOSEN = os.environ.get("LOYALTY_POS_TEST_AMOUNT", "1")
SOAK = CHOSEN == "soak"
SEED = int(os.environ.get("LOYALTY_POS_TEST_SEED", "20261121"))


def amount(ci: int, soak: int) -> int:
    """The quantity to do now: ``ci``, ``soak``, or the chosen share of ``ci`` (at least 1)."""
    return soak if SOAK else max(1, round(ci * float(CHOSEN)))
