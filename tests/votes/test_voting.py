"""Votes by hand, and what no vote may depend on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from croquis.votes.voting import VOTES, hard_vote, soft_vote, tied, weight_shares

# Two voters, two images, three classes: (2, 2, 3).
TWO = np.array([[[0.6, 0.4, 0.0], [0.2, 0.5, 0.3]], [[0.1, 0.9, 0.0], [0.4, 0.2, 0.4]]])


def voters(least: int = 1) -> st.SearchStrategy[np.ndarray]:
    """(M, 3, 4) probabilities, M >= least; whole numbers, so that ties are common."""
    counts = st.integers(least, 5).flatmap(
        lambda m: arrays(np.int64, (m, 3, 4), elements=st.integers(0, 3))
    )
    return counts.map(lambda n: (n + 1) / (n + 1).sum(axis=-1, keepdims=True))


def test_the_soft_vote_is_the_mean() -> None:
    np.testing.assert_allclose(soft_vote(TWO), [[0.35, 0.65, 0.0], [0.3, 0.35, 0.35]])


def test_weights_tilt_the_soft_vote() -> None:
    # 3 : 1 of .6 and .1 is .475
    np.testing.assert_allclose(soft_vote(TWO, np.array([3, 1]))[0], [0.475, 0.525, 0.0])


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
    found = vote(probs)
    assert found.shape == probs.shape[1:] and np.all(found >= 0)
    np.testing.assert_allclose(found.sum(axis=1), 1)


@pytest.mark.parametrize(
    "weights", [[1.0], [1, 1, 1], [0, 0], [2, -1], [np.nan, 1], [np.inf, 1]], ids=str
)
def test_impossible_weights_are_refused(weights: list[float]) -> None:
    with pytest.raises(
        ValueError, match=r"weights: expected 2 numbers >= 0, received .*; 1 each"
    ):
        weight_shares(2, np.array(weights))


def test_shares_sum_to_one() -> None:
    assert weight_shares(4).tolist() == [0.25] * 4
    assert weight_shares(2, np.array([1, 3])).tolist() == [0.25, 0.75]


def test_ties_are_counted() -> None:
    assert tied(np.array([[0.5, 0.5, 0], [0.4, 0.3, 0.3], [1 / 3, 1 / 3, 1 / 3]])) == 2
