"""Which code this process has loaded, and when the process began."""

import functools
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

STARTUP_SECONDS = 600  # an older process is no stage that has just begun


def loaded_files(code: Iterable[Path]) -> set[Path]:
    """Those of the resolved paths `code` that this process has loaded as modules."""
    paths = set(code)
    names = {path.name for path in paths}  # torch brings thousands of others
    places = [
        getattr(module, "__file__", None) or ""
        for module in list(sys.modules.values())
    ]
    alike = [place for place in places if os.path.basename(place) in names]
    return {Path(place).resolve() for place in alike} & paths


def unlisted_modules(script: Path, deps: Iterable[Path]) -> Iterator[str]:
    """The modules of this folder that this process has loaded, and that no dep is or holds.

    An __init__.py that is bare says nothing.
    """
    listed = [script, *(dep.resolve() for dep in deps)]
    for path in set(_modules_here()):
        bare = path.name == "__init__.py" and path.stat().st_size == 0
        if not bare and not any(
            path.resolve().is_relative_to(dep) for dep in listed
        ):
            yield path.relative_to(Path.cwd()).as_posix()


def process_start() -> int | None:
    """When this process began, in ns since 1970, at most 10 ms late; None where nobody says."""
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        ticks = int(fields[19]) + 1  # since the machine started
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf(
            "SC_CLK_TCK"
        )
    except (OSError, AttributeError, IndexError, ValueError):
        return None
    return time.time_ns() - int(age * 1e9) if age < STARTUP_SECONDS else None


def _modules_here() -> Iterator[Path]:
    """The files of the loaded modules that lie in this folder, but for Python's and libraries'."""
    here = Path.cwd()
    prefixes = {Path(prefix).resolve() for prefix in (sys.prefix, sys.base_prefix)}
    python = [prefix for prefix in prefixes if not here.is_relative_to(prefix)]
    for module in list(sys.modules.values()):
        place = getattr(module, "__file__", None)
        if not isinstance(place, str):
            continue
        # The real one, as stages/croquis is a link.
        folder = _real_path(os.path.dirname(os.path.abspath(place)))
        if not f"{folder}/".startswith(f"{here}/") or "site-packages" in folder:
            continue
        path = Path(folder, os.path.basename(place))
        # torch.ops says that it is in a file of no such place.
        if path.is_file() and not any(
            path.is_relative_to(prefix) for prefix in python
        ):
            yield path


@functools.cache
def _real_path(folder: str) -> str:
    """Remembered: torch's thousands of modules lie in some hundreds of folders."""
    return os.path.realpath(folder)
