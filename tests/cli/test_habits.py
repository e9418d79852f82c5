"""``loyalty-pos habits rebuild``: the habits of every member, counted anew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from loyalty_pos import insight
from loyalty_pos.cli import main

MEMBERS = "card,name\n2900000000018,Lan\n2900000000025,Mai\n"
SALES = (
    "receipt,sold_at,store,terminal,card,line,sku,quantity,unit_price\n"
    "r1,2026-11-01T10:00:00+07:00,hn-01,hn-01-1,2900000000018,1,milk,1,30000\n"
    "r2,2026-11-08T10:00:00+07:00,hn-01,hn-01-1,2900000000018,1,milk,1,30000\n"
)


def test_every_member_is_counted_and_progress_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One JSON object on standard output, lines of progress on standard error; the ledger is right afterwards."""
    for name in ("DATABASE_URL", "CONFIG", "SECRET_KEY", "SEAL_KEY", "PUBLIC_URL", "PORT", "HOST", "LOG"):
        monkeypatch.delenv(f"LOYALTY_POS_{name}", raising=False)
    monkeypatch.setenv("LOYALTY_POS_DATA", str(tmp_path / "var"))

    def run(*words: str) -> str:
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 0, result.output
        told.append(result.stderr)
        return result.stdout

    told: list[str] = []
    for name, text in (("members.csv", MEMBERS), ("sales.csv", SALES)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    run("store", "add", "hn-01", "--name", "Hàng Bông")
    run("terminal", "add", "hn-01-1", "--store", "hn-01")
    run("import", "members", str(tmp_path / "members.csv"))
    run("import", "sales", str(tmp_path / "sales.csv"))
    assert json.loads(run("habits", "rebuild", "--json")) == {"members": 2}
    assert "Members: 100 %" in told[-1]
    assert "2 members" in run("habits", "rebuild")
    run("ledger", "check")
    assert json.loads(run("jobs", "run", "rank", "--json")) == {"jobs": [{"name": "rank", "done": 1}]}
    assert "rank: 100 %" in told[-1]
    listed = json.loads(run("habits", "models", "--json"))["items"]
    assert [(one["kind"], one["lines"], one["learned_from"]) for one in listed] == [("shipped", 2, 0)]
    assert "shipped" in run("habits", "models")
    monkeypatch.setitem(insight.EXTRAS, "analysis", ("a_package_that_is_not_there",))
    assert "rank: 0" not in run("jobs", "run")
    assert "loyalty-pos[analysis]" in told[-1]
    refused = CliRunner().invoke(main, ("jobs", "run", "rank"))
    assert refused.exit_code == 1
    assert "loyalty-pos[analysis]" in refused.stderr
