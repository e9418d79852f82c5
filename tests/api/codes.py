"""The codes that the source raises, read from the source."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from loyalty_pos import errors
from loyalty_pos.errors import LoyaltyError
from loyalty_pos.insight import installed

PACKAGE = Path(errors.__file__).parent


def kinds() -> dict[str, type[LoyaltyError]]:
    """Every class of the tree, wherever it is defined."""
    elsewhere = ["loyalty_pos.adapters", "loyalty_pos.cli", "loyalty_pos.migrations"]
    if not installed("spark"):
        elsewhere.append("loyalty_pos.insight.spark")
    for module in pkgutil.walk_packages([str(PACKAGE)], "loyalty_pos."):
        if not module.name.startswith(tuple(elsewhere)):
            importlib.import_module(module.name)
    found, open_ = {}, [LoyaltyError]
    while open_:
        kind = open_.pop()
        found[kind.__name__] = kind
        open_ += kind.__subclasses__()
    return found


KINDS = kinds()
NAMED_BY = {"parse_id": 1, "need_store": 1}
"""Functions that raise NotFound(f"{what}_unknown"), and where ``what`` stands."""


@cache
def raised() -> dict[str, type[LoyaltyError]]:
    """code -> the class that is raised with it."""
    found = {kind.default_code: kind for kind in KINDS.values()}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                found |= dict(_of_call(node))
    return found


def _of_call(call: ast.Call) -> Iterator[tuple[str, type[LoyaltyError]]]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in KINDS and call.args:
        for code in _texts(call.args[0]):
            yield code, KINDS[name]
    elif name in NAMED_BY and len(call.args) > NAMED_BY[name]:
        for what in _texts(call.args[NAMED_BY[name]]):
            yield f"{what}_unknown", errors.NotFound


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
    elif isinstance(node, ast.JoinedStr) and ast.unparse(node) == "f'checkout_{row.state}'":
        yield from ("checkout_settled", "checkout_voided")


@cache
def field_codes() -> set[str]:
    """The codes that are put on a field: by ``errors={path: [code]}``, ``invalid(path, code)``,
    ``ValueError("field:code")``."""
    found: set[str] = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                found.update(_of_field(node))
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
                found.update(_listed(node.value) if "faults" in ast.unparse(node.targets[0]) else ())
    return found


def _of_field(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name == "invalid" and len(call.args) == 2:
        yield from _texts(call.args[1])
    if name == "ValueError" and call.args:
        yield from (
            ast.unparse(text).strip("'\"").rpartition(":")[2] for text in call.args[:1] if ":" in ast.unparse(text)
        )
    for keyword in call.keywords:
        if keyword.arg == "errors" and isinstance(keyword.value, ast.Dict):
            for value in keyword.value.values:
                yield from _listed(value)


def _listed(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.List):
        for one in node.elts:
            yield from _texts(one)
