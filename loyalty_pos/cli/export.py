"""``export``: the shop's tables as files for analysis, on this machine or another (docs/export.md)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from loyalty_pos.cli.base import json_option, opened, progress, show
from loyalty_pos.insight import need
from loyalty_pos.services import exports
from loyalty_pos.storage.exports import File


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, required=True, help="Every table; there is no smaller export yet.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "csv"]),
    default="parquet",
    show_default=True,
    help="Of the files.",
)
@json_option
def export(folder: Path, everything: bool, form: Any, as_json: bool) -> None:
    """Write every table that a shop would analyse to the new FOLDER, with manifest.json.

    All files show one moment; tills may sell meanwhile.  No names, phones, card numbers or coupon codes.
    """
    need("analysis")
    from loyalty_pos.insight import tables

    with opened() as services, progress("Rows", 1000) as tell, tables.whole(folder) as part:

        def write(file: File, rows: Iterator[Any]) -> int:
            kinds = {name: kind for name, (kind, _) in file.columns.items()}
            return tables.write(part / f"{file.name}.{form}", kinds, rows, form)

        done = exports.export(services, write, lambda rows, total: tell(1000 * rows // max(total, 1)))
        tables.write_manifest(part, done | {"format": form})
    rows = sum(file["rows"] for file in done["files"])
    show(as_json, done | {"format": form}, f"{rows} rows in {len(done['files'])} files stand in {folder}.")
