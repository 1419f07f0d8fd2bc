"""`croquis fanout`: what its options lead to; the steps themselves are tested in fanout/."""

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import pytest
from typer.testing import CliRunner, Result

from croquis.commands.main import app
from croquis.commands.side_by_side.fanout import packed_lines
from croquis.fanout.jobs import Ending
from croquis.fanout.running import experiment, tools
from support.fake_run import FakeRun


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeRun:
    """The working folder is a project; nothing runs."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    (tmp_path / "params.yaml").write_text("lr: 1\n")
    monkeypatch.chdir(tmp_path)
    run = FakeRun()

    def fake_tools(slots: object, root: Path) -> object:
        run.asked.append(f"{slots} {root.name}")
        return run.tools()

    @contextlib.contextmanager
    def fake_checkout(
        root: Path, overrides: Sequence[str], name: str
    ) -> Iterator[Path]:
        run.asked.append(f"checkout {name} {' '.join(overrides)}")
        yield root

    monkeypatch.setattr(tools, "tools_on", fake_tools)
    monkeypatch.setattr(experiment, "experiment_checkout", fake_checkout)
    monkeypatch.setattr(
        experiment, "experiment_name", lambda root, name: name or "made-up"
    )
    return run


def called(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["fanout", *arguments], catch_exceptions=True)


def test_the_status_is_that_of_the_run(fake: FakeRun) -> None:
    assert called("--jobs", "3").exit_code == 0
    assert fake.asked[0].startswith("Slots(jobs=3, cluster=None) ")
    fake.endings["train@a-0"] = Ending.FAILED
    assert called("--ray", "auto").exit_code == 1
    assert any("cluster='auto'" in each for each in fake.asked)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--jobs", "many"), "error: JOBS: expected auto, or a number from 1 to"),
        (("--ray", "host"), "error: RAY: expected auto, or HOST:PORT"),
        (("--jobs", "1", "--ray", "auto"), "error: JOBS and RAY: expected one"),
    ],
)
def test_other_values_end_in_one_line_and_nothing_runs(
    fake: FakeRun, arguments: Sequence[str], said: str
) -> None:
    done = called(*arguments)
    # CliRunner prints what `sys.exit` was given.
    assert done.exit_code == 1 and said in done.output
    assert fake.asked == []


def test_another_folder_is_no_project(
    fake: FakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path / "data")
    assert "expected the project's folder" in called().output


def test_an_experiment_ends_in_dvc_exp_run_itself(
    fake: FakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = []

    def execv(path: str, command: Sequence[str]) -> NoReturn:
        ran.append(command[command.index("exp") :])
        raise SystemExit(0)

    monkeypatch.setattr(os, "execv", execv)
    done = called("-S", "lr=2", "-S", "run.folds=[0, 1]", "-n", "low")
    assert "checkout low lr=2 run.folds=[0, 1]" in fake.asked
    words = ["exp", "run", "-n", "low", "-S", "lr=2", "-S", "run.folds=[0, 1]"]
    assert ran == [words]
    assert "dvc exp run -n low -S lr=2 -S 'run.folds=[0, 1]'" in done.output
    fake.endings["train@a-0"] = Ending.FAILED
    assert called("-S", "lr=2").exit_code == 1 and len(ran) == 1


def test_a_parcel_is_written_and_its_use_said(
    fake: FakeRun, tmp_path: Path
) -> None:
    done = called("--pack", "run.parcel")
    assert done.exit_code == 0
    assert (tmp_path / "run.stages").read_text().splitlines()[0] == "train@a-0"
    assert re.search(r"3 jobs in .*run\.stages", done.output)
    assert not any(each.startswith("drive") for each in fake.asked)


def test_a_parcel_of_nothing_is_said() -> None:
    assert packed_lines(Path("p"), 0, "make repro") == [
        "nothing to run side by side: say `make repro`"
    ]
