"""`croquis --version`: the release, and the commit of a clone."""

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from croquis.commands import version as command
from croquis.commands.main import app
from croquis.commands.version import version_line


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A module that is committed in a repository with a tag."""
    (tmp_path / "version.py").write_text("1\n")
    git(tmp_path, "init", "-q", ".")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    git(tmp_path, "tag", "v9")
    return tmp_path / "version.py"


def test_the_version_of_a_clone_names_its_commit(clone: Path) -> None:
    commit = git(clone.parent, "rev-parse", "--short", "HEAD")
    assert version_line(clone) == f"croquis {version('croquis')}, commit {commit}"


def test_edits_since_the_commit_are_said(clone: Path) -> None:
    commit = git(clone.parent, "rev-parse", "--short", "HEAD")
    clone.write_text("2\n")
    assert version_line(clone).endswith(f", commit {commit}-dirty")


def test_an_environment_within_another_repository_has_no_commit(
    clone: Path,
) -> None:
    (clone.parent / ".gitignore").write_text(".venv/\n")
    installed = clone.parent / ".venv" / "version.py"
    installed.parent.mkdir()
    installed.write_text("1\n")
    assert version_line(installed) == f"croquis {version('croquis')}"


def test_without_git_the_version_is_the_release_alone(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(clone.parent))
    assert version_line(clone) == f"croquis {version('croquis')}"


def test_a_package_that_is_not_installed_still_has_its_commit(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(command, "version", missing)
    assert version_line(clone).startswith("croquis not installed, commit ")


def test_the_option_prints_one_line_and_runs_nothing() -> None:
    done = CliRunner().invoke(app, ["--version", "clean"])
    assert done.exit_code == 0 and done.output.count("\n") == 1
    assert done.output.startswith(f"croquis {version('croquis')}")
