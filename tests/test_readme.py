"""The README's commands, run as they stand on the tiny project."""

import os
import re
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
from tiny import Project

pytestmark = pytest.mark.slow

README = Path("README.md").read_text(encoding="utf-8")
NOT_HERE = {"make test": "this is it"}
SERVERS = {"make mlflow": "http://127.0.0.1:5000"}


def commands() -> list[str]:
    """Every line of the README's bash blocks, in order."""
    blocks = re.findall(r"```bash\n(.*?)```", README, flags=re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project.made(tmp_path_factory.mktemp("readme"))


def test_the_readme_opens_with_the_two_commands() -> None:
    assert commands()[:2] == ["make repro", "make test"]


def test_the_readme_names_every_stage() -> None:
    stages = {path.stem for path in Path("stages").glob("*.py")}
    assert not [stage for stage in stages if f"`{stage}`" not in README]


@pytest.mark.parametrize("command", [line for line in commands() if line not in NOT_HERE])
def test_a_command_of_the_readme_works(project: Project, command: str) -> None:
    if command in SERVERS:
        return _answers(project, command, SERVERS[command])
    printed = project.run(command)
    if "dvc exp run" in command and "--queue" not in command:
        assert "Ran experiment" in printed
    if command == "dvc queue start":
        _wait_for_queue(project)
    return None


def _wait_for_queue(project: Project) -> None:
    """Until both queued experiments have ended well."""
    for _ in range(120):
        status = project.run("dvc queue status")
        assert "Failed" not in status, status
        if status.count("Success") == 2:
            return
        time.sleep(2)
    pytest.fail(f"the queue did not end: {status}")


def _answers(project: Project, command: str, url: str) -> None:
    """A server that is started by `command` gives its page; it is stopped with its children."""
    server = subprocess.Popen(
        ["bash", "-c", command],
        cwd=project.folder,
        env=project.env,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(60):
            try:
                with urllib.request.urlopen(url, timeout=2) as page:
                    assert page.status == 200
                    return
            except OSError:
                time.sleep(1)
        pytest.fail(f"{command} gave no page at {url}")
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)
