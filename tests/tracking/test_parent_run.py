"""Trainings in several checkouts come under one run, which is made before they begin."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest

from croquis.tracking import store as stores
from croquis.tracking import tracking

PARAMS = "lr: 0.1\nrun: {models: [a], folds: [0]}\nmodels: {a: {}}\ndata: {source: icons}\n"
INDEX = Path("index.csv")


@pytest.fixture
def project(
    empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The working folder: a project with a default store, and two checkouts beside it."""
    for name in ("project", "one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "params.yaml").write_text(PARAMS)
        (folder / INDEX).write_text("id\n")
    shutil.copy(empty_store, tmp_path / "project")
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    monkeypatch.setenv("DVC_EXP_NAME", "bold-idea")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def rows(project: Path, query: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(project / "mlflow.db")) as store:
        return store.execute(query).fetchall()


def runs(project: Path) -> list[tuple[str, ...]]:
    return rows(project, "select run_uuid from runs")


def in_checkout(
    folder: Path, environment: dict[str, str], work: Callable[[], None]
) -> int:
    """The number of a process that works in a folder; as DVC starts a stage."""
    child = os.fork()
    if child:
        return child
    try:
        os.chdir(folder)
        os.environ.update(environment, DVC_ROOT=str(folder))
        work()
        os._exit(0)
    except BaseException:
        os._exit(1)


def train() -> None:
    """A training of the pipeline, and where it found its store and its lock."""
    whole = tracking.pipeline_of(INDEX)
    with tracking.tracked_run(whole, "a-fold0", params={}, tags={}):
        place = stores.store_place()
        Path("place.json").write_text(json.dumps(str(place)))


def all_end_well(children: list[int]) -> bool:
    return not any([os.waitpid(child, 0)[1] for child in children])


def make() -> None:
    """What a driver does; in a process of its own, as no connection of SQLite's outlives a fork."""
    parent = tracking.make_parent_run(INDEX)
    assert parent is not None
    Path("parent.json").write_text(json.dumps(asdict(parent)))


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_two_checkouts_of_one_root_share_store_lock_and_parent(
    project: Path,
) -> None:
    assert all_end_well([in_checkout(project, {}, make)])
    parent = json.loads(Path("parent.json").read_text())
    assert runs(project) == [(parent["run_id"],)]
    assert parent["name"] == "bold-idea" and parent["environment"] == {
        "CROQUIS_ROOT": str(project),
        "DVC_EXP_NAME": "bold-idea",
    }
    folders = [project.parent / name for name in ("one", "two")]
    assert all_end_well(
        [in_checkout(each, parent["environment"], train) for each in folders]
    )
    for each in folders:
        place = json.loads((each / "place.json").read_text())
        assert place == str(project / "mlflow.db")
        left = {path.name for path in each.iterdir()}
        assert left == {"params.yaml", "index.csv", "place.json"}
    assert len(runs(project)) == 3
    query = "select value from tags where key = 'mlflow.parentRunId'"
    assert rows(project, query) == [(parent["run_id"],)] * 2
    # The run is there already for whoever comes later, as the stages of `dvc exp run`.
    assert all_end_well([in_checkout(project, {}, make)])
    assert json.loads(Path("parent.json").read_text()) == parent


def test_a_store_that_is_named_by_a_relative_path_is_the_same_for_all(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "sketches")
    parent = tracking.make_parent_run(INDEX)
    assert parent is not None and parent.environment == {
        "CROQUIS_ROOT": str(project),
        "DVC_EXP_NAME": "bold-idea",
        "MLFLOW_TRACKING_URI": f"sqlite:///{project}/mlflow.db",
        "MLFLOW_EXPERIMENT_NAME": "sketches",
    }


def test_without_a_store_trainings_go_on(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "mlflow.db").unlink()
    (project / "mlflow.db").mkdir()
    with pytest.warns(UserWarning, match="tracking is off"):
        assert tracking.make_parent_run(INDEX) is None
