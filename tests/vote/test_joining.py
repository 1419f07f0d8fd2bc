"""The folds of each member become OOF, votes on the test set, and scores."""

from pathlib import Path

import numpy as np
import pandas as pd

from croquis.scoring.chosen_metric import ACCURACY, METRICS, Metric
from croquis.tables.predictions import Predictions, load_predictions
from croquis.vote.joining import join_members, vote_lines
from croquis.votes.members import RunParams
from croquis.votes.recipe import EnsembleParams, VoteParams

IDS = ["a", "b", "c", "d"]
FOLDS = pd.DataFrame(
    {
        "id": IDS,
        "label": [0, 1, 0, 1],
        "group": [0, 1, 2, 2],
        "unit": [0, 1, 2, 2],
        "fold": [0, 0, 1, 1],
        "plain_fold": [0, 1, 0, 1],
        "scored": True,
        "keep": True,
    }
)
RUN = RunParams(models=["m"], probes=["p"], folds=[0, 1])
HARD = VoteParams(folds="hard", calibrate=True)
SOFT = VoteParams(folds="soft", calibrate=True)
ALL = EnsembleParams(members="all", vote="soft", weights="uniform")


def leave(folder: Path, part: str, ids: str, first: list[float]) -> None:
    probs = np.stack([first, 1 - np.array(first)], axis=1)
    Predictions(list(ids), probs, ["x", "y"]).save(folder / f"{part}.npz")


def leave_member(folder: Path, member: str) -> None:
    """Fold 0 is right on a and wrong on b, fold 1 on both; plain folds are always right."""
    for fold, ids in enumerate(("ab", "cd")):
        place = folder / member / f"fold{fold}"
        leave(place, "val", ids, [0.9, 0.8] if fold == 0 else [0.9, 0.2])
        leave(place, "val_flip_lr", ids, [0.1, 0.9])
        leave(place, "plain", ["ac", "bd"][fold], [[0.9, 0.9], [0.1, 0.1]][fold])
        leave(place, "test", "t", [[0.6], [0.2]][fold])


def joined(
    folder: Path,
    settings: VoteParams,
    ensemble: EnsembleParams = ALL,
    metric: Metric = ACCURACY,
) -> dict[str, dict[str, float]]:
    for member in ("m", "p"):
        leave_member(folder / "predictions", member)
    return join_members(
        folder / "predictions",
        FOLDS,
        folder / "votes",
        RUN,
        settings,
        ensemble,
        seed=0,
        metric=metric,
    )


def test_each_member_is_scored_on_all_folds(tmp_path: Path) -> None:
    scores = joined(tmp_path, HARD)
    assert list(scores) == ["m", "p"]
    assert scores["m"]["accuracy"] == 0.75 and scores["m"]["temperature"] == 1.0
    oof = load_predictions(tmp_path / "votes" / "m" / "oof.npz")
    assert oof.ids.tolist() == IDS
    np.testing.assert_allclose(oof.probs[:, 0], [0.9, 0.8, 0.9, 0.2])


def test_test_images_get_every_vote_of_the_folds(tmp_path: Path) -> None:
    joined(tmp_path, HARD)
    soft = load_predictions(tmp_path / "votes" / "p" / "test_soft.npz")
    hard = load_predictions(tmp_path / "votes" / "p" / "test_hard.npz")
    np.testing.assert_allclose(soft.probs, [[0.4, 0.6]])
    np.testing.assert_allclose(hard.probs, [[0.5, 0.5]])


def test_soft_folds_vote_at_the_temperature_that_is_reported(
    tmp_path: Path,
) -> None:
    scores = joined(tmp_path, SOFT)
    temperature = scores["m"]["temperature"]
    assert temperature != 1.0
    powers = np.array([[0.6, 0.4], [0.2, 0.8]]) ** (1 / temperature)
    expected = (powers / powers.sum(axis=1, keepdims=True)).mean(axis=0)
    soft = load_predictions(tmp_path / "votes" / "m" / "test_soft.npz")
    np.testing.assert_allclose(soft.probs[0], expected, atol=1e-5)


def test_only_probes_have_plain_folds(tmp_path: Path) -> None:
    scores = joined(tmp_path, HARD)
    assert "plain_accuracy" not in scores["m"]
    assert scores["p"]["plain_accuracy"] == 1.0
    assert scores["p"]["plain_difference"] == 0.25


def test_flipped_images_have_an_accuracy_of_their_own(tmp_path: Path) -> None:
    scores = joined(tmp_path, HARD)  # labels 0 1 0 1, guesses 1 0 1 0
    assert scores["m"]["flip_lr_accuracy"] == 0.0
    assert "flip_ud_accuracy" not in scores["m"]


def test_a_snapshot_that_votes_is_joined_too(tmp_path: Path) -> None:
    for fold, ids in enumerate(("ab", "cd")):
        place = tmp_path / "predictions" / "m" / f"fold{fold}" / "cycle1"
        leave(place, "val", ids, [0.9, 0.1])
        leave(place, "test", "t", [0.5])
    named = EnsembleParams(members=["m.cycle1"], vote="soft", weights="uniform")
    scores = joined(tmp_path, HARD, named)
    assert list(scores) == ["m", "m.cycle1", "p"]
    assert scores["m.cycle1"]["accuracy"] == 1.0


def test_the_last_lines_tell_each_members_accuracy() -> None:
    scores = {"accuracy": 0.75, "accuracy_low": 0.5, "accuracy_high": 0.875}
    assert vote_lines({"m": scores}) == [
        "vote: m OOF accuracy 0.750 (0.500 to 0.875)"
    ]


def test_the_chosen_metric_stands_beside_all_others(tmp_path: Path) -> None:
    """Of a, b, c, d with the labels 0, 1, 0, 1 the class 0 has .9, .8, .9 and .2."""
    plain = joined(tmp_path / "plain", HARD)["m"]
    loss = joined(tmp_path / "loss", HARD, metric=METRICS["log_loss"])["m"]
    by_hand = -np.log([0.9, 0.2, 0.9, 0.8]).mean()
    assert loss["metric"] == "log_loss"
    assert loss["log_loss"] == round(by_hand, 5) and set(plain) < set(loss)
    assert loss["log_loss_low"] < by_hand < loss["log_loss_high"]
    f1 = joined(tmp_path / "f1", SOFT, metric=METRICS["macro_f1"])["m"]
    # 0 0 0 1 for 0 1 0 1: F1 of 4/5 and 2/3.
    assert f1["macro_f1"] == round((4 / 5 + 2 / 3) / 2, 5)
    assert f1["macro_f1_low"] <= f1["macro_f1"] <= f1["macro_f1_high"]


def test_the_log_loss_of_a_member_is_at_its_temperature(tmp_path: Path) -> None:
    scores = joined(tmp_path, SOFT, metric=METRICS["log_loss"])["m"]
    raw = -np.log([0.9, 0.2, 0.9, 0.8]).mean()
    assert scores["log_loss_raw"] == round(raw, 5) != scores["log_loss"]


def test_the_last_lines_tell_the_chosen_metric() -> None:
    scores = {"accuracy": 0.75, "metric": "log_loss", "log_loss": 0.5}
    scores |= {"log_loss_low": 0.25, "log_loss_high": 1.0}
    assert vote_lines({"m": scores}) == [
        "vote: m OOF log-loss 0.500 (0.250 to 1.000)"
    ]
