"""Completion of `croquis` in shells: typer's own, beside our way to end a program."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import croquis

PROGRAM = "from croquis.commands.main import app\napp()\n"


def ran(
    folder: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The program `croquis`, whose home is `folder`."""
    (folder / "croquis").write_text(PROGRAM)
    source = str(Path(croquis.__file__).parents[1])
    return subprocess.run(
        [sys.executable, str(folder / "croquis"), *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": source, "HOME": str(folder)} | environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("line", "place", "words"),
    [
        ("croquis un", "1", ["undo"]),
        ("croquis undo --", "2", ["--dry-run", "--help"]),
    ],
    ids=["command", "option"],
)
def test_a_tab_completes_commands_and_options(
    line: str, place: str, words: list[str], tmp_path: Path
) -> None:
    done = ran(
        tmp_path,
        _CROQUIS_COMPLETE="complete_bash",
        COMP_WORDS=line,
        COMP_CWORD=place,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == words


def test_completion_is_installed_for_a_shell(tmp_path: Path) -> None:
    # Which shell is asked of the process above, which is none here.
    by_name = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = ran(tmp_path, "--install-completion", "bash", **by_name)
    assert done.returncode == 0, done.stderr
    assert "croquis.sh" in (tmp_path / ".bashrc").read_text()
    script = tmp_path / ".bash_completions" / "croquis.sh"
    assert "_CROQUIS_COMPLETE=complete_bash" in script.read_text()


def test_a_home_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / ".bash_completions").write_text("a file in the place of the folder")
    by_name = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = ran(tmp_path, "--install-completion", "bash", **by_name)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: ") and ".bash_completions" in done.stderr
