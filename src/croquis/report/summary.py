"""The lines that the stage ends with: the score, what to try first, and where to read on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from croquis.core.text import counted, ends, share
from croquis.report.inputs import Data, RunOutcome
from croquis.report.sections.advice import Findings, advice


def report_lines(
    data: Data,
    outcome: RunOutcome,
    metrics: Mapping[str, Mapping[str, Any]],
    page: Path,
) -> list[str]:
    """Two or three lines for the terminal; `page` is index.html."""
    score = metrics["ensemble"]
    oof = outcome.oof
    wrong = int((oof.probs.argmax(axis=1) != data.labels(oof.ids)).sum())
    found = advice(Findings(data, outcome, dict(metrics)))
    return [
        f"report: {share(score['accuracy'])} ({ends(score)}) out of fold, "
        f"{counted(wrong, 'error')} of {counted(len(oof), 'image')}",
        *(f"report: to try next: {one.command}" for one in found[:1]),
        f"report: {page}; open it in a browser",
    ]
