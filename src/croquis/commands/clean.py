"""`croquis clean`: removes what runs made, and nothing else."""

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import typer

from croquis.core import cli, params
from croquis.check.existing_files import (
    files_at,
    foreign_files,
    is_draft,
    link_on_the_way,
)
from croquis.check.outputs import Output, declared, in_lock
from croquis.core.errors import InputError
from croquis.core.stage_files import written_files
from croquis.core.text import counted
from croquis.fanout.checkouts import clear_fanout


def clean() -> None:
    """Removes the outputs of runs but for metrics, which are git's; a file of yours stays."""
    with cli.one_line():
        links = {each: link_on_the_way(each) for each in _outputs()}
        standing = {
            each: files_at(each) for each, link in links.items() if link is None
        }
        left = {
            path for paths in foreign_files(standing).values() for path in paths
        }
        removed = sum(
            _remove(each, set(signs) - left) for each, signs in standing.items()
        )
        _remove_drafts(standing)
        fanout = clear_fanout(Path(".fanout"))
    typer.echo(f"removed {counted(removed, 'file')} that runs made")
    for link in sorted({link for link in links.values() if link is not None}):
        typer.echo(f"left    {link}: a link, and what it points to")
    if fanout:
        typer.echo(f"left    {fanout}")
    for path in sorted(left):
        typer.echo(f"left    {path}: no run made it, or it was changed since")


def _outputs() -> list[Output]:
    """Those of dvc.yaml, and what other members' runs left; no metrics."""
    try:
        tree = params.read()
    except InputError:
        tree = {}
    outputs = {each.path: each for each in declared(tree)}
    more = {**dict.fromkeys(written_files.noted_signs(), ""), **in_lock()}
    # Folders before what lies in them: dvc.lock has a member's folder, the notes have its files.
    for path, md5 in sorted(more.items(), key=lambda each: each[0].split("/")):
        if not any(
            path == place or path.startswith(f"{place}/") for place in outputs
        ):
            outputs[path] = Output(path, "", True, md5)
    return [each for each in outputs.values() if each.cached]


def _remove(output: Output, gone: Iterable[str]) -> int:
    """How many files of runs were removed from the place of an output, with their empty folders."""
    count = 0
    for path in gone:
        # It may have gone with an output around this one.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
            count += 1
    place = Path(output.path)
    if place.is_dir() and not files_at(output):
        shutil.rmtree(place)  # with junk and half-made drafts
    for folder in place.parents:
        with contextlib.suppress(OSError):  # it holds something
            folder.rmdir()
    return count


def _remove_drafts(outputs: Iterable[Output]) -> None:
    """What killed stages left beside their outputs."""
    for folder in {Path(each.path).parent for each in outputs}:
        for draft in folder.glob(".*"):
            if is_draft(draft):
                shutil.rmtree(draft)
