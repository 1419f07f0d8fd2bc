"""What DVC's cache and git hold is not lost with its file."""

import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest

from croquis.check import dvc_cache
from croquis.check.dvc_cache import Cache, in_git, md5_of, md5_of_folder
from support.standing_files import environment, make, run

ABC = "900150983cd24fb0d6963f7d28e17f72"  # md5 of "abc"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make(tmp_path / "project")
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    (folder / ".dvc").mkdir()
    monkeypatch.chdir(folder)
    return folder


def keep(md5: str, content: str, cache: str = ".dvc/cache") -> Path:
    place = Path(cache, "files", "md5", md5[:2], md5[2:])
    place.parent.mkdir(parents=True)
    place.write_text(content)
    return place


def test_a_file_is_held_if_its_content_is(project: Path) -> None:
    Path("a").write_text("abc")
    assert not Cache().holds(Path("a"))
    assert Cache().holds(Path("a"), ABC)
    assert not Cache().holds(Path("a"), ABC[::-1])
    keep(ABC, "abc")
    assert Cache().holds(Path("a"))


def test_an_empty_file_is_no_loss(project: Path) -> None:
    Path("a").touch()
    assert Cache().holds(Path("a"))


@pytest.mark.parametrize("file", ["config", "config.local"])
def test_the_cache_is_where_dvcs_settings_have_it(file: str, project: Path) -> None:
    Path(".dvc", file).write_text("[cache]\n    dir = ../big\n")
    Path("a").write_text("abc")
    keep(ABC, "abc", "big")
    assert Cache().holds(Path("a"))


def test_a_hard_link_that_was_written_through_is_not_held(project: Path) -> None:
    """Root may write to a file that DVC protects; the cache changes with it, and knows it not."""
    place = keep(ABC, "abc")
    os.link(place, "a")
    Path("a").write_text("mine")
    assert not Cache().holds(Path("a"), ABC)


def test_a_link_is_held_if_dvc_made_it(project: Path) -> None:
    place = keep(ABC, "abc")
    Path("a").symlink_to(place.resolve())
    Path("b").symlink_to("params.yaml")
    Path("c").symlink_to("nowhere")
    assert [Cache().holds(Path(name)) for name in "abc"] == [True, False, False]


def test_a_folder_is_listed_as_the_cache_has_it(project: Path) -> None:
    keep("ab.dir", json.dumps([{"md5": ABC, "relpath": "x/y"}]))
    keep("cd.dir", "half")
    assert Cache().listing("ab.dir") == {"x/y": ABC}
    assert Cache().listing("cd.dir") is None and Cache().listing("ef.dir") is None


def test_a_folder_has_the_md5_that_dvc_gives_it(project: Path) -> None:
    Path("a").write_text("x\n")
    Path("b").write_text("y\n")
    # As `dvc repro` wrote it to dvc.lock for a folder of these two.
    assert (
        md5_of_folder({"b": Path("b"), "a": Path("a")})
        == "ef085c9b449e0fa01a8120cada124667.dir"
    )


@pytest.mark.filterwarnings("ignore:_NoneStep.value will soon raise")
def test_of_a_big_file_dvcs_memory_is_taken_if_it_was_not_touched(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dvc.repo import Repo
    from dvc_data.hashfile.hash_info import HashInfo

    monkeypatch.setattr(dvc_cache, "BIG", 3)
    run(project, "git", "init", "-q", ".")
    Path("a").write_text("abc")
    with Repo() as repo:
        repo.state.save(
            os.path.abspath("a"), repo.fs, HashInfo("md5", "remembered")
        )
    assert md5_of(Path("a")) == "remembered"
    os.utime("a", ns=(1, 1))
    assert md5_of(Path("a")) == ABC
    Path("a").write_text("ab")  # too small to ask
    assert md5_of(Path("a")) == hashlib.md5(b"ab").hexdigest()


def test_of_a_big_file_outside_of_dvc_the_bytes_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dvc_cache, "BIG", 3)
    monkeypatch.chdir(tmp_path)
    Path("a").write_text("abc")
    assert md5_of(Path("a")) == ABC


def test_what_git_has_is_told_from_what_it_has_not(project: Path) -> None:
    run(project, "git", "init", "-q", ".")
    for name in "abc":
        Path(name).write_text(name)
    run(project, "git", "add", "a")
    run(project, "git", "commit", "-qm", "x")
    run(project, "git", "add", "b")
    Path("a").write_text("edited")
    assert in_git(map(Path, "abc")) == {Path("b")}
    Path("a").write_text("a")
    assert in_git(map(Path, "abc")) == {Path("a"), Path("b")}
    assert in_git([]) == set()


def test_a_name_that_is_not_utf_8_is_looked_up_in_git(project: Path) -> None:
    run(project, "git", "init", "-q", ".")
    for name in ("caf\udce9", "other\udce9"):
        Path(name).write_text(name[0])
    run(project, "git", "add", "caf\udce9")
    assert in_git([Path("caf\udce9"), Path("other\udce9")]) == {Path("caf\udce9")}


def test_without_a_repository_or_git_nothing_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    Path("a").write_text("a")
    assert in_git([Path("a")]) == set()
    monkeypatch.setattr(subprocess, "run", _raise_no_git)
    assert in_git([Path("a")]) == set()


def _raise_no_git(*_: object, **__: object) -> None:
    raise FileNotFoundError("git")
