"""train: fine-tunes one model on one fold, and predicts what it never saw."""

from croquis.core import cli
from croquis.train.fold_training import fine_tune_fold


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
    with fine_tune_fold(
        model, fold, index=index, pixels=pixels, folds=folds
    ) as training:
        training.save(predictions=predictions, weights=weights, curves=curves)
    last = training.outcome.epochs[-1]
    cli.say(
        f"train: {model} fold {fold} on {training.images:,} images, {training.hardware}"
    )
    cli.say(
        f"train: val accuracy {last['val_accuracy']:.3f}, val log-loss {last['val_loss']:.3f}"
    )


if __name__ == "__main__":
    cli.run(main)
