"""probe: trains a head on frozen features for one fold, and one on the plain fold beside it."""

from croquis.core import cli
from croquis.probe.fold_training import train_probe_fold


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
    with train_probe_fold(
        probe, fold, index=index, features=features, folds=folds
    ) as training:
        training.save(predictions=predictions, weights=weights, curves=curves)
    last = training.outcome.epochs[-1]
    cli.say(f"probe: {probe} fold {fold}, val accuracy {last['val_accuracy']:.3f}")


if __name__ == "__main__":
    cli.run(main)
