"""What the stage leaves: the pages, the tables of DVC's plots, and the scores in MLflow."""

from pathlib import Path

import pandas as pd

from croquis.core.files import atomic_write
from croquis.report.closing_lines import report_lines
from croquis.report.mlflow_records import log_report
from croquis.report.page_data import PageData
from croquis.report.pages import write_pages
from croquis.report.plot_tables import confusion
from croquis.report.report_files import ReportFiles


def publish_report(
    content: PageData,
    files: ReportFiles,
    report: Path,
    curves_csv: Path,
    confusion_csv: Path,
) -> list[str]:
    """Writes pages and tables and logs to MLflow; returns the lines for the terminal.

    Args:
        content: what the pages show.
        files: that it was read from.
        report: the folder of the pages.
        curves_csv: the table of training curves.
        confusion_csv: the table of actual and predicted classes.
    """
    outcome = content.outcome
    with atomic_write(report) as draft:
        write_pages(draft, content)
    labels = content.images.labels(outcome.oof.ids)
    _write_csv(curves_csv, outcome.curves)
    _write_csv(confusion_csv, confusion(labels, outcome.oof))
    page = report / "index.html"
    log_report(files.images["index"], outcome, content.metrics, page)
    return report_lines(content, page)


def _write_csv(path: Path, table: pd.DataFrame) -> None:
    with atomic_write(path) as draft:
        table.to_csv(draft, index=False)
