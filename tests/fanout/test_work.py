"""One stage of a parcel, on any machine: its results, its endings, and nothing alive afterwards."""

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from croquis.core.errors import InputError
from croquis.fanout.parcel import pack
from croquis.fanout.supervisor.group import GroupEnd
from croquis.fanout.work import (
    WorkOrder,
    checkout_environment,
    run_order,
    stage_of_line,
    status_of,
    usual_places,
    work_command,
)
from support.parcels import begin_work, make_pipeline
from support.standing_files import run

SOON = (
    30  # seconds in which anything of these tests happens, on the busiest machine
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_pipeline(tmp_path_factory.mktemp("work") / "project")
    (folder / "run.parcel").write_bytes(pack(folder))
    (folder / "run.stages").write_text("train@short\nembed\n")
    return folder


def results(folder: Path) -> int:
    """How many results the run cache has."""
    return sum(path.is_file() for path in (folder / ".dvc/cache/runs").rglob("*"))


def wait_for(path: Path) -> int:
    """The number that a file holds once it is there."""
    end = time.monotonic() + SOON
    while time.monotonic() < end:
        with contextlib.suppress(OSError, ValueError):
            return int(path.read_text())
        time.sleep(0.02)
    raise AssertionError(f"no {path}")


def wait_until_gone(number: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(number)
        end = time.monotonic() + SOON
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < end, f"{process} is alive"
            time.sleep(0.02)


def dvc_of(trainer: int) -> int:
    """The number of the `dvc` around a training: it leads the group."""
    return os.getpgid(trainer)


def begin_long(
    folder: Path, parent: int | None = None
) -> tuple[subprocess.Popen[str], int]:
    """A long training that has begun, and its number."""
    pid = folder / "pid-long"
    pid.unlink(missing_ok=True)
    return begin_work(folder, "train@long", parent=parent), wait_for(pid)


@pytest.mark.slow
def test_two_at_once_in_one_checkout_leave_their_results_in_the_run_cache(
    project: Path,
) -> None:
    before = results(project)
    works = [
        begin_work(project, "--nth", str(n), "--status", f"status-{n}")
        for n in range(2)
    ]
    logs = [work.communicate(timeout=4 * SOON)[0] for work in works]
    assert [work.returncode for work in works] == [0, 0], logs
    assert results(project) == before + 2
    assert json.loads((project / "status-0").read_text())["text"] == "done"
    assert not (project / "data" / "predictions").exists()
    (checkout,) = (
        path for path in (project / ".fanout/checkouts").iterdir() if path.is_dir()
    )
    # The input of this one is in no dvc.lock: it comes from the run cache.
    work = begin_work(project, "probe")
    log = work.communicate(timeout=4 * SOON)[0]
    assert work.returncode == 0, log
    assert results(project) == before + 3
    # One file on the disk, and the cache's: nothing was copied.
    assert (checkout / "data" / "pixels.npy").stat().st_nlink >= 2
    assert run(project, "git", "status", "--porcelain", "-uno") == ""


@pytest.mark.slow
def test_whatever_is_killed_nothing_is_left_alive_and_the_state_is_saved(
    project: Path,
) -> None:
    work, trainer = begin_long(project)
    dvc = dvc_of(trainer)
    work.kill()
    for number in (trainer, dvc):
        wait_until_gone(number)
    first = wait_for(project / "state-long")
    work.communicate()

    # The process that it works for: a supervisor hears of no signal then.
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1) as parent:
        work, trainer = begin_long(project, parent.pid)
        parent.kill()
    log = work.communicate(timeout=SOON)[0]
    assert f"start at {first}\n" in log and "saved at" in log
    assert work.returncode == 128 + signal.SIGTERM
    wait_until_gone(trainer)

    work, trainer = begin_long(project)
    os.kill(dvc_of(trainer), signal.SIGKILL)
    log = work.communicate(timeout=SOON)[0]
    assert work.returncode == 128 + signal.SIGKILL
    assert "saved at" in log
    wait_until_gone(trainer)


@pytest.mark.parametrize(
    ("status", "asked", "tail", "code"),
    [
        (0, None, "", 0),
        (0, signal.SIGTERM, "", 0),
        (255, None, "ERROR: failed to run: x, exited with 1", 1),
        (255, None, "ERROR: failed to run: x, exited with -9", 137),
        (255, None, "ERROR: failed to run: x, exited with 139", 139),
        (-9, None, "", 137),
        (
            255,
            None,
            "a child exited with -9\nERROR: failed to run: x\ny, exited with 1\n",
            1,
        ),
        (143, signal.SIGTERM, "exited with 143", 143),
        (1, signal.SIGINT, "", 130),
        (75, None, "", 75),
        (1, None, "error: data: No space left on device; each file is whole", 75),
        (255, None, "RuntimeError: CUDA error: uncorrectable ECC error", 75),
        (255, None, "No space left on device\n" + 50 * "epoch\n", 1),
    ],
)
def test_the_status_says_whether_another_attempt_is_worth_it(
    status: int, asked: int | None, tail: str, code: int
) -> None:
    assert status_of(GroupEnd(status, asked, tail)) == code


def test_a_disk_that_is_full_before_any_stage_is_worth_another_attempt(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(*arguments: object, **options: object) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "home")

    monkeypatch.setattr("croquis.fanout.work.unpack", full)
    (tmp_path / "p").touch()
    assert run_order(WorkOrder("train", tmp_path / "p", tmp_path / "home")) == 75
    assert "No space left on device: 'home'" in capsys.readouterr().err
    with pytest.raises(InputError, match="expected a parcel"):
        run_order(WorkOrder("train", tmp_path / "none", tmp_path / "home"))


def test_a_stage_in_a_checkout_sees_its_own_modules_and_nothing_of_a_run_around_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    for name in ("DVC_ROOT", "DVC_STAGE", "GIT_DIR", "GIT_INDEX_FILE"):
        monkeypatch.setenv(name, "x")
    seen = checkout_environment(tmp_path, Path("/project"), tmp_path / "p")
    assert seen["PYTHONPATH"] == f"{tmp_path}/src{os.pathsep}/elsewhere"
    assert seen["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert seen["CROQUIS_ROOT"] == "/project"
    assert not {"DVC_ROOT", "DVC_STAGE", "GIT_DIR", "GIT_INDEX_FILE"} & set(seen)
    assert checkout_environment(tmp_path, None, tmp_path)["CROQUIS_ROOT"] == str(
        tmp_path
    )


def test_the_command_line_has_what_was_asked_alone() -> None:
    command = work_command(
        "train@a-0",
        Path("run.parcel"),
        Path("home"),
        cache=Path("cache"),
        root=None,
        remote=None,
        parent=7,
        status=None,
    )
    assert command == [
        *(sys.executable, "-m", "croquis.commands.main", "work"),
        *("--parcel", "run.parcel", "--home", "home", "--cache", "cache"),
        *("--parent", "7", "--", "train@a-0"),
    ]


def test_a_line_of_the_stages_beside_a_parcel_counts_from_0(tmp_path: Path) -> None:
    parcel = tmp_path / "run.parcel"
    with pytest.raises(InputError, match=r"expected the file .*run\.stages"):
        stage_of_line(parcel, 0)
    (tmp_path / "run.stages").write_text("train@a-0\ntrain@a-1\n")
    assert stage_of_line(parcel, 1) == "train@a-1"
    for number in (2, -1):
        with pytest.raises(InputError, match="from 0 to 1"):
            stage_of_line(parcel, number)


def test_results_that_would_stay_in_a_checkout_are_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    nothing = {"cache": None, "root": None, "remote": None}
    with pytest.raises(InputError, match="--cache, --remote"):
        usual_places(nothing)
    assert usual_places(nothing | {"remote": "store"}) == (None, None)
    (tmp_path / ".dvc").mkdir()
    assert usual_places(nothing) == (tmp_path / ".dvc" / "cache", tmp_path)
    assert usual_places(nothing | {"remote": "store"}) == (None, tmp_path)
