"""The wheel carries one top-level name with everything in it that the product needs at run time."""

from __future__ import annotations

import configparser
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def declared() -> set[str]:
    """The packages that setup.cfg lists by hand."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return set(config["options"]["packages"].split())


def test_one_shop_needs_no_extra() -> None:
    """What ``make demo`` installs: neither PostgreSQL's driver nor another SQLite is there, and all commands load."""
    absent = "import sys; sys.modules.update(dict.fromkeys(('psycopg', 'pysqlite3', 'apsw')))"
    loads = "import loyalty_pos.cli, loyalty_pos.app, loyalty_pos.demo.simulator"
    subprocess.run([sys.executable, "-c", f"{absent}; {loads}"], check=True)


def test_the_list_of_packages_is_the_tree() -> None:
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "loyalty_pos").rglob("__init__.py")}
    for folder in ("adapters", "migrations"):
        found |= {
            "loyalty_pos." + ".".join(path.parent.relative_to(ROOT).parts)
            for path in (ROOT / folder).rglob("__init__.py")
        }
    assert declared() == found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_has_one_name_and_all_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"loyalty_pos"}
    wanted = ("py.typed", "migrations/versions/0001_first_schema.py", "adapters/generic_json.py", "migrations/env.py")
    for name in wanted:
        assert f"loyalty_pos/{name}" in names
    data = [
        path.relative_to(ROOT)
        for pattern in (
            "web/templates/**/*.html",
            "web/static/**/*.*",
            "web/translations/**/*.mo",
            "printing/fonts/*",
            "demo/*.json",
            "api/templates/*",
            "api/static/*",
        )
        for path in (ROOT / "loyalty_pos").glob(pattern)
        if path.is_file()
    ]
    assert data
    assert not [path for path in data if path.as_posix() not in names]


def test_every_dependency_has_a_reason_and_a_lower_bound() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = config["options"]["install_requires"].split("\n") + [
        line for extra in config["options.extras_require"].values() for line in extra.split("\n")
    ]
    reasons = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    for line in filter(None, map(str.strip, listed)):
        if line.startswith("loyalty-pos["):
            continue
        name, bound, _ = line.partition(" >= ")
        assert bound, f"{name} has no lower bound"
        assert f"| {name.split('[')[0]} |" in reasons, f"{name} is not in docs/dependencies.md"
