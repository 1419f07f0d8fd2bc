"""From votes on disk to the chosen vote and its recipe."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from croquis.core import params
from croquis.core.errors import InputError
from croquis.ensemble.ballots import (
    Alternative,
    Ballots,
    alternatives,
    chosen,
    combined,
    read_ballots,
    recipe_of,
)
from croquis.tables.predictions import Predictions
from croquis.votes.members import at_temperature, vote_predictions
from croquis.votes.recipe import EnsembleParams, VoteParams

SOFT = VoteParams(folds="soft", calibrate=True)
CLASSES = ["x", "y", "z"]


def how(**changes: object) -> EnsembleParams:
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


def ballots(folder: Path, members: str = "ab", vote: VoteParams = SOFT) -> Ballots:
    return read_ballots(
        list(members), folder / "votes", folder / "folds.csv", vote, seed=0
    )


def test_members_are_joined_by_id(tmp_path: Path) -> None:
    on_disk(tmp_path)
    given, turned = ballots(tmp_path), ballots(tmp_path, "ba")
    rows = [list(given.ids).index(name) for name in turned.ids]
    np.testing.assert_array_equal(given.probs[::-1][:, rows], turned.probs)
    np.testing.assert_array_equal(given.labels[rows], turned.labels)
    assert given.warm.shape == given.probs.shape == (2, 300, 3)


def test_what_is_drawn_together_are_units_not_groups(tmp_path: Path) -> None:
    on_disk(tmp_path)
    given = ballots(tmp_path)
    drawn = {name: group for name, group in zip(given.ids, given.groups, strict=True)}
    assert drawn["p0"] == drawn["p1"] != drawn["p2"] == drawn["p3"]


def test_hard_fold_votes_are_one_hot_and_have_no_temperature(tmp_path: Path) -> None:
    on_disk(tmp_path)
    given = ballots(tmp_path, vote=VoteParams(folds="hard", calibrate=True))
    assert set(np.unique(given.probs)) == {0, 1} and given.temperatures.tolist() == [
        1,
        1,
    ]
    found = alternatives(given, np.ones(2))
    np.testing.assert_array_equal(found["soft"].probs, found["hard"].probs)


def test_all_votes_stand_side_by_side(tmp_path: Path) -> None:
    on_disk(tmp_path)
    found = alternatives(ballots(tmp_path), np.ones(2))
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
    found = alternatives(ballots(tmp_path, "a"), np.ones(1))
    assert list(found) == ["soft", "hard", "soft uncalibrated"]


def test_given_weights_stand_beside_uniform_ones(tmp_path: Path) -> None:
    on_disk(tmp_path)
    found = alternatives(ballots(tmp_path), np.array([3.0, 1.0]))
    assert found["soft"].weights.tolist() == [3, 1]
    assert found["soft uniform"].weights.tolist() == [1, 1]


def test_without_calibration_nothing_is_tempered(tmp_path: Path) -> None:
    on_disk(tmp_path)
    given = ballots(tmp_path, vote=VoteParams(folds="soft", calibrate=False))
    found = alternatives(given, np.ones(2))
    np.testing.assert_allclose(found["soft"].probs, given.probs.mean(axis=0))
    np.testing.assert_allclose(found["soft"].probs, found["soft"].nested, atol=1e-6)
    assert found["soft"].temperature == 1 and "soft uncalibrated" not in found


def test_fitted_weights_are_taken_where_they_are_surely_better(tmp_path: Path) -> None:
    on_disk(tmp_path, noise=(0.7, 9.0, 9.0, 9.0), rows=600)  # three that only disturb
    # Uncalibrated, as temperatures alone would silence them.
    given = ballots(tmp_path, "abcd", VoteParams(folds="soft", calibrate=False))
    found = alternatives(given, np.ones(4))
    assert chosen(given, found, how(weights="simplex")) == "simplex"
    assert chosen(given, found, how()) == "soft"
    assert chosen(given, found, how(vote="hard")) == "hard"
    assert recipe_of(given, found["simplex"], [0]).weights["a"] > 0.7


def judged(given: Ballots, right: np.ndarray) -> Alternative:
    """A vote whose nested predictions are right there, and whose own OOF is all right."""
    sure = np.eye(3)[np.where(right, given.labels, (given.labels + 1) % 3)]
    return Alternative(
        "soft", np.ones(2), np.ones(2), 1.0, np.eye(3)[given.labels], sure
    )


def test_it_is_the_nested_scores_that_decide(tmp_path: Path) -> None:
    on_disk(tmp_path)
    given, greedy = ballots(tmp_path), how(weights="greedy")
    half = np.arange(300) % 2 == 0
    most = half | (np.arange(300) % 10 == 1)
    found = {"soft": judged(given, half), "greedy": judged(given, most)}
    assert chosen(given, found, greedy) == "greedy"
    assert chosen(given, found | {"greedy": judged(given, half)}, greedy) == "soft"
    worse = {"soft": found["greedy"], "greedy": found["soft"]}
    assert chosen(given, worse, greedy) == "soft"


def test_copies_prove_nothing_twice(tmp_path: Path) -> None:
    """Eight images for, one against: a difference; not if the eight are two and their copies."""
    on_disk(tmp_path)
    given = ballots(tmp_path)
    base = np.arange(300) < 200
    better = base.copy()
    better[200:209], better[0] = True, False
    found = {"soft": judged(given, base), "greedy": judged(given, better)}
    alone = dataclasses.replace(given, groups=np.arange(300))
    assert chosen(alone, found, how(weights="greedy")) == "greedy"
    copied = dataclasses.replace(
        given, groups=np.r_[np.arange(200), [200] * 9, np.arange(201, 292)]
    )
    assert chosen(copied, found, how(weights="greedy")) == "soft"


def test_an_image_that_folds_do_not_know_is_named(tmp_path: Path) -> None:
    on_disk(tmp_path)
    table = pd.read_csv(tmp_path / "folds.csv").iloc[1:]
    table.to_csv(tmp_path / "folds.csv", index=False)
    with pytest.raises(
        InputError, match=r"a/oof\.npz: expected images of folds\.csv.*as p0"
    ):
        ballots(tmp_path)


def test_fitted_weights_that_are_not_surely_better_are_refused(tmp_path: Path) -> None:
    on_disk(tmp_path, noise=(1.0, 1.0))
    given = ballots(tmp_path)
    found = alternatives(given, np.ones(2))
    assert chosen(given, found, how(weights="greedy")) == "soft"


def test_a_single_member_needs_no_fitted_weights(tmp_path: Path) -> None:
    on_disk(tmp_path)
    given = ballots(tmp_path, "a")
    found = alternatives(given, np.ones(1))
    assert chosen(given, found, how(weights="greedy")) == "soft"


def test_the_recipe_gives_the_vote_of_what_was_stored(tmp_path: Path) -> None:
    on_disk(tmp_path)
    given = ballots(tmp_path)
    recipe = recipe_of(given, alternatives(given, np.ones(2))["soft"], [0, 1])
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
    found, alone = combined(recipe, tmp_path / "by_fold", [[0, 1], [1]])
    means = [
        vote_predictions(
            [at_temperature(parts[m, fold], recipe.temperatures[m]) for fold in (0, 1)],
            "soft",
        )
        for m in "ab"
    ]
    expected = at_temperature(vote_predictions(means, "soft"), recipe.temperature)
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
        ballots(tmp_path)


def test_a_member_that_lacks_an_image_is_refused(tmp_path: Path) -> None:
    on_disk(tmp_path)
    Predictions(["p1"], np.full((1, 3), 1 / 3), CLASSES).save(
        tmp_path / "votes/b/oof.npz"
    )
    with pytest.raises(
        InputError, match=r"b/oof\.npz: expected the 300 ids.*missing 299"
    ):
        ballots(tmp_path)


def test_a_member_without_one_of_the_folds_is_named(tmp_path: Path) -> None:
    on_disk(tmp_path)
    given = ballots(tmp_path)
    recipe = recipe_of(given, alternatives(given, np.ones(2))["soft"], [0])
    with pytest.raises(InputError, match=r"a/fold0/test\.npz.*run `dvc repro`"):
        combined(recipe, tmp_path / "by_fold", [[0]])
