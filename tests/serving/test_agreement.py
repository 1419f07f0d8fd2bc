"""What is served says what its run said, or is not served."""

from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.serving.agreement import check_agreement
from croquis.serving.inference import Ensemble
from croquis.tables import predictions
from croquis.tables.predictions import Predictions
from support.served import CPU, leave_run, trained
from support.tiny import set_params


def check(folder: Path) -> float:
    places = {"index": folder / "index.csv", "pixels": folder / "pixels.npy"}
    ensemble = Ensemble(trained(folder), CPU)
    return check_agreement(
        ensemble, test=folder / "ensemble" / "test.npz", **places
    )


def test_an_unchanged_run_agrees(drawn: Path) -> None:
    leave_run(drawn)
    assert check(drawn) < 1e-5


def test_a_size_changed_after_training_is_found(drawn: Path) -> None:
    """The weights load all the same: a convolution has no size."""
    leave_run(
        drawn, {"small": {"epochs": 8, "batch_size": 2}}, views={}, temperature=0.05
    )
    set_params(drawn / "params.yaml", {"models.small.image_size": 8})
    with pytest.raises(
        InputError, match=r"test.npz: expected .* apart; params.yaml or the check"
    ):
        check(drawn)


def test_the_distance_is_the_mean_half_l1(drawn: Path) -> None:
    """Two of three rows differ by .01 from a class to another: .02 / 2 * 2 / 3."""
    leave_run(drawn)
    path = drawn / "ensemble" / "test.npz"
    before = predictions.load_predictions(path)
    moved = before.probs.astype(float)
    moved[:2, 0] += 0.01
    moved[:2, 1] -= 0.01
    Predictions(before.ids, moved, before.classes).save(path)
    assert check(drawn) == pytest.approx(0.01 * 2 / 3, abs=1e-5)


def test_data_without_test_images_has_nothing_to_disagree_with(drawn: Path) -> None:
    leave_run(drawn)
    path = drawn / "ensemble" / "test.npz"
    before = predictions.load_predictions(path)
    Predictions(before.ids[:0], before.probs[:0], before.classes).save(path)
    assert check(drawn) == 0
