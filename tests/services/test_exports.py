"""The export for analysis: whole, of one moment, without secrets, and read by the ranker as it is (docs/export.md)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from actions import Till, basket, line, ok
from conftest import Shop
from services.lane import lane_of

from loyalty_pos.errors import Conflict
from loyalty_pos.insight import tables
from loyalty_pos.insight.rank import Job, rank
from loyalty_pos.services import exports
from loyalty_pos.storage.exports import FILES, File

DOCS = Path(__file__).parents[2] / "docs" / "export.md"
SECRETS = ("Hạnh", "0901234567", "1990-05-24")


def grown(shop: Shop, till: Till) -> list[str]:
    """A shop with something of everything; what nobody may read in an export."""
    hanh = ok(till.enrol(name="Nguyễn Thị Hạnh", phone="0901234567", birthday="1990-05-24"))
    card = hanh["card"]["number"]
    for _ in range(3):
        goods = basket(line(1, sku="bread", price=60_000, quantity=3, category="bakery/bread"), card=card, entry="scan")
        sold = ok(till.sell(goods))
    ok(till.give_back(sold["id"], ("1", 1)))
    code = lane_of(shop).issues(hanh["member"]["id"])
    ok(till.sell(basket(line(1, sku="milk", quantity="0.435", price=20_000))))
    return [*SECRETS, card, code, hanh["page"].rsplit("/", 1)[1]]


def exported(shop: Shop, folder: Path, form: tables.Format = "parquet") -> dict[str, Any]:
    """What the command does."""
    with tables.whole(folder) as part:

        def write(file: File, rows: Iterator[Any]) -> int:
            kinds = {name: kind for name, (kind, _) in file.columns.items()}
            return tables.write(part / f"{file.name}.{form}", kinds, rows, form)

        done = exports.export(shop.services, write, lambda _done, _total: None)
        tables.write_manifest(part, done)
    return done


def test_every_row_is_there_and_the_manifest_says_so(shop: Shop, till: Till, tmp_path: Path) -> None:
    grown(shop, till)
    exported(shop, tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert {path.stem for path in (tmp_path / "out").glob("*.parquet")} == {file.name for file in FILES}
    for file, said in zip(FILES, manifest["files"], strict=True):
        found = pq.read_table(tmp_path / "out" / f"{file.name}.parquet")
        stored = shop.services.store.read(lambda tx, table=file.counted: tx.all(f"SELECT count(*) FROM {table}"))[0][0]
        assert (said["name"], said["rows"], found.num_rows) == (file.name, stored, stored)
        assert [column["name"] for column in said["columns"]] == found.column_names
    lines = pq.read_table(tmp_path / "out" / "lines.parquet").to_pylist()
    assert [str(row["quantity"]) for row in lines] == ["3.000", "3.000", "3.000", "0.435"]
    assert [row["returned"] for row in lines] == [0, 0, 1, 0]
    assert [row["member"] is None for row in lines] == [False, False, False, True]


def test_nothing_personal_or_secret_is_in_it(shop: Shop, till: Till, tmp_path: Path) -> None:
    secrets = grown(shop, till)
    exported(shop, tmp_path / "out", "csv")
    text = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "out").iterdir())
    assert "bread" in text
    assert [secret for secret in secrets if secret in text] == []


def test_csv_and_parquet_hold_the_same(shop: Shop, till: Till, tmp_path: Path) -> None:
    grown(shop, till)
    exported(shop, tmp_path / "one")
    exported(shop, tmp_path / "two", "csv")
    for file in FILES:
        found = pq.read_table(tmp_path / "one" / f"{file.name}.parquet")
        options = pc.ConvertOptions(
            column_types=found.schema, strings_can_be_null=True, quoted_strings_can_be_null=False
        )
        assert pc.read_csv(tmp_path / "two" / f"{file.name}.csv", convert_options=options).equals(found)


def test_the_ranker_reads_the_lines_as_they_are(shop: Shop, till: Till, tmp_path: Path) -> None:
    grown(shop, till)
    for form in ("parquet", "csv"):
        exported(shop, tmp_path / form, form)
        found = rank(Job(lines=tmp_path / form / f"lines.{form}", out=tmp_path / f"{form}.parquet"))
        assert (found["lines"], found["without_member"], found["members"]) == (4, 1, 1)


def test_all_files_show_one_moment(shop: Shop, till: Till) -> None:
    """A till that sells while the stores are written is not in the sales of this export."""
    grown(shop, till)
    seen: dict[str, int] = {}

    def write(file: File, rows: Iterator[Any]) -> int:
        if file.name == "stores":
            ok(lane.submit(till.sell, basket(line(1, price=10_000))).result())
        seen[file.name] = sum(1 for _ in rows)
        return seen[file.name]

    with ThreadPoolExecutor(1) as lane:
        exports.export(shop.services, write, lambda _done, _total: None)
    assert (seen["sales"], seen["lines"]) == (4, 4)


def test_nothing_is_overwritten_and_a_failure_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(Conflict, match="file_exists"), tables.whole(tmp_path / "there"):
        pass

    def fail() -> None:
        with tables.whole(tmp_path / "new") as part:
            (part / "half").touch()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_column_is_documented(file: File) -> None:
    page = DOCS.read_text(encoding="utf-8")
    section = page.split(f"## {file.name}\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \| (\w+) \|", section, re.M) == [
        (name, kind) for name, (kind, _) in file.columns.items()
    ]
