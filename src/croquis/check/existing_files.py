"""What stands in the places of outputs, and which of it no run made and nothing else holds."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from croquis.check.dvc_cache import Cache, in_git, md5_of_folder
from croquis.check.outputs import Output
from croquis.core.stage_files import written_files
from croquis.dataset.hidden_files import is_junk

# What a kill leaves: drafts of files.whole, .<name>.<8 letters>/<name>, what `download` unpacks
# beside them, and half of a copy of DVC.
_DRAFT = r"\.(?P<name>[^/]+)\.[a-z0-9_]{8}/((?P=name)(\.old)?|tmp[a-z0-9_]{8})"
_LEFTOVER = re.compile(rf"(^|/){_DRAFT}(/|$)|\.[\w-]{{22}}\.tmp$")

Standing = dict[Output, dict[str, written_files.Sign]]


def files_at(output: Output) -> dict[str, written_files.Sign]:
    """The sign of each file in the place of an output, but for what systems and kills leave.

    By its path from the project's folder. Empty folders are nothing.
    """
    signs = written_files.signs_in(Path(output.path)).items()
    files = {
        f"{output.path}/{name}" if name else output.path: sign
        for name, sign in signs
    }
    return {
        path: sign
        for path, sign in files.items()
        if not (is_junk(path) or _LEFTOVER.search(path))
    }


def is_draft(folder: Path) -> bool:
    """Whether a killed stage was about to write what lies in this folder."""
    inside = (
        list(folder.iterdir())
        if folder.is_dir() and not folder.is_symlink()
        else []
    )
    return bool(inside) and all(
        _LEFTOVER.search(f"{folder.name}/{each.name}") for each in inside
    )


def foreign_files(standing: Standing) -> dict[Output, list[str]]:
    """The files in the place of each output that would be lost with it; only where there are any.

    Not lost is what a run of this folder wrote, what was seen to be safe and was not touched since,
    and what dvc.lock, DVC's cache or git's database holds.

    Args:
        standing: the `files` of each output.
    """
    noted = written_files.noted_signs()
    cache = None
    foreign = {}
    for output, signs in standing.items():
        new = [
            path for path, sign in signs.items() if sign not in noted.get(path, ())
        ]
        if not new:
            continue
        cache = cache or Cache()
        if lost := _lost(output, new, cache):
            foreign[output] = lost
    return foreign


def link_on_the_way(output: Output) -> str | None:
    """The first link on the way to an output, itself too, but for those that DVC made."""
    for step in _steps(output.path):
        if os.path.islink(step):
            return (
                None if step == output.path and Cache().holds(Path(step)) else step
            )
    return None


def _lost(output: Output, new: list[str], cache: Cache) -> list[str]:
    listing = (
        cache.listing(output.md5)
        if output.md5.endswith(".dir")
        else {"": output.md5}
    )
    inside = len(output.path) + 1
    lost = [
        path
        for path in new
        if not cache.holds(Path(path), (listing or {}).get(path[inside:], ""))
    ]
    if lost and listing is None:
        # The cache was emptied; dvc.lock knows the folder as a whole.
        content = {path[inside:]: Path(path) for path in files_at(output)}
        lost = lost if md5_of_folder(content) != output.md5 else []
    if lost and not output.cached:
        safe = in_git(map(Path, lost))
        lost = [path for path in lost if Path(path) not in safe]
    return lost


def _steps(path: str) -> Iterator[str]:
    """The way to a path: data, data/images, data/images/index.csv."""
    parts = path.split("/")
    return ("/".join(parts[: end + 1]) for end in range(len(parts)))
