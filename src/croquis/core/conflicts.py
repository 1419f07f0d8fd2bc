"""What a merge of git leaves in a file until a person has chosen: both texts, between markers."""

import re
import subprocess
from pathlib import Path

from croquis.core.errors import InputError

# An `=======` alone underlines a title in some files.
MARKER = re.compile(rb"^(?:<{7}|>{7})(?: |\r?$)", re.MULTILINE)


def refuse_conflict(content: bytes, path: Path) -> None:
    """Raises InputError if a text has git's markers of a conflict.

    Args:
        content: of the file.
        path: its name.
    """
    marker = MARKER.search(content)
    if marker is None:
        return
    line = content.count(b"\n", 0, marker.start()) + 1
    raise InputError(
        path,
        expected="one text",
        received=f"two, as git could not merge them (line {line})",
        fix=_fix(path),
    )


def _fix(path: Path) -> str:
    if path.name == "dvc.lock":
        return (
            f"`git checkout HEAD -- {path}`, then `make repro` brings it up to date"
        )
    if _is_unmerged(path):
        return (
            f"choose in the file, or take one whole: `git checkout --ours -- {path}`,"
            f" or `--theirs`; then `git add {path}`"
        )
    return "keep one of the two, and delete the lines with <<<<<<<, ======= and >>>>>>>"


def _is_unmerged(path: Path) -> bool:
    """Whether git still has both texts."""
    try:
        done = subprocess.run(
            ["git", "ls-files", "--unmerged", "--", str(path)], capture_output=True
        )
    except OSError:
        return False
    return bool(done.stdout)
