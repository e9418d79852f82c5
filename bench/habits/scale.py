"""``python -m bench.habits.scale --members N``: the nightly ranking of a chain, on lines made up by a query.

Some 30 rows a member and product, 20,000 products bought as Zipf has it, each member with favourites of
their own.  The ranking runs in a process of its own; its time, its processor time and the most memory
that it held are printed as one row of a table.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

VISITS, LINES, PRODUCTS = 8, 5, 20_000
_LINES = """
    COPY (
        SELECT 'm' || m AS member, TIMESTAMP '2026-01-01' + to_days(CAST(v * 40 + hash(m, v) % 40 AS INTEGER)) AS time,
               m || '-' || v AS basket,
               'p' || CAST(floor({products} * pow(CASE WHEN hash(m, v, l, 1) % 3 = 0
                   THEN (hash(m, l, 2) % 1000000) / 1e6 ELSE (hash(m, v, l, 3) % 1000000) / 1e6 END, 3)) AS INTEGER)
                   AS sku
        FROM range({members}) a(m), range({visits}) b(v), range({lines}) c(l)
    ) TO '{path}'
"""


def main() -> None:
    """Make the lines, rank, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.habits.scale", description=__doc__)
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--threads", default="2")
    parser.add_argument("--memory", default="5GB", help="of DuckDB; the rest of 8 GiB is for the models")
    parser.add_argument("--engine", default="duckdb")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "lines.parquet"
        db = duckdb.connect()
        db.execute("SET threads = 2; SET memory_limit = '4GB'; SET preserve_insertion_order = false")
        db.execute(_LINES.format(members=options.members, products=PRODUCTS, visits=VISITS, lines=LINES, path=path))
        count, pairs = db.execute(
            f"SELECT count(*), (SELECT count(*) FROM (SELECT DISTINCT member, sku FROM '{path}')) FROM '{path}'"
        ).fetchall()[0]
        db.close()
        began = time.monotonic()
        words = ["habits", "rank", "--lines", str(path), "--out", str(Path(name) / "rank.parquet"), "--json"]
        words += ["--threads", options.threads, "--memory", options.memory, "--engine", options.engine]
        environment = {**os.environ, "OMP_NUM_THREADS": options.threads, "OPENBLAS_NUM_THREADS": options.threads}
        subprocess.run([sys.executable, "-c", "from loyalty_pos.cli import main; main()", *words], check=True,
                       env=environment)  # fmt: skip
        seconds = time.monotonic() - began
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print("| members | lines | member-product rows | wall s | CPU s | most memory, GiB |\n|---|---|---|---|---|---|")
    print(
        f"| {options.members:,} | {count:,} | {pairs:,} | {seconds:.0f} | {used.ru_utime + used.ru_stime:.0f} | "
        f"{used.ru_maxrss / 2**20:.1f} |"
    )


if __name__ == "__main__":
    main()
