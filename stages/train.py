"""train: fine-tunes one model on one fold, and predicts what it never saw."""

from croquis.core import cli, params
from croquis.backbones import lineage
from croquis.backbones.weights import weights_digest
from croquis.heads import training_records
from croquis.images.pixels import Pixels
from croquis.recipes.recipes import model_recipe, recipe_of_fold
from croquis.runtime.hardware import hardware
from croquis.tables.fold_tables import read_folds, read_index
from croquis.tables.samples import FoldData
from croquis.train.checkpoints import Checkpoints
from croquis.train.fine_tuning import fine_tune


def main(
    model: cli.Name,
    fold: cli.Number,
    index: cli.File,
    pixels: cli.File,
    folds: cli.File,
    predictions: cli.File,
    weights: cli.File,
    curves: cli.File,
) -> None:
    """Trains <model> without <fold>; writes its <predictions>, <weights> and <curves>."""
    settings = recipe_of_fold(model_recipe(model), fold)
    seed = params.value("seed", int)
    table = read_folds(folds)
    images = read_index(index)
    parents = lineage.check_lineages(settings.pretrained, table, images, fold)
    data = FoldData.of(fold, table, images)
    machine = hardware()
    resolved = settings.model_dump() | {"seed": seed}
    resolved["weights_blake2b"] = weights_digest(
        settings.pretrained
    )  # a path may hold others tomorrow
    # index.csv has a hash of each file, but not how `prepare` fitted it to its sheet.
    files = (index, folds, pixels)
    rests_on = training_records.trace_provenance(
        model, fold, settings=resolved, files=files, hardware=machine
    )
    kept = Checkpoints(f"train/{model}-{fold}", rests_on.fingerprint)
    memory = kept.folder / "mlflow_run"
    with training_records.track_training(
        rests_on, index=index, settings=resolved, memory=memory
    ) as run:
        outcome = fine_tune(
            data,
            Pixels.open(index, pixels),
            settings,
            seed=seed,
            hardware=machine,
            log=run.metrics,
            checkpoints=kept,
        )
        outcome.save(predictions)
        note = rests_on.note(resolved, data.train.ids, images, parents)
        training_records.write_weights(weights, outcome.weights, note)
        training_records.write_curves(curves, model, fold, outcome.epochs)
    kept.clear()
    last = outcome.epochs[-1]
    cli.say(f"train: {model} fold {fold} on {len(data.train):,} images, {machine}")
    cli.say(
        f"train: val accuracy {last['val_accuracy']:.3f}, val log-loss {last['val_loss']:.3f}"
    )


if __name__ == "__main__":
    cli.run(main)
