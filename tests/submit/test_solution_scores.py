"""Where the truth is there: scores of the submission, of single folds and of all votes."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from croquis.core.errors import InputError
from croquis.submit.solution_scores import (
    accuracy_by_vote,
    read_votes,
    single_fold_accuracy,
    submission_scores,
    true_labels,
)
from croquis.tables.predictions import Predictions
from croquis.votes.recipe import Recipe
from croquis.votes.voting import VOTES

NOBODY = pd.DataFrame({"image_path": [], "target": []})


def sure(labels: dict[str, int]) -> Predictions:
    """Sure predictions of three classes."""
    ids = [f"test/{name}.png" for name in labels]
    return Predictions(ids, np.eye(3)[list(labels.values())], ["x", "y", "z"])


TEST = sure({"1": 1, "2": 2, "10": 0})


def test_no_solution_means_no_score() -> None:
    assert true_labels(NOBODY, TEST) is None


def test_true_labels_follow_the_predictions() -> None:
    solution = pd.DataFrame(
        {"image_path": ["10.png", "2.png", "1.png"], "target": [5, 6, 7]}
    )
    assert true_labels(solution, TEST).tolist() == [7, 6, 5]


@pytest.mark.parametrize(
    "names", [["1.png"], ["1.png", "2.png", "10.png", "11.png"]]
)
def test_a_solution_of_other_images_is_refused(names: list[str]) -> None:
    solution = pd.DataFrame({"image_path": names, "target": 0})
    with pytest.raises(
        InputError, match=r"solution\.csv: expected 3 test images, received \d ro"
    ):
        true_labels(solution, TEST)


def test_a_solution_that_names_an_image_twice_is_refused() -> None:
    """The second label silently won."""
    names = ["1.png", "2.png", "10.png", "10.png"]
    solution = pd.DataFrame({"image_path": names, "target": [0, 0, 0, 1]})
    with pytest.raises(
        InputError, match=r"solution\.csv: expected 3 test images, received 4 rows"
    ):
        true_labels(solution, TEST)


def test_single_folds_are_scored_by_id_and_averaged() -> None:
    labels = np.array([1, 2, 0])  # of TEST
    by_fold = [
        sure({"10": 0, "2": 2, "1": 0}),
        sure({"1": 0, "2": 0, "10": 0}),
    ]  # 2/3, 1/3
    assert single_fold_accuracy(labels, TEST.ids, by_fold) == 0.5


def test_the_gain_of_the_fold_vote_stands_apart_from_what_oof_estimates() -> None:
    labels = np.array([1, 2, 0])  # of TEST: all right
    by_fold = [
        sure({"10": 0, "2": 2, "1": 0}),
        sure({"1": 0, "2": 0, "10": 0}),
    ]  # 2/3, 1/3
    estimate = {
        "accuracy": 0.55,
        "accuracy_low": 0.45,
        "accuracy_high": 0.65,
        "members": 2,
    }
    scores = submission_scores(labels, TEST, by_fold, estimate, seed=0)
    # Two folds get 0, 1 and 2 of their answers on the three images right: of 27 draws one is of
    # the first alone and one of the last, so the interval is 0 to 1, and the squares add up.
    assert [scores.pop(f"gap{end}") for end in ("", "_low", "_high")] == [
        -0.05,
        round(-0.05 - (0.5**2 + 0.1**2) ** 0.5, 5),
        round(-0.05 + (0.5**2 + 0.1**2) ** 0.5, 5),
    ]
    ends = [scores.pop(f"fold_vote_gain_{end}") for end in ("low", "high", "p")]
    # Gains of 1, .5 and 0 on the three images: of 27 draws one has no gain at all.
    assert ends == [0, 1, pytest.approx(2 / 27, abs=0.02)]
    assert scores.pop("ece") == scores.pop("log_loss") == 0  # all sure, all right
    assert scores == {
        "test_accuracy": 1.0,
        "test_single_fold": 0.5,
        "fold_vote_gain": 0.5,
        "oof_accuracy": 0.55,
        "oof_low": 0.45,
        "oof_high": 0.65,
        "inside_interval": True,
    }
    narrow = estimate | {"accuracy_low": 0.51}
    assert (
        submission_scores(labels, TEST, by_fold, narrow, seed=0)["inside_interval"]
        is False
    )


@pytest.mark.parametrize(
    ("low", "high", "inside"),
    [(0.5, 0.6, True), (0.4, 0.5, True), (0.51, 0.6, False), (0.4, 0.49, False)],
)
def test_the_ends_of_the_interval_are_inside_it(
    low: float, high: float, inside: bool
) -> None:
    labels = np.array([1, 2, 0])  # single folds get 2/3 and 1/3
    by_fold = [sure({"10": 0, "2": 2, "1": 0}), sure({"1": 0, "2": 0, "10": 0})]
    estimate = {"accuracy": 0.45, "accuracy_low": low, "accuracy_high": high}
    scores = submission_scores(labels, TEST, by_fold, estimate, seed=0)
    assert scores["inside_interval"] is inside


def weighing(a: float, b: float) -> Recipe:
    return Recipe(
        members=["a", "b"],
        folds=[0],
        fold_vote="soft",
        vote="soft",
        weights={"a": a, "b": b},
        temperatures={"a": 1.0, "b": 1.0},
        temperature=1.0,
    )


def test_what_members_say_is_read_by_name(tmp_path: Path) -> None:
    for member, vote in itertools.product("abz", VOTES):
        sure({"1": "abz".index(member), "2": 0}).save(
            tmp_path / member / f"test_{vote}.npz"
        )
    scores = read_votes(tmp_path, weighing(1.0, 1.0))
    assert [part.probs[0].argmax() for part in scores["hard"]] == [0, 1]
    assert list(scores) == list(VOTES) and len(scores["soft"]) == 2


def test_votes_over_folds_are_judged_on_the_test_set() -> None:
    labels = np.array([1, 2, 0])  # of TEST
    votes = {  # of each member what it says of the three images
        "soft": (
            # Means at 3 : 1 are .375 .525 .1, .45 .15 .4 and .575 .35 .075: right, wrong, right.
            # Of the majorities, all the first member's 0, the last alone is right.
            [[0.5, 0.4, 0.1], [0.6, 0.2, 0.2], [0.6, 0.3, 0.1]],
            [[0.0, 0.9, 0.1], [0.0, 0.0, 1.0], [0.5, 0.5, 0.0]],
        ),
        "hard": (
            # Added they are .45 .55 0, .3 0 .7 and .35 .35 .3: right, right, right by the tie.
            [[0.6, 0.4, 0.0], [0.4, 0.0, 0.6], [0.4, 0.4, 0.2]],
            [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.2, 0.2, 0.6]],
        ),
    }
    by_vote = {
        vote: [Predictions(TEST.ids, rows, ["x", "y", "z"]) for rows in members]
        for vote, members in votes.items()
    }
    scores = accuracy_by_vote(labels, TEST.ids, by_vote, weighing(3.0, 1.0))
    assert list(scores) == [f"{folds}-{name}" for folds in votes for name in VOTES]
    assert scores["soft-soft"] == 0.66667
    assert scores["soft-hard"] == 0.33333
    assert scores["hard-soft"] == scores["hard-hard"] == 1.0


@pytest.mark.parametrize(
    ("low", "high", "inside"),
    [
        (0.5, 0.6, True),
        (0.4, 0.5, True),
        (0.50001, 0.6, False),
        (0.4, 0.49999, False),
    ],
)
def test_a_score_on_the_border_of_the_interval_is_inside(
    low: float, high: float, inside: bool
) -> None:
    """Of three images the first fold gets two right and the second one: a mean of .5."""
    labels = np.array([1, 2, 0])
    by_fold = [sure({"10": 0, "2": 2, "1": 0}), sure({"1": 0, "2": 0, "10": 0})]
    estimate = {"accuracy": 0.55, "accuracy_low": low, "accuracy_high": high}
    scores = submission_scores(labels, TEST, by_fold, estimate, seed=0)
    assert scores["test_single_fold"] == 0.5
    assert scores["inside_interval"] is inside
