"""The reference webhook, beyond its golden files."""

from __future__ import annotations

import json

import pytest

from loyalty_pos.errors import BadInput
from loyalty_pos.ports import Connection, Event, Ignored, RawRequest, Rejected, Stored
from loyalty_pos.registry import webhook_adapter

GENERIC = webhook_adapter("generic_json")


def request(body: bytes) -> RawRequest:
    return RawRequest(method="POST", url="https://shop.example/hook", headers={}, body=body)


def test_a_shop_may_do_without_signatures() -> None:
    unsigned = request(b"{}")
    assert GENERIC.authenticate(unsigned, Connection(options={"signature": "none"})).verdict == "ok"
    assert GENERIC.authenticate(unsigned, Connection()).verdict == "unsigned"


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b'{"a": NaN}', b'{"events": {}}', b'{"events": [1]}', b"\xff"])
def test_what_is_no_document_is_invalid_json(body: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        GENERIC.split(request(body))
    assert refused.value.code == "invalid_json"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"receipt": None}, Rejected("missing", "receipt")),
        ({"receipt": 1.5}, Rejected("not_text", "receipt")),
        ({"sold_at": 1}, Rejected("not_a_time", "sold_at")),
        ({"lines": {}}, Rejected("not_a_list", "lines")),
        ({"lines": [1]}, Rejected("not_an_object", "lines")),
        ({"entry": "nfc"}, Rejected("unknown_value", "entry")),
        ({"type": "return"}, Rejected("missing", "lines")),
        ({"type": "draft"}, Ignored("other_type")),
    ],
)
def test_the_reason_names_the_field(change: dict[str, object], reason: object) -> None:
    sale = {"type": "sale", "receipt": "42", "sold_at": "2026-11-21T19:05:00+07:00", "lines": []}
    assert GENERIC.normalise(Event("k", "", sale | change), Connection()) == [reason]


def test_a_corrected_document_is_another_revision_of_the_same_event() -> None:
    first, second = (
        GENERIC.split(request(json.dumps({"type": "sale", "receipt": "42", "revision": n}).encode()))[0] for n in (1, 2)
    )
    assert first.key == second.key
    assert first.revision != second.revision


def test_only_what_should_come_again_is_answered_with_try_again() -> None:
    assert [GENERIC.reply(stored).status for stored in Stored] == [200, 401, 400, 503]
