"""One model on one fold, from params.yaml and files: tracked, and resumed where it was killed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from croquis.core import params
from croquis.backbones import lineage
from croquis.backbones.weights import weights_digest
from croquis.heads.training_records import (
    FoldTraining,
    trace_provenance,
    track_training,
)
from croquis.images.pixels import Pixels
from croquis.recipes.recipes import model_recipe, recipe_of_fold
from croquis.runtime.hardware import hardware
from croquis.tables.fold_tables import read_folds, read_index
from croquis.tables.samples import FoldData
from croquis.train.checkpoints import Checkpoints
from croquis.train.fine_tuning import fine_tune


@contextmanager
def fine_tune_fold(
    member: str, fold: int, *, index: Path, pixels: Path, folds: Path
) -> Iterator[FoldTraining]:
    """Fine-tunes a model of params.yaml without a fold; save what it yields inside the block.

    At the end of the block its MLflow run ends, and the states by which it could be resumed are
    removed.

    Args:
        member: a key of `models`.
        fold: the fold held out.
        index: index.csv.
        pixels: pixels.npy.
        folds: folds.csv.

    Raises:
        InputError: if params.yaml or the files do not fit, or its weights have seen the fold.
        SystemExit: when SIGTERM or SIGINT came; the state is saved then.
    """
    recipe = recipe_of_fold(model_recipe(member), fold)
    seed = params.value("seed", int)
    rows = read_index(index)
    table = read_folds(folds)
    parents = lineage.check_lineages(recipe.pretrained, table, rows, fold)
    data = FoldData.of(fold, table, rows)
    machine = hardware()
    settings = recipe.model_dump() | {"seed": seed}
    # A path may hold other weights tomorrow.
    settings["weights_blake2b"] = weights_digest(recipe.pretrained)
    provenance = trace_provenance(
        member,
        fold,
        settings=settings,
        # index.csv has a hash of each file, but not how `prepare` fitted it to its sheet.
        files=(index, folds, pixels),
        hardware=machine,
    )
    checkpoints = Checkpoints(f"train/{member}-{fold}", provenance.fingerprint)
    memory = checkpoints.folder / "mlflow_run"
    with track_training(
        provenance, index=index, settings=settings, memory=memory
    ) as run:
        outcome = fine_tune(
            data,
            Pixels.open(index, pixels),
            recipe,
            seed=seed,
            hardware=machine,
            log=run.metrics,
            checkpoints=checkpoints,
        )
        note = provenance.note(settings, data.train.ids, rows, parents)
        yield FoldTraining(member, fold, outcome, note, len(data.train), machine)
    checkpoints.clear()
