"""probe: trains a head on frozen features for one fold, and one on the plain fold beside it."""

from croquis.core import cli, params
from croquis.backbones import lineage
from croquis.heads import training_records
from croquis.heads.probe_training import train_probe
from croquis.recipes.probe_recipes import probe_recipe
from croquis.runtime.hardware import hardware
from croquis.tables.features import Features
from croquis.tables.fold_tables import read_folds, read_index
from croquis.tables.samples import FoldData


def main(
    probe: cli.Name,
    fold: cli.Number,
    index: cli.File,
    features: cli.File,
    folds: cli.File,
    predictions: cli.File,
    weights: cli.File,
    curves: cli.File,
) -> None:
    """Trains a head of <probe> without <fold>; writes <predictions>, <weights> and <curves>."""
    settings = probe_recipe(probe)
    seed = params.value("seed", int)
    table = read_folds(folds)
    images = read_index(index)
    stored = Features(features)
    machine = hardware()
    data = FoldData.of(fold, table, images)
    # At the top, as a model has it: MLflow then compares both by one `lr`.
    resolved = settings.model_dump(exclude={"head": {"lr"}})
    resolved |= {"seed": seed, "lr": settings.head.lr}
    rests_on = training_records.trace_provenance(
        probe, fold, settings=resolved, files=(index, folds), hardware=machine
    )
    options = {"seed": seed, "device": machine.device}
    with training_records.track_training(
        rests_on, index=index, settings=resolved
    ) as run:
        views = settings.embed.views
        outcome = train_probe(
            data, stored, settings.head, views=views, log=run.metrics, **options
        )
        outcome.save(predictions)
        parents = lineage.parents_of(settings.embed.pretrained)
        note = rests_on.note(resolved, data.train.ids, images, list(parents.values()))
        training_records.write_weights(weights, outcome.weights, note)
        training_records.write_curves(curves, probe, fold, outcome.epochs)
    # What folds that ignore copies would have claimed: the same head, trained and scored on those.
    plain = FoldData.of(fold, table, images, column="plain_fold")
    claimed = train_probe(plain, stored, settings.head, **options)
    claimed.val.save(predictions / "plain.npz")
    last = outcome.epochs[-1]
    cli.say(f"probe: {probe} fold {fold}, val accuracy {last['val_accuracy']:.3f}")


if __name__ == "__main__":
    cli.run(main)
