"""Votes by hand, and what no vote may depend on."""

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from croquis.core.errors import InputError
from croquis.tables.predictions import Predictions
from croquis.votes import voting
from croquis.votes.voting import (
    VOTES,
    hard_vote,
    has_temperature,
    member_vote,
    soft_vote,
    tied,
    vote,
    weight_shares,
)

# Two voters, two images, three classes: (2, 2, 3).
TWO = np.array(
    [[[0.6, 0.4, 0.0], [0.2, 0.5, 0.3]], [[0.1, 0.9, 0.0], [0.4, 0.2, 0.4]]]
)


def voters(least: int = 1) -> st.SearchStrategy[np.ndarray]:
    """(M, 3, 4) probabilities, M >= least; whole numbers, so that ties are common."""
    counts = st.integers(least, 5).flatmap(
        lambda m: arrays(np.int64, (m, 3, 4), elements=st.integers(0, 3))
    )
    return counts.map(lambda n: (n + 1) / (n + 1).sum(axis=-1, keepdims=True))


def test_the_soft_vote_is_the_mean() -> None:
    np.testing.assert_allclose(
        soft_vote(TWO), [[0.35, 0.65, 0.0], [0.3, 0.35, 0.35]]
    )


def test_weights_tilt_the_soft_vote() -> None:
    # 3 : 1 of .6 and .1 is .475
    np.testing.assert_allclose(
        soft_vote(TWO, np.array([3, 1]))[0], [0.475, 0.525, 0.0]
    )


def test_the_hard_vote_is_the_share_of_argmaxes() -> None:
    # Image 1: the second voter is torn between 0 and 2 and votes for the lower.
    np.testing.assert_array_equal(hard_vote(TWO), [[0.5, 0.5, 0], [0.5, 0.5, 0]])
    assert hard_vote(TWO).argmax(axis=1).tolist() == [0, 0]


def test_equal_shares_stay_equal_in_any_order_of_unequal_weights() -> None:
    # .1 + .2 and .3 differ in binary; unrounded, class 1 would win here and tie there.
    choices = np.eye(2)[[[1], [1], [0]]]
    assert tied(hard_vote(choices, np.array([0.1, 0.2, 0.3]))) == 1
    assert tied(hard_vote(choices[::-1], np.array([0.3, 0.2, 0.1]))) == 1


@given(voters())
def test_the_soft_vote_of_one_voter_is_itself(probs: np.ndarray) -> None:
    np.testing.assert_array_equal(soft_vote(probs[:1]), probs[0])


@pytest.mark.parametrize("vote", VOTES.values(), ids=VOTES)
@given(probs=voters(), seed=st.integers(0, 99))
def test_the_order_of_voters_and_rows_changes_nothing(
    vote, probs: np.ndarray, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    people, rows = rng.permutation(len(probs)), rng.permutation(probs.shape[1])
    np.testing.assert_allclose(
        vote(probs[people][:, rows]), vote(probs)[rows], atol=1e-12
    )


@pytest.mark.parametrize("vote", VOTES.values(), ids=VOTES)
@given(probs=voters(least=2))
def test_a_doubled_voter_has_weight_two(vote, probs: np.ndarray) -> None:
    weights = np.ones(len(probs))
    weights[0] = 2
    doubled = np.concatenate([probs, probs[:1]])
    np.testing.assert_allclose(vote(doubled), vote(probs, weights), atol=1e-12)


@pytest.mark.parametrize("vote", VOTES.values(), ids=VOTES)
@given(probs=voters(least=2))
def test_a_voter_of_weight_zero_is_not_there(vote, probs: np.ndarray) -> None:
    weights = np.ones(len(probs))
    weights[0] = 0
    np.testing.assert_allclose(vote(probs, weights), vote(probs[1:]), atol=1e-12)


@pytest.mark.parametrize("vote", VOTES.values(), ids=VOTES)
@given(probs=voters())
def test_votes_are_probabilities(vote, probs: np.ndarray) -> None:
    joint = vote(probs)
    assert joint.shape == probs.shape[1:] and np.all(joint >= 0)
    np.testing.assert_allclose(joint.sum(axis=1), 1)


@pytest.mark.parametrize(
    "weights",
    [[1.0], [1, 1, 1], [0, 0], [2, -1], [np.nan, 1], [np.inf, 1]],
    ids=str,
)
def test_impossible_weights_are_refused(weights: list[float]) -> None:
    with pytest.raises(
        ValueError, match=r"weights: expected 2 numbers >= 0, received .*; 1 each"
    ):
        weight_shares(2, np.array(weights))


def test_shares_sum_to_one() -> None:
    assert weight_shares(4).tolist() == [0.25] * 4
    assert weight_shares(2, np.array([1, 3])).tolist() == [0.25, 0.75]


def some(ids: str, first: list[float], classes: str = "xy") -> Predictions:
    return Predictions(
        list(ids), np.stack([first, 1 - np.array(first)], axis=1), list(classes)
    )


def test_votes_join_rows_by_id() -> None:
    joined = vote([some("ab", [0.0, 1.0]), some("ba", [0.5, 0.5])], "soft")
    assert joined.ids.tolist() == ["a", "b"]
    np.testing.assert_allclose(joined.probs, [[0.25, 0.75], [0.75, 0.25]])


def test_votes_take_weights_and_can_be_hard() -> None:
    parts = [some("a", [0.6]), some("a", [0.2])]
    np.testing.assert_allclose(
        vote(parts, "soft", np.array([3, 1])).probs, [[0.5, 0.5]]
    )
    np.testing.assert_allclose(
        vote(parts, "hard", np.array([3, 1])).probs, [[0.75, 0.25]]
    )


def test_voters_with_other_images_or_classes_are_refused() -> None:
    with pytest.raises(InputError, match="missing 1: b"):
        vote([some("ab", [0.0, 1.0]), some("ac", [0.5, 0.5])], "soft")
    with pytest.raises(InputError, match="classes of the first member"):
        vote([some("a", [0.0]), some("a", [0.5], "yx")], "soft")


def test_the_vote_of_no_name_is_the_soft_one() -> None:
    parts = [some("a", [0.6]), some("a", [0.2])]
    np.testing.assert_allclose(vote(parts).probs, [[0.4, 0.6]])


def test_a_vote_of_nobody_is_refused() -> None:
    with pytest.raises(
        InputError, match="votes: expected one or more, received none"
    ):
        vote([])


def test_the_example_of_vote_runs() -> None:
    assert doctest.testmod(voting) == (0, 3)


def test_all_votes_but_shares_of_argmaxes_have_a_temperature() -> None:
    assert [name for name in VOTES if not has_temperature(name)] == ["hard"]


def test_a_vote_over_hard_fold_votes_adds_shares_and_rounds_them() -> None:
    # Two thirds of 1/3 and one third of 2/3 are 4/9, in 6 digits.
    shares = np.array([[[1 / 3, 2 / 3]], [[2 / 3, 1 / 3]]], np.float32)
    for members in VOTES:
        joint = member_vote(shares, np.array([2, 1]), folds="hard", members=members)
        assert joint.tolist() == [[0.444444, 0.555556]]
    assert member_vote(shares, folds="soft", members="hard").tolist() == [
        [0.5, 0.5]
    ]


@pytest.mark.parametrize("name", VOTES)
def test_one_class_and_certain_voters_are_no_trouble(name: str) -> None:
    assert VOTES[name](np.ones((3, 2, 1))).tolist() == [[1.0], [1.0]]
    certain = np.eye(2)[[[0], [1], [1]]]  # three voters on one image
    shares = VOTES[name](certain)
    assert np.isfinite(shares).all() and shares.sum() == pytest.approx(1)
    if name in ("soft", "hard"):  # a vote that multiplies gives no class a third
        np.testing.assert_allclose(shares, [[1 / 3, 2 / 3]], atol=1e-9)


def test_tiny_and_huge_weights_have_their_shares() -> None:
    assert weight_shares(2, np.array([1e-300, 3e-300])).tolist() == [0.25, 0.75]
    assert weight_shares(2, np.array([0.0, 1e300])).tolist() == [0.0, 1.0]


def test_one_class_is_no_tie_and_no_rows_have_none() -> None:
    assert tied(np.ones((4, 1))) == 0
    assert tied(np.empty((0, 3))) == 0


def test_ties_are_counted() -> None:
    assert (
        tied(np.array([[0.5, 0.5, 0], [0.4, 0.3, 0.3], [1 / 3, 1 / 3, 1 / 3]])) == 2
    )
