"""From votes on disk to the chosen vote and its recipe."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from croquis.core import params
from croquis.core.errors import InputError
from croquis.ensemble.alternatives import (
    Alternative,
    all_alternatives,
    choose,
    recipe_of,
)
from croquis.ensemble.fold_choices import combine_folds
from croquis.ensemble.members_oof import MembersOof, read_members_oof
from croquis.tables.predictions import Predictions
from croquis.votes.members import at_temperature
from croquis.votes.recipe import EnsembleParams, VoteParams
from croquis.votes.voting import vote

SOFT = VoteParams(folds="soft", calibrate=True)
CLASSES = ["x", "y", "z"]


def settings(**changes: object) -> EnsembleParams:
    content = {"members": "all", "vote": "soft", "weights": "uniform"} | changes
    return params.validated(EnsembleParams, content, where="ensemble")


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits)
    return powers / powers.sum(axis=-1, keepdims=True)


def on_disk(
    folder: Path, noise: tuple[float, ...] = (1.0, 2.0), rows: int = 300
) -> np.ndarray:
    """Votes of members a, b, ... in folder/votes, folds.csv beside them; returns the labels."""
    rng = np.random.default_rng(0)
    labels, ids = rng.integers(3, size=rows), np.array([f"p{n}" for n in range(rows)])
    for number, wild in enumerate(noise):
        probs = softmax(1.5 * np.eye(3)[labels] + wild * rng.normal(size=(rows, 3)))
        order = rng.permutation(rows)  # files agree on ids, not on rows
        Predictions(ids[order], probs[order], CLASSES).save(
            folder / "votes" / "abcd"[number] / "oof.npz"
        )
    table = pd.DataFrame({"id": ids, "label": labels, "group": np.arange(rows)})
    table["unit"] = table["group"] // 2
    table.assign(targets="", sha256="").to_csv(folder / "folds.csv", index=False)
    return labels


def members_oof(
    folder: Path, members: str = "ab", fold_vote: VoteParams = SOFT
) -> MembersOof:
    return read_members_oof(
        list(members), folder / "votes", folder / "folds.csv", fold_vote, seed=0
    )


def test_members_are_joined_by_id(tmp_path: Path) -> None:
    on_disk(tmp_path)
    oof, turned = members_oof(tmp_path), members_oof(tmp_path, "ba")
    rows = [list(oof.ids).index(name) for name in turned.ids]
    np.testing.assert_array_equal(oof.probs[::-1][:, rows], turned.probs)
    np.testing.assert_array_equal(oof.labels[rows], turned.labels)
    assert oof.calibrated.shape == oof.probs.shape == (2, 300, 3)


def test_what_is_drawn_together_are_units_not_groups(tmp_path: Path) -> None:
    on_disk(tmp_path)
    oof = members_oof(tmp_path)
    drawn = {name: group for name, group in zip(oof.ids, oof.groups, strict=True)}
    assert drawn["p0"] == drawn["p1"] != drawn["p2"] == drawn["p3"]


def test_hard_fold_votes_are_one_hot_and_have_no_temperature(tmp_path: Path) -> None:
    on_disk(tmp_path)
    oof = members_oof(tmp_path, fold_vote=VoteParams(folds="hard", calibrate=True))
    assert set(np.unique(oof.probs)) == {0, 1} and oof.temperatures.tolist() == [
        1,
        1,
    ]
    found = all_alternatives(oof, np.ones(2))
    np.testing.assert_array_equal(found["soft"].probs, found["hard"].probs)


def test_all_votes_stand_side_by_side(tmp_path: Path) -> None:
    on_disk(tmp_path)
    found = all_alternatives(members_oof(tmp_path), np.ones(2))
    assert list(found) == [
        "soft",
        "hard",
        "greedy",
        "simplex",
        "best",
        "soft uncalibrated",
    ]
    assert found["soft uncalibrated"].temperatures.tolist() == [1, 1]
    assert found["soft"].temperatures.tolist() != [1, 1]
    for each in found.values():
        np.testing.assert_allclose(each.probs.sum(axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(each.nested.sum(axis=1), 1, atol=1e-5)


def test_one_member_has_nothing_to_weigh(tmp_path: Path) -> None:
    on_disk(tmp_path)
    found = all_alternatives(members_oof(tmp_path, "a"), np.ones(1))
    assert list(found) == ["soft", "hard", "soft uncalibrated"]


def test_given_weights_stand_beside_uniform_ones(tmp_path: Path) -> None:
    on_disk(tmp_path)
    found = all_alternatives(members_oof(tmp_path), np.array([3.0, 1.0]))
    assert found["soft"].weights.tolist() == [3, 1]
    assert found["soft uniform"].weights.tolist() == [1, 1]


def test_without_calibration_nothing_is_tempered(tmp_path: Path) -> None:
    on_disk(tmp_path)
    oof = members_oof(tmp_path, fold_vote=VoteParams(folds="soft", calibrate=False))
    found = all_alternatives(oof, np.ones(2))
    np.testing.assert_allclose(found["soft"].probs, oof.probs.mean(axis=0))
    np.testing.assert_allclose(found["soft"].probs, found["soft"].nested, atol=1e-6)
    assert found["soft"].temperature == 1 and "soft uncalibrated" not in found


def test_fitted_weights_are_taken_where_they_are_significantly_better(
    tmp_path: Path,
) -> None:
    on_disk(tmp_path, noise=(0.7, 9.0, 9.0, 9.0), rows=600)  # three that only disturb
    # Uncalibrated, as temperatures alone would silence them.
    oof = members_oof(tmp_path, "abcd", VoteParams(folds="soft", calibrate=False))
    found = all_alternatives(oof, np.ones(4))
    assert choose(oof, found, settings(weights="simplex")) == "simplex"
    assert choose(oof, found, settings()) == "soft"
    assert choose(oof, found, settings(vote="hard")) == "hard"
    assert recipe_of(oof, found["simplex"], [0]).weights["a"] > 0.7


def judged(oof: MembersOof, right: np.ndarray) -> Alternative:
    """A vote whose nested predictions are right there, and whose own OOF is all right."""
    sure = np.eye(3)[np.where(right, oof.labels, (oof.labels + 1) % 3)]
    return Alternative("soft", np.ones(2), np.ones(2), 1.0, np.eye(3)[oof.labels], sure)


def test_it_is_the_nested_scores_that_decide(tmp_path: Path) -> None:
    on_disk(tmp_path)
    oof, greedy = members_oof(tmp_path), settings(weights="greedy")
    half = np.arange(300) % 2 == 0
    most = half | (np.arange(300) % 10 == 1)
    found = {"soft": judged(oof, half), "greedy": judged(oof, most)}
    assert choose(oof, found, greedy) == "greedy"
    assert choose(oof, found | {"greedy": judged(oof, half)}, greedy) == "soft"
    worse = {"soft": found["greedy"], "greedy": found["soft"]}
    assert choose(oof, worse, greedy) == "soft"


def test_copies_prove_nothing_twice(tmp_path: Path) -> None:
    """Eight images for, one against: a difference; not if the eight are two and their copies."""
    on_disk(tmp_path)
    oof = members_oof(tmp_path)
    base = np.arange(300) < 200
    better = base.copy()
    better[200:209], better[0] = True, False
    found = {"soft": judged(oof, base), "greedy": judged(oof, better)}
    alone = dataclasses.replace(oof, groups=np.arange(300))
    assert choose(alone, found, settings(weights="greedy")) == "greedy"
    copied = dataclasses.replace(
        oof, groups=np.r_[np.arange(200), [200] * 9, np.arange(201, 292)]
    )
    assert choose(copied, found, settings(weights="greedy")) == "soft"


def test_an_image_that_folds_do_not_know_is_named(tmp_path: Path) -> None:
    on_disk(tmp_path)
    table = pd.read_csv(tmp_path / "folds.csv").iloc[1:]
    table.to_csv(tmp_path / "folds.csv", index=False)
    with pytest.raises(
        InputError, match=r"a/oof\.npz: expected images of folds\.csv.*as p0"
    ):
        members_oof(tmp_path)


def test_fitted_weights_that_are_not_significantly_better_are_refused(
    tmp_path: Path,
) -> None:
    on_disk(tmp_path, noise=(1.0, 1.0))
    oof = members_oof(tmp_path)
    found = all_alternatives(oof, np.ones(2))
    assert choose(oof, found, settings(weights="greedy")) == "soft"


def test_a_single_member_needs_no_fitted_weights(tmp_path: Path) -> None:
    on_disk(tmp_path)
    oof = members_oof(tmp_path, "a")
    found = all_alternatives(oof, np.ones(1))
    assert choose(oof, found, settings(weights="greedy")) == "soft"


def test_the_recipe_gives_the_vote_of_what_was_stored(tmp_path: Path) -> None:
    on_disk(tmp_path)
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
    found, alone = combine_folds(recipe, tmp_path / "by_fold", [[0, 1], [1]])
    means = [
        vote(
            [at_temperature(parts[m, fold], recipe.temperatures[m]) for fold in (0, 1)],
            "soft",
        )
        for m in "ab"
    ]
    expected = at_temperature(vote(means, "soft"), recipe.temperature)
    np.testing.assert_allclose(
        found.aligned(expected.ids).probs, expected.probs, atol=1e-6
    )
    expected = recipe.combine({m: [parts[m, 1].aligned(alone.ids).probs] for m in "ab"})
    np.testing.assert_allclose(alone.probs, expected, atol=1e-6)


def test_a_member_with_other_classes_is_refused(tmp_path: Path) -> None:
    labels = on_disk(tmp_path)
    ids = [f"p{n}" for n in range(len(labels))]
    Predictions(ids, np.full((300, 3), 1 / 3), ["z", "y", "x"]).save(
        tmp_path / "votes/b/oof.npz"
    )
    with pytest.raises(
        InputError, match=r"b/oof\.npz: expected the 3 classes of .*a/oof\.npz"
    ):
        members_oof(tmp_path)


def test_a_member_that_lacks_an_image_is_refused(tmp_path: Path) -> None:
    on_disk(tmp_path)
    Predictions(["p1"], np.full((1, 3), 1 / 3), CLASSES).save(
        tmp_path / "votes/b/oof.npz"
    )
    with pytest.raises(
        InputError, match=r"b/oof\.npz: expected the 300 ids.*missing 299"
    ):
        members_oof(tmp_path)


def test_a_member_without_one_of_the_folds_is_named(tmp_path: Path) -> None:
    on_disk(tmp_path)
    oof = members_oof(tmp_path)
    recipe = recipe_of(oof, all_alternatives(oof, np.ones(2))["soft"], [0])
    with pytest.raises(InputError, match=r"a/fold0/test\.npz.*run `dvc repro`"):
        combine_folds(recipe, tmp_path / "by_fold", [[0]])
