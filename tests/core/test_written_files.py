"""What stages wrote is noted before it takes its place, so that a kill leaves nothing unknown."""

import os
from pathlib import Path

import pytest

from croquis.core.files import atomic_write
from croquis.core.stage_files import written_files


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(path: str, text: str) -> None:
    with atomic_write(Path(path)) as draft:
        draft.write_text(text)


def test_a_file_of_a_stage_is_noted_with_its_size_and_time() -> None:
    with written_files.from_stage():
        write("data/folds.csv", "abc")
    state = Path("data/folds.csv").stat()
    assert written_files.noted_signs() == {
        "data/folds.csv": {(3, state.st_mtime_ns)}
    }


def test_each_file_of_a_folder_is_noted() -> None:
    with written_files.from_stage(), atomic_write(Path("data/votes")) as draft:
        draft.mkdir()
        # A draft in a draft has no note of its own.
        write(str(draft / "one" / "oof.npz"), "abcd")
        (draft / "link").symlink_to("one")
    noted = written_files.noted_signs()
    assert noted.keys() == {"data/votes/one/oof.npz", "data/votes/link"}
    assert noted == {path: {written_files.sign_of(Path(path))} for path in noted}


def test_what_no_stage_wrote_is_not_noted() -> None:
    """`croquis vote --out` writes what a person asked for."""
    write("data/submission.csv", "mine")
    assert written_files.noted_signs() == {}


def test_resume_states_and_other_folders_are_not_noted(tmp_path: Path) -> None:
    with written_files.from_stage():
        write(".resume/train/state", "x")
        write(str(tmp_path.parent / "elsewhere.csv"), "x")
    assert written_files.noted_signs() == {}


def test_a_kill_before_the_file_is_in_its_place_leaves_a_note_and_not_the_reverse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    replace = os.replace

    def replace_notes_alone(draft: Path, place: Path) -> None:
        if Path(place).name == "folds.csv":
            raise KeyboardInterrupt
        replace(draft, place)

    monkeypatch.setattr(os, "replace", replace_notes_alone)
    with written_files.from_stage(), pytest.raises(KeyboardInterrupt):
        write("data/folds.csv", "abc")
    assert (
        "data/folds.csv" in written_files.noted_signs()
        and not Path("data/folds.csv").exists()
    )


def test_a_changed_file_has_another_sign() -> None:
    with written_files.from_stage():
        write("a", "abc")
    os.utime("a", ns=(1, 1))
    assert (
        written_files.sign_of(Path("a")) == (3, 1)
        and (3, 1) not in written_files.noted_signs()["a"]
    )


def test_what_was_seen_to_be_safe_is_known_beside_what_was_written() -> None:
    with written_files.from_stage():
        write("a", "abc")
    written_files.remember_files({"a": (1, 2), "b": (3, 4)})
    assert written_files.noted_signs() == {
        "a": {(1, 2), written_files.sign_of(Path("a"))},
        "b": {(3, 4)},
    }
    written_files.remember_files({"b": (5, 6)})
    assert written_files.noted_signs()["b"] == {(5, 6)}


def test_what_was_seen_already_is_not_written_again() -> None:
    written_files.remember_files({"a": (1, 2)})
    os.utime(written_files.SEEN, ns=(5, 5))
    written_files.remember_files({"a": (1, 2)})
    assert written_files.sign_of(written_files.SEEN)[1] == 5
    written_files.remember_files({"a": (1, 3)})
    assert written_files.sign_of(written_files.SEEN)[1] > 5


@pytest.mark.parametrize("half", ["", "{", "[]", '{"a": 1}', '{"a": [1]}'])
def test_half_of_a_note_says_nothing(half: str) -> None:
    written_files.NOTES.mkdir(parents=True)
    (written_files.NOTES / "x.json").write_text(half)
    assert written_files.noted_signs() == {}
