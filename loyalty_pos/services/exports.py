"""Everything a shop would analyse, from one consistent snapshot, to whoever writes it down.

Invariant: all files show the same moment, and none of them holds personal data (``storage/exports.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from loyalty_pos.services import rules
from loyalty_pos.services.context import Services
from loyalty_pos.storage import exports
from loyalty_pos.storage.exports import File
from loyalty_pos.storage.tx import Tx

Write = Callable[[File, Iterator[Any]], int]


def export(services: Services, write: Write, tell: Callable[[int, int], None]) -> dict[str, Any]:
    """Hand every file with its rows to ``write``, which says how many there were: {"at", "currency", "zone", "files"}.

    ``tell(done, total)`` in rows.  On SQLite the log grows meanwhile by what tills write, and shrinks afterwards.
    """
    programme = rules.book(services).programme

    def work(tx: Tx) -> list[dict[str, Any]]:
        total, done, files = exports.count(tx), 0, []
        for file in exports.FILES:

            def watched(rows: Iterator[Any], before: int = done) -> Iterator[Any]:
                for number, row in enumerate(rows, start=1):
                    if number % exports.STEP == 0:
                        tell(before + number, total)
                    yield row

            number = write(file, watched(exports.rows(tx, file)))
            done += number
            tell(done, total)
            columns = [{"name": name, "kind": kind} for name, (kind, _) in file.columns.items()]
            files.append({"name": file.name, "rows": number, "columns": columns})
        return files

    files = services.store.read(work)
    return {
        "at": services.clock.now().isoformat(),
        "currency": programme.currency,
        "zone": programme.zone,
        "files": files,
    }
