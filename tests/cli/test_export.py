"""``loyalty-pos export``: words become a folder, and a folder that is there is never touched (contract.md 4)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from loyalty_pos.cli import base, main


def run(*words: str) -> Result:
    return CliRunner().invoke(main, [*words])


def test_an_export_stands_in_its_folder_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOYALTY_POS_DATA", str(tmp_path / "var"))
    monkeypatch.setenv("LOYALTY_POS_DATABASE_URL", f"sqlite:///{tmp_path}/loyalty.db")
    monkeypatch.setattr(base, "user_language", lambda: "en")
    assert run("store", "add", "hn-01", "--name", "Hàng Bông").exit_code == 0
    folder = tmp_path / "out"
    done = run("export", "--all", str(folder), "--format", "csv", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told == json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert told["files"][0] == {
        "name": "stores",
        "rows": 1,
        "columns": [
            {"name": "store", "kind": "text"},
            {"name": "name", "kind": "text"},
            {"name": "created_at", "kind": "moment"},
        ],
    }
    assert '"hn-01","Hàng Bông"' in (folder / "stores.csv").read_text(encoding="utf-8")
    again = run("export", "--all", str(folder))
    assert (again.exit_code, again.stderr) == (1, "Error: This file exists already; choose another name.\n")
    assert run("export", str(tmp_path / "other")).exit_code == 2
