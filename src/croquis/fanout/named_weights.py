"""Files of weights that params.yaml names: a machine that trains needs them, too."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from croquis.core.errors import InputError
from croquis.fanout.snapshot import LARGEST_NEW, run_git

BUNDLED = "bundled"  # with a package
SECTIONS = {
    "models": "models",
    "probes": "probes",
}  # of params.yaml, and of its `run:`


def ignored_weights(root: Path, tree: Mapping[str, Any]) -> list[str]:
    """The small files of weights that members of the run begin with and that git ignores.

    Args:
        root: the project's folder.
        tree: of params.yaml.

    Raises:
        InputError: if one is too large to travel.
    """
    names = sorted({name for text in _named(tree) for name in _files(root, text)})
    ignored = [name for name in names if _is_ignored(root, name)]
    for name in ignored:
        size = (root / name).stat().st_size
        if size > LARGEST_NEW:
            raise InputError(
                name,
                expected="weights that each machine has",
                received=f"a file of {size / 2**20:.1f} MB that git ignores, so it does not travel",
                fix="name it in params.yaml by its whole path, on a disk that all machines see;"
                f" or `git add -f {name}`",
            )
    return ignored


def _named(tree: Mapping[str, Any]) -> Iterator[str]:
    """All values of `pretrained` that may be paths, but for members that do not run."""
    run = tree.get("run")
    for key, section in tree.items():
        if key in SECTIONS and isinstance(section, dict) and isinstance(run, dict):
            running = run.get(SECTIONS[key])
            if isinstance(running, list):
                section = {
                    name: each for name, each in section.items() if name in running
                }
        yield from _values(section)


def _values(tree: Any) -> Iterator[str]:
    if not isinstance(tree, dict):
        return
    for key, value in tree.items():
        if key == "pretrained":
            values = value if isinstance(value, list) else [value]
            yield from (
                each for each in values if isinstance(each, str) and each != BUNDLED
            )
        else:
            yield from _values(value)


def _files(root: Path, text: str) -> list[str]:
    """The files of the project that a path names, with any number in place of `{fold}`."""
    if not text or Path(text).is_absolute() or ".." in Path(text).parts:
        return []
    start, fold, end = text.partition("{fold}")
    if not fold:
        return [text] if (root / text).is_file() else []
    parent = (root / start).parent
    if start.endswith("/"):
        parent = root / start
    if not parent.is_dir():
        return []
    paths = [
        str(path.relative_to(root)) for path in parent.rglob("*") if path.is_file()
    ]
    return [
        path
        for path in paths
        if path.startswith(start)
        and path.endswith(end)
        and path[len(start) : len(path) - len(end)].isdigit()
    ]


def _is_ignored(root: Path, name: str) -> bool:
    """Whether git neither knows the file nor would add it."""
    asked = ("--cached", "--others", "--exclude-standard")
    return not run_git(root, "ls-files", *asked, "--", f":(literal){name}")
