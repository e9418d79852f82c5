"""Documentation is kept true by tests: what exists is documented, and examples run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import msgspec
import msgspec.inspect
import pytest

from loyalty_pos.cli import main
from loyalty_pos.domain.pricing.document import compare, price_document
from loyalty_pos.domain.pricing.policy import Policy
from loyalty_pos.domain.promotions.conditions import COMBINED
from loyalty_pos.domain.promotions.conditions import KINDS as CONDITIONS
from loyalty_pos.domain.promotions.definition import Audience, Limits, Promotion, Valid
from loyalty_pos.domain.promotions.rewards import KINDS as REWARDS
from loyalty_pos.domain.promotions.scope import Scope
from loyalty_pos.registry import adapters

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def fields(struct: type[msgspec.Struct]) -> tuple[msgspec.inspect.Field, ...]:
    """What a struct declares."""
    found = msgspec.inspect.type_info(struct)
    assert isinstance(found, msgspec.inspect.StructType)
    return found.fields


def choices(kind: msgspec.inspect.Type) -> list[object]:
    """The values of a type that has few."""
    if isinstance(kind, msgspec.inspect.UnionType):
        return [value for one in kind.types for value in choices(one)]
    if isinstance(kind, msgspec.inspect.LiteralType):
        return list(kind.values)
    return [True, False] if isinstance(kind, msgspec.inspect.BoolType) else []


EXAMPLES = re.findall(r"```json example\n(.*?)```", page("promotions.md"), re.S)


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_of_the_rule_language_gives_the_discount_it_says(text: str) -> None:
    request: dict[str, Any] = json.loads(text)
    discount, goods, points = (request.pop(name, None) for name in ("discount", "free_items", "points_earned"))
    expected = {name: request.pop(name) for name in ("not_applied", "proof") if name in request}
    answer = price_document(request)
    assert answer["totals"]["discount"] == discount
    assert answer["free_items"] == (goods or {})
    assert points in (None, answer["points"]["earned"])
    assert compare(expected, answer) == []


@pytest.mark.parametrize("kind", [*REWARDS, *CONDITIONS, *COMBINED])
def test_every_kind_is_documented_with_an_example(kind: str) -> None:
    assert f"`{kind}`" in page("promotions.md")
    assert any(f'"kind": "{kind}"' in example for example in EXAMPLES)


CHOICES = [
    (one.encode_name, choice)
    for struct in (Promotion, Policy)
    for one in fields(struct)
    for choice in choices(one.type)
]
"""Every value of what is a choice: trigger, stacking, stage, floor, and the policies."""


@pytest.mark.parametrize(("name", "value"), CHOICES, ids=str)
def test_every_choice_is_documented_with_an_example(name: str, value: object) -> None:
    assert any(f'"{name}": {json.dumps(value)}' in example for example in EXAMPLES)


@pytest.mark.parametrize("struct", [Scope, Valid, Audience, Limits, Policy], ids=lambda struct: struct.__name__)
def test_every_key_is_documented_with_an_example(struct: type[msgspec.Struct]) -> None:
    names = [one.encode_name for one in fields(struct)]
    assert [name for name in names if f"`{name}`" not in page("promotions.md")] == []
    assert [name for name in names if not any(f'"{name}": ' in example for example in EXAMPLES)] == []


@pytest.mark.parametrize("kind", [*REWARDS.values(), *CONDITIONS.values()], ids=lambda kind: kind.kind)
def test_every_argument_of_a_kind_is_documented(kind: type[msgspec.Struct]) -> None:
    assert [one.encode_name for one in fields(kind) if f"`{one.encode_name}`" not in page("promotions.md")] == []


def commands(group: click.Group, prefix: str = "") -> list[str]:
    found = []
    for name, command in group.commands.items():
        inner = f"{prefix} {name}".strip()
        found += commands(command, inner) if isinstance(command, click.Group) else [inner]
    return found


@pytest.mark.parametrize("command", commands(main))
def test_every_command_is_documented(command: str) -> None:
    assert f"loyalty-pos {command}" in page("operations.md") + page("quick-start.md") + page("adapters.md")


@pytest.mark.parametrize("code", [*adapters()])
def test_every_adapter_is_documented(code: str) -> None:
    assert f"`{code}`" in page("adapters.md")


def test_every_link_of_the_documentation_leads_somewhere() -> None:
    for path in [*DOCS.rglob("*.md"), DOCS.parent / "README.md", DOCS.parent / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
