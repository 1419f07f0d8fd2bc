"""What a run would delete or write through though it is a person's: said before anything runs."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from croquis.check.existing_files import (
    Standing,
    files_at,
    foreign_files,
    link_on_the_way,
)
from croquis.check.outputs import Output, declared
from croquis.core.errors import InputError
from croquis.core.files import root
from croquis.core.pipeline import DVC_YAML
from croquis.core.stage_files import written_files
from croquis.core.text import counted
from croquis.download.local_paths import is_as_written, local, without_quotes
from croquis.download.schemes import scheme_of

NAMED = 3  # paths that are named one by one up to here


@dataclass(frozen=True)
class Obstacle:
    """Something of a person's in the way of a run.

    Attributes:
        where: its path, or the setting that names it.
        expected: what may be there.
        received: what is.
        fix: what to do about it.
    """

    where: str
    expected: str
    received: str
    fix: str

    @property
    def says(self) -> str:
        """The first two parts of a message, without where it is."""
        return f"expected {self.expected}, received {self.received}"


def refuse_obstacles(tree: Mapping[str, Any], dvc_yaml: Path = DVC_YAML) -> None:
    """Raises InputError if a run would touch what no run made; else notes all that runs made.

    Args:
        tree: all of params.yaml.
        dvc_yaml: the pipeline, which may be that of a revision, as `tree` may.
    """
    in_the_way, standing = _examine(tree, dvc_yaml)
    _raise(in_the_way)
    # As they were looked at: what comes meanwhile has not been.
    written_files.remember_files(
        {path: sign for signs in standing.values() for path, sign in signs.items()}
    )


def refuse_in(outputs: list[Output]) -> None:
    """Raises InputError if there is anything of a person's in the places of these outputs."""
    links, linked = _links(outputs)
    standing = {each: files_at(each) for each in outputs if each not in linked}
    _raise(
        [
            *links,
            *(
                _of_files(each, names)
                for each, names in foreign_files(standing).items()
            ),
        ]
    )


def _raise(in_the_way: list[Obstacle]) -> None:
    if in_the_way:
        first, *others = in_the_way
        fix = first.fix
        if others:
            fix += f"; then see to {_first_few([each.where for each in others])} (`croquis doctor`)"
        raise InputError(
            first.where, expected=first.expected, received=first.received, fix=fix
        )


def obstacles(tree: Mapping[str, Any]) -> list[Obstacle]:
    """All that is in the way of a run: links, its own source, files that no run made."""
    return _examine(tree, DVC_YAML)[0]


def _examine(
    tree: Mapping[str, Any], dvc_yaml: Path
) -> tuple[list[Obstacle], Standing]:
    """The obstacles, and what stands in the places of outputs that no link leads to."""
    outputs = declared(tree, dvc_yaml)
    in_the_way, linked = _links(outputs)
    source, covered = _of_the_source(tree, outputs)
    in_the_way += source
    standing = {
        each: files_at(each)
        for each in outputs
        if each not in linked and each not in covered
    }
    in_the_way += [
        _of_files(each, names) for each, names in foreign_files(standing).items()
    ]
    return in_the_way, standing


def _links(outputs: list[Output]) -> tuple[list[Obstacle], set[Output]]:
    """The links on the way to outputs, and the outputs that they lead to."""
    links = {
        each: link
        for each in outputs
        if (link := link_on_the_way(each)) is not None
    }
    # One of each link is enough.
    first = {link: each for each, link in reversed(links.items())}
    in_the_way = [_of_a_link(link, each) for link, each in reversed(first.items())]
    return in_the_way, set(links)


def _of_a_link(link: str, output: Output) -> Obstacle:
    target = os.path.realpath(link)
    fix = f"take the link away, what it points to stays: rm {quote(link)}"
    if link != output.path:
        fix += f", and git checkout -- {link} brings what git has of it; for room on another disk, "
        fix += "clone the project there, or keep DVC's cache there: dvc cache dir <folder>"
    elif os.path.isdir(link):
        fix += f"; as the data to work on, say -S data.source={target}"
    expected = "no link where runs delete and write"
    return Obstacle(link, expected, f"a link to {target}", fix)


def _of_files(output: Output, names: list[str]) -> Obstacle:
    """Files that no run made, in the place of `output`."""
    moved = names[0] if len(names) == 1 else output.path
    away = _free(Path(moved).name)
    fix = f"move it away: mv {quote(moved)} {quote(away)}"
    received = "a file that no run made, or that was changed since"
    if names != [output.path]:
        what = counted(len(names), "file")
        received = f"{what} that no run made, or changed since: {_first_few(names)}"
        if moved == output.path and output.stage == "download":
            fix += f"; as the data to work on, say -S data.source={away}"
    expected = f"what a run made, as DVC deletes it before the stage {output.stage}"
    return Obstacle(output.path, expected, received, fix)


def _of_the_source(
    tree: Mapping[str, Any], outputs: list[Output]
) -> tuple[list[Obstacle], list[Output]]:
    """A `data.source` that is, holds or lies in an output; and the outputs it is or lies in."""
    source = _folder_of(tree)
    if source is None:
        return [], []
    path = local(source).resolve()
    inside = [
        each for each in outputs if any(_within(path, at) for at in _places(each))
    ]
    around = [
        each for each in outputs if any(_within(at, path) for at in _places(each))
    ]
    if not (inside or around):
        return [], []
    if inside:
        away = _free(path.name)
        advice = "see where your data is"
        if path.exists():
            place = source if is_as_written(source) else str(local(source))
            advice = f"move it: mv {quote(place)} {quote(away)}"
        fix = f"{advice}, and say -S data.source={away}"
        received = f"{source!r}, in the place of {inside[0].path}"
    else:
        paths = _first_few([each.path for each in around])
        fix = "name the folder that has train/ in it, outside of this project's outputs"
        received = f"{source!r}, which holds {paths}"
    expected = "data that lies apart from what runs write and delete"
    return [Obstacle("data.source", expected, received, fix)], inside


def _folder_of(tree: Mapping[str, Any]) -> str | None:
    """`data.source` where it names something on this disk."""
    data = tree.get("data")
    source = data.get("source") if isinstance(data, dict) else None
    if not isinstance(source, str) or source == "icons":
        return None
    return source if scheme_of(without_quotes(source)) in ("", "file") else None


def _places(output: Output) -> Iterator[Path]:
    """Where an output is: here, which may be a temporary checkout, and in the project's folder."""
    return (folder.resolve() / output.path for folder in {Path.cwd(), root()})


def _within(inner: Path, outer: Path) -> bool:
    """Whether `inner` is `outer` or lies in it; by what they are, as a disk may ignore case."""
    if inner.is_relative_to(outer):
        return True
    return outer.exists() and any(
        step.exists() and step.samefile(outer) for step in (inner, *inner.parents)
    )


def _first_few(paths: list[str]) -> str:
    more = f" and {len(paths) - NAMED:,} more" if len(paths) > NAMED else ""
    return ", ".join(paths[:NAMED]) + more


def _free(name: str) -> str:
    """A name that nothing in the project's folder has."""
    free = name
    number = 1
    while (root() / free).exists():
        number += 1
        free = f"{name}-{number}"
    return free
