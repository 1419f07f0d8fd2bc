"""All pages of a run in one folder; a page that fails does not take the others with it."""

import warnings
from collections.abc import Callable
from html import escape
from pathlib import Path

from croquis.report.index_page import index_html
from croquis.report.page_data import PageData
from croquis.report.sections.browser import write_browser
from croquis.report.sections.copy_pages import copy_pages_html
from croquis.tracking.experiment_names import competition


def write_pages(folder: Path, content: PageData) -> None:
    """Writes index.html, the error browser and the pages of copies into a new folder.

    What cannot be made leaves a warning and its reason in its place: a page is no result of a run.
    """
    folder.mkdir()
    name = competition(content.source)

    def write_index() -> None:
        html = index_html(content)
        (folder / "index.html").write_text(html, encoding="utf-8")

    def write_errors() -> None:
        outcome = content.outcome
        write_browser(folder, name, content.images, outcome.oof, outcome.members)

    def write_copies() -> None:
        for file, html in copy_pages_html(name, content.images):
            (folder / file).write_text(html, encoding="utf-8")

    _write_or_explain(folder / "index.html", write_index)
    _write_or_explain(folder / "errors.html", write_errors)
    _write_or_explain(folder / "contact-sheets.html", write_copies)


def _write_or_explain(path: Path, write: Callable[[], None]) -> None:
    """Calls `write`; where it fails, a page at `path` says why, and what to do."""
    try:
        write()
    except (
        Exception
    ) as error:  # whatever it is, the scores in metrics/ are complete
        reason = f"{type(error).__name__}: {error}"
        warnings.warn(f"{path.name} could not be made: {reason}", stacklevel=2)
        text = (
            f"{path.name} could not be made: {escape(reason)}. The run itself is complete: "
            "see metrics/ and data/submission.csv. Try again with: dvc repro -f -s report"
        )
        html = f"<!doctype html><title>croquis</title><p>{text}</p>\n"
        path.write_text(html, encoding="utf-8")
