"""The scores in MLflow: in the run above the trainings, with the page."""

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
    page: Path,
) -> None:
    """Logs the scores of votes, ensemble and submission with the pipeline's MLflow run.

    What was chosen goes to its tags: parameters of a run can never change, but one commit may see
    several.

    Args:
        source: data.source.
        outcome: what ran.
        metrics: the JSON of the stages.
        page: index.html.
    """
    settings = {
        "seed": outcome.seed,
        "run": outcome.run.model_dump(),
        "data": {"source": source},
        "ensemble": outcome.how.model_dump(),
    }
    run = tracking.pipeline(tracking.competition(source))
    run.tags({key: str(value) for key, value in tracking.flat(settings).items()})
    scores = tracking.flat({part: metrics[part] for part in SCORED})
    run.metrics({name: score for name, score in scores.items() if not isinstance(score, str)})
    run.artifact(page)
