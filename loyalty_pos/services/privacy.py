"""No payment card, secret or clear phone number lies outside the personal-data tables (reliability.md, L12).

The words are searched where they lie: every row of the database and of its copies, every other file
as text.  They are judged by S41 and by what is known to be secret: the phone numbers of members, the
hashes of keys and sessions, the addresses of member pages, the key files.
Invariant: a finding names the place and the kind, never the value.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from loyalty_pos.domain.cards import EXEMPT, bank_track, payment_card
from loyalty_pos.domain.checkdigits import gs1_valid
from loyalty_pos.errors import Refused
from loyalty_pos.services.context import Services
from loyalty_pos.services.disk import Finding
from loyalty_pos.services.pages import page_card
from loyalty_pos.services.phones import written_forms
from loyalty_pos.services.staff import secret_hash
from loyalty_pos.storage import copies, sweep
from loyalty_pos.storage.tx import Tx

PERSONAL = frozenset({"people", "consents"})
WAITING = "quarantine"
"""An enrolment that was set aside keeps what the till sent until somebody has decided about it."""
KEYS = ("secret.key", "seal.key")
PART, OVERLAP = 1 << 20, 256
"""Bytes of a file that are judged at a time, and how many of them are judged again with the next."""

_SUSPECT = re.compile(r"[0-9](?:[ .()-]{0,2}[0-9]){8}|[A-Za-z0-9_-]{22}")
"""What has neither is nothing of what is looked for: almost every word."""
_NUMBER = re.compile(r"(?<![0-9A-Za-z])[0-9](?:[ .()-]{0,2}[0-9]){8,14}(?![0-9A-Za-z])")
_PRODUCT = re.compile(r"(?<![0-9])[0-9]{13}(?![0-9])")
_SECRET = re.compile(r"(?<![A-Za-z0-9_-])(?:terminal-|staff-)?[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
_PAGE = re.compile(r"(?<![0-9])[0-9]{1,18}-[A-Za-z0-9_-]{22}(?![A-Za-z0-9_-])")
_SQLITE, _ITS_LOGS = b"SQLite format 3\0", ("-wal", "-shm")

Tell = Callable[[int, int], None]
Seen = dict[tuple[str, str], list[Any]]


class Judge(NamedTuple):
    """What must not be found, on one snapshot of the database."""

    tx: Tx
    secret: bytes
    own: tuple[str, ...]
    """The card prefixes that the shop declared."""
    phones: frozenset[str]
    """Digits, as they are dialled at home and from abroad."""
    hashes: frozenset[bytes]
    keys: tuple[str, ...]

    def kinds(self, text: str, field: str = "") -> Iterator[str]:
        """What the text of a field holds that it must not."""
        if not _SUSPECT.search(text):
            return
        exempt = field in EXEMPT
        if bank_track(text, self.own) or (not exempt and payment_card(_PRODUCT.sub(_no_product, text), self.own)):
            yield "payment card"
        if not exempt and any(re.sub("[^0-9]", "", run[0]) in self.phones for run in _NUMBER.finditer(text)):
            yield "phone number"
        known = any(secret_hash(run[0]) in self.hashes for run in _SECRET.finditer(text))
        if known or any(key in text for key in self.keys):
            yield "secret"
        if any(page_card(self.tx, self.secret, run[0]) is not None for run in _PAGE.finditer(text)):
            yield "page address"

    def value(self, value: Any, column: str) -> set[str]:
        """The same of a cell: text, text in bytes, or a document whose fields have names of their own."""
        text = value if isinstance(value, str) else bytes(value or b"").decode("utf-8", "replace")
        if not _SUSPECT.search(text):
            return set()
        return {kind for field, part in _strings(_document(text), column) for kind in self.kinds(part, field)}


def examine(services: Services, also: Iterable[Path] = (), tell: Tell = lambda _done, _total: None) -> list[Finding]:
    """A finding for each kind in each column or file, or one that says that there is nothing.

    Looked at are the database in force, the data folder, the second folder of backups, and ``also``:
    log files, exports.  A copy of the database is read as one, ``.gz`` is opened; other packed files
    (PDF, Parquet) are not.  ``tell(done, total)`` of files.
    """
    folders = [Path(services.data_folder), *(Path(folder) for folder in (services.backup_copy,) if folder), *also]
    files = sorted(set(_files(folders)) - _live(services.store.url))

    def work(tx: Tx) -> list[Finding]:
        judge = _judge(services, tx)
        found = list(_database(judge, tx, services.store.dialect))
        for number, file in enumerate(files, 1):
            found += _file(judge, file)
            tell(number, len(files))
        return found

    found = services.store.read(work)
    return found or [Finding("privacy", "ok", f"nothing found in the database and {len(files)} files")]


def _judge(services: Services, tx: Tx) -> Judge:
    keys = (Path(services.data_folder) / name for name in KEYS)
    return Judge(
        tx=tx,
        secret=services.secret,
        own=services.rules.current(tx).programme.own_prefixes,
        phones=frozenset(form for phone in sweep.phones(tx) for form in written_forms(phone)),
        hashes=frozenset(sweep.secret_hashes(tx)),
        keys=tuple(key.read_text(errors="replace").strip() for key in keys if key.is_file()),
    )


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        inside = folder.rglob("*") if folder.is_dir() else [folder]
        yield from (file.resolve() for file in inside if file.is_file() and file.name not in KEYS)


def _live(url: str) -> set[Path]:
    """The files of the embedded database in force: they are read through it."""
    if not url.startswith("sqlite"):
        return set()
    file = copies.embedded_file(url).resolve()
    return {file, *(file.with_name(file.name + end) for end in _ITS_LOGS)}


def _database(judge: Judge, tx: Tx, dialect: str, before: str = "") -> Iterator[Finding]:
    for table, (names, has_id) in sweep.columns(tx, dialect).items():
        if table in PERSONAL or not names:
            continue
        seen: Seen = {}
        for first, *values in sweep.rows(tx, table, names, has_id):
            for column, value in zip(names, values, strict=True):
                for kind in judge.value(value, column):
                    seen.setdefault((column, kind), []).append(first)
        for (column, kind), ids in seen.items():
            rows = f"{len(ids)} row{'s' if len(ids) > 1 else ''}"
            where = f"{before}{table}.{column}"
            if table == WAITING and kind == "phone number":
                yield Finding(where, "warn", f"{kind} in {rows}: decide about what was set aside")
            else:
                yield Finding(where, "fail", f"{kind} in {rows}" + (f", first id {ids[0]}" if has_id else ""))


def _file(judge: Judge, file: Path) -> list[Finding]:
    try:
        with file.open("rb") as stream:
            head = stream.read(len(_SQLITE))
        if head == _SQLITE:
            with copies.opened(file) as tx:
                return list(_database(judge, tx, "sqlite", f"{file}: "))
        firsts: dict[str, int] = {}
        for at, text in _parts(file):
            for kind in judge.kinds(text):
                firsts.setdefault(kind, at)
        return [Finding(str(file), "fail", f"{kind} after byte {at}") for kind, at in firsts.items()]
    except (OSError, EOFError, Refused):
        return [Finding(str(file), "warn", "cannot be read")]


def _parts(file: Path) -> Iterator[tuple[int, str]]:
    """(where it begins, text) of each part of a file; neighbours overlap."""
    with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
        at, kept = 0, b""
        while read := stream.read(PART):
            part = kept + read
            yield at, part.decode("utf-8", "replace")
            kept = part[-OVERLAP:]
            at += len(part) - len(kept)


def _document(text: str) -> Any:
    if not text.startswith(("{", "[")):
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _strings(value: Any, field: str) -> Iterator[tuple[str, str]]:
    """(field, text) of every string in a document, the names of fields and bare numbers too."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield "", name
            yield from _strings(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner, field)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield field, str(value)


def _no_product(run: re.Match[str]) -> str:
    """A number that is a valid EAN-13 is a product's, no card's (S41)."""
    return "" if gs1_valid(run[0]) else run[0]
