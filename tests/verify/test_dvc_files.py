"""What DVC writes is whole or as it was, and half-made copies do not stay."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.serialize import _common, _yaml, dump_yaml, modify_yaml
from dvc_objects.fs import utils

from croquis.check.dvc_cache import Cache
from croquis.verify import dvc_files
from croquis.verify.dvc_files import note_copies, sweep_copies, write_whole


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (_common, _yaml):  # as they were, afterwards
        monkeypatch.setattr(module, "_dump_data", module._dump_data)
    path = tmp_path / "dvc.lock"
    path.write_text("schema: '2.0'\n")
    path.chmod(0o640)
    return path


def fill_disk(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has DVC add a stage to dvc.lock; the disk is full in the middle of it."""
    dump = _yaml._dump

    def half(data: Any, stream: Any) -> None:
        stream.write("sche")
        stream.flush()
        if "stages" in data:
            raise OSError(28, "No space left on device")
        dump(data, stream)

    monkeypatch.setattr(_yaml, "_dump", half)
    with pytest.raises(OSError, match="No space"), modify_yaml(lock) as data:
        data["stages"] = {"one": {"cmd": "true"}}


def test_dvc_alone_leaves_half_a_file(
    lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_disk(lock, monkeypatch)
    assert lock.read_text() == "sche"


def test_a_full_disk_leaves_dvc_lock_as_it_was(
    lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_whole()
    fill_disk(lock, monkeypatch)
    assert lock.read_text() == "schema: '2.0'\n"
    assert [path.name for path in lock.parent.iterdir()] == ["dvc.lock"]


def test_a_file_that_fits_takes_its_place_with_its_mode(lock: Path) -> None:
    write_whole()
    with modify_yaml(lock) as data:
        data["stages"] = {}
    dump_yaml(lock.with_name("new.yaml"), {"a": 1})
    assert lock.read_text() == "schema: '2.0'\nstages: {}\n"
    assert lock.stat().st_mode & 0o777 == 0o640
    assert lock.with_name("new.yaml").read_text() == "a: 1\n"


def test_a_link_to_a_file_stays_a_link(lock: Path) -> None:
    lock.rename(lock.with_name("elsewhere"))
    lock.symlink_to("elsewhere")
    write_whole()
    dump_yaml(lock, {"a": 1})
    assert lock.is_symlink() and lock.read_text() == "a: 1\n"


def test_copies_that_never_ended_are_removed_when_they_are_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path(".dvc/cache/files/md5/5e")
    folder.mkdir(parents=True)
    copy = folder / ".TLd1FOs7pxv_UcwOsH0H-g.tmp"
    for path in (
        copy,
        folder.parent / copy.name,
        folder / ".mine.tmp",
        folder / "c1",
    ):
        path.touch()
    os.utime(copy, (0, 0))  # a link has the time of its file
    sweep_copies(Cache())
    assert copy.exists()
    later = time.time() + dvc_files.DEAD_AFTER + 1
    monkeypatch.setattr(dvc_files.time, "time", lambda: later)
    sweep_copies(Cache())
    assert not copy.exists() and not (folder.parent / copy.name).exists()
    assert sorted(path.name for path in folder.iterdir()) == [".mine.tmp", "c1"]


def test_copies_of_this_process_are_removed_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy that a full disk broke off went on to fill it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(utils, "token_urlsafe", utils.token_urlsafe)
    ours = note_copies()
    folder = Path(".dvc/cache/files/md5/5e")
    folder.mkdir(parents=True)
    copy = folder / utils.tmp_fname()
    other = folder / ".TLd1FOs7pxv_UcwOsH0H-g.tmp"
    copy.touch()
    other.touch()
    sweep_copies(Cache(), ours)
    assert [path.name for path in folder.iterdir()] == [other.name]
