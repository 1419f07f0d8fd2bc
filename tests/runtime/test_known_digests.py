"""A big file is hashed once, until it changes."""

import hashlib
import os
from pathlib import Path

import pytest

from croquis.runtime import known_digests
from croquis.runtime.known_digests import known_digest

OLD = 10**18  # ns: a time of change long ago


@pytest.fixture
def big(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that counts as big, changed long ago, in another folder than the project."""
    monkeypatch.setattr(known_digests, "BIG", 3)
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.setenv("CROQUIS_ROOT", str(project))
    path = tmp_path / "pixels.npy"
    write(path, b"abc")
    return path


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are read for their hash."""
    paths: list[Path] = []
    digest = known_digests.file_digest

    def count(path: Path, algorithm) -> str:
        paths.append(path)
        return digest(path, algorithm)

    monkeypatch.setattr(known_digests, "file_digest", count)
    return paths


def write(path: Path, content: bytes, time: int = OLD) -> None:
    path.write_bytes(content)
    os.utime(path, ns=(time, time))


def of(content: bytes, size: int = 64) -> str:
    return hashlib.blake2b(content, digest_size=size).hexdigest()


def notes(big: Path) -> list[Path]:
    return sorted((big.parent / "project/.resume/digests").glob("*"))


def test_it_is_hashed_once_by_whatever_name(big: Path, hashed: list[Path]) -> None:
    link = big.with_name("link.npy")
    os.link(big, link)  # as DVC puts it into another checkout
    assert (
        known_digest(big) == known_digest(big) == known_digest(link) == of(b"abc")
    )
    assert hashed == [big]
    # Of another length it is another hash, not the first part of it.
    assert known_digest(big, 8) == known_digest(link, 8) == of(b"abc", 8)
    assert hashed == [big, big]


def test_a_change_in_place_is_hashed_anew(big: Path, hashed: list[Path]) -> None:
    known_digest(big)
    write(big, b"abd", OLD + 1)
    assert known_digest(big) == of(b"abd")
    write(big, b"abde", OLD + 1)
    assert known_digest(big) == of(b"abde")
    other = big.with_name("other")
    write(other, b"xbde", OLD + 1)
    other.replace(big)  # of the same size and time, another file
    assert known_digest(big) == of(b"xbde") and len(hashed) == 4


def test_a_file_that_has_just_changed_is_not_remembered(
    big: Path, hashed: list[Path]
) -> None:
    big.write_bytes(b"abd")
    assert known_digest(big) == known_digest(big) == of(b"abd")
    assert len(hashed) == 2 and notes(big) == []


def test_a_file_that_changes_while_it_is_read_is_not_remembered(
    big: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(path: Path, _) -> str:
        write(path, b"xyz", OLD + 1)
        return of(b"abc")

    monkeypatch.setattr(known_digests, "file_digest", change)
    known_digest(big)
    assert notes(big) == []


@pytest.mark.parametrize("bit", [1, 8 * 40, 8 * 130])
def test_a_damaged_note_is_not_believed(
    big: Path, hashed: list[Path], bit: int
) -> None:
    known_digest(big)
    (note,) = notes(big)
    content = bytearray(note.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    for damaged in (bytes(content), b"", b"\xff", note.read_bytes()[:-1]):
        note.write_bytes(damaged)
        assert known_digest(big) == of(b"abc")
    assert len(hashed) == 5


def test_small_files_leave_no_note(big: Path, hashed: list[Path]) -> None:
    write(big, b"ab")
    assert known_digest(big) == known_digest(big) == of(b"ab")
    assert len(hashed) == 2 and notes(big) == []


def test_no_room_for_a_note_is_no_error(big: Path) -> None:
    (big.parent / "project/.resume").touch()  # a file where the folder is to be
    assert known_digest(big) == known_digest(big) == of(b"abc")


def test_the_newest_notes_stay(big: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_digests, "KEPT", 2)
    for number in range(4):
        write(big, b"abc", OLD + number)
        known_digest(big)
        (note,) = [path for path in notes(big) if str(OLD + number) in path.name]
        os.utime(note, ns=(number, number))
    assert [path.name.split("-")[3] for path in notes(big)] == [
        str(OLD + 2),
        str(OLD + 3),
    ]
