"""Which members vote, and how much each counts."""

import numpy as np
import pytest

from croquis import params
from croquis.ensembling import EnsembleParams, VoteParams, ballot, member_keys, weights_of
from croquis.errors import InputError
from croquis.members import RunParams
from croquis.predictions import Predictions

RUN = RunParams(models=["swin", "eva"], probes=["clip"], folds=[0, 1])


def ensemble(**changes: object) -> EnsembleParams:
    content = {"members": "all", "vote": "soft", "weights": "uniform"} | changes
    return params.checked(EnsembleParams, content, where="ensemble")


def test_all_means_every_member_of_run() -> None:
    assert member_keys(RUN, ensemble()) == ["clip", "eva", "swin"]


def test_listed_members_vote_in_sorted_order() -> None:
    assert member_keys(RUN, ensemble(members=["swin", "clip"])) == ["clip", "swin"]


def test_a_member_listed_twice_does_not_vote_twice() -> None:
    with pytest.raises(InputError, match=r"ensemble\.members: expected each once.*swin.*weights"):
        member_keys(RUN, ensemble(members=["swin", "swin", "eva"]))


def test_uniform_weights_are_ones() -> None:
    assert weights_of(["a", "b"], ensemble()).tolist() == [1, 1]


def test_weights_follow_their_keys_not_their_order() -> None:
    assert weights_of(["a", "b"], ensemble(weights={"b": 3, "a": 0.5})).tolist() == [0.5, 3]


@pytest.mark.parametrize(
    ("weights", "received"),
    [
        ({"a": 1}, "a: 1"),
        ({"a": 1, "b": 1, "c": 1}, "a: 1.*c: 1"),
        ({}, "none"),
        ({"a": 0, "b": 0}, "a: 0"),
    ],
)
def test_weights_that_do_not_fit_the_members_are_refused(weights: dict, received: str) -> None:
    expected = rf"ensemble\.weights: expected a weight for each of a, b, .* received {received}"
    with pytest.raises(InputError, match=expected):
        weights_of(["a", "b"], ensemble(weights=weights))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vote": "sft"}, r"ensemble\.vote: expected 'soft' or 'hard', received 'sft'"),
        ({"members": []}, r"ensemble\.members: expected 'all' or .*at least 1 item"),
        ({"weights": {"a": -1}}, r"ensemble\.weights\.a: expected greater than or equal to 0"),
        ({"weights": {"a": float("inf")}}, r"ensemble\.weights\.a: expected a finite number"),
        ({"wieghts": "uniform"}, r"did you mean 'weights'\?"),
    ],
)
def test_a_slip_in_params_is_named(changes: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ensemble(**changes)


def test_the_fold_vote_is_soft_or_hard() -> None:
    assert VoteParams(folds="hard").folds == "hard"
    with pytest.raises(InputError, match="expected 'soft' or 'hard', received 'mean'"):
        params.checked(VoteParams, {"folds": "mean"}, where="vote")


def test_a_soft_ballot_is_the_probabilities_and_a_hard_one_their_argmax() -> None:
    member = Predictions(["a", "b"], [[0.6, 0.4], [0.5, 0.5]], ["x", "y"])
    assert ballot(member, "soft") is member
    np.testing.assert_array_equal(ballot(member, "hard").probs, [[1, 0], [1, 0]])
