"""``python -m bench.expected CDNOW_sample.txt``: purchases to expect, held against what came (CDNOW, 1997-1998).

The file is the one of Fader and Hardie (2,357 customers; it lies in PyPI's ``lifetimes``, unpack its wheel).  The
model is fitted on the 39 weeks to 1997-09-30 and foretells the 39 weeks after; purchases of one day are one.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from loyalty_pos.domain.habits.expected import Known, Model, expected, fit

CUT, END = date(1997, 9, 30).toordinal(), date(1998, 6, 30).toordinal()


def read(path: Path) -> list[tuple[Known, int, int]]:
    """(what is known in weeks, days with a purchase afterwards, purchases afterwards) of each customer."""
    bought: dict[str, list[int]] = defaultdict(list)
    for row in path.read_text(encoding="ascii").splitlines():
        _, customer, day, *_ = row.split()
        bought[customer].append(date(int(day[:4]), int(day[4:6]), int(day[6:])).toordinal())
    found = []
    for days in bought.values():
        before = sorted({day for day in days if day <= CUT})
        after = [day for day in days if day > CUT]
        known = Known(len(before) - 1, (before[-1] - before[0]) / 7, (CUT - before[0]) / 7)
        found.append((known, len(set(after)), len(after)))
    return found


def errors(told: Sequence[float], came: Sequence[int]) -> dict[str, float]:
    """The mean absolute error, the root of the mean squared one, and the sum told over the sum that came."""
    off = [x - y for x, y in zip(told, came, strict=True)]
    return {
        "mae": round(sum(map(abs, off)) / len(off), 3),
        "rmse": round(math.sqrt(sum(x * x for x in off) / len(off)), 3),
        "total": round(sum(told) / sum(came), 3),
    }


def run(path: Path) -> dict[str, object]:
    """Fit, foretell, compare."""
    customers = read(path)
    model: Model = fit(known for known, _, _ in customers)
    told = [expected(model, known, (END - CUT) / 7) for known, _, _ in customers]
    return {
        "customers": len(customers),
        "model": {name: round(getattr(model, name), 3) for name in ("r", "alpha", "a", "b")},
        "days": errors(told, [days for _, days, _ in customers]),
        "purchases": errors(told, [purchases for _, _, purchases in customers]),
    }


def main(arguments: list[str] | None = None) -> int:
    """The command: prints one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m bench.expected", description=__doc__)
    parser.add_argument("file", type=Path)
    print(json.dumps(run(parser.parse_args(arguments).file)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
