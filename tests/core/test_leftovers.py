"""The next start of any stage removes what killed ones left beside outputs, and no more."""

import os
import signal
import time
from pathlib import Path

import pytest

from croquis.core.stage_files.leftovers import sweep_project
from croquis.core.workspaces import OWNER
from support.killed import begun, killed_while

PIPELINE = """
stages:
  download: {cmd: none, outs: [data/raw, data/solution.csv]}
  train:
    matrix: {model: [a], fold: [0]}
    cmd: none
    outs: ['data/predictions/${item.model}/fold${item.fold}']
    metrics: [{metrics/vote.json: {cache: false}}, top.json]
"""
WRITES = """
import time
from pathlib import Path
from croquis.core.files import atomic_write
with atomic_write(Path("out")) as draft:
    draft.write_text("half")
    print("ready", flush=True)
    time.sleep(60)
"""
SWEPT = (
    "data",
    "data/predictions/a",
    "data/predictions/gone/fold0",  # of a model that is no longer in params.yaml
    "metrics",
    ".resume/train/a-0/abc",
)
LEFT = ("data/raw/train", "mine", ".")  # images of a person, and a person's folders


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path


def drafts(project: Path) -> set[str]:
    found = project.rglob(OWNER)
    return {path.parent.parent.relative_to(project).as_posix() for path in found}


def test_drafts_of_killed_stages_go_and_a_persons_folders_stay(
    project: Path,
) -> None:
    for place in (*SWEPT, *LEFT):
        (project / place).mkdir(parents=True, exist_ok=True)
        assert killed_while(WRITES, project / place) == -signal.SIGKILL
    assert drafts(project) == {*SWEPT, *LEFT}
    sweep_project()
    assert drafts(project) == set(LEFT)


def test_drafts_of_living_stages_stay(project: Path) -> None:
    """Queued experiments share the resume states, and a command may write beside a run."""
    places = ("data", ".resume/train/a-0/abc")
    for place in places:
        (project / place).mkdir(parents=True)
    with (
        begun(WRITES, project / places[0]) as first,
        begun(WRITES, project / places[1]) as second,
    ):
        sweep_project()
        assert drafts(project) == set(places)
        first.kill()
        second.kill()


def test_notes_that_were_never_finished_go_after_an_hour(project: Path) -> None:
    notes = project / ".resume/made"
    notes.mkdir(parents=True)
    old, young, whole = (
        notes / name for name in (".a.json.1", ".b.json.2", "c.json")
    )
    for path in (old, young, whole):
        path.write_text("{")
        then = time.time() - (60 if path == young else 3700)
        os.utime(path, (then, then))
    sweep_project()
    assert sorted(notes.iterdir()) == [young, whole]


def test_a_folder_without_a_pipeline_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    killed_while(WRITES, tmp_path)
    sweep_project()
    assert drafts(tmp_path) == {"."}
