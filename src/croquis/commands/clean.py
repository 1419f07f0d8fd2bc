"""`croquis clean`: removes what runs made, and nothing else."""

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import typer

from croquis import cli, made, params
from croquis.errors import InputError
from croquis.outputs import Output, declared, in_lock
from croquis.report.wording import counted
from croquis.standing import LEFTOVER, files, foreign, link_on_the_way


def clean() -> None:
    """Removes the outputs of runs but for metrics, which are git's; a file of yours stays."""
    with cli.one_line():
        links = {each: link_on_the_way(each) for each in _outputs()}
        plain = [each for each, link in links.items() if link is None]
        left = foreign(plain)
        removed = sum(_remove(each, set(left.get(each, ()))) for each in plain)
        _remove_drafts(plain)
    typer.echo(f"removed {counted(removed, 'file')} that runs made")
    for link in sorted({link for link in links.values() if link is not None}):
        typer.echo(f"left    {link}: a link, and what it points to")
    for path in sorted(path for paths in left.values() for path in paths):
        typer.echo(f"left    {path}: no run made it, or it was changed since")


def _outputs() -> list[Output]:
    """Those of dvc.yaml, and what other members' runs left; no metrics."""
    try:
        tree = params.read()
    except InputError:
        tree = {}
    found = {each.path: each for each in declared(tree)}
    more = {**dict.fromkeys(made.noted(), ""), **in_lock()}
    for path, md5 in more.items():
        if not any(path == known or path.startswith(f"{known}/") for known in found):
            found[path] = Output(path, "", True, md5)
    return [each for each in found.values() if each.cached]


def _remove(output: Output, left: Iterable[str]) -> int:
    """How many files of runs were removed from the place of an output, with their empty folders."""
    gone = [path for path in files(output) if path not in left]
    for path in gone:
        os.unlink(path)
    if not left:
        _remove_folder(Path(output.path))
    folder = Path(output.path)
    while folder.parts:
        with contextlib.suppress(OSError):  # it is no folder, or it holds something
            folder.rmdir()
        folder = folder.parent
    return len(gone)


def _remove_folder(folder: Path) -> None:
    """Junk and half-made drafts go with the folder they lie in."""
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)


def _remove_drafts(outputs: Iterable[Output]) -> None:
    """What killed stages left beside their outputs."""
    for folder in {Path(each.path).parent for each in outputs}:
        for draft in folder.glob(".*"):
            if LEFTOVER.search(draft.name):
                _remove_folder(draft)
