"""The file to upload: the competition's columns and order, filled with predicted labels."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from croquis.core.errors import InputError, brief, bring_back
from croquis.core.files import atomic_write, read_json
from croquis.core.text import counted
from croquis.dataset.submission_form import USUAL_FORM, SubmissionForm
from croquis.scoring.metric_names import metric_name
from croquis.submit.solution_scores import (
    accuracy_by_vote,
    read_votes,
    single_fold_accuracy,
    submission_scores,
    true_labels,
)
from croquis.submit.solution_scores_by_metric import (
    all_by_metric,
    check_estimate,
    solution_line,
)
from croquis.tables.predictions import Predictions, load_predictions
from croquis.tables.run_tables import read_run_table
from croquis.votes.members import on_test
from croquis.votes.recipe import Recipe
from croquis.votes.voting import tied


@dataclass(frozen=True)
class Submission:
    """What is uploaded, and what it scores where a solution is there.

    Attributes:
        table: the rows and columns of the sample.
        metrics: for metrics/submission.json.
        form: what its columns hold.
        metric: that the run was chosen by.
    """

    table: pd.DataFrame
    metrics: dict[str, Any]
    form: SubmissionForm = USUAL_FORM
    metric: str = "accuracy"

    def save(self, path: Path) -> None:
        """Writes the table as CSV, with the same line ends on every system."""
        with atomic_write(path) as draft:
            self.table.to_csv(draft, index=False, lineterminator="\n")


def submit(
    members: list[str],
    *,
    ensemble: Path,
    votes: Path,
    by_fold: Path,
    sample: Path,
    form: Path,
    solution: Path,
    estimate: Path,
    seed: int,
) -> Submission:
    """The submission, and what it scores beside all votes and members.

    Args:
        members: keys of `run`.
        ensemble: data/ensemble.
        votes: data/votes.
        by_fold: data/predictions.
        sample: sample_submission.csv, the template.
        form: submission_form.json, which says what to fill in.
        solution: the true labels of the test set; no rows where nobody has them.
        estimate: metrics/ensemble.json.
        seed: of the intervals.

    Raises:
        InputError: if the sample or the solution speak of other images.
    """
    test = load_predictions(ensemble / "test.npz")
    wanted = SubmissionForm.load(form)
    template = read_run_table(sample, _read_text, {wanted.image: "key"})
    table = fill_submission(template, test, wanted)
    metrics: dict[str, Any] = {"rows": len(table), "ties": tied(test.probs)}
    oof = read_estimate(estimate)
    submission = Submission(table, metrics, wanted, metric_name(oof))
    answers = read_run_table(solution, _read_answers, {"image_path": "key"})
    labels = true_labels(answers, test)
    if labels is None:
        return submission
    recipe = Recipe.load(ensemble / "recipe.json")
    single = [
        load_predictions(ensemble / f"test_fold{fold}.npz") for fold in recipe.folds
    ]
    metrics |= submission_scores(labels, test, single, oof, seed=seed)
    metrics |= all_by_metric(
        labels,
        test,
        single,
        oof,
        members=members,
        by_fold=by_fold,
        recipe=recipe,
        seed=seed,
    )
    metrics["test_single_fold_by_member"] = {
        member: _member_accuracy(labels, test.ids, by_fold, member, recipe.folds)
        for member in members
    }
    by_vote = read_votes(votes, recipe)
    metrics["test_accuracy_by_vote"] = accuracy_by_vote(
        labels, test.ids, by_vote, recipe
    )
    return submission


def read_estimate(path: Path) -> dict[str, Any]:
    """metrics/ensemble.json: the accuracy on OOF, and its interval, among others.

    Raises:
        InputError: if it is damaged, or lacks one of the three.
    """
    scores = read_json(path, fix=bring_back(path))
    for name in ("accuracy", "accuracy_low", "accuracy_high"):
        score = scores.get(name)
        if not isinstance(score, int | float) or not 0 <= score <= 1:
            raise InputError(
                path,
                expected=f"{name}, from 0 to 1",
                received=brief(score),
                fix=bring_back(path),
            )
    check_estimate(path, scores)
    return scores


def fill_submission(
    sample: pd.DataFrame, test: Predictions, form: SubmissionForm = USUAL_FORM
) -> pd.DataFrame:
    """The sample's rows with what the form wants of `test` in the competition's columns.

    Args:
        sample: the template, with the columns of the form and each row's test image.
        test: ids are "test/<image_path>"; ties go to the lowest class.
        form: as the stage prepare has read it; as usual, `target` with numbers of classes.

    Raises:
        InputError: if the ids are not exactly the sample's.
    """
    ids = ("test/" + sample[form.image].astype(str)).to_numpy(dtype=str)
    return form.fill(sample, test.aligned(ids, where="submission").probs)


def submit_lines(submission: Submission, path: Path) -> list[str]:
    """The lines that the stage ends with; `path` is where the submission was written."""
    metrics = submission.metrics
    lines = [f"submit: {len(submission.table):,} rows in {path}"]
    if zeros := _rows_with_zeros(submission):
        rows = counted(zeros, "row has", "rows have")
        words = "a probability of 0, which log-loss punishes without limit"
        lines.append(f"submit: {rows} {words}")
    lines += _odd_pair(submission)
    if "test_accuracy" in metrics:
        lines.append(f"submit: test {solution_line(metrics)}")
    return lines


def _odd_pair(submission: Submission) -> list[str]:
    """A line where the sample asks for what the metric does not look at."""
    by_log_loss = submission.metric == "log_loss"
    wants_probabilities = submission.form.kind == "probabilities"
    if by_log_loss == wants_probabilities:
        return []
    what = "probabilities" if wants_probabilities else "labels"
    where = f"metric: {submission.metric}"
    fix = (
        "metric=log_loss" if wants_probabilities else "metric=accuracy or macro_f1"
    )
    return [f"submit: the sample asks for {what}, beside {where}; perhaps {fix}"]


def _rows_with_zeros(submission: Submission) -> int:
    """In how many rows a class is ruled out, as by a hard vote."""
    if submission.form.kind != "probabilities":
        return 0
    columns = [name for name in submission.form.answers if name]
    shares = submission.table[columns].astype(float)
    return int((shares == 0).any(axis=1).sum())


def _read_text(path: Path) -> pd.DataFrame:
    """A table of text: an ID 0007 keeps its zeros, an image called NA its name."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _read_answers(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype={"image_path": str}, keep_default_na=False)


def _member_accuracy(
    labels: np.ndarray,
    ids: np.ndarray,
    by_fold: Path,
    member: str,
    folds: list[int],
) -> float:
    parts = [on_test(by_fold, member, fold) for fold in folds]
    return single_fold_accuracy(labels, ids, parts)
