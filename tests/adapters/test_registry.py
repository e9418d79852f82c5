"""The registry finds adapters and begins new ones."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from adapter_golden import golden_files

from loyalty_pos import registry
from loyalty_pos.errors import BadInput, Conflict, NotFound
from loyalty_pos.ports import Cap


def test_finds_the_built_in_adapters_and_not_their_helpers() -> None:
    found = registry.adapters()
    assert {"csv_file", "generic_json"} <= set(found)
    assert not [code for code in found if code.startswith("_")]
    assert list(found) == sorted(found)


def test_an_adapter_is_got_by_what_it_can_do() -> None:
    assert Cap.WEBHOOK in registry.webhook_adapter("generic_json").caps
    assert Cap.PUSH in registry.push_adapter("generic_json").caps
    assert Cap.FILE in registry.file_adapter("csv_file").caps
    for wrong in (
        lambda: registry.webhook_adapter("csv_file"),
        lambda: registry.file_adapter("generic_json"),
        lambda: registry.push_adapter("nothing"),
    ):
        with pytest.raises(NotFound) as refused:
            wrong()
        assert refused.value.code == "adapter_unknown"


def test_a_new_adapter_begins_as_the_reference_and_passes_its_golden_files(tmp_path: Path) -> None:
    written = registry.scaffold("corner_shop", tmp_path)
    assert written[0] == tmp_path / "adapters" / "corner_shop.py"
    source = written[0].read_text(encoding="utf-8")
    assert "generic" not in source.lower()
    assert "class CornerShop" in source
    assert len(written) - 1 == len(list((tmp_path / "tests/adapters/data/corner_shop").iterdir()))
    spec = importlib.util.spec_from_file_location("loyalty_pos.adapters.corner_shop", written[0])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.ADAPTER.code == "corner_shop"
    for golden in golden_files("generic_json"):
        assert golden.documents(module.ADAPTER) == golden.documents(registry.adapters()["generic_json"])


@pytest.mark.parametrize("name", ["", "_x", "Kiot", "kiot viet", "../x", "x" * 60])
def test_a_name_that_is_no_module_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        registry.scaffold(name, tmp_path)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    registry.scaffold("corner_shop", tmp_path)
    for name in ("corner_shop", "csv_file"):
        with pytest.raises(Conflict):
            registry.scaffold(name, tmp_path)


class Installed:
    """An entry point of another wheel: ``name`` is the code it claims."""

    def __init__(self, name: str) -> None:
        self.name = name

    def load(self) -> object:
        return registry.adapters()["generic_json"]


def test_an_installed_adapter_must_have_a_code_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    registry.adapters()
    for name in ("generic_json", "another_name"):
        monkeypatch.setattr(registry, "entry_points", lambda group, name=name: [Installed(name)])
        with pytest.raises(Conflict) as refused:
            registry.adapters.__wrapped__()
        assert refused.value.code == "adapter_twice"
