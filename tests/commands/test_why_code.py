"""`make why` after an edit of code: the very file where it can be known, else its folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from croquis.core.stage_files import read_notes
from support.tiny import Project

pytestmark = pytest.mark.slow

FOLDER = "src/croquis/votes"
MODULE = f"{FOLDER}/voting.py"


@contextmanager
def edited(project: Project) -> Iterator[None]:
    """A module of the votes with a comment more, for as long as the block lasts."""
    path = project.folder / MODULE
    with project.with_text(path, path.read_text(encoding="utf-8") + "# more\n"):
        yield


@contextmanager
def moved_away(project: Project, *names: str) -> Iterator[None]:
    """Without these files or folders, for as long as the block lasts."""
    places = [project.folder / name for name in names]
    away = project.folder / ".outside" / "moved"
    away.mkdir()
    for place in places:
        place.rename(away / place.name)
    try:
        yield
    finally:
        for place in places:
            (away / place.name).rename(place)
        away.rmdir()


def code_lines(printed: str) -> list[str]:
    """What is said of code: the change, without the stages that it touches."""
    lines = [line.strip() for line in printed.splitlines()]
    return [line.split("   ")[0] for line in lines if line.startswith("code ")]


def test_an_edited_module_is_named(project: Project) -> None:
    with edited(project):
        printed = project.run("make -s why")
    assert code_lines(printed) == [f"code {MODULE} changed"]
    (line,) = [line for line in printed.splitlines() if f"code {MODULE}" in line]
    assert "vote" in line and "ensemble" in line and "train" not in line


def test_a_new_module_that_git_does_not_know_is_named(project: Project) -> None:
    new = project.folder / FOLDER / "new_vote.py"
    new.write_text("# a new idea\n")
    try:
        with edited(project):
            printed = project.run("make -s why")
    finally:
        new.unlink()
    assert code_lines(printed) == [
        f"code {FOLDER}/new_vote.py is new",
        f"code {MODULE} changed",
    ]


def test_of_many_files_of_a_folder_five_are_named(project: Project) -> None:
    new = [project.folder / FOLDER / f"a{number}.py" for number in range(8)]
    for path in new:
        path.write_text("")
    try:
        printed = project.run("make -s why")
    finally:
        for path in new:
            path.unlink()
    named = [f"code {FOLDER}/a{number}.py is new" for number in range(5)]
    assert code_lines(printed) == [*named, f"code {FOLDER}: 3 more files changed"]


def test_without_git_the_note_of_the_last_run_names_the_module(
    project: Project,
) -> None:
    with without_git(project), edited(project):
        printed = project.run("make -s why")
    assert code_lines(printed) == [f"code {MODULE} changed"]


def test_without_git_and_without_notes_the_folder_is_named(
    project: Project,
) -> None:
    notes = read_notes.READ.as_posix()
    with without_git(project), moved_away(project, notes), edited(project):
        printed = project.run("make -s why")
    # `check` depends on the whole package, the stages that vote on this folder of it.
    assert code_lines(printed) == [
        "code src/croquis changed",
        f"code {FOLDER} changed",
    ]


@contextmanager
def without_git(project: Project) -> Iterator[None]:
    """No repository of git here, as in an unpacked archive; DVC has to be told."""
    local = Path(project.folder / ".dvc" / "config.local")
    before = local.read_text(encoding="utf-8") if local.is_file() else None
    project.run("dvc config --local core.no_scm true")
    (project.folder / ".git").rename(project.folder / ".outside" / "git")
    try:
        yield
    finally:
        (project.folder / ".outside" / "git").rename(project.folder / ".git")
        if before is None:
            local.unlink()
        else:
            local.write_text(before, encoding="utf-8")
