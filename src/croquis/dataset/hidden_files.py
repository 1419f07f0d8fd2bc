"""Files that systems leave behind and nobody means to hand in."""

from pathlib import PurePosixPath


def is_junk(name: str) -> bool:
    """Whether a path holds a name that only macOS or Windows wants."""
    junk = {".DS_Store", "__MACOSX", "Thumbs.db", "desktop.ini"}
    return any(
        part.startswith("._") or part in junk for part in PurePosixPath(name).parts
    )


def is_hidden(name: str) -> bool:
    """Whether the last part of a path is junk, or hidden by a leading dot."""
    last = PurePosixPath(name).name
    return last.startswith(".") or is_junk(last)
