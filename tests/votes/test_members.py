"""Members are joined by id: OOF over the trained folds, the vote over the test set."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from croquis.core import params
from croquis.core.errors import InputError
from croquis.tables.predictions import Predictions
from croquis.votes.members import (
    RunParams,
    at_temperature,
    flipped,
    folder_of,
    on_test,
    out_of_fold,
)

FOLDS = pd.DataFrame(
    {
        "id": ["a", "b", "c", "d", "e"],
        "fold": [0, 1, 0, 1, -1],
        "plain_fold": [1, 1, 0, 0, -1],
        "scored": [True, True, True, False, False],
    }
)


def some(ids: str, first: list[float], classes: str = "xy") -> Predictions:
    return Predictions(
        list(ids), np.stack([first, 1 - np.array(first)], axis=1), list(classes)
    )


def test_the_members_are_sorted_whatever_the_order_of_run() -> None:
    run = params.validated(
        RunParams, {"models": ["b", "c"], "probes": ["a"], "folds": [0]}, where=""
    )
    assert run.members == ["a", "b", "c"]


@pytest.mark.parametrize("folds", [[], [-1], [0.0], "0"])
def test_folds_are_a_list_of_whole_numbers(folds: object) -> None:
    content = {"models": [], "probes": [], "folds": folds}
    with pytest.raises(InputError, match=r"run\.folds"):
        params.validated(RunParams, content, where="run")


def test_oof_holds_each_scored_image_of_the_chosen_folds_once(
    tmp_path: Path,
) -> None:
    some("ca", [0.1, 0.2]).save(
        tmp_path / "m" / "fold0" / "val.npz"
    )  # not in the order of folds.csv
    some("b", [0.3]).save(tmp_path / "m" / "fold1" / "val.npz")
    oof = out_of_fold(tmp_path, "m", FOLDS, [0, 1])
    assert oof.ids.tolist() == ["a", "c", "b"]
    np.testing.assert_allclose(oof.probs[:, 0], [0.2, 0.1, 0.3])
    assert out_of_fold(tmp_path, "m", FOLDS, [1]).ids.tolist() == ["b"]


def test_oof_never_reads_a_fold_that_is_not_chosen(tmp_path: Path) -> None:
    some("b", [0.3]).save(tmp_path / "m" / "fold1" / "val.npz")
    some("zzz"[:1], [0.3]).save(tmp_path / "m" / "fold0" / "val.npz")
    assert len(out_of_fold(tmp_path, "m", FOLDS, [1])) == 1


def test_plain_folds_are_read_from_their_own_column(tmp_path: Path) -> None:
    some("ba", [0.3, 0.4]).save(tmp_path / "m" / "fold1" / "plain.npz")
    assert out_of_fold(tmp_path, "m", FOLDS, [1], part="plain").ids.tolist() == [
        "a",
        "b",
    ]


def test_a_fold_with_other_images_is_named(tmp_path: Path) -> None:
    some("ab", [0.1, 0.2]).save(tmp_path / "m" / "fold0" / "val.npz")
    with pytest.raises(
        InputError, match=r"fold0/val\.npz: expected the 2 ids.*missing 1: c; 1 too"
    ):
        out_of_fold(tmp_path, "m", FOLDS, [0])


def test_a_fold_that_was_never_trained_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"fold0/test\.npz.*run `dvc repro`"):
        on_test(tmp_path, "m", 0)


def test_a_snapshot_lies_in_the_folder_of_its_model() -> None:
    assert folder_of(Path("p"), "eva", 1) == Path("p/eva/fold1")
    assert folder_of(Path("p"), "eva.cycle2", 1) == Path("p/eva/fold1/cycle2")


def test_a_temperature_moves_probabilities_and_no_id() -> None:
    calibrated = at_temperature(some("ab", [0.8, 0.5]), 2.0)
    assert calibrated.ids.tolist() == ["a", "b"]
    np.testing.assert_allclose(calibrated.probs[:, 0], [2 / 3, 1 / 2])


def test_flipped_images_are_scored_where_all_folds_hold_them(
    tmp_path: Path,
) -> None:
    for fold, ids in ((0, "ac"), (1, "b")):
        folder = tmp_path / "m" / f"fold{fold}"
        some(ids, [0.5] * len(ids)).save(folder / "val_flip_lr.npz")
    some("ac", [0.5, 0.5]).save(
        tmp_path / "m" / "fold0" / "val_flip_ud.npz"
    )  # fold 1 has none
    by_flip = flipped(tmp_path, "m", FOLDS, [0, 1])
    assert list(by_flip) == ["flip_lr"] and by_flip["flip_lr"].ids.tolist() == [
        "a",
        "c",
        "b",
    ]
    assert list(flipped(tmp_path, "m", FOLDS, [0])) == ["flip_lr", "flip_ud"]
