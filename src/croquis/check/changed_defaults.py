"""Which members of the run a changed default reaches, and which set the key themselves.

An entry wins over its family, and both over `train`: a change there may do nothing, in silence.
"""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from croquis.core import params
from croquis.core.errors import InputError
from croquis.recipes.probe_recipes import ProbeParams
from croquis.recipes.recipes import ModelParams
from croquis.recipes.settings_layers import LIKE, merge_layers

NAMED = 5  # members that a line names


class Defaults(NamedTuple):
    """A section of defaults: what resolves it, and the section of those that it is for."""

    kind: type[params.Section]
    entries: str


DEFAULTS = {
    "train": Defaults(ModelParams, "models"),
    "probe": Defaults(ProbeParams, "probes"),
}


def committed_params(path: Path = params.PARAMS) -> dict[str, Any]:
    """What params.yaml holds in the last commit; nothing without one that can be read."""
    command = ["git", "show", f"HEAD:./{path.as_posix()}"]
    try:
        done = subprocess.run(command, capture_output=True)
        return params.parse(done.stdout, path) if done.returncode == 0 else {}
    except (OSError, InputError):  # no git, or another version's file
        return {}


def changed_default_lines(
    was: Mapping[str, Any], now: Mapping[str, Any]
) -> list[str]:
    """A line or two for each default that differs, and none where nothing does.

    Args:
        was: all of params.yaml in the last commit.
        now: all of it as it runs.
    """
    return [
        line
        for section, defaults in DEFAULTS.items()
        for key in _changed_keys(defaults.kind, was.get(section), now.get(section))
        for line in _lines(f"{section}.{key}", key, defaults, now)
    ]


def _changed_keys(kind: type[params.Section], was: Any, now: Any) -> list[str]:
    """The dotted keys that have another value; those that an older croquis lacked are none."""
    if not isinstance(was, dict) or not isinstance(now, dict):
        return []
    keys = [
        _setting(kind, key)
        for key, old, new in params.differences(was, now)
        if old is not ... and new is not ...
    ]
    return list(dict.fromkeys(keys))


def _setting(kind: type[params.Section], dotted: str) -> str:
    """The part of a key that an entry sets as one piece: `mix` of `mix.prob`."""
    names: list[str] = []
    inner: type[params.Section] | None = kind
    for name in dotted.split("."):
        if inner is None:
            break
        names.append(name)
        field = inner.model_fields.get(name)
        inner = None if field is None else params.section_of(field.annotation)
    return ".".join(names)


def _lines(
    name: str, key: str, defaults: Defaults, now: Mapping[str, Any]
) -> Iterator[str]:
    value = params.at(now, name)
    reached = []
    hidden = []
    for member in sorted(now["run"][defaults.entries]):
        entry = now[defaults.entries][member]
        family = (now.get("families") or {}).get(entry.get(LIKE), {})
        own = params.at(merge_layers(defaults.kind, family, entry), key)
        if own is ...:
            reached.append(member)
        elif own != value:
            by_itself = params.at(entry, key) is not ...
            who = "which" if by_itself else f"whose family {entry[LIKE]}"
            hidden.append(f"{member}, {who} sets {params.format_value(own)}")
    said = f"{name} = {params.format_value(value)}"
    if hidden:
        yield f"{said} does not reach {_named(hidden, '; ')}"
    if reached:
        yield f"{said} reaches {_named(reached, ', ')}"


def _named(items: Sequence[str], between: str) -> str:
    """The first few, and how many more there are."""
    more = len(items) - NAMED
    return between.join(items[:NAMED]) + (
        f"{between}and {more} more" if more > 0 else ""
    )
