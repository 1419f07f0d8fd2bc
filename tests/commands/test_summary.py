"""`croquis summary`: the lines by the metric that was chosen."""

from typing import Any

from croquis.commands.summary import summary_lines
from support.leftovers import metrics


def by_log_loss() -> dict[str, dict[str, Any]]:
    loss = {"metric": "log_loss", "log_loss": 1.25}
    loss |= {"log_loss_low": 1.0, "log_loss_high": 1.5}
    scores = metrics()
    scores["ensemble"] |= loss
    for score in scores["vote"].values():
        score |= loss | {"log_loss": 1.375}
    by_metric = {"test": 1.125, "test_single_fold": 1.375, "inside_interval": True}
    by_metric |= {"test_single_fold_by_member": {"tiny": 1.4375}}
    return scores | {
        "submission": scores["submission"]
        | {"metric": "log_loss", "by_metric": by_metric}
    }


def test_the_chosen_metric_is_in_each_row_and_on_the_test_set() -> None:
    scores = by_log_loss()
    assert summary_lines(
        scores["vote"], scores["ensemble"], scores["submission"]
    ) == [
        "member     OOF log-loss              test, single folds",
        "head       1.375  (1.000 .. 1.500)",
        "tiny       1.375  (1.000 .. 1.500)   1.438",
        "ensemble   1.250  (1.000 .. 1.500)   1.375",
        "test       1.125 by the vote of 2 folds; 1.375 by single folds: inside the interval",
        "",
        "in brackets: the 95 % interval on 12 images of 2 folds",
        "",
    ]


def test_what_plain_folds_claim_stands_beside_accuracy_alone() -> None:
    scores = metrics()
    plain = summary_lines(scores["vote"], scores["ensemble"], {"rows": 3})
    assert "plain folds would claim" in plain[0] and ".582" in plain[1]
    chosen = by_log_loss()
    assert not any(
        ".582" in line or "claim" in line
        for line in summary_lines(chosen["vote"], chosen["ensemble"], {"rows": 3})
    )
