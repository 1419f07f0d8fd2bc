"""SIGTERM and SIGHUP clean up as Ctrl-C does, and a program without its parent ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from croquis.core import ending
from support.killed import ROOT, begun, killed_while

# A stage in the midst of its work.
STAGE = """
import sys, tempfile, time
from pathlib import Path
from croquis.core import cli
from croquis.core.files import atomic_write

def main() -> None:
    with atomic_write(Path("out")) as draft, tempfile.TemporaryDirectory():
        draft.mkdir()
        (draft / "first").write_text("half")
        print("ready", flush=True)
        time.sleep(60)

sys.argv = ["stage"]
cli.run(main)
"""
# A loader's worker under a stage: its SystemExit would run the blocks of the parent.
WORKER = STAGE.replace(
    'print("ready", flush=True)',
    """import os, signal
        child = os.fork()
        if child == 0:
            print("ready", flush=True)
            time.sleep(60)
        os.kill(child, signal.SIGTERM)
        _, status = os.wait()
        assert os.waitstatus_to_exitcode(status) == -signal.SIGTERM
        assert (draft / "first").read_text() == "half\"""",
).replace("time.sleep(60)\n\nsys", "return\n\nsys")
ORPHANS = """
import os, subprocess, sys, time
code = '''
import os, time
from croquis.core import ending
ending.end_with_parent()
print("ready", flush=True)
time.sleep(60)
'''
subprocess.run([sys.executable, "-c", code])
"""


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)],
)
def test_a_stage_that_is_asked_to_end_leaves_nothing(
    tmp_path: Path, number: int, status: int
) -> None:
    """SIGTERM left drafts of 163 MB after four stops, where Ctrl-C left none."""
    assert killed_while(STAGE, tmp_path, number) == status
    assert left(tmp_path) == []


def test_a_stage_that_is_killed_leaves_a_draft_that_the_next_one_removes(
    tmp_path: Path,
) -> None:
    killed_while(STAGE, tmp_path)
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n  stage: {cmd: none, outs: [a/b]}\n"
    )
    (draft,) = (name for name in left(tmp_path) if name.startswith(".out."))
    assert killed_while(STAGE, tmp_path, signal.SIGTERM) == 143
    assert draft not in left(tmp_path)


def test_a_signal_that_is_sent_twice_at_once_is_one(tmp_path: Path) -> None:
    """`timeout` sends it to its child, and then to the whole group."""
    slow = STAGE.replace(
        "cli.run(main)",
        """import shutil
remove = shutil.rmtree
def slowly(*arguments, **options):
    time.sleep(0.3)
    remove(*arguments, **options)
shutil.rmtree = slowly
cli.run(main)""",
    )
    with begun(slow, tmp_path) as child:
        child.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        child.send_signal(signal.SIGTERM)
        child.communicate()
    assert child.returncode == 143
    assert left(tmp_path) == []


def test_a_second_signal_later_is_not_waited_for(tmp_path: Path) -> None:
    work = 'print("ready", flush=True)\n        time.sleep(60)'
    assert work in STAGE
    stuck = STAGE.replace(
        work,
        """try:
            print("ready", flush=True)
            time.sleep(60)
        finally:
            print("asked", flush=True)
            time.sleep(60)""",
    )
    with begun(stuck, tmp_path) as child:
        child.send_signal(signal.SIGTERM)
        assert child.stdout is not None and child.stdout.readline() == "asked\n"
        time.sleep(ending.ECHO + 0.3)  # since it was asked, however busy the cores
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=20)
    assert child.returncode == -signal.SIGTERM


def test_a_hangup_under_nohup_is_ignored(tmp_path: Path) -> None:
    with begun(
        f"import signal; signal.signal(1, signal.SIG_IGN)\n{STAGE}", tmp_path
    ) as child:
        child.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(timeout=0.5)
        child.kill()
        child.communicate()


def test_a_forked_worker_ends_at_once_and_cleans_up_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORKER],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert left(tmp_path) == [".resume", "out"]


def test_handlers_are_as_before_after_the_block() -> None:
    before = [signal.getsignal(number) for number in ending.SIGNALS]
    with ending.clean_end():
        assert [signal.getsignal(n) for n in ending.SIGNALS] != before
    assert [signal.getsignal(n) for n in ending.SIGNALS] == before


def test_a_handler_of_another_library_stays() -> None:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with ending.clean_end():
            assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_stage_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    """Of SIGKILL, too: the next `dvc` would begin the same stage beside it."""
    with begun(ORPHANS, tmp_path) as child:
        (stage,) = psutil.Process(child.pid).children()
        child.kill()
        child.communicate()
        psutil.wait_procs([stage], timeout=10)
    assert not stage.is_running() or stage.status() == psutil.STATUS_ZOMBIE


# What a stage imports first, and then libraries that take seconds.
LOADING = """
import os, subprocess, sys
code = '''
from croquis.core import cli
import time
print("ready", flush=True)
time.sleep(60)
'''
subprocess.run([sys.executable, "-c", code], env=os.environ | {"DVC_STAGE": "train"})
"""


def test_a_stage_that_still_loads_libraries_ends_with_its_dvc(
    tmp_path: Path,
) -> None:
    """It had asked for it in its main function, seconds later, when its parent was another."""
    with begun(LOADING, tmp_path) as child:
        (stage,) = psutil.Process(child.pid).children()
        child.kill()
        child.communicate()
        psutil.wait_procs([stage], timeout=10)
    assert not stage.is_running() or stage.status() == psutil.STATUS_ZOMBIE


def test_a_process_whose_parent_has_died_before_it_asked_ends(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"{ENDING}(os.getppid() + 1)"],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == -signal.SIGTERM


ENDING = "import os; from croquis.core import ending; ending.end_with_parent"
