"""A full disk is one line, whichever library meets it, and in whichever words it says so."""

import errno
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from croquis.core import cli
from croquis.core.full_disk import is_full_disk

BIG = np.zeros(2**20)
LINE = "error: disk: No space left on device; each file is whole or absent"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one MB."""
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)]
    try:
        done = subprocess.run(command, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no mount here")
    if done.returncode != 0:
        pytest.skip("this user may not mount a disk")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def fill_database(path: Path) -> None:
    store = sqlite3.connect(path)
    try:
        store.execute("create table rows (words)")
        store.execute("insert into rows values (?)", ["x" * 2**21])
        store.commit()
    finally:
        store.close()


WRITERS: dict[str, Callable[[Path], object]] = {
    "numpy": lambda folder: np.save(folder / "a.npy", BIG),
    "numpy zip": lambda folder: np.savez(folder / "a.npz", a=BIG),
    "safetensors": lambda folder: save_file({"a": BIG}, folder / "a.safetensors"),
    "SQLite": lambda folder: fill_database(folder / "a.db"),
    "Python": lambda folder: (folder / "a").write_bytes(BIG.tobytes()),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_disk_that_is_full_is_one_line(
    name: str, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """numpy counted what it could not write, and that was an error nobody had expected."""
    monkeypatch.setattr(sys, "argv", ["stage"])
    with pytest.raises(SystemExit) as ended:
        cli.run(lambda: WRITERS[name](disk) and None)
    assert ended.value.code == LINE


def test_the_reason_may_be_the_cause_of_another_error() -> None:
    error = RuntimeError("could not save")
    error.__cause__ = OSError(errno.EDQUOT, "Disk quota exceeded")
    assert is_full_disk(error)
    error.__cause__ = error  # no end of causes
    assert not is_full_disk(error)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EACCES, "Permission denied"),
        ValueError("3 requested and 4 written in the text"),
        RuntimeError("the file is full of errors"),
    ],
)
def test_other_errors_are_none_of_a_disk(error: Exception) -> None:
    assert not is_full_disk(error)
