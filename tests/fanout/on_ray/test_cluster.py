"""A real cluster of one machine; a small script stands for `croquis work`."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from croquis.core.errors import InputError
from croquis.fanout.driver import drive
from croquis.fanout.jobs import Attempt, Ending, Job, Progress, Result
from croquis.fanout.on_ray.cluster import RayCluster
from support.fake_engine import Notes, jobs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("ray"),
    pytest.mark.filterwarnings("ignore"),  # of Ray about itself
]

SCRIPT = r"""
import json, os, pathlib, signal, sys, time
stage, status, parent = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
os.chdir(pathlib.Path(__file__).parent)
def save(*_):
    pathlib.Path(f"saved-{stage}").touch()
    sys.exit(143)
signal.signal(signal.SIGTERM, save)
print("runs", stage, flush=True)
if stage.startswith("bad"):
    sys.exit("error: no images")
if stage.startswith("long"):
    draft = status.with_name("draft")
    draft.write_text(json.dumps({"text": "epoch 1 of 2", "done": 1, "total": 2}))
    draft.rename(status)
    pathlib.Path(f"parent-{stage}").write_text(str(parent))
    for _ in range(600):
        if os.getppid() != parent:
            save()
        time.sleep(.1)
"""


class Command:
    """`work_command` for a script."""

    def __init__(self, script: Path) -> None:
        self.script = str(script)

    def __call__(
        self, stage: str, parcel: Path, home: Path, **more: object
    ) -> list[str]:
        status, parent = str(more["status"]), str(more["parent"])
        return [sys.executable, "-S", self.script, stage, status, parent]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A head on this machine, with a token of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="ray-") as folder,
        socket.socket() as free,
    ):
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        token = Path(folder) / "token"
        token.write_text("0123456789abcdef" * 4)
        before = dict(os.environ)
        os.environ |= {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        where = [
            "--node-ip-address=127.0.0.1",
            f"--port={port}",
            f"--temp-dir={folder}/r",
        ]
        try:
            with head(where, Path(folder)):
                yield f"127.0.0.1:{port}"
        finally:
            os.environ.clear()
            os.environ.update(before)


@contextlib.contextmanager
def head(where: list[str], folder: Path) -> Iterator[None]:
    """A head that ends with the block; `ray stop` would end everybody's on this machine."""
    ray = str(Path(sys.executable).with_name("ray"))
    start = "start --head --block --include-dashboard=false --disable-usage-stats --num-cpus=2"
    said = folder / "said"
    with said.open("wb") as file:
        process = subprocess.Popen(
            [ray, *start.split(), *where], stdout=file, stderr=subprocess.STDOUT
        )
    try:
        for _ in range(600):
            if "Ray runtime started" in said.read_text():
                break
            assert process.poll() is None, said.read_text()
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(30)
        for left in psutil.process_iter(["cmdline"]):
            if str(folder) in " ".join(left.info["cmdline"] or ()):
                with contextlib.suppress(psutil.Error):
                    left.kill()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "run.parcel").write_bytes(b"a project")
    (tmp_path / "script.py").write_text(SCRIPT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def engine(address: str, root: Path) -> Iterator[RayCluster]:
    from ray import cloudpickle

    # Nodes have croquis, but not its tests.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    made = RayCluster(
        address,
        root,
        root / "run.parcel",
        cache=root / "cache",
        remote="",
        push_inputs=lambda: pytest.fail("the disk is shared"),
        command=Command(root / "script.py"),
    )
    yield made
    made.close()


def wait_for(engine: RayCluster, kind: type) -> list[Progress | Result]:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        changes = engine.changes(0.3)
        if found := [each for each in changes if isinstance(each, kind)]:
            return found
        assert not any(isinstance(each, Result) for each in changes), changes
    raise AssertionError(f"no {kind.__name__}")


def test_jobs_run_and_their_logs_come_home(engine: RayCluster, root: Path) -> None:
    assert engine.slots() == 2
    results = {r.stage: r for r in drive(jobs("a", "bad", "c"), engine, Notes())}
    endings = {stage: result.ending for stage, result in results.items()}
    assert results["a"].ending is Ending.DONE, results["a"].reason
    assert endings == {"a": Ending.DONE, "bad": Ending.FAILED, "c": Ending.DONE}
    assert "error: no images" in results["bad"].reason
    assert (root / ".fanout/logs/a.log").read_text() == "runs a\n"
    assert list((root / ".fanout/checkouts").glob("*.parcel"))


def test_asked_to_end_an_attempt_saves(engine: RayCluster, root: Path) -> None:
    engine.submit(Attempt(Job("long")))
    (progress,) = wait_for(engine, Progress)
    assert isinstance(progress, Progress) and progress.text == "epoch 1 of 2"
    engine.cancel_all()
    (result,) = wait_for(engine, Result)
    assert isinstance(result, Result) and result.ending is Ending.STOPPED
    assert (root / "saved-long").exists()


def test_a_worker_that_is_killed_is_a_loss_and_its_attempt_saves(
    engine: RayCluster, root: Path
) -> None:
    engine.submit(Attempt(Job("long-2")))
    wait_for(engine, Progress)
    worker = int((root / "parent-long-2").read_text())
    assert "ray" in " ".join(psutil.Process(worker).cmdline())
    os.kill(worker, signal.SIGKILL)
    (result,) = wait_for(engine, Result)
    assert isinstance(result, Result) and result.ending is Ending.LOST
    for _ in range(50):
        if (root / "saved-long-2").exists():
            return
        time.sleep(0.1)
    raise AssertionError("nothing was saved")


def test_a_mailbox_that_is_killed_ends_no_run(
    engine: RayCluster, root: Path
) -> None:
    engine._ray.kill(engine._mailbox, no_restart=False)
    (result,) = drive(jobs("after"), engine, Notes())
    assert result.ending is Ending.DONE, result.reason
    assert (root / ".fanout/logs/after.log").read_text() == "runs after\n"


def test_who_has_no_token_is_refused(address: str, root: Path) -> None:
    """In a process of its own, as Ray reads its settings once."""
    (root / "other").write_text("f" * 64)
    code = (
        "import sys; from croquis.core import cli\n"
        "from croquis.fanout.on_ray.connecting import connect\n"
        "with cli.one_line(): connect(sys.argv[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, address],
        env=os.environ | {"RAY_AUTH_TOKEN_PATH": str(root / "other")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: RAY: expected a cluster")
    assert (root / "other").stat().st_mode & 0o777 == 0o600


def test_without_ray_it_is_said_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from croquis.fanout.on_ray import connecting

    monkeypatch.setattr(connecting.os, "environ", {"RAY_AUTH_TOKEN_PATH": "none"})
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match="the package ray"):
        connecting.connect("auto")


def test_where_nothing_answers_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from croquis.fanout.on_ray import connecting

    monkeypatch.setattr(connecting.os, "environ", dict(os.environ))
    with pytest.raises(InputError, match="a cluster of Ray that answers at 127"):
        raise connecting._refused("127.0.0.1:1", ConnectionError("no\nmore"))
