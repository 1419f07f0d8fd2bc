"""The file to upload: the sample's rows, filled with predicted labels."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from croquis.core.errors import InputError
from croquis.dataset.submission_form import SubmissionForm
from croquis.submit.submission import (
    Submission,
    fill_submission,
    read_estimate,
    submit_lines,
)
from croquis.tables.predictions import Predictions

SAMPLE = pd.DataFrame(
    {"ID": [0, 1, 2], "image_path": ["2.png", "10.png", "1.png"], "target": 0}
)


def sure(labels: dict[str, int]) -> Predictions:
    """Sure predictions of three classes."""
    ids = [f"test/{name}.png" for name in labels]
    return Predictions(ids, np.eye(3)[list(labels.values())], ["x", "y", "z"])


TEST = sure({"1": 1, "2": 2, "10": 0})


def test_targets_follow_the_order_of_the_sample() -> None:
    table = fill_submission(SAMPLE, TEST)
    assert table.columns.tolist() == ["ID", "image_path", "target"]
    assert table["image_path"].tolist() == ["2.png", "10.png", "1.png"]
    assert table["target"].tolist() == [2, 0, 1]
    assert table.to_csv(index=False, lineterminator="\n").startswith(
        "ID,image_path,target\n0,2.p"
    )


def test_the_order_of_columns_is_the_samples() -> None:
    turned = SAMPLE[["target", "image_path", "ID"]]
    assert fill_submission(turned, TEST).columns.tolist() == [
        "target",
        "image_path",
        "ID",
    ]


def test_ties_go_to_the_lowest_class() -> None:
    tie = Predictions(["test/a"], [[0.0, 0.5, 0.5]], ["x", "y", "z"])
    assert fill_submission(pd.DataFrame({"image_path": ["a"]}), tie)[
        "target"
    ].tolist() == [1]


def test_images_without_a_prediction_are_named() -> None:
    with pytest.raises(
        InputError, match=r"submission: expected the 3 ids.*missing 1: test/10\.png"
    ):
        fill_submission(SAMPLE, sure({"1": 1, "2": 2}))
    with pytest.raises(InputError, match="1 too many"):
        fill_submission(SAMPLE, sure({"1": 1, "2": 2, "10": 0, "11": 0}))


def test_an_id_with_zeros_in_front_and_an_image_called_na_stay_as_they_are() -> (
    None
):
    """Read with types guessed, 0007 became 7, and NA no image at all."""
    sample = pd.DataFrame(
        {"ID": ["0007"], "image_path": ["NA"], "target": ["0"]}, dtype=str
    )
    test = Predictions(
        np.array(["test/NA"]), np.array([[0.2, 0.8]]), np.array(["a", "b"])
    )
    assert fill_submission(sample, test).values.tolist() == [["0007", "NA", 1]]


def test_the_file_has_the_same_line_ends_everywhere(tmp_path: Path) -> None:
    submission = Submission(fill_submission(SAMPLE, TEST), {})
    submission.save(tmp_path / "s.csv")
    assert (
        (tmp_path / "s.csv").read_bytes().startswith(b"ID,image_path,target\n0,2.p")
    )


def test_a_name_like_a_formula_stays_as_the_competition_has_it(
    tmp_path: Path,
) -> None:
    """Tables for people get a ' there: this one is compared with the competition's."""
    sample = pd.DataFrame({"image_path": ["=1.png", "-2.png"], "target": 0})
    predictions = sure({"=1": 1, "-2": 2})
    Submission(fill_submission(sample, predictions), {}).save(tmp_path / "s.csv")
    assert (
        tmp_path / "s.csv"
    ).read_text() == "image_path,target\n=1.png,1\n-2.png,2\n"


def test_the_last_lines_tell_the_score_only_where_there_is_one() -> None:
    table = fill_submission(SAMPLE, TEST)
    path = Path("s.csv")
    assert submit_lines(Submission(table, {"rows": 3}), path) == [
        "submit: 3 rows in s.csv"
    ]
    metrics = {
        "test_accuracy": 0.75,
        "test_single_fold": 0.7,
        "fold_vote_gain_p": 0.04,
    }
    assert submit_lines(Submission(table, metrics), path)[1] == (
        "submit: test accuracy 0.750, single folds 0.700, p 0.04"
    )


@pytest.mark.parametrize(
    ("kind", "metric", "line"),
    [
        ("numbers", "accuracy", ""),
        ("names", "macro_f1", ""),
        ("probabilities", "log_loss", ""),
        ("names", "log_loss", "labels, beside metric: log_loss; perhaps metric="),
        ("probabilities", "macro_f1", "probabilities, beside metric: macro_f1"),
    ],
)
def test_a_sample_that_the_metric_does_not_look_at_is_said(
    kind: str, metric: str, line: str
) -> None:
    form = SubmissionForm.model_construct(kind=kind, answers=())
    lines = submit_lines(
        Submission(pd.DataFrame(), {}, form, metric), Path("s.csv")
    )
    assert len(lines) == (2 if line else 1) and line in lines[-1]


@pytest.mark.parametrize("score", [None, "0.5", float("nan"), 2, [0.5]])
@pytest.mark.parametrize("name", ["accuracy", "accuracy_low", "accuracy_high"])
def test_an_estimate_without_its_three_numbers_is_named(
    tmp_path: Path, name: str, score: object
) -> None:
    path = tmp_path / "ensemble.json"
    whole = {"accuracy": 0.5, "accuracy_low": 0.25, "accuracy_high": 1, "ece": 0.1}
    path.write_text(json.dumps(whole), encoding="utf-8")
    assert read_estimate(path) == whole
    path.write_text(json.dumps(whole | {name: score}), encoding="utf-8")
    with pytest.raises(InputError, match=f"^{path}: expected {name}, from 0 to 1"):
        read_estimate(path)
