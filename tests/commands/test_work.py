"""`croquis work` refuses what it cannot do in one line, before any work."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from croquis.commands.main import app
from croquis.fanout import work


def said(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["work", *arguments])
    assert done.exit_code == 1 and isinstance(done.exception, SystemExit)
    return str(done.exception) + done.output


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dvc").mkdir()


def test_a_stage_or_a_line_and_not_both() -> None:
    assert "received neither" in said()
    assert "received both" in said("train@a-0", "--nth", "0")
    assert "expected the file run.stages" in said("--nth", "0")


def test_a_parcel_that_is_not_there_or_is_none() -> None:
    assert "run.parcel: expected a parcel" in said("train@a-0")
    Path("run.parcel").write_text("x")
    assert "expected a parcel" in said("train@a-0")


def test_no_place_for_results_is_refused(tmp_path: Path) -> None:
    shutil.rmtree(".dvc")
    assert "--cache, --remote" in said("train@a-0")


def test_its_status_is_that_of_the_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    orders: list[work.WorkOrder] = []

    def ran(order: work.WorkOrder) -> int:
        orders.append(order)
        return 143

    monkeypatch.setattr(work, "run_order", ran)
    Path("x.stages").write_text("train@a-0\ntrain@a-1\n")
    options = (
        "--parcel",
        "x.parcel",
        "--nth",
        "1",
        "--remote",
        "r",
        "--parent",
        "1",
    )
    done = CliRunner().invoke(
        app, ["work", *options, "--status", "s", "--home", "h"]
    )
    assert done.exit_code == 143
    assert orders == [
        work.WorkOrder(
            stage="train@a-1",
            parcel=Path("x.parcel"),
            home=Path("h"),
            root=Path.cwd(),
            remote="r",
            parent=1,
            status=Path("s"),
        )
    ]
