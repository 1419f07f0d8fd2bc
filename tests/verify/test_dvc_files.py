"""What DVC writes is whole or as it was, and half-made copies do not stay."""

import os
import time
from pathlib import Path

import pytest
from dvc_objects.fs import utils

from croquis.check.dvc_cache import Cache
from croquis.verify import dvc_files
from croquis.verify.dvc_files import note_copies, sweep_copies


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
