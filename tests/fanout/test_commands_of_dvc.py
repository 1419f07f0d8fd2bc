"""A command of DVC ends with this process, and this process as it does."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from croquis.fanout.running import commands_of_dvc
from croquis.fanout.running.commands_of_dvc import run_dvc

WAITING = """
import sys, time
from croquis.fanout.running import commands_of_dvc
commands_of_dvc.dvc_command = lambda *words: [sys.executable, "-c", words[0]]
child = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)"
commands_of_dvc.run_dvc(".", child)
"""


def test_its_status_ends_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands_of_dvc, "dvc_command", lambda *words: list(words))
    run_dvc(
        tmp_path,
        "sh",
        "-c",
        "test $HERE = $PWD",
        environment={"HERE": str(tmp_path)},
    )
    with pytest.raises(SystemExit) as end:
        run_dvc(tmp_path, "sh", "-c", "exit 3")
    assert end.value.code == 3
    with pytest.raises(SystemExit) as end:
        run_dvc(tmp_path, "sh", "-c", "kill -TERM $$")
    assert end.value.code == 128 + signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_does_not_outlive_this_process(
    number: signal.Signals, tmp_path: Path
) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path("src").absolute())}
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING], cwd=tmp_path, env=environment
    )
    limit = time.monotonic() + 60
    while not (tmp_path / "pid").is_file() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < limit
        time.sleep(0.02)
    child = psutil.Process(int((tmp_path / "pid").read_text()))
    process.send_signal(number)
    process.wait(60)
    psutil.wait_procs([child], timeout=60)
    assert not child.is_running()
