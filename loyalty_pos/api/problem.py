"""Errors as RFC 9457 problems: one table of status by class, one sentence per code.

Invariant: a problem never shows the bad value, the text of an exception, or a field name that
we did not choose; an unforeseen error leaves as 500 with an opaque id that the log bears too.
"""

from __future__ import annotations

import logging
import re
import traceback
from typing import Any, cast

import msgspec
from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

from loyalty_pos import errors
from loyalty_pos.api.faults import told
from loyalty_pos.api.sentences import Language
from loyalty_pos.errors import LoyaltyError
from loyalty_pos.services.context import Services

log = logging.getLogger("loyalty_pos.error")

STATUS: dict[type[LoyaltyError], int] = {
    errors.BadInput: 422,
    errors.NotSignedIn: 401,
    errors.NotAllowed: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Refused: 422,
    errors.TooMany: 429,
    errors.InProgress: 409,
    errors.Unavailable: 503,
    LoyaltyError: 500,
}
"""The status of each class; a subclass has that of its nearest ancestor here."""

STATUS_OF_CODE = {
    "invalid_json": 400,
    "key_missing": 400,
    "key_invalid": 400,
    "too_large": 413,
    "unsupported_media_type": 415,
}
"""The few codes whose status differs from that of their class."""

HTTP_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
}

TITLES: dict[int, tuple[str, str]] = {
    400: ("Yêu cầu không đọc được", "Unreadable request"),
    401: ("Chưa đăng nhập", "Not signed in"),
    403: ("Không có quyền", "Not allowed"),
    404: ("Không tìm thấy", "Not found"),
    405: ("Sai phương thức", "Method not allowed"),
    406: ("Không có dạng này", "Not acceptable"),
    409: ("Mâu thuẫn", "Conflict"),
    413: ("Quá lớn", "Too large"),
    415: ("Sai kiểu nội dung", "Unsupported media type"),
    422: ("Không hợp lệ", "Not valid"),
    429: ("Quá nhiều lần", "Too many attempts"),
    500: ("Lỗi hệ thống", "Internal error"),
    503: ("Tạm thời không sẵn sàng", "Unavailable"),
}

_SEGMENT = re.compile(r"[a-z0-9_]{1,40}")


def status_of(error: LoyaltyError) -> int:
    """The HTTP status of an error."""
    if error.code in STATUS_OF_CODE:
        return STATUS_OF_CODE[error.code]
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def field_path(path: str) -> str:
    """``lines[0].quantity`` as ``lines.0.quantity``; a name that we did not choose becomes ``?``."""
    parts = path.replace("[", ".").replace("]", "").split(".")
    return ".".join(part if _SEGMENT.fullmatch(part) else "?" for part in parts if part)


def asked_language() -> Language | None:
    """The language that Accept-Language asks for, if it asks for one of ours."""
    wanted = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality)
    return cast(Language | None, next((code for code in wanted if code in ("vi", "en")), None))


def language() -> Language:
    """The language of a refusal: ``vi`` unless ``en`` is preferred."""
    return asked_language() or "vi"


def problem(error: LoyaltyError) -> Response:
    """The answer that tells of ``error``."""
    fields: dict[str, list[str]] = {}
    for path, codes in error.errors.items():
        fields.setdefault(field_path(path), []).extend(codes)
    response = _response(status_of(error), error.code, fields, error.facts)
    wait = error.facts.get("retry_after")
    if isinstance(error, errors.TooMany):
        wait = error.retry_after
    elif isinstance(error, errors.InProgress | errors.Unavailable) and wait is None:
        wait = 1
    if wait is not None:
        response.headers["Retry-After"] = str(wait)
    if error.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    if isinstance(error, errors.NotSignedIn):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _response(status: int, code: str, fields: dict[str, list[str]], facts: dict[str, Any], **more: object) -> Response:
    spoken = language()
    vi, en = TITLES.get(status) or TITLES[500 if status >= 500 else 400]
    body: dict[str, object] = {
        "type": f"urn:loyalty-pos:problem:{code}",
        "title": vi if spoken == "vi" else en,
        "status": status,
        "detail": told(code, spoken, facts, fields),
        "code": code,
    }
    if fields:
        body["errors"] = fields
    response = Response(
        msgspec.json.encode(body | more), status, content_type="application/problem+json; charset=utf-8"
    )
    response.headers["Content-Language"] = spoken
    response.headers["Vary"] = "Accept-Language"
    return response


def http_problem(error: HTTPException) -> Response:
    """A refusal of the web layer itself (no such route, wrong method, too large)."""
    status = error.code or 500
    code = HTTP_CODES.get(status) or ("bad_request" if status < 500 else "internal")
    response = _response(status, code, {}, {})
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def unforeseen(error: Exception) -> Response:
    """An error of our own: an opaque id for the reader, where it happened for the log.

    The exception's text stays out of both: a driver's message may carry the row.
    """
    services: Services = current_app.extensions["loyalty_pos"]
    incident = services.ids.digits(12)
    frames = [f"{x.filename.rpartition('/')[2]}:{x.lineno} {x.name}" for x in traceback.extract_tb(error.__traceback__)]
    log.error(
        "incident",
        extra={"record": {"incident": incident, "error": type(error).__name__, "at": frames[-12:]}},
    )
    return _response(500, "internal", {}, {}, incident=incident)


def install(app: Flask) -> None:
    """Answer with problems wherever pages do not answer with their own."""
    app.register_error_handler(LoyaltyError, problem)
    app.register_error_handler(HTTPException, http_problem)
    app.register_error_handler(Exception, unforeseen)
