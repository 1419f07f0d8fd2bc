"""Tracking helps where it can and never stands in the way of a training."""

import shutil
import time
import warnings
from pathlib import Path

import pytest

from croquis.tracking import logged_params, run_origin, tracking
from croquis.tracking import store as stores

ICONS = stores.Pipeline("icons")
SETTINGS = {"lr": 1e-05, "embed": {"backbone": "resnet18", "views": ["identity"]}}


@pytest.fixture
def store(
    empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A project folder whose default store is used."""
    shutil.copy(empty_store, tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path


def logged(store: Path):
    """The one training that was logged, and a client to ask."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{store / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("icons")
    (run,) = client.search_runs(
        [experiment.experiment_id], "tags.mlflow.parentRunId != ''"
    )
    return run, client, experiment


def test_a_run_keeps_params_tags_and_metrics_per_epoch(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_STAGE", "train@swin-0")
    monkeypatch.setenv("DVC_EXP_NAME", "bold-idea")
    with tracking.tracked_run(
        ICONS, "swin-fold0", params=SETTINGS, tags={"fold": "0"}
    ) as run:
        for epoch in range(3):
            run.metrics(
                {"val_loss": 1 / (epoch + 1), "val_accuracy": float("nan")}, epoch
            )
        (store / "curves.csv").write_text("epoch\n")
        run.artifact(store / "curves.csv")
    run, client, experiment = logged(store)
    assert (
        run.info.status == "FINISHED"
        and run.info.run_name == "swin-fold0 bold-idea"
    )
    assert run.data.params == {
        "lr": "1e-05",
        "embed.backbone": "resnet18",
        "embed.views": "['identity']",
    }
    assert {
        "fold": "0",
        "stage": "train@swin-0",
        "experiment": "bold-idea",
        "commit": run_origin.commit(),
        "kind": "train",
    } == {
        key: value
        for key, value in run.data.tags.items()
        if not key.startswith("mlflow.")
    }
    history = client.get_metric_history(run.info.run_id, "val_loss")
    assert [(point.step, point.value) for point in history] == [
        (0, 1),
        (1, 1 / 2),
        (2, 1 / 3),
    ]
    assert experiment.artifact_location == str(store / "mlruns")
    assert list(store.glob("mlruns/*/artifacts/curves.csv"))


def test_a_training_that_fails_leaves_a_failed_run(store: Path) -> None:
    with (
        pytest.raises(KeyError, match="oops"),
        tracking.tracked_run(ICONS, "a", params={}, tags={}),
    ):
        raise KeyError("oops")
    assert logged(store)[0].info.status == "FAILED"


def test_a_second_run_joins_the_same_experiment(store: Path) -> None:
    for fold in (0, 1):
        with tracking.tracked_run(ICONS, f"a-fold{fold}", params={}, tags={}):
            pass
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{store / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("icons")
    runs = client.search_runs([experiment.experiment_id])
    parents = {run.data.tags.get("mlflow.parentRunId") for run in runs}
    (pipeline,) = [run for run in runs if run.data.tags.get("kind") == "pipeline"]
    assert len(runs) == 3 and parents == {None, pipeline.info.run_id}
    assert pipeline.info.run_name == run_origin.commit()[:7]


def test_the_pipelines_run_takes_scores_again_and_again(store: Path) -> None:
    for seed, accuracy in ((1, 0.5), (2, 0.75)):
        run = tracking.pipeline_run(ICONS)
        run.tags({"seed": str(seed)})
        run.metrics({"ensemble.accuracy": accuracy})
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{store / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("icons").experiment_id
    (run,) = client.search_runs([experiment])
    assert (
        run.data.metrics == {"ensemble.accuracy": 0.75}
        and run.data.tags["seed"] == "2"
    )
    assert run.info.status == "FINISHED"


def test_a_signal_leaves_a_killed_run_and_a_resume_goes_on_in_it(
    store: Path,
) -> None:
    memory = store / ".resume" / "mlflow_run"

    def train(epochs: range, ends: bool) -> None:
        with tracking.tracked_run(
            ICONS, "a", params={"lr": 1}, tags={}, memory=memory
        ) as run:
            for epoch in epochs:
                run.metrics({"epoch": epoch, "loss": 10.0 - epoch}, epoch)
            if ends:
                raise SystemExit(143)

    with pytest.raises(SystemExit):
        train(range(2), ends=True)
    run, client, _ = logged(store)
    assert run.info.status == "KILLED"
    train(range(1, 3), ends=False)  # epoch 1 was logged, but not saved any more
    run, client, _ = logged(store)
    assert run.info.status == "FINISHED"
    points = client.get_metric_history(run.info.run_id, "loss")
    assert [(point.step, point.value) for point in points] == [
        (0, 10),
        (1, 9),
        (2, 8),
    ]


def test_a_long_training_is_watched(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.05")
    with tracking.tracked_run(
        ICONS, "a", params={}, tags={}, memory=store / "mlflow_run"
    ):
        time.sleep(0.4)
    run, _, _ = logged(store)
    assert run.data.metrics["system/system_memory_usage_percentage"] > 0


@pytest.mark.parametrize("noted", [b"0123456789abcdef0123456789abcdef", b"\xb9\0"])
def test_a_run_that_the_store_lost_is_begun_anew(store: Path, noted: bytes) -> None:
    memory = store / "mlflow_run"
    memory.write_bytes(noted)
    with tracking.tracked_run(ICONS, "a", params={}, tags={}, memory=memory) as run:
        run.metrics({"loss": 1.0})
    assert logged(store)[0].info.run_id == memory.read_text()


def test_a_dead_server_warns_once_and_the_training_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    done = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with tracking.tracked_run(ICONS, "a", params=SETTINGS, tags={}) as run:
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
        tracking.tracked_run(ICONS, "a", params={}, tags={}),
    ):
        raise FloatingPointError("loss")


def test_a_server_that_was_away_still_learns_how_a_run_ended(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After one failed call the run used to stay RUNNING for ever."""
    from mlflow.tracking import MlflowClient

    def away(*_: object, **__: object) -> None:
        raise OSError("away")

    with pytest.warns(UserWarning, match="off for this run: away"):
        with tracking.tracked_run(ICONS, "a", params={}, tags={}) as run:
            with monkeypatch.context() as moment:
                moment.setattr(MlflowClient, "log_batch", away)
                run.metrics({"loss": 1.0})
    assert logged(store)[0].info.status == "FINISHED"


PARAMS = """
lr: 1.0e-3
run: {models: [a], probes: [], folds: [0]}
data: {source: "https://me:secret@host/x.zip?token=secret&id=7", sha256: null}
families: {x: {drop_rate: 0.1}, y: {drop_rate: 0.2}}
models: {a: {like: x, lr_mult: 2.0}, b: {like: y, lr_mult: 3.0}}
probes: {c: {head: {}}}
"""


def test_the_pipeline_is_all_parameters_but_members_that_do_not_run_and_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(PARAMS)
    Path("index.csv").write_text("id\n")
    first = tracking.pipeline_of(Path("index.csv"))
    assert logged_params.flat(first.settings) == {
        "lr": 0.001,
        "run.models": ["a"],
        "run.probes": [],
        "run.folds": [0],
        "data.source": "https://host/x.zip?id=7",
        "data.sha256": None,
        "families.x.drop_rate": 0.1,
        "models.a.like": "x",
        "models.a.lr_mult": 2.0,
    }
    keys = {first.key}
    for old, new, same in (
        ("lr_mult: 3.0", "lr_mult: 4.0", True),
        ("drop_rate: 0.2", "drop_rate: 0.3", True),
        ("drop_rate: 0.1", "drop_rate: 0.3", False),
        ("me:secret", "me:another", True),
        ("lr_mult: 2.0", "lr_mult: 1.0", False),
    ):
        Path("params.yaml").write_text(PARAMS.replace(old, new))
        assert (tracking.pipeline_of(Path("index.csv")).key in keys) == same
        keys.add(tracking.pipeline_of(Path("index.csv")).key)
    Path("params.yaml").write_text(PARAMS)
    Path("index.csv").write_text("id\n1\n")
    assert tracking.pipeline_of(Path("index.csv")).key not in keys


def test_a_run_that_fails_says_why_until_it_goes_on(store: Path) -> None:
    memory = store / "mlflow_run"
    options = {"params": {}, "tags": {}, "memory": memory}
    with (
        pytest.raises(ValueError),
        tracking.tracked_run(ICONS, "m-fold0", **options),
    ):
        raise ValueError("lr: 0.001 -> 0.002")
    run, client, _ = logged(store)
    assert (
        run.info.status == "FAILED"
        and run.data.tags["failure"] == "lr: 0.001 -> 0.002"
    )
    with tracking.tracked_run(ICONS, "m-fold0", **options):
        pass
    run = client.get_run(run.info.run_id)
    assert run.info.status == "FINISHED" and "failure" not in run.data.tags
