"""Has anything been stored?  One digest of every row of every table."""

from __future__ import annotations

import hashlib

from loyalty_pos.services.context import Services
from loyalty_pos.storage.tables import metadata
from loyalty_pos.storage.tx import Tx


def digest(services: Services) -> str:
    """Equal before and after a call that stored nothing."""

    def work(tx: Tx) -> str:
        found = hashlib.sha256()
        for name in sorted(metadata.tables):
            rows = sorted(repr(tuple(row)) for row in tx.all(f'SELECT * FROM "{name}"'))
            found.update(repr((name, rows)).encode())
        return found.hexdigest()

    return services.store.read(work)
