"""The registry: finds the adapters, so that nobody imports one by name.

Built-in ones are the modules of the package ``loyalty_pos.adapters``; others come as installed
wheels with an entry point in the group ``loyalty_pos.pos_adapters``.  A module whose name begins
with ``_`` is no adapter.  Invariant: one adapter per code, and its code is the name it was found by.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from pkgutil import iter_modules

from loyalty_pos.errors import BadInput, Conflict, NotFound
from loyalty_pos.ports import FileAdapter, PosAdapter, PushAdapter, WebhookAdapter

BUILT_IN = "loyalty_pos.adapters"
GROUP = "loyalty_pos.pos_adapters"
REFERENCE = "generic_json"
_NAME = re.compile(r"^[a-z][a-z0-9_]{1,39}$")


@cache
def adapters() -> dict[str, PosAdapter]:
    """Every adapter by its code, sorted. Conflict ``adapter_twice`` when two claim one code."""
    package = import_module(BUILT_IN)
    found = [
        (module.name, import_module(f"{BUILT_IN}.{module.name}").ADAPTER)
        for module in iter_modules(package.__path__)
        if not module.name.startswith("_")
    ]
    found += [(point.name, point.load()) for point in entry_points(group=GROUP)]
    by_code: dict[str, PosAdapter] = {}
    for name, adapter in sorted(found, key=lambda pair: pair[0]):
        if name in by_code or adapter.code != name:
            raise Conflict("adapter_twice", adapter=name)
        by_code[name] = adapter
    return by_code


def webhook_adapter(code: str) -> WebhookAdapter:
    """The adapter that takes calls under this code. NotFound ``adapter_unknown`` if there is none."""
    adapter = adapters().get(code)
    if isinstance(adapter, WebhookAdapter):
        return adapter
    raise NotFound("adapter_unknown")


def file_adapter(code: str) -> FileAdapter:
    """The adapter that reads files under this code. NotFound ``adapter_unknown`` if there is none."""
    adapter = adapters().get(code)
    if isinstance(adapter, FileAdapter):
        return adapter
    raise NotFound("adapter_unknown")


def push_adapter(code: str) -> PushAdapter:
    """The adapter that carries decisions. NotFound ``adapter_unknown`` if there is none."""
    adapter = adapters().get(code)
    if isinstance(adapter, PushAdapter):
        return adapter
    raise NotFound("adapter_unknown")


def scaffold(name: str, folder: Path) -> list[Path]:
    """Begin an adapter in the checkout ``folder``: the reference and its golden files, renamed.

    Writes ``adapters/NAME.py`` and ``tests/adapters/data/NAME/``, which the contract test picks
    up; returns the paths.  BadInput ``adapter_name``, Conflict ``adapter_exists``, NotFound
    ``reference_missing`` when this is an installed wheel without the tests' files.
    """
    if not _NAME.match(name):
        raise BadInput("adapter_name")
    package = Path(str(import_module(BUILT_IN).__file__)).parent
    golden = package.parent / "tests" / "adapters" / "data" / REFERENCE
    if not golden.is_dir():
        raise NotFound("reference_missing")
    module = folder / "adapters" / f"{name}.py"
    data = folder / "tests" / "adapters" / "data" / name
    if module.exists() or data.exists() or name in adapters():
        raise Conflict("adapter_exists")
    source = (package / f"{REFERENCE}.py").read_text(encoding="utf-8")
    class_name = "".join(part.capitalize() for part in name.split("_"))
    for old, new in (("GenericJson", class_name), ("Generic JSON webhook", name), (REFERENCE, name)):
        source = source.replace(old, new)
    written = [module]
    module.parent.mkdir(parents=True, exist_ok=True)
    module.write_text(source, encoding="utf-8")
    data.mkdir(parents=True)
    for file in sorted(golden.iterdir()):
        written.append(data / file.name)
        written[-1].write_bytes(file.read_bytes())
    return written
