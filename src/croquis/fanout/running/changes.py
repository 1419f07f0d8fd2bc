"""What of a project's parameters, code and pipeline was edited while its stages ran elsewhere."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from croquis.core import params, pipeline
from croquis.core.errors import InputError
from croquis.fanout.snapshot import run_git

NAMED = 5  # changes that are named one by one


@dataclass(frozen=True)
class Inputs:
    """What the stages of a project read that no stage writes, at a moment.

    Attributes:
        digests: of each file, by its path from the project's folder.
        parameters: what params.yaml holds; None if it cannot be read.
        is_clean: whether all of it is as git's last commit has it.
    """

    digests: dict[str, str]
    parameters: dict[str, Any] | None
    is_clean: bool


def read_inputs(root: Path) -> Inputs:
    """What the stages of a project read now.

    Args:
        root: the project's folder, which is the working folder.
    """
    digests = {path: _digest(root / path) for path in sorted(_input_files(root))}
    try:
        tree: dict[str, Any] | None = params.read(root / params.PARAMS)
    except InputError:
        tree = None
    try:
        changed = run_git(
            root, "status", "--porcelain", "-z", "--", *_input_places(root)
        )
    except InputError:  # no repository
        changed = b"all"
    return Inputs(digests, tree, not changed)


def changed_inputs(before: Inputs, now: Inputs) -> list[str]:
    """What differs, in words: the keys of params.yaml, `lr: 0.001 -> 0.002`, and files."""
    paths = [
        path
        for path in sorted(before.digests.keys() | now.digests.keys())
        if before.digests.get(path) != now.digests.get(path)
    ]
    lines = []
    for path in paths:
        keys = _changed_keys(before, now) if path == str(params.PARAMS) else None
        lines += [f"{path} changed"] if keys is None else keys
    more = len(lines) - NAMED
    return lines if more < 2 else [*lines[:NAMED], f"{more} more changes"]


def _changed_keys(before: Inputs, now: Inputs) -> list[str] | None:
    """None where params.yaml cannot be read; nothing where a comment changed."""
    if before.parameters is None or now.parameters is None:
        return None
    return [
        f"{params.PARAMS}: {key}: {params.format_value(old)} -> {params.format_value(new)}"
        for key, old, new in params.differences(before.parameters, now.parameters)
    ]


def _input_places(root: Path) -> set[str]:
    """dvc.yaml, params.yaml and all deps that no stage writes."""
    stages = pipeline.read_stages(root / pipeline.DVC_YAML).values()
    written = {
        path
        for stage in stages
        for key in pipeline.WRITTEN
        for path in pipeline.paths_under(stage, key)
    }
    starts = [path.partition("${")[0].rstrip("/") for path in written]
    read = {
        path for stage in stages for path in pipeline.paths_under(stage, "deps")
    }
    own = {
        path
        for path in read
        if not any(f"{start}/".startswith(f"{path}/") for start in starts)
        and path not in written
        and "${" not in path
    }
    return own | {str(pipeline.DVC_YAML), str(params.PARAMS)}


def _input_files(root: Path) -> Iterator[str]:
    for place in _input_places(root):
        if (root / place).is_file():
            yield place
        for here, _, names in os.walk(root / place):
            for name in names:
                path = Path(here, name).relative_to(root)
                if pipeline.is_tracked(path):
                    yield path.as_posix()


def _digest(path: Path) -> str:
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    except OSError:  # removed meanwhile
        return ""
