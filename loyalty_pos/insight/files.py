"""The files between a shop and the ranker: lines and members go out block by block, ranked rows come in.

Invariant: of a file of any size one block is in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

LINES = pa.schema(
    [("member", pa.string()), ("time", pa.timestamp("us")), ("basket", pa.string()), ("sku", pa.string()),
     ("quantity", pa.string()), ("category", pa.string())]
)  # fmt: skip
MEMBERS = pa.schema([("member", pa.string()), ("store", pa.string())])


def write(path: Path, schema: pa.Schema, blocks: Iterable[list[dict[str, Any]]]) -> int:
    """Rows as a Parquet file; how many."""
    count = 0
    with pq.ParquetWriter(path, schema) as writer:
        for block in blocks:
            writer.write_batch(pa.RecordBatch.from_pylist(block, schema))
            count += len(block)
    return count


def count(path: Path) -> int:
    """How many rows a Parquet file has."""
    return int(pq.ParquetFile(path).metadata.num_rows)


def read(path: Path, start: int, size: int) -> Iterator[list[dict[str, Any]]]:
    """The rows from ``start`` on, ``size`` at a time."""
    at = 0
    for batch in pq.ParquetFile(path).iter_batches(size):
        skipped = min(max(start - at, 0), batch.num_rows)
        at += batch.num_rows
        if skipped < batch.num_rows:
            yield batch.slice(skipped).to_pylist()
