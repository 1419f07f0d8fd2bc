"""DVC's commands that act before `check` could look: they look first."""

import sys
from pathlib import Path

import pytest

from croquis.commands import guarded_dvc
from croquis.commands.guarded_dvc import _parsed, _touched
from support.standing_files import commit, dvc, environment, make_repository, run

GUARDED = (sys.executable, "-m", "croquis.commands.guarded_dvc")


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_repository(tmp_path_factory.mktemp("guarded") / "project")


@pytest.fixture
def project(once: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in environment(once).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(once)
    return once


def test_an_experiment_deletes_nothing_of_a_persons(project: Path) -> None:
    """Plain DVC does, before any stage: the second half holds as long as this command is needed."""
    mine = project / "data" / "raw" / "mine.png"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    printed = run(
        project, *GUARDED, "exp", "run", "-S", "data.source=x", fails=True
    )
    assert (
        printed.startswith("error: data/raw: ")
        and "mv data/raw/mine.png" in printed
    )
    assert (
        mine.read_text() == "mine"
        and run(project, "git", "status", "--porcelain") == ""
    )
    dvc(project, "exp", "run", "-q", "-S", "data.source=x")
    assert not mine.exists()
    run(project, "git", "checkout", "-q", "--", "params.yaml")


@pytest.mark.parametrize("known", ["dvc.yaml", "params.yaml"])
@pytest.mark.parametrize("at", ["name", "commit"])
def test_applying_an_experiment_looks_where_its_members_would_be(
    known: str, at: str, tmp_path: Path
) -> None:
    """Its params.yaml and dvc.yaml are there before DVC takes what has no hash out of the way."""
    other = make_repository(tmp_path / "other")
    changed, old = (
        other / known,
        {"dvc.yaml": "data/solution.csv", "params.yaml": "[one]"}[known],
    )
    new = {"dvc.yaml": "data/truth.csv", "params.yaml": "[one, new]"}[known]
    changed.write_text(changed.read_text().replace(old, new))
    base = run(other, "git", "rev-parse", "HEAD").strip()
    commit = run(other, "git", "stash", "create").strip()
    run(
        other,
        "git",
        "update-ref",
        f"refs/exps/{base[:2]}/{base[2:]}/bold-idea",
        commit,
    )
    run(other, "git", "checkout", "-q", "--", ".")
    place = {
        "dvc.yaml": "data/truth.csv",
        "params.yaml": "data/predictions/new/fold0",
    }[known]
    mine = other / place
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    name = "bold-idea" if at == "name" else commit[:10]
    printed = run(other, *GUARDED, "exp", "apply", name, fails=True)
    assert printed.startswith(f"error: {place}: ") and f"mv {place}" in printed
    assert mine.read_text() == "mine" and new not in changed.read_text()
    mine.unlink()
    printed = run(other, *GUARDED, "exp", "apply", name, fails=True)
    assert "Is your cache up to date?" in printed  # DVC's own words: it never ran
    assert new in changed.read_text()


def test_an_experiment_that_is_not_there_is_for_dvc_to_say(project: Path) -> None:
    assert "'nobody'" in run(
        project, *GUARDED, "exp", "apply", "nobody", fails=True
    )


def test_what_an_experiment_would_set_is_looked_at_and_does_not_stay(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member that does not run yet has outputs, too; and params.yaml is DVC's to change."""
    other = make_repository(tmp_path / "other")
    mine = other / "data" / "predictions" / "new" / "fold0"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    printed = run(
        other, *GUARDED, "exp", "run", "-S", "run.models=[new]", fails=True
    )
    assert printed.startswith("error: data/predictions/new/fold0: ")
    mine.unlink()
    printed = run(
        other, *GUARDED, "exp", "run", "-S", "run.models=[new]", fails=True
    )
    assert printed.startswith("error: seed: expected this key in params.yaml")
    assert run(other, "git", "status", "--porcelain") == ""


def test_a_source_that_hydra_cannot_read_says_what_to_type(project: Path) -> None:
    arguments = ["exp", "run", "-S", "data.source=자료 (1).zip"]
    with pytest.raises(SystemExit, match=r"say `croquis use '자료 \(1\).zip'`"):
        guarded_dvc._translated(arguments, _parsed(arguments), project)


def test_values_that_dvc_cannot_set_are_for_dvc_to_say(
    project: Path, tmp_path: Path
) -> None:
    chosen = _parsed(["exp", "run", "-S", "nothing=1"])
    assert guarded_dvc._as_asked(chosen, tmp_path) == Path("params.yaml")
    chosen = _parsed(
        ["exp", "run", "-S", "params.yaml:data.source=a.zip", "-S", "run.folds=[3]"]
    )
    text = guarded_dvc._as_asked(chosen, tmp_path).read_text()
    assert "source: a.zip" in text and "3" in text


@pytest.mark.parametrize(
    "command",
    [
        "repro",
        "repro -s vote",
        "repro --downstream vote",
        "exp run",
        "experiments run -S lr=1 -n name",
        "exp apply name",
        "checkout",
        "checkout -f data/raw",
        "pull",
        "-q repro",
    ],
)
def test_commands_that_put_outputs_in_their_places_look_first(
    command: str, project: Path
) -> None:
    assert _touched(_parsed(command.split())) == project


@pytest.mark.parametrize(
    "command",
    [
        "status",
        "repro --dry",
        "exp run --temp",
        "exp run --queue -S lr=1,2",
        "exp run --run-all",
        "exp show",
        "queue start",
        "push",
        "fetch",
        "metrics diff",
    ],
)
def test_commands_that_touch_no_output_here_are_left_alone(
    command: str, project: Path
) -> None:
    assert _touched(_parsed(command.split())) is None


def test_what_dvc_cannot_read_is_said_once_by_dvc(project: Path) -> None:
    printed = run(project, *GUARDED, "repro", "--nothing", fails=True)
    assert (
        printed.count("usage: dvc repro") == 1
        and "unrecognized arguments" in printed
    )
    assert "Reproduce complete or partial pipelines" in run(
        project, *GUARDED, "repro", "--help"
    )


def test_the_project_is_found_from_inside_and_by_cd(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project / "stages")
    assert _touched(_parsed(["repro"])) == project
    monkeypatch.chdir(tmp_path)
    assert _touched(_parsed(["repro"])) is None
    assert _touched(_parsed(["--cd", str(project), "repro"])) == project


def test_other_projects_of_dvc_are_left_alone(
    project: Path, tmp_path: Path
) -> None:
    other = make_repository(tmp_path / "other")
    (other / "stages" / "check.py").unlink()
    commit(other)
    assert _touched(_parsed(["--cd", str(other), "repro"])) is None


def test_parameters_that_cannot_be_read_still_leave_outputs_to_look_at(
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    other = make_repository(tmp_path / "other")
    (other / "params.yaml").write_text("run: [")
    (other / "data").mkdir()
    (other / "data" / "solution.csv").write_text("mine")
    monkeypatch.setattr(sys, "argv", ["dvc", "--cd", str(other), "repro"])
    with pytest.raises(SystemExit, match=r"error: data/solution\.csv: "):
        guarded_dvc.main()
    assert Path.cwd() == project


def test_the_command_dvc_of_this_package_is_the_one_that_looks() -> None:
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(
        encoding="utf-8"
    )
    assert '\ndvc = "croquis.commands.guarded_dvc:main"' in text
