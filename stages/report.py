"""report: the pages for a person, the tables of DVC's plots, and the scores to MLflow."""

from croquis.core import cli, params
from croquis.core.files import atomic_write
from croquis.report import records, summary
from croquis.report.inputs import read_data, read_metrics, read_outcome
from croquis.report.page import write
from croquis.report.sections import cost
from croquis.report.sections.recipes_table import MemberSettings
from croquis.report.sections.tables import confusion
from croquis.votes.members import RunParams
from croquis.votes.recipe import EnsembleParams


def main(
    index: cli.File,
    pixels: cli.File,
    groups: cli.File,
    duplicates: cli.File,
    test_twins: cli.File,
    overrides: cli.File,
    folds: cli.File,
    votes: cli.File,
    ensemble: cli.File,
    curves: cli.File,
    networks: cli.File,
    saliency: cli.File,
    dedup_metrics: cli.File,
    split_metrics: cli.File,
    vote_metrics: cli.File,
    ensemble_metrics: cli.File,
    submission_metrics: cli.File,
    report: cli.File,
    curves_csv: cli.File,
    confusion_csv: cli.File,
) -> None:
    """Reads what all stages left; writes the folder <report>, <curves-csv> and <confusion-csv>."""
    run = params.load(RunParams, "run")
    how = params.load(EnsembleParams, "ensemble")
    source = params.read()["data"]["source"]
    settings = MemberSettings.of(run)
    names = ("dedup", "split", "vote", "ensemble", "submission")
    files = (
        dedup_metrics,
        split_metrics,
        vote_metrics,
        ensemble_metrics,
        submission_metrics,
    )
    metrics = read_metrics(dict(zip(names, files, strict=True)))
    data = read_data(index, pixels, folds, groups, duplicates, test_twins, overrides)
    spent = cost.recorded(source, run)
    left = dict(
        votes=votes,
        ensemble=ensemble,
        curves=curves,
        networks=networks,
        saliency=saliency,
    )
    outcome = read_outcome(run, how, settings, spent, **left)
    with atomic_write(report) as draft:
        write(draft, source, data, outcome, metrics)
    confused = confusion(data.labels(outcome.oof.ids), outcome.oof)
    for path, table in ((curves_csv, outcome.curves), (confusion_csv, confused)):
        with atomic_write(path) as draft:
            table.to_csv(draft, index=False)
    records.log(index, outcome, metrics, report / "index.html")
    for line in summary.report_lines(data, outcome, metrics, report / "index.html"):
        cli.say(line)


if __name__ == "__main__":
    cli.run(main)
