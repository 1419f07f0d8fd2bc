"""The scores in MLflow: in the run above the trainings, with the report and its images."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from croquis.core.text import counted, share
from croquis.core.workspaces import temporary_folder
from croquis.report import mlflow_figures
from croquis.report.page_data import Metrics, RunOutcome
from croquis.scoring.metric_names import headline, numbers_on_test
from croquis.tracking import logged_params, run_origin, store, tracking

LINK = r'href="(?!data:|https?:)([^"#]+\.html)[^"]*"'
# No scores: their charts stand apart.
COUNTS = ("folds", "members", "images", "ties", "rows")


def log_report(
    index: Path, outcome: RunOutcome, metrics: Metrics, page: Path
) -> None:
    """Logs the scores of votes, ensemble and submission with the pipeline's MLflow run.

    Args:
        index: index.csv.
        outcome: what ran.
        metrics: the JSON of the stages.
        page: index.html; its whole folder is kept.
    """
    run = tracking.pipeline_run(tracking.pipeline_of(index))
    run.tags(
        {"mlflow.runName": run_name(metrics), store.NOTE: description(metrics)}
    )
    run.metrics(report_scores(metrics))
    with _without_links(page.parent) as folder:
        run.artifact(folder)
        images = folder.with_name("images")
        images.mkdir()
        mlflow_figures.draw_figures(images, outcome, metrics)
        run.artifact(images)
    run.end()


@contextmanager
def _without_links(folder: Path) -> Iterator[Path]:
    """A copy of the report in which no page links to another one.

    MLflow shows each file in a frame of its own, where such a link leads nowhere; its list of files
    leads to all pages.
    """
    with temporary_folder("report") as scratch:
        copy = shutil.copytree(folder, scratch / folder.name)
        for page in copy.glob("*.html"):
            text = page.read_text(encoding="utf-8")
            page.write_text(
                re.sub(LINK, r'title="\1, in the list of files"', text),
                encoding="utf-8",
            )
        yield copy


def report_scores(metrics: Metrics) -> dict[str, float]:
    """The numbers by the names that MLflow shows them under, a section a prefix.

    `oof_accuracy/<member>` of each member, so that members stand side by side; `ensemble/...` and
    `test/...` of the whole, `size/...` of what they rest on.
    """
    values: dict[str, Any] = {
        f"oof_{name}/{member}": value
        for member, score in metrics["vote"].items()
        for name, value in logged_params.flat(score).items()
    }
    for part, stage in (("ensemble", "ensemble"), ("test", "submission")):
        for name, value in logged_params.flat(metrics[stage]).items():
            section = "size" if name in COUNTS else part
            values[f"{section}/{name.replace('.', '/')}"] = value
    return {
        name: float(value)
        for name, value in values.items()
        if isinstance(value, int | float)
    }


def run_name(metrics: Metrics) -> str:
    """The run's name with its score: MLflow's table of runs shows none by itself."""
    return f"{run_origin.version()} {share(headline(metrics['ensemble']).value)}"


def description(metrics: Metrics) -> str:
    """What MLflow shows above the run, in Markdown: the score, and each member's."""
    ensemble = metrics["ensemble"]
    score = headline(ensemble)
    test = numbers_on_test(metrics["submission"])
    images = counted(ensemble["images"], "image")
    folds = counted(ensemble["folds"], "fold")
    rows = [("ensemble", ensemble), *sorted(metrics["vote"].items())]
    numbers = [(name, headline(scores)) for name, scores in rows]
    on_test = (
        f" On the test set {share(test['test'])} by the vote of the folds,"
        f" {share(test['test_single_fold'])} by single ones."
        if test
        else ""
    )
    return "\n".join(
        [
            f"OOF {score.words} **{share(score.value)}** ({score.ends}) on {images} of"
            f" {folds}.{on_test} The page is among the artifacts: `report/index.html`.",
            "",
            f"| member | OOF {score.words} | 95 % interval |",
            "|---|---|---|",
            *(
                f"| {name} | {share(number.value)} | {number.ends} |"
                for name, number in numbers
            ),
        ]
    )
