"""The command `croquis`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from croquis.commands.main import app
from croquis.commands.table import aligned
from croquis.scoring.outdated_scores import md5
from support.leftovers import metrics


def printed(folder: Path, **changes: dict) -> str:
    for name, content in metrics(**changes).items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    made = folder / "submission.csv"
    made.touch()
    page = folder / "report.html"
    options = [
        "--metrics",
        str(folder),
        "--submission",
        str(made),
        "--report",
        str(page),
    ]
    output = CliRunner().invoke(app, ["summary", *options]).output
    return output.replace(str(made), "data/submission.csv").replace(
        str(page), "a page"
    )


def test_where_nothing_has_run_the_summary_shows_no_scores(tmp_path: Path) -> None:
    """In a fresh clone it showed the scores in git, and named a submission that was not there."""
    printed(tmp_path)
    missing = tmp_path / "no.csv"
    options = ["--metrics", str(tmp_path), "--submission", str(missing)]
    done = CliRunner().invoke(app, ["summary", *options])
    assert done.exit_code == 1
    assert (
        done.output
        == f"error: {missing}: expected a run here, received none; say `make repro`\n"
    )


def test_the_summary_is_a_table_of_all_scores(tmp_path: Path) -> None:
    assert printed(tmp_path).splitlines() == [
        "member     OOF accuracy           plain folds would claim",
        "head       .481  (.456 .. .505)   .582",
        "tiny       .750  (.700 .. .800)",
        "ensemble   .750  (.700 .. .800)",
        "test       .731 by the vote of 2 folds; .712 by single folds: inside the interval",
        "",
        "in brackets: the 95 % interval on 12 images of 2 folds",
        "",
        "submission  data/submission.csv",
        "report      a page",
    ]


def test_the_summary_shows_no_claim_where_there_is_none_and_says_where_it_is_chance(
    tmp_path: Path,
) -> None:
    vote = metrics()["vote"]
    del vote["head"]["plain_accuracy"]
    assert "plain folds" not in printed(tmp_path, vote=vote)
    vote["head"] |= {"plain_accuracy": 0.49, "plain_significant": False}
    said = printed(tmp_path, vote=vote)
    assert "what plain folds claim beyond OOF is no more than chance" in said
    vote["head"]["plain_significant"] = True
    assert "chance" not in printed(tmp_path, vote=vote)


def test_the_summary_puts_each_members_test_score_beside_its_oof(
    tmp_path: Path,
) -> None:
    test = metrics()["submission"]
    test = test | {"test_single_fold_by_member": {"head": 0.5, "tiny": 0.7}}
    assert printed(tmp_path, submission=test).splitlines()[:4] == [
        "member     OOF accuracy           test, single folds   plain folds would claim",
        "head       .481  (.456 .. .505)   .500                 .582",
        "tiny       .750  (.700 .. .800)   .700",
        "ensemble   .750  (.700 .. .800)   .712",
    ]


def test_the_summary_shows_no_test_score_where_none_is_known(
    tmp_path: Path,
) -> None:
    assert "\ntest" not in printed(tmp_path, submission={"rows": 3})


def test_the_summary_of_one_fold_does_not_speak_of_a_vote(tmp_path: Path) -> None:
    ensemble = metrics()["ensemble"] | {"folds": 1}
    assert "test       .731 by 1 fold: inside" in printed(
        tmp_path, ensemble=ensemble
    )


def test_the_summary_without_probes_has_no_column_for_them(tmp_path: Path) -> None:
    vote = {"tiny": metrics()["vote"]["tiny"]}
    assert printed(tmp_path, vote=vote).splitlines()[0] == "member     OOF accuracy"


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file"), ("{", "no JSON")]
)
def test_a_run_that_is_not_there_is_one_line(
    tmp_path: Path, content: str | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / "vote.json").write_text(content)
    done = CliRunner().invoke(app, ["summary", "--metrics", str(tmp_path)])
    assert done.exit_code == 1
    assert (
        "vote.json: expected the scores of a run, received " + reason in done.output
    )
    assert (
        done.output.strip().endswith("run `make repro`")
        and "\n" not in done.output.strip()
    )


@pytest.mark.parametrize("lost", ["ensemble", "submit"])
def test_the_summary_says_what_has_not_run_instead_of_an_old_number(
    lost: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stage that failed left the score of the run before it."""
    monkeypatch.chdir(tmp_path)
    names = {"vote": "vote", "ensemble": "ensemble", "submission": "submit"}
    lock = {}
    for name, stage in names.items():
        content = json.dumps(metrics()[name]).encode()
        (tmp_path / f"{name}.json").write_bytes(content)
        lock[stage] = {
            "outs": [{"path": f"{name}.json", "md5": md5(content)}],
            "deps": [],
        }
    lock["submit"]["deps"] = [{**lock["ensemble"]["outs"][0]}]
    pipeline = {
        s: {"metrics": [{f"{name}.json": {"cache": False}}]}
        for name, s in names.items()
    }
    del lock[lost]
    for name, stages in (("dvc.yaml", pipeline), ("dvc.lock", lock)):
        (tmp_path / name).write_text(json.dumps({"stages": stages}))
    (tmp_path / "made.csv").touch()
    done = CliRunner().invoke(
        app, ["summary", "--metrics=.", "--submission=made.csv"]
    )
    assert "tiny     .750  (.700 .. .800)" in done.output.replace(
        "tiny       ", "tiny     "
    )
    assert (
        f"test not run: {lost} has not run" in done.output
        and "\ntest  " not in done.output
    )
    assert ("ensemble not run: ensemble has not run" in done.output) == (
        lost == "ensemble"
    )


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert aligned([("a", "bb"), ("ccc", "")]) == ["a     bb", "ccc"]


def test_the_command_starts_without_any_heavy_library() -> None:
    code = "import sys, croquis.commands.main; print(*sys.modules)"
    path = {"PYTHONPATH": str(Path("src").absolute())}
    done = subprocess.run(
        [sys.executable, "-c", code], env=path, capture_output=True, text=True
    )
    assert not {"numpy", "pandas", "torch", "mlflow", "matplotlib"} & set(
        done.stdout.split()
    )
    assert "croquis.commands.main" in done.stdout


def test_an_unexpected_error_of_a_command_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path) -> None:
        raise KeyError("oops")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("croquis.commands.summary.read_scores", broken)
    monkeypatch.setattr("sys.argv", ["croquis", "summary"])
    with pytest.raises(SystemExit) as caught:
        app()
    said = str(caught.value)
    assert said.startswith(
        "error: croquis summary: expected no error of Python's, received KeyErr"
    )
    (file,) = Path(".resume/errors").iterdir()
    assert str(file) in said
