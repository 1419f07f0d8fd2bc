"""The run's scores in MLflow: one run named "pipeline" beside the trainings, with the page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from croquis import tracking
from croquis.report.material import Outcome

SCORED = ("vote", "ensemble", "submission")


def log(
    source: str,
    outcome: Outcome,
    metrics: Mapping[str, Mapping[str, Any]],
    *,
    seed: int,
    page: Path,
) -> None:
    """Logs the scores of votes, ensemble and submission as one MLflow run.

    Args:
        source: data.source.
        outcome: what ran.
        metrics: the JSON of the stages.
        seed: of params.yaml.
        page: index.html.
    """
    settings = {
        "seed": seed,
        "run": outcome.run.model_dump(),
        "data": {"source": source},
        "ensemble": outcome.how.model_dump(),
    }
    scores = tracking.flat({part: metrics[part] for part in SCORED})
    with tracking.run(tracking.competition(source), "pipeline", params=settings, tags={}) as run:
        run.metrics(scores)
        run.artifact(page)
