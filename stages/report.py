"""report: the pages for a person, the tables of DVC's plots, and the scores to MLflow."""

from croquis.core import cli, params
from croquis.report.page_data import read_page_data
from croquis.report.publishing import publish_report
from croquis.report.report_files import ReportFiles
from croquis.votes.members import RunParams
from croquis.votes.recipe import EnsembleParams


def main(
    images: cli.Files,
    tables: cli.Files,
    results: cli.Files,
    metrics: cli.Files,
    report: cli.File,
    curves_csv: cli.File,
    confusion_csv: cli.File,
) -> None:
    """Reads what all stages left; writes the folder <report>, <curves-csv> and <confusion-csv>."""
    files = ReportFiles.of(images, tables, results, metrics)
    run = params.load(RunParams, "run")
    ensemble = params.load(EnsembleParams, "ensemble")
    content = read_page_data(files, run, ensemble)
    for line in publish_report(content, files, report, curves_csv, confusion_csv):
        cli.say(line)


if __name__ == "__main__":
    cli.run(main)
