"""Faults planted on purpose, each in a copy of the tree: the tests must go red, or they prove nothing.

    make planted                     all of them
    python -m tests.planted NORMAL   those whose name contains a word
    python -m tests.planted --whole  the whole suite on each, not only the tests that are meant to catch it

A fault is a list of (file, what stands there, what stands there instead) and the tests that are
meant to catch it.  First the same tests run on the copy as it is, and must be green (with
``--whole`` that is for ``make test`` to show).  Tests that do not end have caught it too.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

LONGEST = 1_200
"""Seconds that the tests may take."""
ROOT = Path(__file__).parents[2]
NOT_OURS = ("__pycache__", ".git", ".venv", ".*_cache", ".hypothesis", "*.egg-info", "var", "build", "dist")
WRITER, IDEMPOTENCY = "loyalty_pos/storage/writer.py", "loyalty_pos/services/idempotency.py"
LEDGER, POSTING = "loyalty_pos/storage/ledger.py", "loyalty_pos/storage/posting.py"


class Fault(NamedTuple):
    """One planted fault; ``share`` is how much of the CI quantity the tests need to find it."""

    name: str
    edits: tuple[tuple[str, str, str], ...]
    tests: tuple[str, ...]
    share: str


FAULTS = (
    Fault(
        "answer before commit",
        ((WRITER,
          "                    done.append((future, *self._job(tx, work)))\n",
          "                    value, failure = self._job(tx, work)\n"
          "                    future.set_exception(failure) if failure else future.set_result(value)\n"),),
        ("tests/crash/test_power_loss.py",),
        "0.2",
    ),
    Fault(
        "key in its own transaction",
        ((IDEMPOTENCY,
          "    if request.key is not None:\n        _save(tx, request, outcome, now)\n"
          "    return outcome\n",
          "    return outcome\n\n\ndef _apart(services: Services, request: Request, work: Any) -> Outcome:\n"
          "    outcome: Outcome = services.store.write(work)\n"
          "    if request.key is not None and not outcome.replayed:\n"
          "        services.store.write(lambda tx: _save(tx, request, outcome, services.now_ms()))\n"
          "    return outcome\n"),
         (IDEMPOTENCY, "services.store.write(partial(once, ", "_apart(services, request, partial(once, ")),
        ("tests/crash/test_power_loss.py", "tests/services/test_idempotency.py"),
        "0.2",
    ),
    Fault(
        "no guard on spending",
        ((LEDGER, '"UPDATE lots SET remaining = remaining - ? WHERE id = ? AND remaining - held >= ?", '
          "(points, lot_id, points)", '"UPDATE lots SET remaining = remaining - ? WHERE id = ?", (points, lot_id)'),
         (POSTING, " AND version = ?", " AND (version = ? OR 1 = 1)")),
        ("tests/crash/test_many_races.py", "tests/storage/test_guards.py"),
        "0.02",
    ),
    Fault(
        "synchronous NORMAL",
        (("loyalty_pos/storage/sqlite.py", '"synchronous": 2', '"synchronous": 1'),),
        ("tests/crash/test_power_loss.py", "tests/storage/test_sqlite.py"),
        "0.2",
    ),
    Fault(
        "refund rounding",
        (("loyalty_pos/domain/returns.py", "sale.redeemed * refunded // sale.net",
          "(sale.redeemed * refunded + sale.net // 2) // sale.net"),),
        ("tests/property/test_ledger_model.py", "tests/domain/test_returns.py"),
        "0.2",
    ),
)  # fmt: skip


def copy(folder: Path) -> None:
    """The tree as it is."""
    shutil.copytree(ROOT, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*NOT_OURS))


def plant(folder: Path, fault: Fault) -> None:
    """Put the fault into a copy; what it replaces must be there, so that no fault is forgotten."""
    for name, before, after in fault.edits:
        file = folder / name
        text = file.read_text(encoding="utf-8")
        assert before in text, f"{fault.name}: {name} has changed; plant it anew"
        file.write_text(text.replace(before, after), encoding="utf-8")


def run(folder: Path, fault: Fault, whole: bool) -> tuple[bool, list[str]]:
    """(whether all was green, the tests that failed)."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--show-capture=no"]
    command += ["-n", "auto", "--dist", "loadgroup", "-m", "not browser"] if whole else fault.tests
    env = os.environ | {"LOYALTY_POS_TEST_AMOUNT": fault.share, "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(
        command, cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, process_group=0
    ) as tests:
        try:
            said, ended = tests.communicate(timeout=LONGEST)[0], True
        except subprocess.TimeoutExpired:
            os.killpg(tests.pid, signal.SIGKILL)
            said, ended = tests.communicate()[0], False
    failed = re.findall(r"^(?:FAILED|ERROR) (?:tests/)?(\S+?)(?: - .*)?$", said, re.M)
    if not ended:
        return False, [*failed, f"(the tests did not end in {LONGEST} s)"]
    assert tests.returncode in (0, 1), said[-4000:]
    return tests.returncode == 0, failed


def main(words: list[str]) -> int:
    """Plant every fault, say what caught it; the exit status is how many were not caught."""
    whole = "--whole" in words
    words = [word for word in words if word != "--whole"]
    missed = 0
    for fault in [one for one in FAULTS if all(word in one.name for word in words)]:
        with tempfile.TemporaryDirectory(prefix="planted-") as name:
            folder = Path(name)
            copy(folder)
            sound, failed = (True, []) if whole else run(folder, fault, whole)
            assert sound, f"red without a fault: {failed}"
            plant(folder, fault)
            green, failed = run(folder, fault, whole)
        missed += green
        print(f"{fault.name}: {'NOT CAUGHT' if green else 'red'}", flush=True)
        for test in failed:
            print(f"    {test}", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
