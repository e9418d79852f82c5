"""The engine under the expressions: DuckDB in this process, or Spark when a chain outgrows one machine.

The idea: everything else is Ibis expressions and does not know which engine runs them.  What both
must do is small: read a file, keep an intermediate table, write the answer.  Invariant: every table
that is kept lies in a scratch folder that goes away with the engine, so memory holds only what one
query needs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.expr.types import Table

Keep = Callable[[Table], Table]


class Engine(NamedTuple):
    """``backend``: the Ibis backend; ``keep``: computes a table once and gives it back as a stored one."""

    backend: Any
    keep: Keep
    scratch: Path

    def take(self, batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Table:
        """Rows that were computed outside the engine, as a table of it."""
        path = self.scratch / "taken.parquet"
        with pq.ParquetWriter(path, schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
        return self.backend.read_parquet(path)


@contextmanager
def duckdb_engine(threads: int | None = None, memory: str | None = None) -> Iterator[Engine]:
    """DuckDB on a file of its own in a scratch folder, with the clock of its times set to UTC.

    ``memory`` ("1GB"): what does not fit into it lies in the scratch folder.
    """
    with tempfile.TemporaryDirectory(prefix="loyalty-pos-") as folder:
        scratch = Path(folder)
        backend = ibis.duckdb.connect(scratch / "work.duckdb", temp_directory=str(scratch / "spill"))
        backend.raw_sql("SET TimeZone = 'UTC'")
        backend.raw_sql("SET enable_progress_bar = false")
        if threads:
            backend.raw_sql(f"SET threads = {int(threads)}")
        if memory:
            backend.raw_sql(f"SET memory_limit = '{memory}'")
        numbers = count(1)
        try:
            yield Engine(backend, lambda table: backend.create_table(f"kept_{next(numbers)}", table), scratch)
        finally:
            backend.disconnect()
