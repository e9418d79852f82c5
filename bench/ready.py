"""``python -m bench.ready``: killed with -9 while it sells on 100 MB, how soon does it serve again?

Each round tills sell until the log beside the database is long, the service is killed in the middle
of it, started again, and asked every tenth of a second whether it is ready.  The time contains the
start of Python, the recovery of the log, and the check of the migration.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from bench import baskets, proof, shop
from bench.server import Server
from bench.till import Till, Unexpected, expect

TILLS, SELLING = 4, 6.0
"""Tills, and the seconds that they sell before the kill."""


def sell(server: Server, number: int, sold: list[int], selling: threading.Event) -> None:
    """One till sells until the line goes dead; how much it sold is appended."""
    done = 0
    with suppress(OSError, Unexpected, ValueError), Till(server.port, shop.till_key(0)) as till:
        for one in baskets.make(4_000, 1_000, 1, first=number * 1_000_000):
            expect(till.post(b"/api/v1/sales", one.body, b"Idempotency-Key: key-of-sale-" + one.receipt.encode()), 201)
            done += 1
            selling.set()
    sold.append(done)


def once(url: str, folder: Path, number: int) -> tuple[float, int, int]:
    """(seconds until it was ready again, bytes of the log at the kill, sales answered)."""
    sold: list[int] = []
    selling = threading.Event()
    server = Server(url, folder)
    with server:
        lanes = range(number * TILLS, (number + 1) * TILLS)
        tills = [threading.Thread(target=sell, args=(server, lane, sold, selling), daemon=True) for lane in lanes]
        for till in tills:
            till.start()
        selling.wait(60)
        time.sleep(SELLING)
        log = Path(url.removeprefix("sqlite:///") + "-wal").stat().st_size
        server.kill()
        for till in tills:
            till.join()
    began = time.perf_counter()
    with Server(url, folder):
        return time.perf_counter() - began, log, sum(sold)


def main() -> int:
    """Prints one JSON object; 1 when nothing could be sold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000, help="of the ledger; 100,000 make about 100 MB")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="loyalty-ready-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'shop.db'}"
        proof.fill(url, options.entries)
        rounds = [once(url, folder, number) for number in range(options.rounds)]
        size = (folder / "shop.db").stat().st_size
    seconds = [one[0] for one in rounds]
    found = {
        "bytes": size,
        "log_bytes": [one[1] for one in rounds],
        "sales_before_kill": [one[2] for one in rounds],
        "ready_after": [round(one, 2) for one in seconds],
        "median": round(statistics.median(seconds), 2),
    }
    print(json.dumps(found, indent=2))
    return int(not all(found["sales_before_kill"]))


if __name__ == "__main__":
    sys.exit(main())
