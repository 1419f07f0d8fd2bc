"""The trained ensemble as a registered model of MLflow: no pickle, and all that it needs inside."""

import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from croquis.core import files
from croquis.core.workspaces import temporary_files_in, temporary_folder
from croquis.serving.sheets import data_url
from croquis.serving.trained_ensemble import Trained
from croquis.tracking import run_origin, store
from croquis.tracking.running import mark_run, marks_folder

PACKAGE = Path(files.__file__).parents[1]
CODE = Path(__file__).with_name("mlflow_model.py")
# What the modules import that answer an image; the rest of requirements.lock trains and reports.
SERVED_BY = (
    "filelock", "mlflow", "numpy", "opencv-python-headless", "pandas", "pillow", "pydantic",
    "ruamel.yaml", "safetensors", "timm", "torch", "torchvision", "tqdm",
)  # fmt: skip

TAGS = {"kind": "export", "mlflow.source.name": "croquis export"}


class Registered(NamedTuple):
    """A version of a registered model."""

    name: str
    version: str
    alias: str

    @property
    def uri(self) -> str:
        return f"models:/{self.name}/{self.version}"


def register(
    trained: Trained,
    *,
    source: str,
    description: str,
    score: Mapping[str, float],
    example: np.ndarray,
) -> Registered:
    """Logs the ensemble to MLflow and registers it as the newest version of its competition's.

    Its code is MLflow's "models from code": a copy of this package travels with the weights.

    Args:
        trained: of a run.
        source: data.source; its experiment gives the model its name.
        description: in Markdown.
        score: of the ensemble; the export goes below the pipeline's run that has it.
        example: a prepared image.

    Raises:
        InputError: if the store of MLflow cannot be reached.
    """
    scores = {f"ensemble/{name}": score[name] for name in ("accuracy", "log_loss")}
    client, experiment, pipeline = _connected(source, scores)
    name = store.model_name(experiment.name)
    mlflow.set_tracking_uri(store.uri())
    with mlflow.start_run(
        experiment_id=experiment.experiment_id,
        run_name=f"{run_origin.version()}/ensemble",
        tags=run_origin.surroundings() | TAGS,
        description=description,
        parent_run_id=pipeline,
    ) as run:
        mark = mark_run(marks_folder(store.store_place()), run.info.run_id)
        number = _log_model(trained, name, example)
    if mark is not None:
        mark.remove()
    alias = alias_of(run_origin.version())
    client.update_registered_model(
        name, f"The ensembles trained on {experiment.name}."
    )
    client.update_model_version(name, number, description)
    client.set_registered_model_alias(name, alias, number)
    return Registered(name, number, alias)


def _log_model(trained: Trained, name: str, example: np.ndarray) -> str:
    """Logs the ensemble to MLflow's run and registers it as `name`; the version's number."""
    # MLflow copies the networks among the temporary files, too.
    with temporary_folder("export") as folder, temporary_files_in(folder):
        export = folder / "ensemble"
        trained.export(export)
        model = mlflow.pyfunc.log_model(
            name="ensemble",
            python_model=str(CODE),
            artifacts={"ensemble": str(export)},
            code_paths=[str(PACKAGE)],
            signature=signature(trained.settings.classes),
            input_example=pd.DataFrame({"image": [data_url(example)]}),
            pip_requirements=requirements(),
            registered_model_name=name,
        )
    return str(model.registered_model_version)


def alias_of(version: str) -> str:
    """A pipeline's name as MLflow takes aliases: letters, digits, _ and -, but not v2 or latest."""
    plain = re.sub(r"[^\w-]", "-", version)
    return f"run-{plain}" if re.fullmatch(r"[vV]\d+|latest", plain) else plain


def _connected(
    source: str, scores: Mapping[str, float]
) -> tuple[Any, Any, str | None]:
    """A training goes on without a store; an export has no other aim."""
    try:
        return store.connect_by_scores(source, scores)
    except Exception as error:  # MLflow and its transports raise a dozen kinds
        raise store.unreachable(error) from error


def signature(classes: list[str]) -> ModelSignature:
    """A column of images in, a column of probabilities a class out.

    As base64 rather than MLflow's type for bytes, which works in two of its four JSON forms.
    """
    outputs = Schema([ColSpec("double", name) for name in classes])
    return ModelSignature(Schema([ColSpec("string", "image")]), outputs)


def requirements() -> list[str]:
    """The packages that answering takes, as they are installed here."""
    # A build's own mark, as in 2.14.1+cu126, is no version that an index knows.
    return [f"{name}=={version(name).split('+')[0]}" for name in SERVED_BY]
