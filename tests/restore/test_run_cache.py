"""A run cache in which a kill left a part of an entry gives whole results or none."""

import inspect
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dvc.repo import Repo
from dvc.stage.cache import StageCache

from croquis.restore.run_cache import believe_whole_entries

# DVC's own use of pygtrie.
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value will soon raise")
PIPELINE = """
stages:
  one:
    cmd: cp in.txt a.txt && cp in.txt b.txt && echo >> ran.txt
    deps: [in.txt]
    outs: [a.txt, b.txt]
"""
DRAFT = ".K3tq9cDTU3h6dLC4XLvh5w.tmp"  # as DVC calls one


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repo]:
    """One stage that has run, and whose results are no longer here."""
    monkeypatch.chdir(tmp_path)
    # DVC's own: another test of this process may have replaced it.
    monkeypatch.setattr(StageCache, "_load", inspect.unwrap(StageCache._load))
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    Path("dvc.yaml").write_text(PIPELINE)
    Path("in.txt").write_text("first\n")
    with Repo.init(no_scm=True) as made:
        made.reproduce()
        for name in ("a.txt", "b.txt", "dvc.lock"):
            Path(name).unlink()
        yield made


def entry_of(repo: Repo) -> Path:
    (entry,) = Path(repo.stage_cache.cache_dir).glob("*/*/*")
    return entry


def part_of(entry: Path, name: str, lines: int, age: float = -5) -> Path:
    """The first lines of an entry under another name, newer than the entry by default."""
    path = entry.with_name(name)
    path.write_text("".join(entry.read_text().splitlines(keepends=True)[:lines]))
    when = time.time() - age
    os.utime(path, (when, when))
    return path


def runs() -> int:
    return len(Path("ran.txt").read_text())


def lines_until(entry: Path, word: str) -> int:
    """How many lines come before the one with a word."""
    lines = entry.read_text().splitlines()
    return next(i for i, line in enumerate(lines) if word in line)


def test_a_draft_that_a_kill_left_stops_no_run(repo: Repo) -> None:
    """Each later run ended in "failed to reproduce 'explain': 'outs'"."""
    entry = entry_of(repo)
    draft = part_of(entry, DRAFT, lines_until(entry, "outs"))
    with pytest.raises(Exception, match="one"):  # as DVC has it
        repo.reproduce()
    believe_whole_entries()
    repo.reproduce()
    assert runs() == 1 and Path("b.txt").read_text() == "first\n"
    assert draft.exists()  # another DVC may be writing it


def test_a_draft_with_a_part_of_the_outputs_brings_none_of_them(repo: Repo) -> None:
    """The other output is a former run's, and would be recorded as of this one."""
    entry = entry_of(repo)
    part_of(entry, DRAFT, lines_until(entry, "b.txt"))
    Path("b.txt").write_text("former\n")
    believe_whole_entries()
    repo.reproduce()
    assert Path("b.txt").read_text() == "first\n" and runs() == 1


@pytest.mark.parametrize("cut_before", ["outs", "b.txt", "cmd"])
def test_an_entry_that_is_cut_off_is_as_none(repo: Repo, cut_before: str) -> None:
    entry = entry_of(repo)
    text = entry.read_text().splitlines(keepends=True)
    entry.write_text("".join(text[: lines_until(entry, cut_before)]))
    believe_whole_entries()
    repo.reproduce()
    assert runs() == 2 and Path("b.txt").read_text() == "first\n"


def test_of_two_whole_entries_the_newest_counts(repo: Repo) -> None:
    """As DVC has it."""
    old = entry_of(repo)
    new = old.with_name("f" * 64)
    new.write_text(old.read_text().replace("size: 6", "size: 7"))
    when = time.time() + 5
    os.utime(new, (when, when))
    believe_whole_entries()
    stage: Any = next(iter(repo.index.stages))
    stage.save_deps()
    kept = repo.stage_cache._load(stage)
    assert [out["size"] for out in kept["outs"]] == [7, 7]


def test_an_old_draft_goes(repo: Repo) -> None:
    entry = entry_of(repo)
    new, old = part_of(entry, f"{'f' * 64}{DRAFT}", 2), part_of(entry, DRAFT, 2)
    for path, days in ((new, 0), (old, 2), (entry, 3)):
        when = time.time() - days * 86400
        os.utime(path, (when, when))
    believe_whole_entries()
    repo.reproduce()
    assert not old.exists() and new.exists() and runs() == 1
