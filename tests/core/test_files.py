"""Outputs appear whole or not at all."""

import errno
import functools
import hashlib
from pathlib import Path

import pydantic
import pytest

from croquis.core.errors import InputError
from croquis.core.files import (
    atomic_write,
    file_digest,
    read_json_model,
    refuse_wrong_root,
    root,
    write_json,
)


def contents(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_file_appears_with_its_parents(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "a" / "b.txt") as draft:
        draft.write_text("done")
        assert not (tmp_path / "a" / "b.txt").exists()
    assert (tmp_path / "a" / "b.txt").read_text() == "done"
    assert contents(tmp_path) == ["a", "a/b.txt"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("old")
    with (
        pytest.raises(ZeroDivisionError),
        atomic_write(tmp_path / "out.csv") as draft,
    ):
        draft.write_text("half")
        _ = 1 / 0
    assert (tmp_path / "out.csv").read_text() == "old"
    assert contents(tmp_path) == ["out.csv"]


def test_an_interrupt_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), atomic_write(tmp_path / "out") as draft:
        draft.mkdir()
        (draft / "first.txt").write_text("half")
        raise KeyboardInterrupt
    assert contents(tmp_path) == []


def test_a_full_disk_at_the_last_flush_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with (
        pytest.raises(OSError, match="No space left"),
        atomic_write(tmp_path / "out.csv") as draft,
    ):
        draft.write_text("all of it")
    assert contents(tmp_path) == []


def test_a_folder_replaces_a_folder_with_all_it_held(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "stale.txt").write_text("old")
    with atomic_write(tmp_path / "out") as draft:
        draft.mkdir()
        (draft / "fresh.txt").write_text("new")
    assert contents(tmp_path) == ["out", "out/fresh.txt"]


def test_a_folder_that_cannot_be_replaced_stays_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deleting the old folder first once left half of it, where the deletion stopped halfway."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.txt").write_text("old")

    def stuck(source: object, target: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with pytest.raises(PermissionError), atomic_write(tmp_path / "out") as draft:
        draft.mkdir()
        monkeypatch.setattr("os.replace", stuck)
    assert contents(tmp_path) == ["out", "out/old.txt"]


def test_drafts_nest_inside_a_folder(tmp_path: Path) -> None:
    with (
        atomic_write(tmp_path / "votes") as folder,
        atomic_write(folder / "member" / "oof.npz") as draft,
    ):
        draft.write_bytes(b"x")
    assert contents(tmp_path) == ["votes", "votes/member", "votes/member/oof.npz"]


def test_the_draft_keeps_the_name_and_its_suffix(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "a.npz") as draft:
        assert draft.name == "a.npz"
        draft.touch()


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "out.csv"):
        pass
    assert contents(tmp_path) == []


def test_json_is_sorted_and_ends_with_a_line(tmp_path: Path) -> None:
    write_json(tmp_path / "metrics/a.json", {"b": 1, "a": {"d": 0.5, "c": None}})
    text = '{\n  "a": {\n    "c": null,\n    "d": 0.5\n  },\n  "b": 1\n}\n'
    assert (tmp_path / "metrics/a.json").read_text() == text


def test_a_file_has_the_hash_that_other_programs_give_it(tmp_path: Path) -> None:
    """md5 of RFC 1321, blake2b of RFC 7693, and `b2sum -l 64`."""
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert file_digest(path, "md5") == "900150983cd24fb0d6963f7d28e17f72"
    assert file_digest(path) == (
        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
        "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"
    )
    short = functools.partial(hashlib.blake2b, digest_size=8)
    assert file_digest(path, short) == "d8bb14d833d59559"


def test_root_is_the_working_folder_unless_dvc_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert root() == tmp_path
    monkeypatch.setenv("DVC_ROOT", "/elsewhere")
    assert root() == Path("/elsewhere")
    monkeypatch.setenv("CROQUIS_ROOT", "/project")  # that of a checkout beside it
    assert root() == Path("/project")
    monkeypatch.setenv("CROQUIS_ROOT", "")
    assert root() == Path("/elsewhere")


def test_a_root_that_is_no_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "here").mkdir()
    refuse_wrong_root()
    for good in ("", str(tmp_path / "here")):
        monkeypatch.setenv("CROQUIS_ROOT", good)
        refuse_wrong_root()
    for bad in ("here", str(tmp_path / "file"), str(tmp_path / "gone")):
        monkeypatch.setenv("CROQUIS_ROOT", bad)
        with pytest.raises(InputError, match=f"CROQUIS_ROOT: .*received '{bad}'"):
            refuse_wrong_root()


class Pair(pydantic.BaseModel):
    one: int
    other: str = ""


@pytest.mark.parametrize(
    ("text", "received"),
    [
        (None, "No such file or directory"),
        ("{", "Invalid JSON"),
        ('{"one": "x"}', "one: Input should be a valid integer"),
        ("{}", "one: Field required"),
    ],
)
def test_a_model_that_is_damaged_is_named_with_the_way_back(
    tmp_path: Path, text: str | None, received: str
) -> None:
    path = tmp_path / "pair.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(
        InputError, match=rf"pair\.json: expected a pair, received {received}"
    ):
        read_json_model(Pair, path, "a pair")


def test_a_whole_model_is_read(tmp_path: Path) -> None:
    (tmp_path / "pair.json").write_text('{"one": 1}')
    assert read_json_model(Pair, tmp_path / "pair.json", "a pair") == Pair(one=1)
