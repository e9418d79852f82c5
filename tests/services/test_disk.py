"""What can be told of the disk below the data (reliability.md 7: a published check)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from loyalty_pos.services import disk
from loyalty_pos.services.disk import Times, find_mount, judge, look

MOUNTS = """\
22 1 8:2 / / rw,relatime - ext4 /dev/sda2 rw
30 22 0:30 / /run rw,nosuid - tmpfs tmpfs rw,size=9k
31 22 8:17 / /srv/my\\040shop rw,relatime - {kind} /dev/sdb1 {options}
"""


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A /sys with a disk and its partition."""
    partition = tmp_path / "sys" / "devices" / "sdb" / "sdb1"
    partition.mkdir(parents=True)
    (partition.parent / "queue").mkdir()
    (partition.parent / "queue" / "write_cache").write_text("write back\n")
    (tmp_path / "sys" / "dev" / "block").mkdir(parents=True)
    (tmp_path / "sys" / "dev" / "block" / "8:17").symlink_to(partition)
    return tmp_path / "sys"


def mounted(tmp_path: Path, kind: str, options: str = "rw") -> Path:
    """A table of mounts."""
    path = tmp_path / "mountinfo"
    path.write_text(MOUNTS.format(kind=kind, options=options))
    return path


def test_the_innermost_mount_holds_the_folder(tmp_path: Path) -> None:
    mounts = mounted(tmp_path, "xfs")
    for folder, point in (("/srv/my shop/data", "/srv/my shop"), ("/srv/my shopping", "/"), ("/run/x", "/run")):
        mount = find_mount(Path(folder), mounts)
        assert mount is not None
        assert mount.point == point
    assert find_mount(Path("/x"), tmp_path / "none") is None


@pytest.mark.parametrize(
    ("kind", "state"),
    [("ext4", "ok"), ("btrfs", "ok"), ("tmpfs", "fail"), ("nfs4", "fail"), ("cifs", "fail"), ("overlay", "warn"),
     ("fuse.ntfs-3g", "warn")],
)  # fmt: skip
def test_places_that_keep_nothing_are_named(tmp_path: Path, kind: str, state: str) -> None:
    mount = find_mount(Path("/srv/my shop"), mounted(tmp_path, kind))
    assert disk._filesystem(mount).state == state


@pytest.mark.parametrize(
    ("options", "state"), [("rw,data=ordered", "ok"), ("rw,nobarrier", "fail"), ("barrier=0", "fail")]
)
def test_options_that_weaken_fsync_are_named(tmp_path: Path, options: str, state: str) -> None:
    mount = find_mount(Path("/srv/my shop"), mounted(tmp_path, "ext4", options))
    assert [finding.state for finding in disk._options(mount)] == [state]


def test_a_partition_has_the_cache_of_its_disk(tmp_path: Path, system: Path) -> None:
    mount = find_mount(Path("/srv/my shop"), mounted(tmp_path, "ext4"))
    assert disk._write_cache(mount, system) == "write back"
    assert disk._write_cache(None, system) is None


@pytest.mark.parametrize(
    ("times", "cache", "state"),
    [
        (Times(20e-6, 1.2e-3, 1.1e-3), "write back", "ok"),
        (Times(20e-6, 21e-6, 20e-6), None, "fail"),
        (Times(20e-6, 30e-6, 32e-6), "write back", "fail"),
        (Times(20e-6, 30e-6, 32e-6), "write through", "ok"),
        (Times(60e-6, 70e-6, 2e-3), "write back", "fail"),
        (Times(20e-6, 3e-4, 5e-3), "write back", "ok"),
        (Times(20e-6, 8e-3, None), None, "ok"),
    ],
)
def test_a_sync_that_waits_for_nothing_fails(times: Times, cache: str | None, state: str) -> None:
    """A disk with a battery behind its cache may be quick; an fsync that was switched off is not honest."""
    (finding,) = judge(times, cache)
    assert finding.state == state
    assert "ms" in finding.says


def test_fsync_that_does_nothing_is_found_on_a_real_file(
    tmp_path: Path, system: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under eatmydata; nothing is left in the folder."""
    monkeypatch.setattr(os, "fdatasync", lambda _handle: None)
    monkeypatch.setattr(os, "O_DSYNC", 0)
    found = {finding.what: finding.state for finding in look(tmp_path, mounted(tmp_path, "ext4"), system)}
    assert found["disk sync"] == "fail"
    assert not list(tmp_path.glob("disk-probe*"))


def test_a_folder_that_cannot_be_written_is_a_finding(tmp_path: Path, system: Path) -> None:
    found = {finding.what: finding for finding in look(tmp_path / "none", mounted(tmp_path, "ext4"), system)}
    assert found["disk sync"].state == "fail"
    assert "refuses" in found["disk sync"].says
