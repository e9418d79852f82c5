"""Does the disk keep what it was told to keep?  As far as software can see it.

A sale is answered when ``fsync`` has returned.  Software sees where the folder lies, how it is
mounted, and whether a sync waits for anything; it cannot see a disk that says "written" and is
not: only pulling the plug shows that (docs/operations.md).
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from msgspec import Struct

State = Literal["ok", "warn", "fail"]
BLOCK, TIMES = bytes(4096), 50
NO_WAIT = 50e-6
"""A sync that returns sooner (seconds) has reached no disk with a cache of its own."""

GONE_AT_RESTART = {"tmpfs", "ramfs"}
OVER_THE_NET = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "glusterfs",
    "fuse.sshfs",
    "fuse.glusterfs",
}
UNSAFE_OPTIONS = {"nobarrier", "barrier=0", "data=writeback"}


class Finding(Struct, frozen=True):
    """One thing that was looked at: ``fail`` means that data is at risk, ``warn`` that somebody should look."""

    what: str
    state: State
    says: str


class Mount(NamedTuple):
    """Where a folder lies."""

    point: str
    kind: str
    options: frozenset[str]
    device: str
    """major:minor of the block device."""


class Times(NamedTuple):
    """Median seconds of writing one block: left to the system, then synced, through an O_DSYNC file."""

    write: float
    sync: float
    dsync: float | None


def look(folder: Path, mounts: Path = Path("/proc/self/mountinfo"), system: Path = Path("/sys")) -> list[Finding]:
    """Everything that can be told of the disk below ``folder``; never raises for what it finds."""
    mount = find_mount(folder, mounts)
    cache = _write_cache(mount, system)
    found = [_filesystem(mount), *_options(mount), _cache(cache)]
    try:
        return [*found, *judge(measure(folder), cache)]
    except OSError as error:
        return [*found, Finding("disk sync", "fail", f"the disk refuses: {error.strerror}")]


def find_mount(folder: Path, mounts: Path) -> Mount | None:
    """The innermost mount that holds the folder; None where the system does not tell."""
    try:
        lines = mounts.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    real, best = folder.resolve(), None
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, rest = before.split(), after.split()
        point = fields[4].replace("\\040", " ")
        if real.is_relative_to(point) and (best is None or len(point) >= len(best.point)):
            options = frozenset([*fields[5].split(","), *rest[2].split(",")])
            best = Mount(point, rest[0], options, fields[2])
    return best


def measure(folder: Path) -> Times:
    """Write small blocks in the folder, with and without waiting for the disk."""
    sync: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)
    plain = _median(folder, 0, lambda _handle: None)
    synced = _median(folder, 0, sync)
    flag = getattr(os, "O_DSYNC", 0)
    return Times(plain, synced, _median(folder, flag, lambda _handle: None) if flag else None)


def judge(times: Times, cache: str | None) -> Iterator[Finding]:
    """What the times say."""
    said = f"write {_shown(times.write)}, fsync {_shown(times.sync)}"
    said += "" if times.dsync is None else f", O_DSYNC {_shown(times.dsync)}"
    if times.sync < NO_WAIT and cache != "write through":
        yield Finding("disk sync", "fail", f"{said}: waits for no disk; what is answered is lost when the power fails")
    elif times.dsync is not None and times.sync < 2 * times.write and times.sync * 10 < times.dsync:
        yield Finding("disk sync", "fail", f"{said}: fsync costs no more than the write; something makes it do nothing")
    else:
        yield Finding("disk sync", "ok", said)


def _median(folder: Path, flags: int, sync: Callable[[int], None]) -> float:
    path = folder / f"disk-probe.{os.getpid()}.part"
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | flags, 0o600)
    try:
        took = []
        for _ in range(TIMES):
            began = time.perf_counter()
            os.write(handle, BLOCK)
            sync(handle)
            took.append(time.perf_counter() - began)
        return statistics.median(took)
    finally:
        os.close(handle)
        path.unlink(missing_ok=True)


def _filesystem(mount: Mount | None) -> Finding:
    if mount is None:
        return Finding("file system", "ok", "this system does not tell")
    says = f"{mount.kind}, mounted at {mount.point}"
    if mount.kind in GONE_AT_RESTART:
        return Finding("file system", "fail", f"{says}: lies in memory and is gone at a restart")
    if mount.kind in OVER_THE_NET:
        return Finding(
            "file system", "fail", f"{says}: is on another machine, where SQLite's locks and log are not safe"
        )
    if mount.kind in ("overlay", "aufs"):
        return Finding("file system", "warn", f"{says}: goes when the container goes; give it a volume")
    if mount.kind.startswith("fuse"):
        return Finding("file system", "warn", f"{says}: a program decides what fsync does here")
    return Finding("file system", "ok", says)


def _options(mount: Mount | None) -> Iterator[Finding]:
    bad = sorted(UNSAFE_OPTIONS & mount.options) if mount else []
    if bad:
        yield Finding("mount options", "fail", f"{', '.join(bad)}: a power cut can undo what was synced")
    elif mount:
        yield Finding("mount options", "ok", "none that weakens fsync")


def _write_cache(mount: Mount | None, system: Path) -> str | None:
    """``write back`` or ``write through``; of a partition its disk's."""
    for place in ("queue", "../queue"):
        try:
            path = (system / "dev" / "block" / (mount.device if mount else "none")).resolve() / place / "write_cache"
            return path.read_text(encoding="ascii").strip()
        except OSError:
            continue
    return None


def _cache(cache: str | None) -> Finding:
    if cache is None:
        return Finding("disk cache", "ok", "this system does not tell")
    if cache == "write back":
        return Finding("disk cache", "ok", "write back: safe if the disk obeys a flush; only a power cut proves that")
    return Finding("disk cache", "ok", cache)


def _shown(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"
