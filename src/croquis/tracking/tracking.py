"""MLflow runs that can never fail or stall a training; MLflow is imported when a run begins."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from croquis.core import params as parameters
from croquis.core.addresses import address
from croquis.core.files import file_digest, root
from croquis.recipes.settings_layers import LIKE
from croquis.tracking import logged_params, run_origin, store
from croquis.tracking.experiment_names import competition
from croquis.tracking.running import RunMark, mark_run, marks_folder
from croquis.tracking.runs import SECTIONS, Run, as_tags, warn
from croquis.tracking.store import Pipeline
from croquis.tracking.store_file import sqlite_file

CATALOGUES = ("models", "probes")  # of which a run uses some entries

URI = "MLFLOW_TRACKING_URI"
STORE_SETTINGS = (URI, "MLFLOW_EXPERIMENT_NAME")
FAILURE = "failure"  # the tag of a run that says what ended it


@contextmanager
def tracked_run(
    whole: Pipeline,
    name: str,
    *,
    params: Mapping[str, Any],
    tags: Mapping[str, str],
    memory: Path | None = None,
) -> Iterator[Run]:
    """An MLflow run that ends as FINISHED, as KILLED by a signal, or as FAILED with the error.

    MLFLOW_TRACKING_URI decides where; else the store is mlflow.db beside dvc.yaml. A dead server
    costs seconds and one warning. The run is the child of its pipeline's, which bears the name of
    the DVC experiment or the commit.

    Args:
        whole: the pipeline that it is a part of.
        name: `<member>-fold<k>`; the DVC experiment or the commit comes after it, as MLflow's
            table cuts long names.
        params: what was set, nested dicts become dotted keys.
        tags: what it rests on.
        memory: a file that remembers the run's id: a training that goes on does so in its run.
    """
    run = _open_run(whole, name, params, tags, memory)
    if memory is not None:  # long enough to be resumed is long enough to be watched
        run.watch(store.uri())
    try:
        yield run
    except (SystemExit, KeyboardInterrupt):
        run.end("KILLED")
        raise
    except BaseException as error:
        run.tags({FAILURE: store.store_error(error)})
        run.end("FAILED")
        raise
    run.end()


def pipeline_run(whole: Pipeline) -> Run:
    """The run that groups the trainings of a pipeline, and bears its scores."""
    try:
        client, _, run_id = store.connect(whole)
        return Run(client, run_id)
    except Exception as error:
        warn(error)
        return Run(None, None)


@dataclass(frozen=True)
class ParentRun:
    """The run of a pipeline, under which its trainings will be.

    Attributes:
        run_id: MLflow's.
        experiment_id: of the data source's experiment.
        name: the DVC experiment, or the first digits of the commit.
        environment: what a stage in a checkout of the same files needs to come under it.
    """

    run_id: str
    experiment_id: str
    name: str
    environment: Mapping[str, str]


def make_parent_run(index: Path) -> ParentRun | None:
    """Makes the store and the pipeline's run, before trainings that begin at once look for it.

    Args:
        index: index.csv, as the trainings will read it.

    Returns:
        None, with one warning, where the store cannot be used: trainings go on without.
    """
    try:
        _, experiment_id, run_id = store.connect(pipeline_of(index))
    except Exception as error:
        warn(error)
        return None
    name = run_origin.version()
    return ParentRun(run_id, experiment_id, name, _environment_of_children())


def pipeline_of(index: Path) -> Pipeline:
    """The pipeline at work: all of params.yaml but members not in `run`, and their families.

    Args:
        index: index.csv, which has a hash of each image.
    """
    tree = parameters.read()
    run = tree.get("run") or {}
    for name in CATALOGUES:
        members = run.get(name) or []
        tree[name] = {
            key: block
            for key, block in tree.get(name, {}).items()
            if key in members
        }
    used = {block.get(LIKE) for block in tree["models"].values()}
    families = tree.get("families") or {}
    tree["families"] = {name: families[name] for name in families if name in used}
    source = str(tree["data"]["source"])
    tree["data"] = tree["data"] | {"source": address(source)}
    return Pipeline(source, tree, file_digest(index)[:16])


def _environment_of_children() -> dict[str, str]:
    """What names this project, its store and its DVC experiment to a stage in another folder."""
    names = ("DVC_EXP_NAME", "DVC_EXP_BASELINE_REV", *STORE_SETTINGS)
    named = {name: os.environ[name] for name in names if os.environ.get(name)}
    file = sqlite_file(store.uri())
    if URI in named and file is not None:
        # A relative path would mean another file in each folder.
        named[URI] = f"sqlite:///{file}"
    return named | {"CROQUIS_ROOT": str(root().resolve())}


def _open_run(
    whole: Pipeline,
    name: str,
    params: Mapping[str, Any],
    tags: Mapping[str, str],
    memory: Path | None,
) -> Run:
    try:
        client, experiment_id, pipeline = store.connect(whole)
        if (resumed := _resume(client, memory)) is not None:
            return resumed
        run = client.create_run(
            experiment_id,
            run_name=f"{name} {run_origin.version()}",
            tags={"mlflow.parentRunId": pipeline},
        )
        run_id = run.info.run_id
        mark = _mark(run_id)
        logged_params.log_params(client, run_id, params)
        client.log_batch(run_id, tags=as_tags(_describe(name, tags)))
        client.log_inputs(run_id, datasets=[_dataset(whole.source, tags)])
        if memory is not None:
            memory.parent.mkdir(parents=True, exist_ok=True)
            _remember(memory, run_id)
        return Run(client, run_id, mark=mark)
    # No MLflow, no server, no disk: none of it may stop a training.
    except Exception as error:
        warn(error)
        return Run(None, None)


def _remember(memory: Path, run_id: str) -> None:
    """Writes the run's id whole, or not at all."""
    draft = memory.with_name(f".{memory.name}")
    draft.write_text(run_id)
    os.replace(draft, memory)


def _describe(name: str, tags: Mapping[str, str]) -> dict[str, str]:
    """`tags` with where the run comes from, its kind (train, probe) and a description."""
    described = dict(tags) | run_origin.surroundings()
    kind = described.get("stage", "training").partition("@")[0]
    note = f"{kind} of **{tags.get('member', name)}**"
    if "fold" in tags:
        note += f" on all folds but {tags['fold']}, on which it is scored"
    if "device" in tags:
        note += f"; {tags['device']}"
    note += ". The scores of the whole are in the run above it."
    return described | {"kind": kind, store.NOTE: note}


def _resume(client: Any, memory: Path | None) -> Run | None:
    """The run that `memory` remembers, open again; None without, or where the store lost it."""
    from mlflow.exceptions import MlflowException

    if memory is None or not memory.is_file():
        return None
    run_id = memory.read_text(encoding="utf-8", errors="replace").strip()
    try:
        data = client.get_run(run_id).data
        epoch = SECTIONS["epoch"]
        points = []
        if epoch in data.metrics:
            points = client.get_metric_history(run_id, epoch)
        client.update_run(run_id, status="RUNNING")
        if FAILURE in data.tags:
            client.delete_tag(run_id, FAILURE)
    except MlflowException:
        return None
    logged = max((point.step for point in points), default=-1)
    return Run(client, run_id, logged, _mark(run_id))


def _mark(run_id: str) -> RunMark | None:
    """Marks a run as at work, so that it does not seem so for ever if this process is killed."""
    return mark_run(marks_folder(store.store_place()), run_id)


def _dataset(source: str, tags: Mapping[str, str]) -> Any:
    """The data by name and hash, for the column "Dataset", by which MLflow can filter runs."""
    from mlflow.entities import Dataset, DatasetInput

    name = competition(source)
    digest = tags.get("data", "unknown")
    return DatasetInput(Dataset(name, digest, source_type="local", source="{}"))
