"""The lines that the stage ends with: the score, what to try first, and where to read on."""

from pathlib import Path

from croquis.core.text import counted, ends, share
from croquis.report.page_data import PageData
from croquis.report.sections.advice import advice


def report_lines(content: PageData, page: Path) -> list[str]:
    """Two or three lines for the terminal; `page` is index.html."""
    score = content.metrics["ensemble"]
    oof = content.outcome.oof
    wrong = int((oof.probs.argmax(axis=1) != content.images.labels(oof.ids)).sum())
    first = advice(content)[:1]
    return [
        f"report: {share(score['accuracy'])} ({ends(score)}) out of fold, "
        f"{counted(wrong, 'error')} of {counted(len(oof), 'image')}",
        *(f"report: to try next: {each.command}" for each in first),
        f"report: {page}; open it in a browser",
    ]
