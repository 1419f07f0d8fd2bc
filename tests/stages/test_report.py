"""The stage: its files, and what goes to MLflow."""

import json
from pathlib import Path

import pandas as pd
import pytest

from croquis.core import params
from croquis.core.errors import InputError
from croquis.report.page_data import read_metrics
from croquis.tracking import logged_params, store, tracking
from support.leftovers import BLOCK, PROBE, leave, paths_of, stage

PARAMS = """
seed: 42
lr: 1.0e-3
run: {models: [tiny], probes: [head], folds: [0, 1]}
data: {source: shapes/drawn.tar.gz, sha256: null}
ensemble: {members: all, vote: soft, weights: uniform}
"""
# YAML takes JSON.
RECIPES = {
    "train": params.read()["train"],
    "probe": params.read()["probe"],
    "models": {"tiny": BLOCK},
    "probes": {"head": PROBE},
}


class Kept:
    """In place of the pipeline's MLflow run."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.lines: list[str] = []  # of the terminal

    def begun(self, whole: store.Pipeline) -> "Kept":
        self.whole = whole
        return self

    def tags(self, values: dict) -> None:
        self.settings = values

    def metrics(self, values: dict, step: int = 0) -> None:
        self.scores = values

    def artifact(self, path: Path) -> None:
        self.files |= {f"{path.name}/{file.name}" for file in path.iterdir()}

    def end(self) -> None:
        self.over = True


@pytest.fixture
def kept(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """What MLflow was told by the stage, run in the folder `drawn`."""
    leave(drawn)
    (drawn / "params.yaml").write_text(
        PARAMS + "".join(f"{k}: {json.dumps(v)}\n" for k, v in RECIPES.items())
    )
    kept, module = Kept(), stage("report")
    monkeypatch.setattr(tracking, "pipeline_run", kept.begun)
    monkeypatch.chdir(drawn)
    monkeypatch.setattr("croquis.core.cli.say", kept.lines.append)
    module.main(
        **paths_of(drawn),
        report=drawn / "report",
        curves_csv=drawn / "plots" / "curves_csv.csv",
        confusion_csv=drawn / "plots" / "confusion_csv.csv",
    )
    return kept


def test_the_stage_writes_the_pages_and_the_tables_of_the_plots(
    kept: Kept, drawn: Path
) -> None:
    pages = sorted(path.name for path in (drawn / "report").iterdir())
    assert pages == [
        "conflicts-1.html",
        "duplicates-1.html",
        "errors",
        "errors.html",
        "index.html",
    ]
    assert len(pd.read_csv(drawn / "plots" / "curves_csv.csv")) == 2 * 2 * 2
    confusion = pd.read_csv(drawn / "plots" / "confusion_csv.csv")
    wrong = confusion[confusion["actual"] != confusion["predicted"]]
    assert list(confusion) == ["actual", "predicted"] and len(confusion) == 12
    assert wrong.to_numpy().tolist() == [["spot", "bar"], ["pole", "spot"]]


def test_the_stage_ends_with_the_lines_that_matter(kept: Kept, drawn: Path) -> None:
    assert kept.lines == [
        "report: .750 (.700 .. .800) out of fold, 2 errors of 12 images",
        "report: to try next: dvc exp run -S ++models.tiny.epochs=4",
        f"report: {drawn / 'report' / 'index.html'}; open it in a browser",
    ]


def test_mlflow_gets_scores_settings_and_the_page(kept: Kept, drawn: Path) -> None:
    settings = logged_params.flat(kept.whole.settings)
    assert kept.whole.source == settings["data.source"] == "shapes/drawn.tar.gz"
    assert settings["seed"] == 42 and settings["run.folds"] == [0, 1]
    assert settings["ensemble.vote"] == "soft"
    assert kept.scores["oof_plain_accuracy/head"] == 0.582
    assert kept.scores["ensemble/accuracy_by_vote/hard"] == 0.7
    assert kept.scores["test/inside_interval"] == 1
    pages = {f"report/{path.name}" for path in (drawn / "report").iterdir()}
    assert (
        kept.files == pages | {"images/scores.png", "images/curves.png"}
        and kept.over
    )


def test_a_report_of_scores_of_another_run_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`dvc repro -s report` showed them, and MLflow kept them, beside other parameters."""
    monkeypatch.chdir(tmp_path)
    Path("dvc.yaml").write_text(
        "stages: {vote: {metrics: [{vote.json: {cache: false}}]}}"
    )
    Path("vote.json").write_text("{}")
    assert read_metrics({"vote": Path("vote.json")}) == {
        "vote": {}
    }  # by hand, without DVC
    monkeypatch.setenv("DVC_STAGE", "report")
    with pytest.raises(InputError, match="received none: vote has not run"):
        read_metrics({"vote": Path("vote.json")})
