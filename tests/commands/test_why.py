"""What would run, in words."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from croquis.check.files_in_the_way import Obstacle
from croquis.commands.main import app
from croquis.commands.why import obstacle_lines, why_lines
from croquis.staleness import durations
from croquis.staleness.durations import estimate, last_durations
from croquis.staleness.stale import Stale
from support.standing_files import make


def trainings(
    kind: str, member: str, *changes: str, cached: bool | None = False
) -> list[Stale]:
    """Both folds of a member; without changes they follow."""
    names = [f"{kind}@{member}-{fold}" for fold in (0, 1)]
    return [Stale(name, changes, not changes, cached) for name in names]


def test_nothing_to_run_is_one_line() -> None:
    assert why_lines([], 25, {}) == [
        "nothing would run: all 25 stages are as dvc.lock has them"
    ]


def test_a_persons_file_in_the_way_is_said_before_all_else() -> None:
    assert obstacle_lines([]) == []
    assert obstacle_lines(
        [Obstacle("data/raw", "nothing", "2 files", "mv data/raw raw")]
    ) == [
        "check would stop the run, before anything is touched",
        "  data/raw: expected nothing, received 2 files; mv data/raw raw",
        "",
    ]


def test_why_tells_of_a_persons_file_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(make(tmp_path / "project"))
    monkeypatch.setattr("croquis.commands.why.stale_stages", lambda: ([], 1))
    (tmp_path / "project" / "data").mkdir()
    (tmp_path / "project" / "data" / "solution.csv").write_text("mine")
    printed = CliRunner().invoke(app, ["why"]).output.splitlines()
    assert printed[0].startswith("check would stop") and printed[-1].startswith(
        "nothing would"
    )
    assert printed[1].startswith("  data/solution.csv: expected what a run made")


def test_changes_come_first_then_what_runs_then_what_it_costs() -> None:
    lr = "lr: 0.001 -> 0.002"
    stale = [Stale("check", ("file params.yaml changed",), False, False)]
    stale += trainings("train", "big", lr) + trainings(
        "train", "small", lr, "drop: 0 -> 1"
    )
    stale += [*trainings("probe", "head", lr), Stale("vote", (), True, None)]
    seconds = {
        f"train@{m}-{k}": s
        for m, s in (("big", 3600), ("small", 60))
        for k in (0, 1)
    }
    assert why_lines(stale, 25, seconds) == [
        "because of",
        "  lr: 0.001 -> 0.002   train, probe",
        "  drop: 0 -> 1         train of small",
        "",
        "8 of 25 stages would run",
        "  check",
        "  train   4 trainings (2 models x 2 folds: big, small)   about 2 h 2 min",
        "  probe   2 trainings (1 probe x 2 folds: head)",
        "  vote    follows",
        "",
        "trainings take about 2 h 2 min, as their last runs in MLflow did",
        "of 2 trainings no run is known to tell how long",
        "what reads new results is restored, too, if it has met the same ones before",
    ]


def test_what_the_cache_holds_is_not_said_to_run() -> None:
    stale = [
        *trainings("train", "a", "lr: 2 -> 1", cached=True),
        Stale("vote", (), True, False),
    ]
    assert why_lines(stale, 9, {})[3:] == [
        "1 of 9 stages would run",
        "  vote   follows",
        "",
        "no training among them",
        "",
        "restored from DVC's cache without running",
        "  train   2 trainings (1 model x 2 folds: a)",
    ]


def test_many_stages_of_one_change_are_counted() -> None:
    stale = [
        Stale(name, ("code cli.py changed",), False, False) for name in "abcdefg"
    ]
    assert (
        why_lines(stale, 7, {})[1]
        == "  code cli.py changed   a, b, c, d, e and 2 more"
    )


def test_many_outputs_that_are_gone_are_counted() -> None:
    """On the way back from an experiment there was a line for each of 39."""
    stale = [
        Stale(name, (), False, True, (f"{name}.npz", f"{name}.csv"))
        for name in "ab"
    ]
    assert why_lines(stale, 7, {}) == [
        "because of",
        "  4 outputs of 2 stages are gone   a, b",
        "",
        "`dvc checkout` brings back what is gone, where DVC's cache has it",
        "",
        "restored from DVC's cache without running",
        "  a",
        "  b",
    ]
    assert why_lines(stale[:1], 7, {})[1:3] == [
        "  output a.npz is gone   a",
        "  output a.csv is gone   a",
    ]


def test_a_comment_in_params_is_still_named() -> None:
    stale = [Stale("check", ("file params.yaml changed",), False, False)]
    assert why_lines(stale, 7, {})[1] == "  file params.yaml changed   check"


def test_a_new_fold_takes_as_long_as_its_members_others() -> None:
    seconds = {"train@a-0": 10.0, "train@a-1": 20.0, "train@ab-0": 500.0}
    assert estimate(["train@a-1", "train@a-2"], seconds) == (35.0, [])
    assert estimate(["train@b-0", "train@a-0"], seconds) == (10.0, ["train@b-0"])


def test_durations_are_those_of_the_newest_finished_runs() -> None:
    from mlflow.tracking import MlflowClient

    client = MlflowClient()  # conftest's store
    experiment = client.create_experiment("why")
    runs = (
        (1000, 9000, "FINISHED"),
        (2000, 6000, "FINISHED"),
        (3000, 3100, "KILLED"),
    )
    for start, end, status in runs:
        tags = {"stage": "train@a-0", "fold": "0"}
        run = client.create_run(experiment, start_time=start, tags=tags)
        client.set_terminated(run.info.run_id, status, end_time=end)
    client.create_run(experiment, tags={"kind": "pipeline"})
    assert last_durations("why") == {"train@a-0": 4.0}
    assert last_durations("another") == {}


def test_beyond_the_cap_the_oldest_runs_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The cap cut off the newest."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient()
    experiment = client.create_experiment("capped")
    for number in range(1, 4):
        tags = {"stage": "train@a-0", "fold": "0"}
        run = client.create_run(experiment, start_time=number * 100_000, tags=tags)
        client.set_terminated(
            run.info.run_id, end_time=number * 100_000 + number * 10_000
        )
    monkeypatch.setattr(durations, "NEWEST", 2)
    assert last_durations("capped") == {"train@a-0": 30.0}


def test_looking_for_durations_makes_no_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`croquis why` in a fresh clone made mlflow.db, and printed MLflow's log."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert last_durations("why") == {}
    assert not list(tmp_path.iterdir())


def test_without_a_store_no_duration_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert last_durations("why") == {}


def test_a_broken_params_yaml_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text("a: [")
    done = CliRunner().invoke(app, ["why"])
    assert done.exit_code == 1 and done.output.count("\n") == 1
    assert done.output.startswith("error: params.yaml: expected valid YAML")
