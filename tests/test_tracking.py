"""Tracking helps where it can and never stands in the way of a training."""

import shutil
import warnings
from pathlib import Path

import pytest

from croquis import tracking

SETTINGS = {"lr": 1e-05, "embed": {"backbone": "resnet18", "views": ["identity"]}}


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without runs, copied by each test: MLflow takes seconds to make one."""
    from mlflow.tracking import MlflowClient

    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def store(empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder whose default store is used."""
    shutil.copy(empty_store, tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path


def logged(store: Path):
    """The one run that was logged, and a client to ask."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{store / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("icons")
    (run,) = client.search_runs([experiment.experiment_id])
    return run, client, experiment


def test_a_run_keeps_params_tags_and_metrics_per_epoch(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_STAGE", "train@swin-0")
    monkeypatch.setenv("DVC_EXP_NAME", "bold-idea")
    with tracking.run("icons", "swin-fold0", params=SETTINGS, tags={"fold": "0"}) as run:
        for epoch in range(3):
            run.metrics({"val_loss": 1 / (epoch + 1), "val_accuracy": float("nan")}, epoch)
        (store / "curves.csv").write_text("epoch\n")
        run.artifact(store / "curves.csv")
    found, client, experiment = logged(store)
    assert found.info.status == "FINISHED" and found.info.run_name == "bold-idea/swin-fold0"
    assert found.data.params == {
        "lr": "1e-05",
        "embed.backbone": "resnet18",
        "embed.views": "['identity']",
    }
    assert {
        "fold": "0",
        "stage": "train@swin-0",
        "experiment": "bold-idea",
        "commit": tracking.commit(),
    } == {key: value for key, value in found.data.tags.items() if not key.startswith("mlflow.")}
    history = client.get_metric_history(found.info.run_id, "val_loss")
    assert [(point.step, point.value) for point in history] == [(0, 1), (1, 1 / 2), (2, 1 / 3)]
    assert experiment.artifact_location == str(store / "mlruns")
    assert list(store.glob("mlruns/*/artifacts/curves.csv"))


def test_a_training_that_fails_leaves_a_failed_run(store: Path) -> None:
    with pytest.raises(KeyError, match="oops"), tracking.run("icons", "a", params={}, tags={}):
        raise KeyError("oops")
    assert logged(store)[0].info.status == "FAILED"


def test_a_second_run_joins_the_same_experiment(store: Path) -> None:
    for fold in (0, 1):
        with tracking.run("icons", f"a-fold{fold}", params={}, tags={}):
            pass
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{store / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("icons")
    assert len(client.search_runs([experiment.experiment_id])) == 2


def test_a_dead_server_warns_once_and_the_training_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    done = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with tracking.run("icons", "a", params=SETTINGS, tags={}) as run:
            run.metrics({"val_loss": 1.0}, 0)
            run.artifact(tmp_path / "nowhere")
            done.append(True)
    ours = [str(w.message) for w in caught if "tracking is off" in str(w.message)]
    assert done and len(ours) == 1 and ours[0].endswith("training goes on")


def test_under_a_dead_server_the_trainings_own_error_comes_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with (
        pytest.warns(UserWarning, match="tracking is off"),
        pytest.raises(FloatingPointError, match="loss"),
        tracking.run("icons", "a", params={}, tags={}),
    ):
        raise FloatingPointError("loss")


def test_a_server_that_dies_midway_warns_once() -> None:
    class Dying:
        def log_batch(self, *_: object, **__: object) -> None:
            raise ConnectionError("gone\nwith details")

    run = tracking.Run(Dying(), "id")
    with pytest.warns(UserWarning, match="off for this run: gone; training goes on"):
        run.metrics({"loss": 1.0})
    run.metrics({"loss": 1.0})  # a second warning would be an error here


def test_nested_params_get_dotted_keys() -> None:
    assert tracking.flat({"a": {"b": {"c": 1}, "d": []}, "e": None}) == {
        "a.b.c": 1,
        "a.d": [],
        "e": None,
    }


def test_the_commit_is_gits_and_none_outside_of_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert tracking.commit() == "none"
    monkeypatch.setenv("PATH", str(tmp_path))  # where there is no git either
    assert tracking.commit() == "none"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("icons", "icons"),
        ("../shared/data/quickdraw345.tar.gz", "quickdraw345"),
        ("https://site.org/a/sketch.v2.zip", "sketch"),
        ("folder/of/classes/", "classes"),
        ("..", "croquis"),
    ],
)
def test_the_experiment_is_called_as_the_data(source: str, name: str) -> None:
    assert tracking.competition(source) == name


def test_a_password_in_a_servers_address_is_not_printed() -> None:
    class Refusing:
        def log_batch(self, *_: object, **__: object) -> None:
            raise ConnectionError("request to https://me:secret@host/api failed")

    with pytest.warns(UserWarning, match=r"https://\*\*\*@host/api failed"):
        tracking.Run(Refusing(), "id").metrics({"loss": 1.0})
