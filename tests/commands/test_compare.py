"""`croquis compare`, as it is typed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from croquis.commands.compare import compare_lines
from croquis.commands.main import app
from croquis.scoring.comparing import Comparison
from croquis.tables.predictions import Predictions

NAMES = [f"train/{number}.png" for number in range(40)]


def write(folder: Path, wrong: int) -> None:
    """OOF on 40 images of class 0 of which the first `wrong` are taken for class 1."""
    probs = np.tile([0.8, 0.2], (40, 1))
    probs[:wrong] = [0.3, 0.7]
    Predictions(NAMES, probs, ["cup", "star"]).save(folder / "oof.npz")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace and another project, whose ensemble is wrong on fewer images."""
    for project, wrong in ((tmp_path, 12), (tmp_path / "other", 2)):
        write(project / "data/ensemble", wrong)
        write(project / "data/votes/tiny", 5)
        folds = pd.DataFrame(
            {"id": NAMES, "label": 0, "group": range(40), "sha256": NAMES}
        )
        folds.assign(targets="").to_csv(project / "data/folds.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(*command: str, fails: bool = False) -> list[str]:
    done = CliRunner().invoke(app, ["compare", *command])
    assert (done.exit_code == 1) == fails, done.output
    return done.output.splitlines()


def test_two_projects_are_compared_and_the_better_one_is_named(
    folder: Path,
) -> None:
    head, a, b, _, counts, difference, _, verdict = ran("workspace", "other")
    assert head.split() == ["experiment", "OOF", "accuracy", "right", "alone"]
    assert a.startswith("A   workspace    .700  (.") and a.split()[-1] == "0"
    assert b.startswith("B   other        .950  (.") and b.split()[-1] == "10"
    assert counts == (
        "40 images scored by both, 28 right in both; "
        "left out: 0 that only A has and 0 that only B has"
    )
    # All of ten for one side: 2 / 1,024.
    assert (
        difference.startswith("B - A   +.250  (+.")
        and "exact McNemar p .002" in difference
    )
    assert verdict == "B is better than A by .250: more than chance gives."
    assert (
        ran("other", "workspace")[-1]
        == "A is better than B by .250: more than chance gives."
    )


def test_members_folders_and_files_are_compared_by_the_folds_of_the_workspace(
    folder: Path,
) -> None:
    said = ran("data/votes/tiny", "data/ensemble/oof.npz")
    assert said[1].split()[:3] == ["A", "data/votes/tiny", ".875"]
    # Seven images, all for one side: p is 2 / 128, yet the interval is wide.
    assert said[-1] == "A is better than B by .175: more than chance gives."


def test_what_is_not_significant_is_said_with_its_reason(folder: Path) -> None:
    assert ran("workspace", "other", "--member", "tiny")[-1] == (
        "They are not significantly different: "
        "they are right and wrong on the same images."
    )
    few = ran("other", "data/votes/tiny")[-1]
    assert few == (
        "They are not significantly different: with 40 images, of which they differ on 3, "
        "no difference could be called."
    )
    labels = np.tile([0.8, 0.2], (40, 1))
    labels[-8:] = [0.3, 0.7]
    Predictions(NAMES, labels, ["cup", "star"]).save(Path("more.npz"))
    more = ran("data/votes/tiny", "more.npz")[-1]
    # Of 13 images 11 : 2 would be called (p .022), 10 : 3 not (p .092): 9 / 40, or .225.
    assert (
        "of which they differ on 13, the smallest difference that could be called is ."
        in more
    )
    assert float(more.removesuffix(".").split()[-1]) >= 0.225


def test_too_few_groups_are_said_to_be_the_reason(folder: Path) -> None:
    table = pd.read_csv("data/folds.csv")
    table.assign(group=table["group"] // 10).to_csv("data/folds.csv", index=False)
    write(folder / "all_wrong", 40)
    verdict = ran("data/votes/tiny", "all_wrong")[-1]
    assert verdict == (
        "They are not significantly different: 40 images in 4 groups are too few; "
        "fewer than 20 groups say nothing."
    )


@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        (
            19,
            "40 images in 19 groups are too few; fewer than 20 groups say nothing.",
        ),
        (
            20,
            "with 40 images, of which they differ on 3, no difference could be called.",
        ),
    ],
)
def test_twenty_groups_are_enough(groups: int, reason: str) -> None:
    comparison = Comparison(
        images=40,
        groups=groups,
        left_out=(0, 0),
        estimates=((0.875, 0.8, 0.95), (0.9, 0.8, 0.95)),
        both=34,
        only=(1, 2),
        difference=(0.025, -0.05, 0.1),
        p=1.0,
        significant=False,
        smallest=None,
    )
    verdict = compare_lines(comparison, "one", "other")[-1]
    assert verdict == f"They are not significantly different: {reason}"


def test_folds_that_hold_other_people_apart_are_mentioned(folder: Path) -> None:
    """Only the folds differed, and one model was called better."""
    table = pd.read_csv("other/data/folds.csv")
    table.assign(unit=table["group"] // 2).to_csv(
        "other/data/folds.csv", index=False
    )
    *_, verdict, note = ran("workspace", "other")
    assert (
        verdict.startswith("B is better")
        and "hold other groups or domains apart" in note
    )


def test_an_experiment_that_is_not_there_is_one_line(folder: Path) -> None:
    (said,) = ran("workspace", "other", "--member", "nope", fails=True)
    assert said.startswith(
        "error: workspace: expected the results of a run, data/votes/nope/oof"
    )
    (said,) = ran("nope.npz", "other", fails=True)
    assert said.startswith("error: nope.npz: expected an .npz with ids")


def test_predictions_of_other_parameters_or_data_are_not_compared(
    folder: Path,
) -> None:
    """A split alone had run since, and the old ensemble was judged by the new folds."""
    (folder / "other/dvc.yaml").write_text(
        "stages: {ensemble: {outs: [data/ensemble]}}"
    )
    (said,) = ran("workspace", "other", fails=True)
    assert said.startswith(
        "error: other: expected data/ensemble/oof.npz of its own run, received"
    )
    (folder / "dvc.yaml").write_text("stages: {vote: {outs: [data/votes]}}")
    (said,) = ran("data/votes/tiny", "other", fails=True)
    assert (
        "data/votes/tiny/oof.npz: expected a result of these parameters and data"
        in said
    )


def test_another_metric_has_its_own_numbers_test_and_direction(
    folder: Path,
) -> None:
    """Of 40 images 12 and 2 cost 1.204 instead of .223: .517 and .272."""
    head, a, b, _, _, difference, _, verdict = ran(
        "workspace", "other", "--metric", "log_loss"
    )
    assert head.split()[1:3] == ["OOF", "log-loss"]
    assert a.split()[2] == ".517" and b.split()[2] == ".272"
    assert difference.startswith("B - A   -.245  (-.")
    assert difference.endswith("bootstrap p < .001")
    assert verdict == "B is better than A by .245: more than chance gives."
    assert ran("other", "workspace", "--metric", "log_loss")[-1].startswith(
        "A is better than B by .245"
    )


def test_macro_f1_is_over_the_classes_by_their_names(folder: Path) -> None:
    """All are cups: F1 of 56 / 68 and of star 0, so .412; and of 76 / 78 and 0, .487."""
    _, a, b, *_ = ran("workspace", "other", "--metric", "macro_f1")
    assert (a.split()[2], b.split()[2]) == (".412", ".487")


def test_params_yaml_says_by_what_to_compare_and_members_are_as_they_are(
    folder: Path,
) -> None:
    Path("params.yaml").write_text("metric: log_loss\n")
    said = ran("workspace", "other", "--member", "tiny")
    assert "OOF log-loss" in said[0]
    assert said[-2].endswith("they have the same log-loss in each draw.")
    assert said[-1].startswith("Members are compared as they are")
    assert "OOF accuracy" in ran("workspace", "other", "--metric", "accuracy")[0]
    done = CliRunner().invoke(
        app, ["compare", "workspace", "other", "--metric", "f1"]
    )
    assert done.exit_code == 1
    assert "--metric: expected a metric, received 'f1'" in done.output


def test_an_old_params_yaml_without_a_metric_compares_by_accuracy(
    folder: Path,
) -> None:
    Path("params.yaml").write_text("seed: 1\n")
    assert "OOF accuracy" in ran("workspace", "other")[0]
