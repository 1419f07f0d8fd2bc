"""Results of an experiment from a folder, the workspace or a revision of DVC."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.scoring.experiments import fetch_files

FILES = [Path("data/ensemble/oof.npz"), Path("data/folds.csv")]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A DVC project with two commits: the first's results are in its cache alone."""
    for name in (
        "DVC_GLOBAL_CONFIG_DIR",
        "DVC_SYSTEM_CONFIG_DIR",
        "DVC_SITE_CACHE_DIR",
    ):
        monkeypatch.setenv(name, str(tmp_path / "outside" / name.lower()))
    folder = tmp_path / "project"
    (folder / "data/ensemble").mkdir(parents=True)
    monkeypatch.chdir(folder)
    run(
        "git init -q . && git config user.name a && git config user.email a@example.com"
    )
    run("dvc init -q && dvc config core.analytics false")
    for text in ("first", "second"):
        for path in FILES:
            path.write_text(text)
        run("dvc add -q data/ensemble data/folds.csv")
        run(f"git add -A && git commit -qm {text} && git tag {text}")
    return folder


def run(command: str) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["bash", "-c", command], check=True, env=os.environ | {"PATH": path}
    )


def test_a_revision_is_read_from_the_cache_and_the_workspace_stays(
    repository: Path, tmp_path: Path
) -> None:
    Path("data/folds.csv").write_text("changed")
    paths = fetch_files("first", FILES, tmp_path / "into")
    assert [path.read_text() for path in paths] == ["first", "first"]
    assert Path("data/ensemble/oof.npz").read_text() == "second"
    assert Path("data/folds.csv").read_text() == "changed"
    here = fetch_files("workspace", FILES, tmp_path / "into")
    assert [path.read_text() for path in here] == ["second", "changed"]
    with pytest.raises(
        InputError, match=r"third: expected .* received unknown Git revision"
    ):
        fetch_files("third", FILES, tmp_path / "into")
    with pytest.raises(
        InputError, match=r"first: expected .* none: no .*votes/oof\.npz"
    ):
        fetch_files("first", [Path("data/votes/oof.npz")], tmp_path / "into")


def test_a_cache_that_was_emptied_is_one_line(
    repository: Path, tmp_path: Path
) -> None:
    shutil.rmtree(".dvc/cache")
    with pytest.raises(InputError, match=r"first: expected .*; .*`dvc fetch`"):
        fetch_files("first", FILES, tmp_path / "into")


def test_a_folder_is_another_project(tmp_path: Path) -> None:
    (tmp_path / "other/data").mkdir(parents=True)
    (tmp_path / "other/data/folds.csv").write_text("")
    (path,) = fetch_files(str(tmp_path / "other"), FILES[1:], tmp_path)
    assert path == tmp_path / "other/data/folds.csv"
    with pytest.raises(
        InputError, match=r"other: expected the results of a run, .*oof\.npz, rec"
    ):
        fetch_files(str(tmp_path / "other"), FILES, tmp_path)
