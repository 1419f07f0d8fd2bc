"""The ensemble as a model of MLflow: it answers as the batch did, from files alone."""

import base64
import sys
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from PIL import Image

from croquis.check.imports import modules_of
from croquis.core.errors import InputError
from croquis.serving.registering import (
    SERVED_BY,
    Registered,
    alias_of,
    register,
    requirements,
)
from croquis.serving.sheets import png
from croquis.tables import predictions
from croquis.tracking import store, tracking
from support.imports import loaded_by
from support.served import leave_run, sheets_of_test

pytestmark = [  # of MLflow about itself: when mlflow.pyfunc is imported, and under pandas 3
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),
    pytest.mark.filterwarnings("ignore:Operation with range is deprecated"),
]

SCORE = {"accuracy": 0.75, "log_loss": 1.2345, "images": 12}
DISTRIBUTIONS = {
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "ruamel": "ruamel.yaml",
}


@pytest.fixture
def registered(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> Registered:
    """The tiny run, registered in a store beside it."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{drawn}/mlflow.db")
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    monkeypatch.chdir(drawn)  # a store without a place for artifacts puts them here
    monkeypatch.syspath_prepend(
        ""
    )  # undone at the end, with what MLflow puts before it
    made = leave_run(drawn, views={"head": ["identity", "rot90"]})
    for accuracy in (0.75, 0.5):  # the last run, and one since then
        monkeypatch.setenv("DVC_EXP_NAME", f"scored-{accuracy}")
        tracking.pipeline_run(store.Pipeline("drawn")).metrics(
            {"ensemble/accuracy": accuracy, "ensemble/log_loss": 1.2345}
        )
    monkeypatch.setenv("DVC_EXP_NAME", "later")
    example = sheets_of_test(drawn)[0]
    return register(
        made,
        source="drawn",
        description="Of *three*.",
        score=SCORE,
        example=example,
    )


def base64_of(sheet: np.ndarray) -> str:
    return base64.b64encode(png(Image.fromarray(sheet))).decode()


def test_the_registered_model_answers_as_the_batch(
    registered: Registered, drawn: Path
) -> None:
    assert registered.uri == "models:/drawn/1"
    model = mlflow.pyfunc.load_model(registered.uri)
    images = pd.DataFrame(
        {"image": [base64_of(sheet) for sheet in sheets_of_test(drawn)]}
    )
    batch = predictions.load_predictions(drawn / "ensemble" / "test.npz")
    answers = model.predict(images)
    assert answers.columns.tolist() == ["bar", "pole", "spot"]
    np.testing.assert_allclose(answers.to_numpy(), batch.probs, atol=1e-5)
    with pytest.raises(
        MlflowException, match="image 1: expected base64, received '/etc/passwd'"
    ):
        model.predict(pd.DataFrame({"image": ["/etc/passwd"]}))
    with pytest.raises(
        MlflowException, match="image 2: expected an image, received not a"
    ):
        model.predict(pd.DataFrame({"image": [images["image"][0], "dGV4dA=="]}))
    _check_its_files(registered)
    _check_its_run(registered)


def _check_its_files(registered: Registered) -> None:
    """No pickle; the code, the weights and a description travel with it."""
    client = mlflow.MlflowClient()
    version = client.get_model_version("drawn", registered.version)
    assert version.description == "Of *three*."
    assert (
        client.get_model_version_by_alias("drawn", registered.alias).version
        == version.version
    )
    folder = Path(mlflow.artifacts.download_artifacts(registered.uri))
    names = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert not [
        name for name in names if name.endswith((".pkl", ".pickle", ".pth", ".pt"))
    ]
    weights = {name for name in names if name.endswith(".safetensors")}
    assert len(weights) == 5  # of two folds of two members, and of a backbone
    assert {
        "code/croquis/serving/inference.py",
        "mlflow_model.py",
        "MLmodel",
        "input_example.json",
    } <= names
    assert "torch==" in (folder / "requirements.txt").read_text()


def _check_its_run(registered: Registered) -> None:
    """An export after a commit made a run of a pipeline that had nothing in it."""
    client = mlflow.MlflowClient()
    run = client.get_run(
        client.get_model_version("drawn", registered.version).run_id
    )
    pipelines = client.search_runs(
        [run.info.experiment_id], "tags.kind = 'pipeline'"
    )
    assert {each.info.run_name for each in pipelines} == {
        "scored-0.75",
        "scored-0.5",
    }
    above = client.get_run(run.data.tags["mlflow.parentRunId"])
    assert (
        above.info.run_name == "scored-0.75"
        and run.info.run_name == "later/ensemble"
    )


@pytest.mark.parametrize(
    ("version", "alias"),
    [
        ("4a1c806", "4a1c806"),
        ("lr/1e-4.b", "lr-1e-4-b"),
        ("v2", "run-v2"),
        ("latest", "run-latest"),
    ],
)
def test_any_name_of_an_experiment_becomes_an_alias(
    version: str, alias: str
) -> None:
    assert alias_of(version) == alias


def test_a_store_that_is_not_there_is_a_clear_error(
    drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, example = leave_run(drawn), sheets_of_test(drawn)[0]
    monkeypatch.setattr(store, "connect_by_scores", unreachable)
    with pytest.raises(
        InputError, match="expected a store that answers, received no route; start"
    ):
        register(made, source="drawn", description="", score=SCORE, example=example)


def unreachable(*_: object) -> None:
    raise ConnectionError("no route")


def test_the_requirements_are_what_the_served_modules_import() -> None:
    """peft merges adapters when training ends, and nothing else of the lock is needed."""
    entry = Path("src/croquis/serving/mlflow_model.py")
    files = {entry.as_posix()} | modules_of(entry)
    imported = {name for file in files for name in loaded_by(Path(file))} - {
        "croquis",
        "peft",
    }
    outside = {
        DISTRIBUTIONS.get(name, name)
        for name in imported - set(sys.stdlib_module_names)
    }
    assert outside <= set(SERVED_BY)
    assert set(SERVED_BY) - outside == {"torchvision"}  # timm's
    assert f"numpy=={np.__version__}" in requirements()
