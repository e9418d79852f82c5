"""A folder of tables for analysis: one Parquet or CSV file each, and a manifest that tells what is in them.

Invariant: the folder bears its name only when it is whole; until then it stands beside it under a
working name, and rows pass through in batches, so memory does not grow with the shop.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from loyalty_pos.errors import Conflict, Unavailable

Format = Literal["parquet", "csv"]
BATCH = 20_000
TYPES: Mapping[str, pa.DataType] = {
    "id": pa.string(),
    "text": pa.string(),
    "json": pa.string(),
    "count": pa.int64(),
    "points": pa.int64(),
    "money": pa.int64(),
    "quantity": pa.decimal128(18, 3),
    "moment": pa.timestamp("ms", "UTC"),
    "day": pa.date32(),
}
"""Kind of a column -> its type in the file."""
READ = {"id": str, "quantity": Decimal, "day": date.fromisoformat}
"""How a value of the database becomes one of that type, where it is not one already."""


@contextmanager
def whole(folder: Path) -> Iterator[Path]:
    """A working folder that takes the name ``folder`` at the end, or is removed.

    Conflict (``file_exists``): nothing is ever overwritten.  Unavailable (``disk_failed``).
    """
    if folder.exists():
        raise Conflict("file_exists")
    part = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True, mode=0o700)
        yield part
        part.rename(folder)
    except OSError as error:
        raise Unavailable("disk_failed", cause=error.strerror) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write(path: Path, kinds: Mapping[str, str], rows: Iterable[Sequence[Any]], form: Format) -> int:
    """Write one table with columns of these kinds (``TYPES``); how many rows there were."""
    schema = pa.schema([(name, TYPES[kind]) for name, kind in kinds.items()])
    number = 0
    with pq.ParquetWriter(path, schema) if form == "parquet" else pc.CSVWriter(path, schema) as writer:
        left = iter(rows)
        while batch := list(islice(left, BATCH)):
            columns = zip(*batch, strict=True)
            arrays = [_array(column, kind) for column, kind in zip(columns, kinds.values(), strict=True)]
            writer.write_table(pa.table(arrays, schema=schema))
            number += len(batch)
    return number


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """``manifest.json``: what is in the folder."""
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")


def _array(column: Sequence[Any], kind: str) -> pa.Array:
    read: Any = READ.get(kind)
    values = column if read is None else [None if value is None else read(value) for value in column]
    return pa.array(values, TYPES[kind])
