"""The command line as a shop uses it: from nothing to a running till (contract.md 4)."""

from __future__ import annotations

import io
import json
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from loyalty_pos.cli import base, main
from loyalty_pos.cli.files import read_mapping
from loyalty_pos.errors import BadInput
from loyalty_pos.services import disk

Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``run("store", "list", json=True)``: the text, or the JSON object; ``fails`` is the exit status."""
    for name in ("DATABASE_URL", "CONFIG", "SECRET_KEY", "SEAL_KEY", "PUBLIC_URL", "PORT", "HOST", "LOG"):
        monkeypatch.delenv(f"LOYALTY_POS_{name}", raising=False)
    monkeypatch.setenv("LOYALTY_POS_DATA", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(base, "user_language", lambda: "en")

    def call(*words: str, json_: bool = False, fails: int = 0, stdin: str | None = None) -> Any:
        result: Result = CliRunner().invoke(main, [*words, *(["--json"] if json_ else [])], input=stdin)
        assert result.exit_code == fails, result.output
        if fails:
            return result.stderr
        return json.loads(result.stdout) if json_ else result.stdout

    return call


@pytest.fixture
def opened(run: Run) -> Run:
    """A shop with one store and one lane."""
    run("store", "add", "hn-01", "--name", "Hàng Bông")
    run("terminal", "add", "hn-01-1", "--store", "hn-01")
    return run


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*path, name)
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize("path", [(), *commands(main)], ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    """--help is complete: a sentence for the command and for each of its options."""
    command: Any = main
    for name in path:
        command = command.commands[name]
    assert command.help
    assert all(option.help for option in command.params if option.param_type_name == "option")
    assert CliRunner().invoke(main, [*path, "--help"]).exit_code == 0


def test_every_command_that_creates_or_reads_prints_json() -> None:
    """contract.md 4: everything but the servers."""
    without = {("serve",), ("programme", "show")}
    for path in commands(main):
        command: Any = main
        for name in path:
            command = command.commands[name]
        if not hasattr(command, "commands") and path not in without:
            assert any("--json" in option.opts for option in command.params), path


def test_a_shop_from_nothing(run: Run) -> None:
    assert run("db", "upgrade", json_=True)["backup"] is None
    assert run("store", "add", "hn-01", "--name", "Hàng Bông", json_=True) == {"code": "hn-01", "name": "Hàng Bông"}
    made = run("terminal", "add", "hn-01-1", "--store", "hn-01", "--scopes", "earn,redeem", json_=True)
    assert (made["code"], made["store"], made["scopes"]) == ("hn-01-1", "hn-01", ["earn", "redeem"])
    invited = run("terminal", "pair", "hn-01-1", json_=True)
    assert (invited["code"], len(invited["pairing_code"])) == ("hn-01-1", 8)
    assert run("terminal", "pair", "hn-01-1").split()[-1].isdigit()
    assert run("terminal", "rotate", "hn-01-1", json_=True)["key"] != made["key"]
    assert run("terminal", "revoke", "hn-01-1", json_=True)["state"] == "revoked"
    person = run("staff", "add", "an", "--role", "owner", "--token", json_=True)
    assert (person["login"], person["role"]) == ("an", "owner")
    assert len(person["token"]) > 40
    run("staff", "add", "lan", "--role", "cashier", "--store", "hn-01", "--password", "mat khau dai")
    assert run("staff", "token", "lan", json_=True)["token"]
    run("staff", "passwd", "lan", "--password", "mat khau khac")
    assert run("staff", "card", "lan", json_=True)["card"] is None
    assert "no card of their own" in run("staff", "card", "lan")
    run("staff", "card", "lan", "2900000000018", fails=1)
    assert run("report", "radar", json_=True)["rows"] == []
    assert "sign" in run("report", "radar", "--from", "2026-11-01").lower()
    assert run("staff", "disable", "lan", json_=True)["state"] == "disabled"
    assert [x["code"] for x in run("store", "list", json_=True)["items"]] == ["hn-01"]
    assert [x["state"] for x in run("terminal", "list", json_=True)["items"]] == ["revoked"]
    assert [x["login"] for x in run("staff", "list", json_=True)["items"]] == ["an", "lan"]
    assert "lan" in run("staff", "list")
    assert run("db", "check", json_=True)["ok"]
    assert run("ledger", "check", json_=True) == {"ok": True, "violations": [], "holds_judged_at": None}


def test_a_refusal_is_one_line_and_1_and_wrong_usage_is_2(opened: Run) -> None:
    """contract.md 4."""
    said = opened("terminal", "add", "x", "--store", "nowhere", fails=1)
    assert len(said.strip().splitlines()) == 1
    assert "nowhere" not in said
    assert "scopes" in opened("terminal", "add", "x", "--store", "hn-01", "--scopes", "all", fails=1)
    opened("terminal", "add", "x", fails=2)
    opened("staff", "add", "x", "--role", "king", fails=2)
    opened("staff", "add", "x", "--role", "owner", fails=2)
    opened("jobs", "run", "nothing", fails=2)
    opened("serve", "--tls-cert", str(Path(__file__)), fails=2)
    opened("serve", "--workers", "2", fails=2)


def test_refusals_speak_the_users_language(opened: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    english = opened("terminal", "revoke", "x", fails=1)
    monkeypatch.setattr(base, "user_language", lambda: "vi")
    vietnamese = opened("terminal", "revoke", "x", fails=1)
    assert english != vietnamese


def test_cards_are_issued_and_printed(opened: Run) -> None:
    """M2: a PDF, and a file is never overwritten."""
    made = opened("cards", "issue", "--count", "12", "--pdf", "cards.pdf", "--language", "vi", json_=True)
    assert len(made["cards"]) == made["count"] == 12
    assert Path("cards.pdf").read_bytes().startswith(b"%PDF")
    opened("cards", "issue", "--count", "1", "--pdf", "cards.pdf", fails=1)
    opened("cards", "issue", "--count", "1", "--pdf", "more.pdf", "--store", "nowhere", fails=1)
    assert not Path("more.pdf").exists()


def test_backup_and_restore(opened: Run) -> None:
    assert opened("backup", "copy.db", json_=True)["bytes"] > 0
    opened("store", "add", "late", "--name", "Late")
    done = opened("restore", "copy.db", json_=True)
    assert [x["code"] for x in opened("store", "list", json_=True)["items"]] == ["hn-01"]
    assert Path(done["kept"]).exists()
    opened("restore", "nothing.db", fails=1)
    opened("restore", fails=2)


def test_a_shop_moves_into_postgresql_only(opened: Run) -> None:
    """The move itself: tests/services/test_moving.py."""
    assert "PostgreSQL" in opened("db", "copy", "--to", "sqlite:///other.db", fails=1)
    opened("db", "copy", fails=2)
    assert "SQLite" in opened("db", "grant", "--role", "x", fails=1)


def test_a_restore_is_tried_without_restoring(opened: Run) -> None:
    """restore --check: a named copy, or the newest of those that the job made."""
    opened("restore", "--check", fails=1)
    opened("jobs", "run", "backup")
    tried = opened("restore", "--check", json_=True)
    assert Path(tried["file"]).parent == Path("var/backups").absolute()
    opened("backup", "copy.db")
    opened("store", "add", "late", "--name", "Late")
    assert opened("restore", "copy.db", "--check", json_=True)["bytes"] > 0
    assert len(opened("store", "list", json_=True)["items"]) == 2


def test_the_doctor_shows_the_settings_with_secrets_masked(opened: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = Path("var/secret.key").read_text()
    answer = opened("doctor", json_=True)
    assert answer["ok"]
    assert answer["settings"]["database_url"].endswith("loyalty.db")
    assert secret not in opened("doctor")
    assert "disk sync" not in {finding["what"] for finding in answer["findings"]}
    monkeypatch.setattr(disk, "look", lambda _folder: [disk.Finding("disk sync", "fail", "waits for nothing")])
    opened("doctor", "--disk", fails=1)


def test_the_ledger_is_sealed_verified_and_reported(opened: Run) -> None:
    """The head of the chain is printed by `ledger seal` and on the day's report; an edit is one line and 1."""
    done = opened("ledger", "seal", json_=True)
    assert done["rows"] > 0
    assert opened("report", "day", json_=True)["head"] == done["head"]
    assert done["head"] in opened("report", "day")
    assert "not judged" in opened("ledger", "check", "--anchor", done["head"])
    opened("jobs", "run")
    assert opened("ledger", "check", json_=True)["holds_judged_at"]
    assert opened("ledger", "verify", "--anchor", done["head"], json_=True)["ok"]
    assert done["head"] in opened("ledger", "verify")
    assert "1 findings" in opened("ledger", "verify", "--anchor", "99-0123456789abcdef", fails=1)
    assert "anchor" in opened("ledger", "verify", "--anchor", "x", fails=1)
    assert stat.S_IMODE(Path("var/seal.key").stat().st_mode) == 0o600
    with closing(sqlite3.connect("var/loyalty.db")) as raw, raw:
        raw.execute("DROP TRIGGER audit_no_update")
        raw.execute("UPDATE audit SET by = 'nobody'")
    opened("ledger", "verify", fails=1)
    assert "1 violations" in opened("ledger", "check", fails=1)


def test_jobs_run_all_or_one(opened: Run) -> None:
    everything = opened("jobs", "run", json_=True)["jobs"]
    one = opened("jobs", "run", everything[0]["name"], json_=True)["jobs"]
    assert [job["name"] for job in one] == [everything[0]["name"]]
    assert len(everything) > 1


def test_members_products_and_sales_are_imported_and_bad_rows_set_aside(opened: Run) -> None:
    rows = ("Thẻ;Tên", "2904174658310;Hạnh", ";Không thẻ", "4111111111111111;Ngân hàng", "")
    Path("m.csv").write_text("\n".join(rows), encoding="utf-8-sig")
    Path("map.json").write_text('{"card": "Thẻ", "name": "Tên"}', encoding="utf-8")
    done = opened("import", "members", "m.csv", "--map", "map.json", json_=True)
    assert (done["read"], done["added"], done["rejected"]) == (3, 1, 2)
    assert Path(done["rejected_file"]).read_text(encoding="utf-8-sig").splitlines() == [
        "line,reason,field,Thẻ,Tên", "3,card_or_phone_missing,card,,Không thẻ", "4,payment_card,card",
    ]  # fmt: skip
    Path("p.csv").write_text("sku,name,unit_price\n1,Mì,4500\n", encoding="utf-8")
    assert opened("import", "products", "p.csv", json_=True)["added"] == 1
    Path("s.csv").write_text(
        "receipt,sold_at,terminal,card,sku,quantity,unit_price\n"
        "R1,2026-06-01T10:00:00+07:00,hn-01-1,2904174658310,1,2,4500\n"
        "R2,2026-06-01T10:00:00+07:00,nowhere,,1,2,4500\n",
        encoding="utf-8",
    )
    done = opened("import", "sales", "s.csv", json_=True)
    assert (done["added"], done["rejected"]) == (1, 1)
    assert "R2" in Path("s.csv.rejected.csv").read_text(encoding="utf-8-sig")
    assert opened("import", "sales", "s.csv", json_=True)["known"] == 1
    Path("empty.csv").write_text("name\n", encoding="utf-8")
    opened("import", "products", "empty.csv", fails=1)


def test_a_promotion_is_tried_on_past_sales(opened: Run) -> None:
    """Half of everything, on the one past ticket of 4.500; a change of it, from a file; what is no such file."""
    half = {"code": "half", "name": "50 %", "state": "draft", "rewards": [{"kind": "percent_off", "percent": 50}]}
    Path("programme.json").write_text(json.dumps({"promotions": [half]}), encoding="utf-8")
    opened("programme", "load", "programme.json")
    Path("s.csv").write_text(
        "receipt,sold_at,terminal,card,sku,quantity,unit_price\nR1,2026-06-01T10:00:00+07:00,hn-01-1,,1,1,4500\n",
        encoding="utf-8",
    )
    assert opened("import", "sales", "s.csv", json_=True)["added"] == 1
    words = ("simulate", "promotion", "half", "--from", "2026-06-01", "--to", "2026-06-30")
    found = opened(*words, json_=True)
    assert (found["tickets"], found["discount"]) == (1, {"now": 0, "draft": 2_250})
    assert "1 tickets, 1 of them change" in opened(*words)
    Path("third.json").write_text('{"rewards": [{"kind": "percent_off", "percent": 20}]}', encoding="utf-8")
    assert opened(*words, "--changes", "third.json", json_=True)["discount"]["draft"] == 900
    for bad in ("[]", "{"):
        Path("bad.json").write_text(bad, encoding="utf-8")
        opened(*words, "--changes", "bad.json", fails=1)
    assert "half" in opened("programme", "show")


def test_a_mapping_names_columns_and_options(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    path.write_text('{"columns": {"sku": "Mã"}, "options": {"money": "major"}}', encoding="utf-8")
    assert read_mapping(path) == ({"sku": "Mã"}, {"money": "major"})
    for text in ("[]", "{", '{"sku": 1}'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(BadInput):
            read_mapping(path)


def test_the_programme_is_a_file(opened: Run) -> None:
    """What `show` prints, `load` takes; a second load changes nothing."""
    rule = {"code": "ten", "name": "10 %", "rewards": [{"kind": "percent_off", "percent": 10, "scope": {"all": True}}]}
    whole = {"settings": {"name": "Mộc An"}, "tiers": [{"code": "a", "name": "A"}], "promotions": [rule]}
    Path("programme.json").write_text(json.dumps(whole), encoding="utf-8")
    assert opened("programme", "load", "programme.json", json_=True) == {"promotions_changed": 1}
    shown = opened("programme", "show", json_=True)
    assert shown["settings"]["name"] == "Mộc An"
    assert shown["promotions"] == [rule | {"state": "active"}]
    Path("again.json").write_text(json.dumps(shown), encoding="utf-8")
    assert opened("programme", "load", "again.json", json_=True) == {"promotions_changed": 0}
    rule["priority"] = 3
    Path("programme.json").write_text(json.dumps(whole), encoding="utf-8")
    assert opened("programme", "load", "programme.json", json_=True) == {"promotions_changed": 1}
    for bad in ("[]", "{", '{"other": 1}', '{"tiers": {}}'):
        Path("bad.json").write_text(bad, encoding="utf-8")
        opened("programme", "load", "bad.json", fails=1)


def test_the_programme_of_the_quick_start_loads(run: Run) -> None:
    page = (Path(__file__).parents[2] / "docs" / "quick-start.md").read_text(encoding="utf-8")
    Path("programme.json").write_text(page.split("```json")[1].split("```")[0], encoding="utf-8")
    assert run("programme", "load", "programme.json", json_=True) == {"promotions_changed": 2}


def request_() -> dict[str, Any]:
    line = {"line": "1", "sku": "1", "quantity": 2, "unit_price": 4500}
    return {"now": "2026-11-21T10:00:00+07:00", "basket": {"lines": [line]}}


def test_price_needs_no_database(run: Run) -> None:
    """promotions.md: one request in, one Pricing out."""
    assert json.loads(run("price", "-", stdin=json.dumps(request_())))["totals"]["to_pay"] == 9000
    assert not Path("var").exists()
    run("price", "-", stdin="{", fails=1)
    assert "percent_off" in json.dumps(json.loads(run("price", "--schema")))
    run("price", fails=2)


def test_vectors_are_compared_by_the_keys_they_name(run: Run) -> None:
    right = {"id": "a", "request": request_(), "expect": {"totals": {"to_pay": 9000}}}
    wrong = {"id": "b", "request": request_(), "expect": {"totals": {"to_pay": 1}}}
    Path("v.jsonl").write_text(f"{json.dumps(right)}\n\n", encoding="utf-8")
    assert "1 vectors are right" in run("vectors", "run", "v.jsonl")
    assert run("vectors", "run", "v.jsonl", json_=True)["ok"]
    Path("v.jsonl").write_text(f"{json.dumps(right)}\n{json.dumps(wrong)}\n", encoding="utf-8")
    run("vectors", "run", "v.jsonl", fails=1)
    Path("v.jsonl").write_text("{\n", encoding="utf-8")
    run("vectors", "run", "v.jsonl", fails=1)


def test_adapters_are_listed_and_begun(run: Run) -> None:
    assert "csv_file" in [item["code"] for item in run("adapters", "list", json_=True)["items"]]
    assert run("adapters", "new", "my_pos", json_=True)["files"][0].endswith("my_pos.py")
    run("adapters", "new", "my_pos", fails=1)


def test_the_demo_is_made_afresh_each_time(run: Run) -> None:
    """contract.md 4: `demo --no-serve`."""
    small = ("demo", "--no-serve", "--members", "8", "--days", "7")
    shop = run(*small, json_=True)
    assert shop["members"] == 8
    assert shop["page"].startswith("/m/")
    assert {x["role"] for x in shop["logins"]} == {"owner", "manager", "cashier", "auditor"}
    text = run(*small)
    assert "/till" in text
    assert "moc-an-demo" in text


def test_progress_is_plain_lines_away_from_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    error = io.StringIO()
    monkeypatch.setattr(sys, "stderr", error)
    with base.progress("Cards", 40) as tell:
        for done in range(0, 41, 2):
            tell(done)
    lines = error.getvalue().splitlines()
    assert lines[0] == "Cards: 10 %"
    assert lines[-1] == "Cards: 100 %"
    assert len(lines) == 10


def test_progress_is_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    error = Terminal()
    monkeypatch.setattr(sys, "stderr", error)
    with base.progress("Cards", 40) as tell:
        tell(20)
        tell(50)
    assert "Cards" in error.getvalue()
    assert "100%" in error.getvalue()
