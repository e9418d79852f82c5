"""The engine under the expressions: DuckDB in this process, or Spark when a chain outgrows one machine.

The idea: everything else is Ibis expressions and does not know which engine runs them.  What both
must do is small: keep an intermediate table, hand over rows, write the answer.  Files are read and
written by DuckDB for both: two engines would guess a CSV and number its rows in two ways.  Invariant:
every table that is kept lies in a scratch folder that goes away with the engine, so memory holds only
what one query needs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.expr.types import Table

Keep = Callable[[Table], Table]
Name = Literal["duckdb", "spark"]


@dataclass(frozen=True, slots=True)
class Engine:
    """``backend``: the Ibis backend; ``other``: the DuckDB that reads and writes files for it, if it is another."""

    backend: Any
    scratch: Path
    other: Engine | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def files(self) -> Engine:
        """The engine that reads and writes files."""
        return self.other or self

    def keep(self, table: Table) -> Table:
        """Compute a table once and give it back as a stored one."""
        return self.backend.create_table(f"kept_{next(self._numbers)}", table)

    def bring(self, table: Table) -> Table:
        """A table of ``files`` as one of this engine."""
        if self.other is None:
            return table
        path = self._fresh()
        table.to_parquet(path)
        return self.backend.read_parquet(path)

    def take(self, batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Table:
        """Rows that were computed outside the engine, as a table of it."""
        path = self._fresh()
        with pq.ParquetWriter(path, schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
        return self.backend.read_parquet(path)

    def write(self, rows: Table, out: Path, kind: str = ".parquet") -> None:
        """Write one file, ``.parquet`` or ``.csv``, in the order of the rows."""
        if self.other is not None:
            folder = self._fresh()
            rows.to_parquet(folder)
            rows = self.other.backend.read_parquet(f"{folder}/*.parquet")
        if kind == ".parquet":
            rows.to_parquet(out)
        else:
            rows.to_csv(out)

    def _fresh(self) -> Path:
        return self.scratch / f"between-{next(self._numbers)}.parquet"


@contextmanager
def opened(name: Name = "duckdb", threads: int | None = None, memory: str | None = None) -> Iterator[Engine]:
    """An engine in a scratch folder, with the clock of its times set to UTC.

    ``threads`` (default: all cores) and ``memory`` ("4GB"; default: the engine's own) are what it may use.
    Unavailable (``spark_failed``) when Spark does not start.
    """
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="loyalty-pos-")))
        files = stack.enter_context(_duckdb(scratch, threads, memory))
        if name == "duckdb":
            yield files
            return
        from loyalty_pos.insight.spark import started

        backend = stack.enter_context(started(scratch, threads, memory))
        yield Engine(backend, scratch, files)


@contextmanager
def _duckdb(scratch: Path, threads: int | None, memory: str | None) -> Iterator[Engine]:
    """DuckDB on a file of its own."""
    backend = ibis.duckdb.connect(scratch / "work.duckdb", temp_directory=str(scratch / "spill"))
    try:
        backend.raw_sql("SET TimeZone = 'UTC'")
        backend.raw_sql("SET enable_progress_bar = false")
        if threads:
            backend.raw_sql(f"SET threads = {int(threads)}")
        if memory:
            backend.raw_sql(f"SET memory_limit = '{memory}'")
        yield Engine(backend, scratch)
    finally:
        backend.disconnect()
