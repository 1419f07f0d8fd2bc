"""The report of a run that was chosen by log-loss: what heads it, what is better, what stays."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from croquis.report import mlflow_records
from croquis.report.closing_lines import report_lines
from croquis.report.index_page import index_html
from croquis.report.page_data import PageData
from croquis.report.sections import advice as module
from croquis.report.sections.advice import advice
from croquis.report.sections.score_chart import (
    ScoreLine,
    axis_ends,
    by_copies,
    score_lines,
)
from croquis.scoring import paired
from croquis.scoring.chosen_metric import METRICS
from croquis.serving.description import _chosen_by
from croquis.tables.predictions import Predictions
from support.leftovers import data_of, leave, metrics, outcome_of
from support.outline import Outline


def by_log_loss() -> dict[str, dict[str, Any]]:
    """The metrics of a run; the ensemble has 1.25, tiny 1.375 and head 1.625."""
    ends = {"metric": "log_loss", "log_loss_low": 1.0, "log_loss_high": 1.75}
    scores = metrics()
    scores["ensemble"] |= ends | {"log_loss": 1.25}
    scores["vote"]["tiny"] |= ends | {"log_loss": 1.375, "log_loss_raw": 1.5}
    scores["vote"]["head"] |= ends | {"log_loss": 1.625, "log_loss_raw": 1.6875}
    test = {"test": 1.125, "test_single_fold": 1.375, "fold_vote_gain": -0.25}
    test |= {"inside_interval": True}
    by_metric = {"metric": "log_loss", "by_metric": test}
    return scores | {"submission": scores["submission"] | by_metric}


@pytest.fixture
def content(drawn: Path) -> PageData:
    """What `leave` leaves, with the columns of the metric; the hard vote has more than the soft."""
    leave(drawn)
    add = {
        "votes": {
            "nested_log_loss": [1.25, 1.875],
            "fitted_log_loss": [1.1875, 1.875],
            "log_loss_low": 1.0,
            "log_loss_high": 1.75,
            "difference": [0.0, 0.625],
        },
        "members": {"nested_log_loss": [1.625, 1.375]},
        "gains": {"fitted_log_loss": [1.375, 1.25]},
    }
    for name, columns in add.items():
        path = drawn / "ensemble" / f"{name}.csv"
        pd.read_csv(path).assign(**columns).to_csv(path, index=False)
    return PageData("icons", data_of(drawn), outcome_of(drawn), by_log_loss())


def test_the_page_is_headed_by_the_metric_and_says_its_direction(
    content: PageData,
) -> None:
    text = Outline(index_html(content)).text
    assert "1.250 1.000 .. 1.750 This is the out-of-fold log-loss of the" in text
    assert "Lower is better. Each of 12 images was judged" in text
    assert "expect a log-loss between the two ends" in text
    assert "single fold score 1.375 there on average, inside the interval" in text
    assert "It scores 1.125 , another -.250" in text
    assert "Log-loss with its 95 % interval. Lower is better." in text
    # Members: the metric, its interval, accuracy, macro-F1, and log-loss before calibration.
    assert "tiny 1.375 1.000 .. 1.750 .750 .740 1.500 to 1.100" in text
    # The lowest vote comes first; what it had where it was fitted and its accuracy are last.
    soft = text.index("soft counts 1.250 1.000 .. 1.750")
    assert soft < text.index("hard 1.875 1.000 .. 1.750 +.625")
    assert "one member of the best log-loss" in text and "McNemar" not in text


def test_the_lines_and_mlflow_name_the_metric(content: PageData) -> None:
    first, *_ = report_lines(content, Path("index.html"))
    assert first == (
        "report: log-loss 1.250 (1.000 .. 1.750) out of fold, 2 errors of 12 images"
    )
    text = mlflow_records.description(content.metrics)
    assert text.startswith("OOF log-loss **1.250** (1.000 .. 1.750) on 12 images")
    assert "On the test set 1.125 by the vote of the folds, 1.375 by single" in text
    assert text.splitlines()[-1] == "| tiny | 1.375 | 1.000 .. 1.750 |"
    assert mlflow_records.run_name(content.metrics).endswith(" 1.250")
    numbers = mlflow_records.report_scores(content.metrics)
    assert numbers["oof_log_loss/tiny"] == 1.375
    assert numbers["test/by_metric/test"] == 1.125


def test_an_exported_model_says_what_it_was_chosen_by(content: PageData) -> None:
    assert _chosen_by(metrics()["ensemble"]) == []
    assert _chosen_by(content.metrics["ensemble"]) == [
        "Chosen by log-loss: 1.250 (95 % interval 1.000 .. 1.750) on OOF."
    ]


def test_the_chart_has_no_end_at_one_and_no_claim_of_plain_folds() -> None:
    scores = by_log_loss()
    lines = score_lines(scores["vote"], scores["ensemble"], scores["submission"])
    assert lines[0] == ScoreLine("head", 1.625, 1.0, 1.75)
    assert [line.value for line in lines[-2:]] == [1.375, 1.125]
    assert axis_ends(lines, most=np.inf) == (1.0, 1.75)


def test_images_with_a_copy_are_scored_by_the_metric() -> None:
    probs = np.array([[0.5, 0.5], [0.25, 0.75], [0.8, 0.2]])
    oof = Predictions(list("abc"), probs, ["cat", "dog"])
    groups = np.array([7, 7, 1])
    copied, single = by_copies(
        np.zeros(3, int), oof, groups, groups, seed=0, metric=METRICS["log_loss"]
    )
    assert copied.value == pytest.approx(1.5 * np.log(2))
    assert single.value == pytest.approx(-np.log(0.8))


def test_advice_goes_by_the_metric(
    content: PageData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vote of less log-loss is proposed, one of more is not; the best model has the least."""
    monkeypatch.setattr(paired, "FEWEST", 12)
    tables = content.outcome.tables
    votes = tables.votes.copy()
    votes.loc[1, ["vote", "difference", "p"]] = ["greedy", -0.02, 0.01]
    votes.loc[1, ["difference_low", "difference_high"]] = [-0.04, -0.001]
    alone = content.images.groups.assign(group=range(12))  # without copies
    images = replace(content.images, groups=alone)

    def asked(votes: pd.DataFrame) -> list[str]:
        outcome = replace(content.outcome, tables=replace(tables, votes=votes))
        return [
            one.why
            for one in advice(replace(content, images=images, outcome=outcome))
        ]

    (why,) = (why for why in asked(votes) if "greedy" in why)
    assert why.startswith("The greedy vote scores -.020 of log-loss on the same")
    turned = votes.copy()
    columns = ["difference", "difference_low", "difference_high"]
    turned.loc[1, columns] = [0.02, 0.001, 0.04]
    assert not any("greedy" in why for why in asked(turned))
    gains = tables.gains.assign(fitted_log_loss=[1.25, 1.375])
    worse = replace(content.outcome, tables=replace(tables, gains=gains))
    (fewer,) = module._fewer(replace(content, outcome=worse))
    assert "tiny score -.125 of log-loss on these images" in fewer.why
    assert fewer.command == "dvc exp run -S 'ensemble.members=[tiny]'"
