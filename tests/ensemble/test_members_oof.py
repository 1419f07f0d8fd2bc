"""The OOF of all members, joined by id."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from croquis.core.errors import InputError
from croquis.tables.predictions import Predictions
from support.members_oof import CLASSES, leave_votes, members_oof


def test_members_are_joined_by_id(tmp_path: Path) -> None:
    leave_votes(tmp_path)
    oof, turned = members_oof(tmp_path), members_oof(tmp_path, "ba")
    rows = [list(oof.ids).index(name) for name in turned.ids]
    np.testing.assert_array_equal(oof.probs[::-1][:, rows], turned.probs)
    np.testing.assert_array_equal(oof.labels[rows], turned.labels)
    assert oof.calibrated.shape == oof.probs.shape == (2, 300, 3)


def test_what_is_drawn_together_are_units_not_groups(tmp_path: Path) -> None:
    leave_votes(tmp_path)
    oof = members_oof(tmp_path)
    drawn = {name: group for name, group in zip(oof.ids, oof.groups, strict=True)}
    assert drawn["p0"] == drawn["p1"] != drawn["p2"] == drawn["p3"]


def test_an_image_that_folds_do_not_know_is_named(tmp_path: Path) -> None:
    leave_votes(tmp_path)
    table = pd.read_csv(tmp_path / "folds.csv").iloc[1:]
    table.to_csv(tmp_path / "folds.csv", index=False)
    with pytest.raises(
        InputError, match=r"a/oof\.npz: expected images of folds\.csv.*as p0"
    ):
        members_oof(tmp_path)


def test_a_member_with_other_classes_is_refused(tmp_path: Path) -> None:
    labels = leave_votes(tmp_path)
    ids = [f"p{n}" for n in range(len(labels))]
    Predictions(ids, np.full((300, 3), 1 / 3), ["z", "y", "x"]).save(
        tmp_path / "votes/b/oof.npz"
    )
    with pytest.raises(
        InputError, match=r"b/oof\.npz: expected the 3 classes of .*a/oof\.npz"
    ):
        members_oof(tmp_path)


def test_a_member_that_lacks_an_image_is_refused(tmp_path: Path) -> None:
    leave_votes(tmp_path)
    Predictions(["p1"], np.full((1, 3), 1 / 3), CLASSES).save(
        tmp_path / "votes/b/oof.npz"
    )
    with pytest.raises(
        InputError, match=r"b/oof\.npz: expected the 300 ids.*missing 299"
    ):
        members_oof(tmp_path)
