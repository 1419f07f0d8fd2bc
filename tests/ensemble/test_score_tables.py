"""The tables beside the score, by hand."""

import dataclasses

import numpy as np
import pytest

from croquis.ensemble.alternatives import Alternative
from croquis.ensemble.members_oof import MembersOof
from croquis.ensemble.score_tables import (
    agreement_table,
    all_tables,
    ensemble_metrics,
    gains_table,
    members_table,
    pairs_table,
    votes_table,
)
from croquis.votes.recipe import VoteParams

LABELS = np.array([0, 0, 1, 1])
A = [[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.6, 0.4]]  # right, right, right, wrong
B = [[0.6, 0.4], [0.2, 0.8], [0.4, 0.6], [0.3, 0.7]]  # right, wrong, right, right
PROBS = np.array([A, B])


def oof(groups: tuple[int, ...] = (0, 0, 1, 2)) -> MembersOof:
    return MembersOof(
        members=["a", "b"],
        ids=np.array(list("pqrs")),
        classes=np.array(["x", "y"]),
        labels=LABELS,
        groups=np.array(groups),
        probs=PROBS,
        calibrated=PROBS,
        temperatures=np.array([1.0, 1.0]),
        fold_vote=VoteParams(folds="soft", calibrate=False),
        seed=0,
    )


HAS_COPY = np.array([True, True, False, False])
MEAN = PROBS.mean(axis=0)  # .75 .4 .35 .45 for class 0: right, wrong, right, right
ALL_RIGHT, ALL_WRONG = np.eye(2)[LABELS], np.eye(2)[1 - LABELS]
ALTERNATIVES = {
    "soft": Alternative("soft", np.ones(2), np.ones(2), 1.0, ALL_RIGHT, MEAN),
    "best": Alternative(
        "soft", np.array([1.0, 0.0]), np.ones(2), 1.0, PROBS[0], ALL_WRONG
    ),
}


def test_votes_are_judged_nested_and_against_the_soft_vote() -> None:
    table = votes_table(oof(), ALTERNATIVES, "soft").set_index("vote")
    assert table["accuracy"].tolist() == [1.0, 0.75]
    assert table["nested_accuracy"].tolist() == [0.75, 0.0]
    assert table["chosen"].tolist() == [True, False]
    assert table["difference"].tolist() == [0, -0.75]
    assert table["p"].tolist() == [
        1,
        2 / 2**3,
    ]  # three images, all for the soft vote
    squared = 2 * ((1 - MEAN[np.arange(4), LABELS]) ** 2)
    assert table.loc["soft", "brier"] == pytest.approx(squared.mean())
    assert table.loc["best", "brier"] == 2


def test_what_is_published_is_nested() -> None:
    assert (
        ensemble_metrics(oof(), ALTERNATIVES, "soft", HAS_COPY)["accuracy"] == 0.75
    )
    assert ensemble_metrics(oof(), ALTERNATIVES, "best", HAS_COPY)["accuracy"] == 0
    assert ensemble_metrics(oof(), ALTERNATIVES, "best", HAS_COPY)[
        "accuracy_by_vote"
    ] == {
        "soft": 0.75,
        "best": 0.0,
    }


def test_ties_are_those_of_the_vote_that_goes_to_the_test_set() -> None:
    torn = np.full((4, 2), 0.5)
    vote = Alternative("soft", np.ones(2), np.ones(2), 1.0, probs=torn, nested=MEAN)
    assert ensemble_metrics(oof(), {"soft": vote}, "soft", HAS_COPY)["ties"] == 4


def test_agreement_is_the_share_of_equal_predictions() -> None:
    # a says 0 0 1 0, b says 0 1 1 1.
    table = agreement_table(oof()).set_index("member")
    assert table.loc["a", "b"] == table.loc["b", "a"] == 0.5
    assert table.loc["a", "a"] == 1


def test_pairs_of_members_are_compared_once() -> None:
    table = pairs_table(oof())
    assert table[["a", "b"]].to_numpy().tolist() == [["a", "b"]]
    assert table.loc[0, "difference"] == 0 and table.loc[0, "p"] == 1


def test_gains_follow_the_order_that_helps() -> None:
    table = gains_table(oof())
    assert table["step"].tolist() == [1, 2]
    assert table.loc[1, "accuracy"] == 0.75
    assert sorted(table["member"]) == ["a", "b"]


def test_members_show_their_share_of_the_weights() -> None:
    table = members_table(oof(), np.array([3.0, 1.0]))
    assert table["weight"].tolist() == [0.75, 0.25]
    assert table["accuracy"].tolist() == [0.75, 0.75]


def test_images_with_a_copy_are_scored_apart() -> None:
    metrics = ensemble_metrics(oof(), ALTERNATIVES, "soft", HAS_COPY)
    assert metrics["with_twin"] == 2
    assert (
        metrics["accuracy_with_twin"] == 0.5
        and metrics["accuracy_without_twin"] == 1
    )
    alone = ensemble_metrics(oof(), ALTERNATIVES, "soft", np.zeros(4, dtype=bool))
    assert "accuracy_with_twin" not in alone and alone["with_twin"] == 0


def test_every_table_has_its_file() -> None:
    tables = all_tables(oof(), ALTERNATIVES, "soft")
    assert list(tables) == [
        "votes",
        "members",
        "agreement",
        "pairs",
        "gains",
        "reliability",
    ]
    counts = tables["reliability"].groupby(["which", "binning"])["count"].sum()
    assert counts.to_dict() == {
        ("raw", "mass"): 4,
        ("raw", "width"): 4,
    }  # nothing is calibrated


def test_a_calibrated_vote_is_shown_before_and_after() -> None:
    calibrated = dataclasses.replace(
        oof(), fold_vote=VoteParams(folds="soft", calibrate=True)
    )
    table = all_tables(calibrated, ALTERNATIVES, "best")["reliability"].set_index(
        ["which", "binning"]
    )
    assert set(table.index.get_level_values("which")) == {"raw", "calibrated"}
    # Raw: member a alone, sure of .9, .6, .7, .6. Calibrated: nested, wrong and sure.
    raw = table.loc[("raw", "mass")]
    assert np.average(raw["confidence"], weights=raw["count"]) == pytest.approx(0.7)
    assert np.all(table.loc[("calibrated", "width"), "accuracy"] == 0)
