"""Which file of a folder of code changed, though dvc.lock has one hash for all of it."""

import json
import subprocess
from pathlib import Path

import pytest

from croquis.core.stage_files import inputs, read_notes
from croquis.staleness.changed_code import changed_files, hash_of

FOLDER = Path("src/croquis/core")


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository of two files of code, committed."""
    monkeypatch.chdir(tmp_path)
    FOLDER.mkdir(parents=True)
    (FOLDER / "a.py").write_text("a = 1\n")
    (FOLDER / "b.py").write_text("b = 1\n")
    git("init", "-q", ".")
    commit()


def git(*arguments: str) -> None:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *identity, *arguments], check=True)


def commit() -> None:
    git("add", "-A")
    git("commit", "-qm", "state")


def recorded() -> str:
    """What DVC would have in dvc.lock now."""
    return hash_of(FOLDER, {str(dep): _digest(dep) for dep in FOLDER.rglob("*.py")})


def _digest(path: Path) -> str:
    return str(inputs.dep_state(path)[str(path)])


def test_the_hash_is_that_of_dvc() -> None:
    """Of DVC 3.67, for these two files: `dvc repro` with the folder as a dep wrote it."""
    subprocess.run(["python", "-m", "dvc", "init", "-q"], check=True)
    stage = (
        "stages: {one: {cmd: touch out, deps: [src/croquis/core], outs: [out]}}\n"
    )
    Path("dvc.yaml").write_text(stage)
    subprocess.run(["python", "-m", "dvc", "repro", "-q"], check=True)
    assert f"md5: {recorded()}\n" in Path("dvc.lock").read_text()


def test_files_that_changed_came_and_went_are_named() -> None:
    before = recorded()
    (FOLDER / "a.py").write_text("a = 2\n")
    (FOLDER / "b.py").unlink()
    (FOLDER / "c.py").write_text("c = 1\n")
    (FOLDER / "c.py~").write_text("an editor's")
    assert changed_files(FOLDER, before) == {
        f"{FOLDER}/a.py": "modified",
        f"{FOLDER}/b.py": "deleted",
        f"{FOLDER}/c.py": "new",
    }


def test_files_of_a_commit_that_dvc_does_not_look_at_do_not_count() -> None:
    (FOLDER / "notes.md").write_text("by hand\n")
    (FOLDER / "a.py").write_text("a = 2\n")
    commit()
    before = recorded()  # of the Python files alone, as .dvcignore has it
    (FOLDER / "a.py").write_text("a = 3\n")
    assert changed_files(FOLDER, before) == {f"{FOLDER}/a.py": "modified"}


def test_a_commit_since_the_run_hides_nothing() -> None:
    before = recorded()
    for value in (2, 3):
        (FOLDER / "a.py").write_text(f"a = {value}\n")
        commit()
    assert changed_files(FOLDER, before) == {f"{FOLDER}/a.py": "modified"}


def test_what_ran_without_a_commit_is_known_by_its_note() -> None:
    (FOLDER / "a.py").write_text("a = 2\n")
    before = recorded()
    states = {FOLDER.as_posix(): inputs.dep_state(FOLDER)}
    read_notes.READ.mkdir(parents=True)
    read_notes.note_path("vote").write_text(
        json.dumps({"texts": {}, "keys": {}, "states": states})
    )
    (FOLDER / "b.py").write_text("b = 2\n")
    assert changed_files(FOLDER, before) == {f"{FOLDER}/b.py": "modified"}


def test_a_state_that_nobody_noted_is_not_guessed() -> None:
    (FOLDER / "a.py").write_text("a = 2\n")
    before = recorded()
    (FOLDER / "a.py").write_text("a = 3\n")
    assert changed_files(FOLDER, before) is None
