"""A till as a process of its own, which may be killed at any moment too.

It writes what it is going to send, with its key, to a file that is synced before the first byte
leaves, and repeats the same request until it has a final answer, which it writes down as well.
When it starts it first finishes what its journal has open.  What it believes comes from there.

    python -m crash.till '{"name": ..., "key": ..., "cards": [...], "port": ..., "folder": ..., "seed": ...}'
"""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import sys
import time
from pathlib import Path
from typing import Any

Json = dict[str, Any]
AGAIN = frozenset({"in_progress", "slow_down"})
PATIENCE = 90.0


class Journal:
    """Records that are on the disk before anything else happens; a torn last one never happened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if path.exists():
            whole = path.read_bytes().rpartition(b"\n")[0]
            os.truncate(path, len(whole) + 1 if whole else 0)

    def write(self, record: Json) -> None:
        """Append and sync one record."""
        with self._path.open("ab") as file:
            file.write(json.dumps(record).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def records(self) -> list[Json]:
        """All records, from the disk."""
        if not self._path.exists():
            return []
        return [json.loads(text) for text in self._path.read_bytes().splitlines()]


class Wire:
    """Sends a request until it is answered for good."""

    def __init__(self, key: str, port: int) -> None:
        self._key, self._port = key, port

    def deliver(self, key: str, path: str, body: Json) -> tuple[int, Json]:
        """(status, answer) of the same request, sent as often as it takes."""
        deadline = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < deadline, f"no answer to {path}"
            try:
                status, answer = self._once(key, path, body)
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.02)
                continue
            assert status != 500, (path, answer)
            codes = {answer.get("code"), *(item.get("code") for item in answer.get("items", []))}
            if status > 500 or codes & AGAIN:
                time.sleep(0.02)
                continue
            return status, answer

    def _once(self, key: str, path: str, body: Json) -> tuple[int, Json]:
        with socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE) as wire:
            content = json.dumps(body).encode()
            head = (
                f"POST /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self._key}\r\n"
                f"Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
                "Connection: close\r\n\r\n"
            )
            wire.sendall(head.encode() + content)
            response = http.client.HTTPResponse(wire)
            response.begin()
            return response.status, json.loads(response.read())


class Till:
    """A lane that sells, opens, settles, voids, returns and catches up, until it is told to stop."""

    def __init__(self, name: str, key: str, cards: list[str], port: int, folder: str, seed: int) -> None:
        self.name, self._cards = name, cards
        self._wire = Wire(key, port)
        self._halt = Path(folder) / "halt"
        self.journal = Journal(Path(folder) / f"{name}.journal")
        known = self.journal.records()
        self._count = max((int(record["key"].rpartition("-")[2]) for record in known), default=0)
        self._luck = random.Random(f"{seed} {self._count}")
        self._returnable: list[Json] = []
        self.finish(known)

    def finish(self, known: list[Json]) -> None:
        """Send again what has no answer, and settle what was left open."""
        answers = {record["key"]: record["answer"] for record in known if "answer" in record}
        closed = {record["path"].split("/")[2] for record in known if record["path"].count("/") > 2}
        for record in [record for record in known if "body" in record]:
            answer = answers.get(record["key"]) or self.hear(record["key"], record["path"], record["body"])
            if record["path"] == "/checkouts" and answer["id"] not in closed:
                self.send(f"/checkouts/{answer['id']}/settle", {"receipt": self._receipt()})

    def run(self) -> None:
        """One errand after another."""
        errands = (self.sell, self.sell, self.check_out, self.change_mind, self.give_back, self.catch_up)
        while not self._halt.exists():
            self._luck.choice(errands)()

    def sell(self) -> None:
        """Open and settle in one."""
        self._returnable.append(self.send("/sales", self._basket() | {"receipt": self._receipt()}))

    def check_out(self) -> None:
        """Open, then settle."""
        opened = self.send("/checkouts", self._basket())
        self.send(f"/checkouts/{opened['id']}/settle", {"receipt": self._receipt()})

    def change_mind(self) -> None:
        """Open, then void."""
        opened = self.send("/checkouts", self._basket())
        self.send(f"/checkouts/{opened['id']}/void", {})

    def give_back(self) -> None:
        """Return one unit of something this till sold since it started."""
        if self._returnable:
            sold = self._returnable.pop()
            body = {"lines": [{"line": "1", "quantity": 1}], "receipt": self._receipt()}
            self.send(f"/sales/{sold['id']}/returns", body)

    def catch_up(self) -> None:
        """Three sales that were made while the link was down, as they were made, in one call."""
        sales = []
        for number in range(3):
            self._count += 1
            fact = self._basket() | {"receipt": f"{self.name}-off-{self._count:06d}", "as_sold": True}
            fact.pop("redeem_points")
            sales.append(fact | {"key": f"{self.name}-batch-{number}-{self._count:08d}", "kind": "sale"})
        self.send("/sales/batch", {"sales": sales})

    def send(self, path: str, body: Json) -> Json:
        """Journal, send until there is a final answer, journal that."""
        self._count += 1
        key = f"{self.name}-key-{self._count:010d}"
        self.journal.write({"key": key, "path": path, "body": body})
        return self.hear(key, path, body)

    def hear(self, key: str, path: str, body: Json) -> Json:
        """Send what the journal holds until there is a final answer; journal that."""
        status, answer = self._wire.deliver(key, path, body)
        self.journal.write({"key": key, "path": path, "status": status, "answer": answer})
        return answer

    def _basket(self) -> Json:
        units, price = self._luck.randint(1, 3), self._luck.randrange(10_000, 90_000, 500)
        goods = [{"line": "1", "sku": "bread", "quantity": units, "unit_price": price}]
        points = self._luck.choice((0, 0, 100, 150))
        return {"lines": goods, "card": self._luck.choice(self._cards), "entry": "scan", "redeem_points": points}

    def _receipt(self) -> str:
        return f"{self.name}-{self._count + 1:06d}"


if __name__ == "__main__":
    Till(**json.loads(sys.argv[1])).run()
