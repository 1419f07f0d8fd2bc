"""Which members vote, and how much each counts."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from croquis.core import params
from croquis.core.errors import InputError
from croquis.votes.members import RunParams
from croquis.votes.recipe import (
    EnsembleParams,
    Recipe,
    VoteParams,
    member_keys,
    voters,
    weights_of,
)
from croquis.votes.voting import tied

RUN = RunParams(models=["swin", "eva"], probes=["clip"], folds=[0, 1])


def ensemble(**changes: object) -> EnsembleParams:
    content = {"members": "all", "vote": "soft", "weights": "uniform"} | changes
    return params.validated(EnsembleParams, content, where="ensemble")


def test_all_means_every_member_of_run() -> None:
    assert member_keys(RUN, ensemble()) == ["clip", "eva", "swin"]


def test_listed_members_vote_in_sorted_order() -> None:
    assert member_keys(RUN, ensemble(members=["swin", "clip"])) == ["clip", "swin"]


def test_a_member_listed_twice_does_not_vote_twice() -> None:
    with pytest.raises(
        InputError, match=r"ensemble\.members: expected each once.*swin.*weights"
    ):
        member_keys(RUN, ensemble(members=["swin", "swin", "eva"]))


def test_uniform_weights_are_ones() -> None:
    assert weights_of(["a", "b"], ensemble()).tolist() == [1, 1]


def test_weights_follow_their_keys_not_their_order() -> None:
    assert weights_of(
        ["a", "b"], ensemble(weights={"b": 3, "a": 0.5})
    ).tolist() == [
        0.5,
        3,
    ]


@pytest.mark.parametrize(
    ("weights", "received"),
    [
        ({"a": 1}, "a: 1"),
        ({"a": 1, "b": 1, "c": 1}, "a: 1.*c: 1"),
        ({}, "none"),
        ({"a": 0, "b": 0}, "a: 0"),
    ],
)
def test_weights_that_do_not_fit_the_members_are_refused(
    weights: dict, received: str
) -> None:
    expected = rf"ensemble\.weights: expected a weight for each of a, b, .* received {received}"
    with pytest.raises(InputError, match=expected):
        weights_of(["a", "b"], ensemble(weights=weights))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"vote": "sft"},
            r"ensemble\.vote: expected 'soft'.* 'hard'.*, received 'sft'",
        ),
        (
            {"members": []},
            r"ensemble\.members: expected 'all' or .*at least 1 item",
        ),
        (
            {"weights": {"a": -1}},
            r"ensemble\.weights\.a: expected greater than or equal to 0",
        ),
        (
            {"weights": {"a": float("inf")}},
            r"ensemble\.weights\.a: expected a finite number",
        ),
        ({"wieghts": "uniform"}, r"did you mean 'weights'\?"),
        (
            {"vote": "hard", "weights": "greedy"},
            "ensemble: expected vote: soft beside .*greedy, as",
        ),
        (
            {"vote": "hard", "weights": "simplex"},
            "or weights: uniform beside vote: hard, received",
        ),
    ],
)
def test_a_slip_in_params_is_named(changes: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ensemble(**changes)


def test_weights_that_are_still_to_be_fitted_begin_as_ones() -> None:
    assert weights_of(["a", "b"], ensemble(weights="greedy")).tolist() == [1, 1]


def test_snapshots_are_joined_beside_the_members_of_run() -> None:
    assert voters(RUN, ensemble()) == ["clip", "eva", "swin"]
    named = ensemble(members=["eva", "eva.cycle1"])
    assert voters(RUN, named) == ["clip", "eva", "eva.cycle1", "swin"]


def test_the_fold_vote_is_soft_or_hard() -> None:
    assert VoteParams(folds="hard", calibrate=False).folds == "hard"
    with pytest.raises(
        InputError, match=r"expected 'soft'.* 'hard'.*, received 'mean'"
    ):
        params.validated(
            VoteParams, {"folds": "mean", "calibrate": True}, where="vote"
        )


def recipe(**changes: object) -> Recipe:
    content = {
        "members": ["a", "b"],
        "folds": [0, 1],
        "fold_vote": "soft",
        "vote": "soft",
        "weights": {"a": 1.0, "b": 3.0},
        "temperatures": {"a": 1.0, "b": 0.5},
        "temperature": 1.0,
    }
    return Recipe(**(content | changes))


FOLDS = {
    "a": [np.array([[0.6, 0.4]]), np.array([[0.8, 0.2]])],
    "b": [np.array([[0.5, 0.5]]), np.array([[0.2, 0.8]])],
}


def test_a_recipe_by_hand() -> None:
    # a: (.6 + .8) / 2 = .7. b at temperature .5 squares: .5 and .04 / .68 = 1 / 17; mean 19 / 68.
    expected = 0.25 * 0.7 + 0.75 * 19 / 68
    np.testing.assert_allclose(recipe().combine(FOLDS)[0, 0], expected)


def test_the_temperature_of_the_vote_comes_last() -> None:
    plain = recipe().combine(FOLDS)
    sharper = recipe(temperature=0.5).combine(FOLDS)
    np.testing.assert_allclose(sharper, plain**2 / (plain**2).sum())


def test_folds_and_members_can_vote_hard() -> None:
    # a says class 0 twice. b is torn in fold 0 and takes the lower class, then says 1.
    votes = recipe(fold_vote="hard").combine(FOLDS)
    np.testing.assert_allclose(votes, [[0.25 + 0.75 * 0.5, 0.75 * 0.5]])
    np.testing.assert_allclose(recipe(vote="hard").combine(FOLDS), [[0.25, 0.75]])


def hard(**choices: list[int]) -> dict[str, list[np.ndarray]]:
    """Of each member one image's argmax, 0 or 1, in each fold."""
    return {
        key: [np.eye(2)[[choice]] for choice in each]
        for key, each in choices.items()
    }


def of_three(vote: str, **weights: float) -> Recipe:
    ones = dict.fromkeys("abc", 1.0)
    return recipe(
        members=list("abc"),
        fold_vote="hard",
        vote=vote,
        weights=ones | weights,
        temperatures=ones,
    )


def test_a_hard_vote_of_hard_votes_is_a_majority_of_all_argmaxes() -> None:
    """It was a majority of majorities, and class 0 won by two members to one."""
    folds = hard(a=[0, 0, 1], b=[0, 0, 1], c=[1, 1, 1])
    for vote in ("hard", "soft"):  # shares are votes already
        np.testing.assert_allclose(
            of_three(vote).combine(folds), [[4 / 9, 5 / 9]], atol=1e-6
        )
    # Two argmaxes of a member with half the weight are one: 4 + 0 against 2 + 1.5.
    assert of_three("hard", c=0.5).combine(folds).argmax() == 0
    tie = of_three("hard").combine(hard(a=[0, 1], b=[1, 0], c=[1, 0]))
    assert tie.tolist() == [[0.5, 0.5]] and tie.argmax() == 0


def test_three_members_of_five_folds_vote_hard_as_fifteen_voters_do() -> None:
    """The rule of the challenge's winner: scipy's mode, ties to the lowest class."""
    votes = np.random.default_rng(0).integers(0, 6, size=(3, 5, 2500))
    folds = {
        key: [np.eye(6)[each] for each in of_member]
        for key, of_member in zip("abc", votes, strict=True)
    }
    shares = of_three("hard").combine(folds)
    fifteen = votes.reshape(15, 2500)
    np.testing.assert_array_equal(
        shares.argmax(axis=1), stats.mode(fifteen, axis=0).mode
    )
    counts = np.sort(
        (fifteen[None] == np.arange(6)[:, None, None]).sum(axis=1), axis=0
    )
    assert tied(shares) == (counts[-1] == counts[-2]).sum() > 100


def test_a_member_counts_once_however_many_folds_it_has() -> None:
    more = FOLDS | {"b": FOLDS["b"] * 3}
    np.testing.assert_allclose(recipe().combine(more), recipe().combine(FOLDS))


def test_a_recipe_is_read_as_it_was_written(tmp_path: Path) -> None:
    recipe().save(tmp_path / "recipe.json")
    assert Recipe.load(tmp_path / "recipe.json") == recipe()


def test_a_missing_or_broken_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        InputError,
        match=r"recipe\.json: expected the recipe.*; (run `dvc repro`|`dvc checkout)",
    ):
        Recipe.load(tmp_path / "recipe.json")
    (tmp_path / "recipe.json").write_text('{"members": []}')
    with pytest.raises(InputError, match="folds"):
        Recipe.load(tmp_path / "recipe.json")
