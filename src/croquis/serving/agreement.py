"""Whether an ensemble in memory says what its run said: the check before it is shown or served."""

from pathlib import Path

import numpy as np

from croquis.core.errors import InputError
from croquis.images.pixels import Pixels
from croquis.serving.inference import Ensemble
from croquis.serving.trained_ensemble import Trained
from croquis.tables import predictions

IMAGES = 16  # a second's work
# Mean half L1 distance. The same networks in another number format differ by some .005, an image
# prepared at another size by .1 and more.
TOLERANCE = 0.02


def load_run(
    *, parameters: Path, images: Path, ensemble: Path, checkpoints: Path
) -> tuple[Trained, Ensemble]:
    """A finished run's ensemble, on disk and in memory, which says what the run said.

    Args:
        parameters: params.yaml.
        images: the folder of `prepare`.
        ensemble: the folder of `ensemble`.
        checkpoints: the folder of the trainings.

    Raises:
        InputError: if a part is missing or does not fit the others.
    """
    index = images / "index.csv"
    pixels = images / "pixels.npy"
    trained = Trained.of_run(
        parameters=parameters,
        index=index,
        pixels=pixels,
        ensemble=ensemble,
        checkpoints=checkpoints,
    )
    loaded = Ensemble(trained)
    check_agreement(loaded, test=ensemble / "test.npz", index=index, pixels=pixels)
    return trained, loaded


def check_agreement(
    ensemble: Ensemble, *, test: Path, index: Path, pixels: Path
) -> float:
    """How far apart the ensemble and the run are on some test images, 0 to 1; 0 without any.

    Weights that load are not yet right: params.yaml may have changed since they were trained, and
    the size of an image is not in them.

    Args:
        ensemble: as it will be served.
        test: test.npz of the ensemble stage.
        index: index.csv.
        pixels: pixels.npy.

    Raises:
        InputError: if they disagree.
    """
    stored = predictions.load_predictions(test)
    packed = Pixels.open(index, pixels)
    if not len(stored):
        return 0.0
    sheets = packed.array[packed.rows(stored.ids[:IMAGES])]
    differences = np.abs(
        ensemble.answer_prepared(sheets).probs - stored.probs[:IMAGES]
    )
    distance = float(differences.sum(axis=1).mean() / 2)
    if not distance <= TOLERANCE:  # written so that nan fails too
        expected = f"the ensemble that made it (probabilities within {TOLERANCE})"
        received = f"one that is {distance:.2f} apart"
        fix = "params.yaml or the checkpoints have changed since: run `make repro`"
        raise InputError(test, expected=expected, received=received, fix=fix)
    return distance
