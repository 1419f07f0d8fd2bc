"""Another metric than accuracy: what is chosen by it, and what the tables and metrics gain."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss

from croquis.ensemble.alternatives import Alternative, all_alternatives, choose
from croquis.ensemble.members_oof import MembersOof
from croquis.ensemble.score_tables import all_tables, ensemble_metrics
from croquis.scoring.chosen_metric import METRICS
from croquis.votes.recipe import EnsembleParams, VoteParams
from support.members_oof import leave_votes, members_oof

GREEDY = EnsembleParams(members="all", vote="soft", weights="greedy")


def vote_of(probs: np.ndarray) -> Alternative:
    return Alternative("soft", np.ones(2), np.ones(2), 1.0, probs, probs)


def by(oof: MembersOof, metric: str) -> MembersOof:
    return dataclasses.replace(oof, metric=METRICS[metric])


@pytest.fixture
def oof(tmp_path: Path) -> MembersOof:
    """300 images of three classes, two members."""
    leave_votes(tmp_path)
    return members_oof(tmp_path)


def sure(labels: np.ndarray, wrong: int, share: float) -> np.ndarray:
    """Wrong on the first images; `share` goes to the predicted class."""
    guesses = labels.copy()
    guesses[:wrong] = (labels[:wrong] + 1) % 3
    return (1 - share) / 2 + (share - (1 - share) / 2) * np.eye(3)[guesses]


def test_weights_are_taken_by_log_loss_though_as_many_images_are_right(
    oof: MembersOof,
) -> None:
    """60 of 300 wrong in both; .6 for each guess costs 1.61 a mistake, .999 costs 7.6."""
    votes = {
        "soft": vote_of(sure(oof.labels, 60, 0.999)),
        "greedy": vote_of(sure(oof.labels, 60, 0.6)),
    }
    assert choose(oof, votes, GREEDY) == "soft"
    assert choose(by(oof, "log_loss"), votes, GREEDY) == "greedy"
    turned = {"soft": votes["greedy"], "greedy": votes["soft"]}
    assert choose(by(oof, "log_loss"), turned, GREEDY) == "soft"


def test_weights_are_declined_by_log_loss_though_more_images_are_right(
    oof: MembersOof,
) -> None:
    votes = {
        "soft": vote_of(sure(oof.labels, 60, 0.6)),
        "greedy": vote_of(sure(oof.labels, 40, 0.999)),
    }
    assert choose(oof, votes, GREEDY) == "greedy"
    assert choose(by(oof, "log_loss"), votes, GREEDY) == "soft"


def test_weights_are_taken_by_macro_f1_for_what_they_do_to_a_rare_class(
    oof: MembersOof,
) -> None:
    """270 images of class 0 and 30 of class 1; the soft vote is right on the large one alone."""
    labels = np.repeat([0, 1], [270, 30])
    rare = dataclasses.replace(oof, labels=labels, groups=np.arange(300))
    soft = np.eye(3)[np.zeros(300, int)]
    greedy = np.eye(3)[labels]
    greedy[:30] = np.eye(3)[1]
    votes = {"soft": vote_of(soft), "greedy": vote_of(greedy)}
    # 270 right in both: McNemar sees nothing. F1 of .947 and 0 against .941 and .667.
    assert choose(rare, votes, GREEDY) == "soft"
    assert choose(by(rare, "macro_f1"), votes, GREEDY) == "greedy"


@pytest.mark.parametrize("name", ["log_loss", "macro_f1"])
def test_tables_and_metrics_gain_the_metric_and_keep_all_else(
    name: str, oof: MembersOof
) -> None:
    has_copy = np.arange(300) < 100
    alternatives = all_alternatives(oof, np.ones(2))
    plain = all_tables(oof, alternatives, "soft")
    plain_metrics = ensemble_metrics(oof, alternatives, "soft", has_copy)
    chosen = by(oof, name)
    tables = all_tables(chosen, alternatives, "soft")
    metrics = ensemble_metrics(chosen, alternatives, "soft", has_copy)
    nested = alternatives["soft"].nested.astype(float)
    nested /= nested.sum(axis=1, keepdims=True)
    number = {
        "log_loss": log_loss(oof.labels, nested),
        "macro_f1": f1_score(oof.labels, nested.argmax(axis=1), average="macro"),
    }[name]
    assert metrics["metric"] == name
    assert metrics[name] == pytest.approx(number, abs=1e-5)
    assert metrics[f"{name}_low"] < number < metrics[f"{name}_high"]
    assert metrics[f"{name}_by_vote"]["soft"] == metrics[name]
    assert set(plain_metrics) < set(metrics) and metrics["accuracy_low"]
    votes = tables["votes"].set_index("vote")
    assert votes.loc["soft", f"nested_{name}"] == pytest.approx(number, rel=1e-6)
    differences = votes[f"nested_{name}"] - votes.loc["soft", f"nested_{name}"]
    assert votes["difference"].tolist() == pytest.approx(differences.tolist())
    changed = ["difference", "difference_low", "difference_high", "p"]
    kept = plain["votes"].drop(columns=changed)
    assert tables["votes"][kept.columns].equals(kept)
    (pair,) = tables["pairs"].itertuples()
    a, b = tables["members"][f"nested_{name}"]
    assert pair.difference == pytest.approx(b - a)
    assert tables["gains"][f"fitted_{name}"].notna().all()


def test_members_are_compared_at_temperatures_that_other_images_gave(
    oof: MembersOof,
) -> None:
    """A member ten times as sure of the same is as good as it was, by its calibrated log-loss."""
    sharp = oof.probs[0] ** 10
    probs = np.stack([oof.probs[0], sharp / sharp.sum(axis=1, keepdims=True)])
    chosen = dataclasses.replace(by(oof, "log_loss"), probs=probs)
    metric = chosen.metric
    calm, sure_one = (metric.value(each) for each in chosen.member_verdicts)
    assert sure_one == pytest.approx(calm, abs=0.02)
    assert metric.value(metric.judge(oof.labels, probs[1])) > calm + 1
    raw = dataclasses.replace(
        chosen, fold_vote=VoteParams(folds="soft", calibrate=False)
    )
    assert metric.value(raw.member_verdicts[1]) > calm + 1
