"""From bytes to a frozen value: what a body must pass before a service sees it.

Order: form of the message (415, 413), JSON (400), the sweep for bank cards and unprintable
characters (422), the types (422), the idempotency key (400).  Invariant: whatever is refused
here has touched nothing, and the refusal names fields, never values.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Iterator
from typing import TypeVar

import msgspec
from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from loyalty_pos.api.auth import current_caller
from loyalty_pos.api.base import services
from loyalty_pos.domain.cards import EXEMPT, bank_track, payment_card
from loyalty_pos.domain.promotions.decode import decode
from loyalty_pos.errors import BadInput
from loyalty_pos.services import rules
from loyalty_pos.services.context import Request

T = TypeVar("T")

MIB = 1024 * 1024
DEEPEST = 40
SHORTEST_CARD = 13
LONGEST_ID = 64
SCANS = frozenset({"card", "swipe", "replaces"})
"""What a scanner or a stripe wrote: separators of their own are allowed there."""

_KEY = re.compile(r"[A-Za-z0-9-]{16,64}")
_BIDI = "\u200e\u200f\u202a-\u202e\u2066-\u2069"
_BAD = re.compile(rf"[\x00-\x1f\x7f-\x9f{_BIDI}\ud800-\udfff]")
_BAD_SCAN = re.compile(rf"[\x00\x01\x05-\x08\x0b\x0c\x0e-\x1c\x1e\x1f\x7f-\x9f{_BIDI}\ud800-\udfff]")


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body with nothing to say: {}."""


def read(kind: type[T], *, most: int = MIB) -> T:
    """The body of a call that changes nothing (a quote, a preview), as ``kind``."""
    return decode(_swept(_json(most)), kind, "")


def write(kind: type[T], *, most: int = MIB, key: bool = True) -> tuple[Request, T]:
    """The body of a call that changes something, as ``kind``, and its Request.

    ``key`` False: the Idempotency-Key may be missing.  Raises BadInput (``invalid_json``,
    ``key_missing``, ``key_invalid``, ``payment_card``, ``unsupported_media_type``, ``invalid``).
    """
    raw = _swept(_json(most))
    return _request(raw, key), decode(raw, kind, "")


def need_key(found: Request) -> Request:
    """The same request; BadInput (``key_missing``) without an idempotency key."""
    if found.key is None:
        raise BadInput("key_missing")
    return found


def write_items(kind: type[T], *, most: int) -> T:
    """The body of a batch, unswept: each item is swept by itself (``refuse``) and has its own key."""
    return decode(_json(most), kind, "")


def refuse(raw: object) -> None:
    """Raise BadInput (``payment_card``, ``invalid``) for what must never be stored (S41)."""
    _swept(raw)


def harmless(receipt: str | None) -> str | None:
    """A receipt as a batch may echo it: None when it could not be one."""
    if receipt is None or len(receipt) > LONGEST_ID or not receipt.isprintable() or bank_track(receipt, ()):
        return None
    return receipt


def _request(raw: object, needed: bool) -> Request:
    key = request.headers.get("Idempotency-Key")
    if key is not None and (not _KEY.fullmatch(key) or payment_card(key)):
        raise BadInput("key_invalid")
    found = Request(current_caller(), key, body_hash(request.method, request.path, raw))
    return need_key(found) if needed else found


def body_hash(method: str, path: str, raw: object) -> bytes:
    """What tells one request from another under the same key: HMAC of route and canonical JSON."""
    text = b"%s %s\n%s" % (method.encode(), path.encode(), msgspec.json.encode(raw, order="sorted"))
    return hmac.digest(services().secret, text, "sha256")


def _json(most: int) -> object:
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != "application/json" or charset != "utf-8" or "Content-Encoding" in request.headers:
        raise BadInput("unsupported_media_type")
    request.max_content_length = most
    try:
        return msgspec.json.decode(request.get_data(cache=False))
    except RequestEntityTooLarge:
        raise BadInput("too_large") from None
    except msgspec.ValidationError:
        raise BadInput from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadInput("invalid_json") from None


# The sweep (S41) --------------------------------------------------------------------------------


def _swept(raw: object) -> object:
    """``raw`` itself; almost always one quick look is enough, the faults are named by a second."""
    scanned = isinstance(raw, dict) and raw.get("entry") in ("scan", "qr")
    if not _harmless(raw, "", scanned, 0):
        _name_faults(raw, scanned)
    return raw


def _harmless(value: object, field: str, scanned: bool, depth: int) -> bool:
    """Written for speed: this meets every field of every basket."""
    if isinstance(value, str):
        return value.isprintable() and (len(value) < SHORTEST_CARD or not _card(value, field, scanned))
    if isinstance(value, dict):
        for name, inner in value.items():
            if (len(name) > SHORTEST_CARD or not name.isidentifier()) and not _harmless(name, "", scanned, depth):
                return False
            kind = type(inner)
            if kind is int or (kind is str and len(inner) < SHORTEST_CARD and inner.isprintable()):
                continue
            if not _harmless(inner, name, scanned, depth + 1):
                return False
        return depth <= DEEPEST
    if isinstance(value, list):
        return depth <= DEEPEST and all(_harmless(inner, field, scanned, depth + 1) for inner in value)
    return True


def _name_faults(raw: object, scanned: bool) -> None:
    faults: dict[str, list[str]] = {}
    for path, field, text in _strings(raw, "", "", 0):
        if not text.isprintable() and (_BAD_SCAN if field in SCANS else _BAD).search(text):
            faults[path] = ["bad_characters"]
        elif len(text) >= SHORTEST_CARD and _card(text, field, scanned):
            raise BadInput("payment_card", errors={path: ["payment_card"]})
    if faults:
        raise BadInput(errors=faults)


def _strings(value: object, path: str, field: str, depth: int) -> Iterator[tuple[str, str, str]]:
    """(path, name of the field, text) of every string, names of fields too."""
    if isinstance(value, str):
        yield path, field, value
    elif isinstance(value, dict):
        if depth > DEEPEST:
            raise BadInput(errors={path: ["too_deep"]})
        for name, inner in value.items():
            yield path, "", name
            yield from _strings(inner, f"{path}.{name}" if path else name, name, depth + 1)
    elif isinstance(value, list):
        if depth > DEEPEST:
            raise BadInput(errors={path: ["too_deep"]})
        for index, inner in enumerate(value):
            yield from _strings(inner, f"{path}.{index}", field, depth + 1)


def _card(text: str, field: str, scanned: bool) -> bool:
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    exempt = field in EXEMPT
    if exempt and "=" not in plain and "^" not in plain:
        return False
    written = plain.encode("utf-8", "replace")
    if len(written) - len(written.translate(None, b"0123456789")) < SHORTEST_CARD:
        return False
    if not _looks_paid(text, field, scanned, exempt, ()):
        return False
    own = rules.book(services()).programme.own_prefixes
    return _looks_paid(text, field, scanned, exempt, own)


def _looks_paid(text: str, field: str, scanned: bool, exempt: bool, own: tuple[str, ...]) -> bool:
    if bank_track(text, own):
        return True
    return not exempt and payment_card(text, own, scan=scanned and field in SCANS)
