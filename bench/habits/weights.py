"""``python -m bench.habits.weights``: learn the weights that come with the product, and write them in their place.

From the even households of the Complete Journey, before the day on which the benchmark's four weeks
begin and without anybody's last day, which is what its last baskets ask for: so no answer of the
benchmark reaches it through the shipped weights.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from bench.habits import data
from bench.habits.__main__ import CUT_DAY
from loyalty_pos.insight import questions
from loyalty_pos.insight.engine import opened
from loyalty_pos.insight.lines import read_lines
from loyalty_pos.insight.visits import visits


def main() -> None:
    """Learn and write."""
    bought = data.journey()
    known, _ = data.last_day(bought, 1)
    cut = int(bought.day.min()) + CUT_DAY
    known = known.where((known.day < cut) & (known.member % 2 == 0))
    with tempfile.TemporaryDirectory() as folder, opened() as engine:
        lines = read_lines(engine, known.write(Path(folder) / "lines.parquet"), None, by_category=False)
        taught = questions.lessons(visits(lines.table, lines.today, engine.keep), engine.keep)
    weights, _ = questions.refitted(taught, {})
    rounded = {
        name: {feature: round(weight, 4) for feature, weight in found.items()} for name, found in weights.items()
    }
    path = Path(questions.__file__).with_name("weights.json")
    path.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
