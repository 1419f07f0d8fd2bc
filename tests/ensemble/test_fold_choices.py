"""The ensemble on the test set, by all folds and by single ones."""

from pathlib import Path

import numpy as np
import pytest

from croquis.core.errors import InputError
from croquis.ensemble.alternatives import (
    all_alternatives,
    recipe_of,
)
from croquis.ensemble.fold_choices import combine_folds
from croquis.tables.predictions import Predictions
from croquis.votes.members import at_temperature
from croquis.votes.voting import vote
from support.members_oof import CLASSES, leave_votes, members_oof


def test_the_recipe_gives_the_vote_of_what_was_stored(tmp_path: Path) -> None:
    leave_votes(tmp_path)
    oof = members_oof(tmp_path)
    recipe = recipe_of(oof, all_alternatives(oof, np.ones(2))["soft"], [0, 1])
    rng = np.random.default_rng(1)
    parts = {}
    for member in "ab":
        for fold in (0, 1):
            order = rng.permutation(4)
            part = Predictions(
                np.array(list("pqrs"))[order],
                rng.dirichlet(np.ones(3), 4)[order],
                CLASSES,
            )
            part.save(tmp_path / "by_fold" / member / f"fold{fold}" / "test.npz")
            parts[member, fold] = part
    together, alone = combine_folds(recipe, tmp_path / "by_fold", [[0, 1], [1]])
    means = [
        vote(
            [
                at_temperature(parts[m, fold], recipe.temperatures[m])
                for fold in (0, 1)
            ],
            "soft",
        )
        for m in "ab"
    ]
    expected = at_temperature(vote(means, "soft"), recipe.temperature)
    np.testing.assert_allclose(
        together.aligned(expected.ids).probs, expected.probs, atol=1e-6
    )
    expected = recipe.combine(
        {m: [parts[m, 1].aligned(alone.ids).probs] for m in "ab"}
    )
    np.testing.assert_allclose(alone.probs, expected, atol=1e-6)


def test_a_member_without_one_of_the_folds_is_named(tmp_path: Path) -> None:
    leave_votes(tmp_path)
    oof = members_oof(tmp_path)
    recipe = recipe_of(oof, all_alternatives(oof, np.ones(2))["soft"], [0])
    with pytest.raises(InputError, match=r"a/fold0/test\.npz.*run `dvc repro`"):
        combine_folds(recipe, tmp_path / "by_fold", [[0]])


def test_a_fold_with_other_classes_is_named(tmp_path: Path) -> None:
    leave_votes(tmp_path)
    oof = members_oof(tmp_path, "a")
    recipe = recipe_of(oof, all_alternatives(oof, np.ones(1))["soft"], [0, 1])
    for fold, classes in enumerate((["x", "y", "z"], ["z", "y", "x"])):
        path = tmp_path / "by_fold" / "a" / f"fold{fold}" / "test.npz"
        Predictions(["t"], np.full((1, 3), 1 / 3), classes).save(path)
    with pytest.raises(
        InputError, match=r"a/fold1/test\.npz: expected the 3 classes of .*fold0"
    ):
        combine_folds(recipe, tmp_path / "by_fold", [[0, 1]])
