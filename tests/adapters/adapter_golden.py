"""Golden files: what a POS sent, and the Documents that must come out.

In ``data/<adapter>/`` each ``NAME.expected.json`` stands beside its input ``NAME.<anything>``, and
if needed ``NAME.headers.json`` (webhooks) and ``NAME.connection.json`` (fields of Connection).
"""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from loyalty_pos.ports import Connection, Document, FileAdapter, PosAdapter, RawRequest, WebhookAdapter

DATA = Path(__file__).parent / "data"
BESIDE = (".expected.json", ".headers.json", ".connection.json")


@dataclass(frozen=True)
class Golden:
    """One recorded input of one adapter."""

    adapter: str
    stem: str

    @property
    def _base(self) -> Path:
        return DATA / self.adapter / self.stem

    def _json(self, suffix: str, default: Any) -> Any:
        path = self._base.with_name(self.stem + suffix)
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else default

    @property
    def raw(self) -> bytes:
        """The bytes as the POS sent them."""
        (path,) = [path for path in self._base.parent.glob(f"{self.stem}.*") if not path.name.endswith(BESIDE)]
        return path.read_bytes()

    @property
    def connection(self) -> Connection:
        """The shop's set-up for this input."""
        fields = self._json(".connection.json", {})
        return Connection(**{**fields, "secrets": tuple(fields.get("secrets", ()))})

    @property
    def request(self) -> RawRequest:
        """The input as a webhook call."""
        headers = self._json(".headers.json", {})
        return RawRequest(method="POST", url="https://pos.example/hook", headers=headers, body=self.raw)

    @property
    def expected(self) -> Any:
        """The documents that must come out, as JSON."""
        return self._json(".expected.json", None)

    def documents(self, adapter: PosAdapter) -> list[Document]:
        """What the adapter makes of the input."""
        if isinstance(adapter, FileAdapter):
            return list(adapter.read_file(io.BytesIO(self.raw), self.connection))
        assert isinstance(adapter, WebhookAdapter)
        events = adapter.split(self.request)
        return [document for event in events for document in adapter.normalise(event, self.connection)]


def golden_files(adapter: str) -> list[Golden]:
    """Every recorded input of an adapter, by name."""
    stems = [path.name.removesuffix(BESIDE[0]) for path in (DATA / adapter).glob(f"*{BESIDE[0]}")]
    return [Golden(adapter, stem) for stem in sorted(stems)]


def as_json(documents: list[Document]) -> Any:
    """Documents as the JSON of an expected file: kind, and every field that says something."""
    shown = [
        {"kind": type(document).__name__} | {k: v for k, v in asdict(document).items() if v not in (None, ())}
        for document in documents
    ]
    return json.loads(json.dumps(shown, default=_plain))


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    assert isinstance(value, Decimal)
    return str(value)
