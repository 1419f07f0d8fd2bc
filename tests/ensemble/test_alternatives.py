"""All ways of voting side by side, and the choice among them."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from croquis.core import params
from croquis.ensemble.alternatives import (
    Alternative,
    all_alternatives,
    choose,
    recipe_of,
)
from croquis.ensemble.members_oof import MembersOof
from croquis.votes.recipe import EnsembleParams, VoteParams
from croquis.votes.voting import VOTES
from support.members_oof import leave_votes, members_oof


def settings(**changes: object) -> EnsembleParams:
    content = {"members": "all", "vote": "soft", "weights": "uniform"} | changes
    return params.validated(EnsembleParams, content, where="ensemble")


def test_hard_fold_votes_are_one_hot_and_have_no_temperature(
    tmp_path: Path,
) -> None:
    leave_votes(tmp_path)
    oof = members_oof(tmp_path, fold_vote=VoteParams(folds="hard", calibrate=True))
    assert set(np.unique(oof.probs)) == {0, 1} and oof.temperatures.tolist() == [
        1,
        1,
    ]
    alternatives = all_alternatives(oof, np.ones(2))
    np.testing.assert_array_equal(
        alternatives["soft"].probs, alternatives["hard"].probs
    )


def test_all_votes_stand_side_by_side(tmp_path: Path) -> None:
    leave_votes(tmp_path)
    alternatives = all_alternatives(members_oof(tmp_path), np.ones(2))
    assert list(alternatives) == [
        *VOTES,
        "greedy",
        "simplex",
        "best",
        "soft uncalibrated",
    ]
    assert alternatives["soft uncalibrated"].temperatures.tolist() == [1, 1]
    assert alternatives["soft"].temperatures.tolist() != [1, 1]
    for each in alternatives.values():
        np.testing.assert_allclose(each.probs.sum(axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(each.nested.sum(axis=1), 1, atol=1e-5)


def test_one_member_has_nothing_to_weigh(tmp_path: Path) -> None:
    leave_votes(tmp_path)
    alternatives = all_alternatives(members_oof(tmp_path, "a"), np.ones(1))
    assert list(alternatives) == [*VOTES, "soft uncalibrated"]


def test_given_weights_stand_beside_uniform_ones(tmp_path: Path) -> None:
    leave_votes(tmp_path)
    alternatives = all_alternatives(members_oof(tmp_path), np.array([3.0, 1.0]))
    assert alternatives["soft"].weights.tolist() == [3, 1]
    assert alternatives["soft uniform"].weights.tolist() == [1, 1]


def test_without_calibration_nothing_is_tempered(tmp_path: Path) -> None:
    leave_votes(tmp_path)
    oof = members_oof(tmp_path, fold_vote=VoteParams(folds="soft", calibrate=False))
    alternatives = all_alternatives(oof, np.ones(2))
    np.testing.assert_allclose(alternatives["soft"].probs, oof.probs.mean(axis=0))
    np.testing.assert_allclose(
        alternatives["soft"].probs, alternatives["soft"].nested, atol=1e-6
    )
    assert (
        alternatives["soft"].temperature == 1
        and "soft uncalibrated" not in alternatives
    )


def test_fitted_weights_are_taken_where_they_are_significantly_better(
    tmp_path: Path,
) -> None:
    leave_votes(
        tmp_path, noise=(0.7, 9.0, 9.0, 9.0), rows=600
    )  # three that only disturb
    # Uncalibrated, as temperatures alone would silence them.
    oof = members_oof(tmp_path, "abcd", VoteParams(folds="soft", calibrate=False))
    alternatives = all_alternatives(oof, np.ones(4))
    assert choose(oof, alternatives, settings(weights="simplex")) == "simplex"
    assert choose(oof, alternatives, settings()) == "soft"
    assert choose(oof, alternatives, settings(vote="hard")) == "hard"
    assert recipe_of(oof, alternatives["simplex"], [0]).weights["a"] > 0.7


def judged(oof: MembersOof, right: np.ndarray) -> Alternative:
    """A vote whose nested predictions are right there, and whose own OOF is all right."""
    sure = np.eye(3)[np.where(right, oof.labels, (oof.labels + 1) % 3)]
    return Alternative(
        "soft", np.ones(2), np.ones(2), 1.0, np.eye(3)[oof.labels], sure
    )


def test_it_is_the_nested_scores_that_decide(tmp_path: Path) -> None:
    leave_votes(tmp_path)
    oof, greedy = members_oof(tmp_path), settings(weights="greedy")
    half = np.arange(300) % 2 == 0
    most = half | (np.arange(300) % 10 == 1)
    alternatives = {"soft": judged(oof, half), "greedy": judged(oof, most)}
    assert choose(oof, alternatives, greedy) == "greedy"
    assert (
        choose(oof, alternatives | {"greedy": judged(oof, half)}, greedy) == "soft"
    )
    worse = {"soft": alternatives["greedy"], "greedy": alternatives["soft"]}
    assert choose(oof, worse, greedy) == "soft"


@pytest.mark.parametrize(("size", "choice"), [(30, "soft"), (15, "greedy")])
def test_ten_groups_are_too_few_to_take_fitted_weights_and_twenty_are_not(
    size: int, choice: str, tmp_path: Path
) -> None:
    leave_votes(tmp_path)
    oof = dataclasses.replace(members_oof(tmp_path), groups=np.arange(300) // size)
    alternatives = {
        "soft": judged(oof, np.arange(300) % 2 == 0),
        "greedy": judged(oof, np.ones(300, bool)),
    }
    assert choose(oof, alternatives, settings(weights="greedy")) == choice


def test_copies_prove_nothing_twice(tmp_path: Path) -> None:
    """Eight images for, one against: a difference; not if the eight are two and their copies."""
    leave_votes(tmp_path)
    oof = members_oof(tmp_path)
    base = np.arange(300) < 200
    better = base.copy()
    better[200:209], better[0] = True, False
    alternatives = {"soft": judged(oof, base), "greedy": judged(oof, better)}
    alone = dataclasses.replace(oof, groups=np.arange(300))
    assert choose(alone, alternatives, settings(weights="greedy")) == "greedy"
    copied = dataclasses.replace(
        oof, groups=np.r_[np.arange(200), [200] * 9, np.arange(201, 292)]
    )
    assert choose(copied, alternatives, settings(weights="greedy")) == "soft"


def test_fitted_weights_that_are_not_significantly_better_are_refused(
    tmp_path: Path,
) -> None:
    leave_votes(tmp_path, noise=(1.0, 1.0))
    oof = members_oof(tmp_path)
    alternatives = all_alternatives(oof, np.ones(2))
    assert choose(oof, alternatives, settings(weights="greedy")) == "soft"


def test_a_single_member_needs_no_fitted_weights(tmp_path: Path) -> None:
    leave_votes(tmp_path)
    oof = members_oof(tmp_path, "a")
    alternatives = all_alternatives(oof, np.ones(1))
    assert choose(oof, alternatives, settings(weights="greedy")) == "soft"
