"""``python -m bench.habits``: every table of docs/habits.md, in one run; ``--quick`` leaves out the boosted model.

The Complete Journey is judged at the level of products and of categories, CDNOW and a made-up town of
fashions beside it.  Each row has the figures of all members and of the two halves of them (by number),
which shows how far a figure moves by chance.  No half was held out: the features and the number of
windows were chosen with all households of the Complete Journey in sight; the other two data sets were
not looked at while choosing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.habits import data
from bench.habits.tasks import Found, Model, four_weeks, last_basket

CUT_DAY = 335
_WEEKS = (
    "GP-TopFreq (purchase count)",
    "recency",
    "decayed 0.95 a visit",
    "decayed exp(-days/90)",
    "TIFU-KNN",
    "UP-CF@r",
)


def table(title: str, names: tuple[str, str], found: Sequence[Found]) -> str:
    """One markdown table."""
    first, second = names
    rows = [f"### {title}", "", f"| | {first} | {second} | {first}, half 1 / 2 | {second}, half 1 / 2 | CPU s |"]
    rows.append("|---|---|---|---|---|---|")
    rows += [
        f"| {one.name} | {one.first:.4f} | {one.second:.4f} | {one.halves[0][0]:.4f} / {one.halves[1][0]:.4f} | "
        f"{one.halves[0][1]:.4f} / {one.halves[1][1]:.4f} | {one.seconds:.0f} |"
        for one in found
    ]
    return "\n".join([*rows, ""])


def main() -> None:
    """Print the tables; progress goes to standard error."""
    parser = argparse.ArgumentParser(prog="python -m bench.habits", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without the boosted model")
    parser.add_argument("--only", choices=["last", "weeks", "categories", "others"], help="one part")
    options = parser.parse_args()
    models: list[Model] = ["logistic"] if options.quick else ["logistic", "boosted"]

    def tell(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def wanted(part: str) -> bool:
        return options.only in (None, part)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if wanted("last") or wanted("weeks"):
            products = data.journey()
            cut = int(products.day.min()) + CUT_DAY
        if wanted("last"):
            rows = last_basket(products, 6, models, folder, tell)
            print(table("Complete Journey, products, last basket", ("recall@10", "nDCG@10"), rows))
        if wanted("weeks"):
            weeks = four_weeks(products, cut, models, folder, tell, _WEEKS)
            print(table("Complete Journey, products, four weeks", ("AUC", "P@5"), weeks.found))
            for model, bands in weeks.bands.items():
                print(f"### Chance said and share bought, {model}\n\n| pairs | said | bought |\n|---|---|---|")
                print("".join(f"| {pairs} | {said:.3f} | {came:.3f} |\n" for pairs, said, came in bands))
        if wanted("categories"):
            kinds = data.journey(by_category=True)
            cut = int(kinds.day.min()) + CUT_DAY
            weeks = four_weeks(kinds, cut, models, folder, tell, _WEEKS)
            print(table("Complete Journey, categories, four weeks", ("AUC", "P@5"), weeks.found))
        if wanted("others"):
            others = {"CDNOW, unit prices as items": (data.cdnow(), 4), "Made-up town of fashions": (data.fashion(), 4)}
            for title, (bought, fewest) in others.items():
                rows = last_basket(bought, fewest, models, folder, tell)
                print(table(f"{title}, last basket", ("recall@10", "nDCG@10"), rows))


if __name__ == "__main__":
    main()
