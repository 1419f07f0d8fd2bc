"""Trees of empty files, as `train/{cup,star}/{0,1}.png`, for what looks at names alone."""

import re
from pathlib import Path


def each_of(name: str) -> list[str]:
    """train/{0,1}.png as two names."""
    match = re.search(r"\{([^{}]*)\}", name)
    if not match:
        return [name]
    start = name[: match.start()]
    end = name[match.end() :]
    return [
        each for part in match[1].split(",") for each in each_of(start + part + end)
    ]


def grown(folder: Path, *names: str) -> Path:
    """`folder` with an empty file of each of the names in it."""
    for name in names:
        for each in each_of(name):
            path = folder / each
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    return folder
