"""What DVC asks before it deletes and records, held to DVC's own Stage."""

import re
import sys
from pathlib import Path

import pytest

from support.standing_files import commit, make_repository, run

GUARDED = (sys.executable, "-m", "croquis.commands.guarded_dvc")
PIPELINE = """
stages:
  fit:
    cmd: python stages/fit.py --out data/fit.txt
    params: [lr]
    deps: [stages/fit.py, table.csv]
    outs: [data/fit.txt]
  last:
    cmd: cat data/fit.txt > data/last.txt && echo 1 >> data/kept.txt
    deps: [data/fit.txt]
    outs: [data/last.txt, data/kept.txt: {persist: true}]
"""
SCRIPT = """import atexit, pathlib

from croquis.core import cli, params
from croquis.core.files import atomic_write


def main(out: cli.File) -> None:
    lr = params.read()["lr"]
    with atomic_write(out) as draft:
        draft.write_text(f"made with {lr}")


def edit() -> None:
    for file in pathlib.Path("edits").rglob("*.*"):
        place = file.relative_to("edits")
        place.parent.mkdir(exist_ok=True)
        file.replace(place)


atexit.register(edit)  # after the last look of the stage, before DVC takes hashes
cli.run(main)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = make_repository(tmp_path / "project")
    texts = {
        "dvc.yaml": PIPELINE,
        "stages/fit.py": SCRIPT,
        "params.yaml": "lr: 1\nother: 1\n",
    }
    for name, text in {**texts, "table.csv": "id\n"}.items():
        (folder / name).write_text(text)
    commit(folder)
    return folder


def edited(project: Path, name: str, text: str) -> None:
    """Has this text take the place of a file as soon as `fit` has ended."""
    (project / "edits" / name).parent.mkdir(parents=True, exist_ok=True)
    (project / "edits" / name).write_text(text)


def recorded(project: Path) -> str:
    return (
        (project / "dvc.lock").read_text()
        if (project / "dvc.lock").is_file()
        else ""
    )


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("params.yaml", "lr: 2\nother: 1\n", "lr: 1 -> 2"),
        ("table.csv", "id\n1\n", "table.csv changed"),
        ("stages/fit.py", SCRIPT + "# more\n", "stages/fit.py changed"),
    ],
    ids=["params", "data", "code"],
)
def test_an_edit_after_the_stages_command_has_ended_is_not_recorded(
    name: str, text: str, said: str, project: Path
) -> None:
    """DVC recorded lr 2 for what was made with 1, and its run cache had it for good."""
    edited(project, name, text)
    printed = run(project, *GUARDED, "repro", "fit", fails=True)
    assert (
        "fit: expected what it has read to stay as it was until DVC has noted it"
        in printed
    )
    assert f"received {said}; nothing is recorded" in printed
    assert "Traceback" not in printed and "fit:" not in recorded(project)
    assert (project / "data" / "fit.txt").read_text() == "made with 1"
    run(
        project, *GUARDED, "repro", "fit"
    )  # its output is no person's file, and is made anew
    lr = 2 if name == "params.yaml" else 1
    assert (project / "data" / "fit.txt").read_text() == f"made with {lr}"
    assert f"lr: {lr}" in recorded(project)


def test_a_stage_that_is_restored_or_that_reads_no_edit_is_recorded(
    project: Path,
) -> None:
    """Its note is that of another run: no command has ended here."""
    edited(project, "params.yaml", "lr: 1\nother: 2\n")
    run(project, *GUARDED, "repro", "fit")
    (project / "params.yaml").write_text("lr: 2\n")
    run(project, *GUARDED, "repro", "fit")
    (project / "params.yaml").write_text("lr: 1\n")
    printed = run(project, *GUARDED, "repro", "fit")
    assert "is cached - skipping run" in printed and "lr: 1" in recorded(project)
    run(project, *GUARDED, "freeze", "fit")
    (project / "params.yaml").write_text("lr: 3\n")
    run(
        project, *GUARDED, "repro", "fit"
    )  # DVC runs nothing, and looks at the outputs alone


def test_a_file_that_came_during_a_run_is_not_deleted(project: Path) -> None:
    """`check` had looked at its place hours before."""
    edited(project, "data/last.txt", "mine")
    printed = run(project, *GUARDED, "repro", "last", fails=True)
    assert re.search(
        r"data/last\.txt: expected what a run made.*; move it away: mv data/last",
        printed,
    )
    assert (
        project / "data" / "last.txt"
    ).read_text() == "mine" and "fit:" in recorded(project)
    (project / "data" / "last.txt").unlink()
    run(project, *GUARDED, "repro", "last")
    assert (project / "data" / "last.txt").read_text() == "made with 1"


def test_a_file_that_dvc_leaves_where_it_is_stops_nothing(project: Path) -> None:
    edited(project, "data/kept.txt", "mine ")
    run(project, *GUARDED, "repro", "last")
    assert (project / "data" / "kept.txt").read_text() == "mine 1\n"


def test_a_link_that_came_during_a_run_is_not_followed(
    project: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    (project / "edits" / "data").mkdir(parents=True)
    (project / "edits" / "data" / "last.txt").symlink_to(tmp_path / "mine.txt")
    printed = run(project, *GUARDED, "repro", "last", fails=True)
    assert "data/last.txt: expected no link" in printed
    assert (project / "data" / "last.txt").is_symlink()
