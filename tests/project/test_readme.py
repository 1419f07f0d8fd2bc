"""The README's commands, run as they stand on the tiny project."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.tiny import BASELINE, Project

pytestmark = pytest.mark.slow

README = Path("README.md").read_text(encoding="utf-8")
NOT_HERE = {"make test": "this is it"} | dict.fromkeys(
    BASELINE.split(" && "), "project did it"
)


@pytest.fixture(scope="module")
def loaded(project: Project) -> Iterator[Project]:
    """The project with stages that start at once: `make repro` itself has begun it without."""
    with project.loaded():
        yield project


def commands() -> list[str]:
    """Every line of the README's bash blocks but comments, in order."""
    blocks = re.findall(r"```bash\n(.*?)```", README, flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.strip() and not line.startswith("#")]


def test_the_readme_opens_with_the_two_commands() -> None:
    assert commands()[:2] == ["make repro", "make test"]


def test_the_commit_of_the_readme_leaves_nothing_behind(project: Project) -> None:
    """Nobody was told to commit dvc.lock, without which there is nothing to compare with."""
    assert set(BASELINE.split(" && ")) <= set(commands())
    assert project.run("git status --porcelain") == ""


def test_no_number_of_the_readme_is_missing() -> None:
    assert "@@" not in README


def test_the_readme_names_every_stage() -> None:
    stages = {path.stem for path in Path("stages").glob("*.py")}
    assert not [stage for stage in stages if f"`{stage}`" not in README]


@pytest.mark.parametrize(
    "command", [line for line in commands() if line not in NOT_HERE]
)
def test_a_command_of_the_readme_works(loaded: Project, command: str) -> None:
    project, printed = loaded, loaded.run(command)
    if "dvc exp run" in command and "--queue" not in command:
        assert "Ran experiment" in printed
    if command == "croquis undo":
        assert "nothing would run" in project.run("croquis why")
    if command == "dvc queue start":
        _wait_for_queue(project)


def _wait_for_queue(project: Project) -> None:
    """Until both queued experiments have ended well."""
    for _ in range(75):
        status = project.run("dvc queue status")
        assert "Failed" not in status, status
        if status.count("Success") == 2:
            project.run(
                "dvc queue stop --kill"
            )  # a worker that read a half-written file stays
            return
        time.sleep(
            8
        )  # the question takes a second of the core on which the queue works
    pytest.fail(f"the queue did not end: {status}")
