"""Locks of git that a killed git or DVC left: each later git refuses to write because of them."""

from collections.abc import Iterator
from pathlib import Path

import psutil

from croquis.core.errors import InputError
from croquis.restore.git import git_text
from croquis.restore.living_dvc import living_dvcs, works_in

# What git and DVC change in this folder; of other references there are too many to look at.
LOCKED = ("index", "HEAD", "packed-refs", "refs/stash", "refs/exps/stash")


def refuse_git_locks() -> None:
    """Raises InputError if git is locked here and no git is at work."""
    locks = [path for path in map(_lock_of, LOCKED) if path.is_file()]
    if not locks or any(_at_work()):
        return
    names = " ".join(map(str, locks))
    raise InputError(
        names,
        expected="no lock of git, as none is at work here",
        received="what a killed git or DVC left",
        fix=f"`rm {names}`",
    )


def _lock_of(name: str) -> Path:
    """The lock of a file of git's, which may lie elsewhere for a linked working tree."""
    path = git_text("rev-parse", "--git-path", name)
    return Path(f"{path or f'.git/{name}'}.lock")


def _at_work() -> Iterator[bool]:
    """True once for each program here that may hold such a lock."""
    yield from (True for _ in living_dvcs(Path.cwd(), workers=True))
    for process in psutil.process_iter():
        try:
            is_git = process.name().startswith(("git", "pre-commit"))
            if is_git and process.status() != psutil.STATUS_ZOMBIE:
                yield works_in(process, Path.cwd())
        except psutil.Error:
            continue
