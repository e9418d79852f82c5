"""The contract that every adapter keeps, whoever wrote it.

A new adapter is picked up here by itself, with its golden files in ``data/<code>/``: at least
three, at least one of them with a sale.
"""

from __future__ import annotations

import ast
import io
import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import msgspec
import pytest
from adapter_golden import Golden, as_json, golden_files
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_pos import registry
from loyalty_pos.domain.basket import basket_faults, decode_basket
from loyalty_pos.errors import BadInput
from loyalty_pos.ports import (
    Cap,
    Connection,
    CouponGiven,
    Document,
    Event,
    FileAdapter,
    Ignored,
    PosAdapter,
    PushAdapter,
    RawRequest,
    Rejected,
    ReturnTicket,
    SaleTicket,
    Stored,
    TierGiven,
    WebhookAdapter,
    as_sold,
)

ADAPTERS = registry.adapters()
GOLDEN = [golden for code in ADAPTERS for golden in golden_files(code)]
WEBHOOKS = [adapter for adapter in ADAPTERS.values() if isinstance(adapter, WebhookAdapter)]
SIGNED = [g for g in GOLDEN if g.adapter in {a.code for a in WEBHOOKS} and g.connection.secrets]
FILES = [adapter for adapter in ADAPTERS.values() if isinstance(adapter, FileAdapter)]
PUSHERS = [adapter for adapter in ADAPTERS.values() if isinstance(adapter, PushAdapter)]
PROTOCOLS = {Cap.WEBHOOK: WebhookAdapter, Cap.FILE: FileAdapter, Cap.PUSH: PushAdapter}
ALLOWED = {"loyalty_pos.ports", "loyalty_pos.errors", "loyalty_pos.domain.money", "loyalty_pos.domain.basket"}

each_golden = pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: f"{golden.adapter}/{golden.stem}")
each_signed = pytest.mark.parametrize("golden", SIGNED, ids=lambda golden: f"{golden.adapter}/{golden.stem}")


def by_code(adapters: list[PosAdapter]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("adapter", adapters, ids=[adapter.code for adapter in adapters])


@by_code(list(ADAPTERS.values()))
def test_says_who_it_is_and_fulfils_what_it_claims(adapter: PosAdapter) -> None:
    module = import_module(type(adapter).__module__)
    assert (module.__doc__ or "").strip()
    assert adapter.title.strip()
    fulfilled = {cap for cap, protocol in PROTOCOLS.items() if isinstance(adapter, protocol)}
    assert adapter.caps == fulfilled != set()


@by_code(list(ADAPTERS.values()))
def test_has_three_golden_files_and_a_sale_among_them(adapter: PosAdapter) -> None:
    files = golden_files(adapter.code)
    assert len(files) >= 3 or adapter.caps == {Cap.PUSH}
    kinds = {document["kind"] for golden in files for document in golden.expected}
    assert "SaleTicket" in kinds or adapter.caps == {Cap.PUSH}


@each_golden
def test_golden_input_gives_the_expected_documents(golden: Golden) -> None:
    assert as_json(golden.documents(ADAPTERS[golden.adapter])) == golden.expected


@each_golden
def test_tickets_are_whole(golden: Golden) -> None:
    """S1, S47: aware times, integers of money, no line twice, no discount above its line."""
    for document in golden.documents(ADAPTERS[golden.adapter]):
        if isinstance(document, SaleTicket):
            body = as_sold(document)
            assert body.pop("as_sold") is True
            body.pop("tenders", None)
            basket = decode_basket(json.dumps(body))
            assert basket_faults(basket) == {}
            assert [line.gross - line.discount >= 0 for line in basket.lines] == [True] * len(document.lines)
            assert document.currency == golden.connection.currency
        elif isinstance(document, ReturnTicket):
            assert document.returned_at.tzinfo is not None
            assert all(line.quantity > 0 for line in document.lines)


@each_signed
def test_takes_an_authentic_call_and_no_other(golden: Golden) -> None:
    adapter = ADAPTERS[golden.adapter]
    assert isinstance(adapter, WebhookAdapter)
    request, connection = golden.request, golden.connection
    assert adapter.authenticate(request, connection).verdict == "ok"
    assert adapter.authenticate(replace(request, body=request.body + b" "), connection).verdict == "bad"
    assert adapter.authenticate(request, replace(connection, secrets=("another",))).verdict == "bad"
    assert adapter.authenticate(request, replace(connection, secrets=())).verdict == "bad"
    assert adapter.authenticate(replace(request, headers={}), connection).verdict == "unsigned"


@each_signed
def test_both_secrets_are_good_during_a_rotation(golden: Golden) -> None:
    adapter = ADAPTERS[golden.adapter]
    assert isinstance(adapter, WebhookAdapter)
    for secrets in (golden.connection.secrets, tuple(reversed(golden.connection.secrets))):
        verdict = adapter.authenticate(golden.request, replace(golden.connection, secrets=secrets)).verdict
        assert verdict == "ok"


@each_signed
def test_a_repeated_call_has_the_same_events(golden: Golden) -> None:
    adapter = ADAPTERS[golden.adapter]
    assert isinstance(adapter, WebhookAdapter)
    first, again = (adapter.split(golden.request) for _ in range(2))
    assert [(event.key, event.revision) for event in first] == [(e.key, e.revision) for e in again]
    assert len({(event.key, event.revision) for event in first}) == len(first)


@by_code(list(WEBHOOKS))
@settings(max_examples=100)
@given(body=st.binary(max_size=200) | st.text(max_size=100).map(lambda text: json.dumps([text]).encode()))
def test_an_unreadable_call_is_bad_input_and_nothing_else(adapter: WebhookAdapter, body: bytes) -> None:
    request = RawRequest(method="POST", url="https://pos.example/hook", headers={}, body=body)
    try:
        events = adapter.split(request)
    except BadInput:
        return
    assert all(adapter.normalise(event, Connection()) is not None for event in events)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(max_size=20) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def damaged(native: Mapping[str, object], path: list[int], value: object) -> Mapping[str, object]:
    """The native document with one of its values, at any depth, replaced."""
    key = sorted(native)[path[0] % len(native)]
    inner = native[key]
    if len(path) > 1 and isinstance(inner, list) and inner and isinstance(inner[0], dict) and inner[0]:
        return {**native, key: [damaged(inner[0], path[1:], value), *inner[1:]]}
    if len(path) > 1 and isinstance(inner, dict) and inner:
        return {**native, key: damaged(inner, path[1:], value)}
    return {**native, key: value}


@each_signed
@settings(max_examples=100)
@given(path=st.lists(st.integers(0, 30), min_size=1, max_size=3), value=JSON)
def test_a_damaged_document_is_read_or_rejected(golden: Golden, path: list[int], value: object) -> None:
    """S1: whatever stands in a field, the adapter answers with a Document that the till's call takes."""
    adapter = ADAPTERS[golden.adapter]
    assert isinstance(adapter, WebhookAdapter)
    for event in adapter.split(golden.request):
        native = damaged(event.native, path, value)
        for document in adapter.normalise(Event(event.key, event.revision, native), golden.connection):
            assert isinstance(document, SaleTicket | ReturnTicket | Ignored | Rejected)
            if isinstance(document, SaleTicket):
                assert document.sold_at.tzinfo is not None
                assert all(type(line.unit_price) is type(line.discount) is int for line in document.lines)
            if isinstance(document, Rejected):
                assert msgspec.json.encode(document.reason).strip(b'"').replace(b"_", b"").isalnum()


@by_code(list(WEBHOOKS))
def test_every_outcome_has_an_answer_and_only_done_is_a_success(adapter: WebhookAdapter) -> None:
    assert 200 <= adapter.reply(Stored.DONE).status < 300
    assert adapter.reply(Stored.BUSY).status >= 429
    assert {adapter.reply(stored).status // 100 for stored in Stored} <= {2, 4, 5}


@by_code(list(FILES))
@settings(max_examples=100)
@given(content=st.binary(max_size=300) | st.text(alphabet='receipt,;\n"0.5é', max_size=200).map(str.encode))
def test_an_unreadable_file_is_bad_input_or_rejected_rows(adapter: FileAdapter, content: bytes) -> None:
    documents: list[Document] = []
    with suppress(BadInput):
        documents.extend(adapter.read_file(io.BytesIO(content), Connection()))
    assert all(isinstance(document, SaleTicket | Rejected) for document in documents)


@by_code(list(PUSHERS))
def test_a_decision_becomes_repeatable_requests(adapter: PushAdapter) -> None:
    until = datetime(2026, 12, 5, 16, 59, tzinfo=UTC)
    for decision in (
        TierGiven(customer="C1", tier="gold"),
        CouponGiven(code="992048517730264414", amount=20000, valid_to=until),
    ):
        once, again = (adapter.express(decision, Connection()) for _ in range(2))
        assert once == again
        assert all(action.key and action.path.startswith("/") for action in once)


def adapter_sources() -> list[Path]:
    package = import_module(registry.BUILT_IN)
    return sorted(Path(package.__path__[0]).glob("*.py"))


@pytest.mark.parametrize("path", adapter_sources(), ids=lambda path: path.name)
def test_imports_only_what_an_adapter_may(path: Path) -> None:
    """Architecture: ports, money, basket, errors, siblings, the standard library; no more."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        else:
            continue
        foreign = [n for n in names if n not in ALLOWED and n.split(".")[0] not in sys.stdlib_module_names]
        assert foreign == []
