"""`croquis --version`: the release, and the commit where it is a clone of the repository."""

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import typer


def print_version(asked: bool) -> None:
    """Prints the version and ends, if `--version` is there."""
    if asked:
        typer.echo(version_line(Path(__file__)))
        raise typer.Exit


def version_line(file: Path) -> str:
    """`croquis 0.1.0, commit 1a2b3c4`; with `-dirty` where tracked files were edited since.

    Args:
        file: of the package; where git does not track it, there is no commit.
    """
    try:
        release = version("croquis")
    except PackageNotFoundError:
        release = "not installed"
    commit = _commit(file)
    return f"croquis {release}, commit {commit}" if commit else f"croquis {release}"


def _commit(file: Path) -> str:
    """The commit of the clone that `file` is of; empty where it is of none."""
    # An environment may lie in somebody's repository, which says nothing of croquis.
    if not _git(file.parent, "ls-files", file.name):
        return ""
    # Without the names of tags, as the release is there already.
    return _git(file.parent, "describe", "--always", "--dirty", "--exclude=*")


def _git(folder: Path, *arguments: str) -> str:
    """What git says; nothing where it fails or is not there."""
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
