"""The lines that the stage ends with: the score, what to try first, and where to read on."""

from pathlib import Path

from croquis.core.text import counted, share
from croquis.report.page_data import PageData
from croquis.report.sections.advice import advice
from croquis.scoring.metric_names import headline


def report_lines(content: PageData, page: Path) -> list[str]:
    """Two or three lines for the terminal; `page` is index.html."""
    score = headline(content.metrics["ensemble"])
    words = "" if score.is_accuracy else f"{score.words} "
    oof = content.outcome.oof
    wrong = int((oof.probs.argmax(axis=1) != content.images.labels(oof.ids)).sum())
    first = advice(content)[:1]
    return [
        f"report: {words}{share(score.value)} ({score.ends}) out of fold, "
        f"{counted(wrong, 'error')} of {counted(len(oof), 'image')}",
        *(f"report: to try next: {each.command}" for each in first),
        f"report: {page}; open it in a browser",
    ]
