"""Settings in layers: defaults, a family, an entry; the later layer wins, key by key."""

from collections.abc import Mapping
from typing import Any

from croquis.core import params
from croquis.core.errors import InputError, brief

LIKE = "like"  # the key of a model that names its family


def merge_layers(
    kind: type[params.Section], *layers: Mapping[str, Any]
) -> dict[str, Any]:
    """The keys of all layers, each with the value of the last layer that has it.

    A block that is a section itself, such as a head, is merged likewise. Any other value is one
    piece: an entry's `mix` or `augment` has nothing of the default's.

    Args:
        kind: of the section.
        layers: the weakest first.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            field = kind.model_fields.get(key)
            inner = None if field is None else params.section_of(field.annotation)
            below = merged.get(key)
            if inner and isinstance(below, Mapping) and isinstance(value, Mapping):
                value = merge_layers(inner, below, value)
            merged[key] = value
    return merged


def entry_of(tree: Mapping[str, Any], section: str, key: str) -> dict[str, Any]:
    """The block of a member in `models` or `probes`; raises InputError if there is none."""
    entries = params.required(tree, section)
    if not isinstance(entries, dict) or key not in entries:
        hint = params.nearest(key, list(entries or {}))
        raise InputError(
            f"run.{section}",
            expected=f"keys of `{section}`",
            received=brief(key),
            fix=hint,
        )
    block = entries[key]
    if not isinstance(block, dict):
        raise InputError(
            f"{section}.{key}",
            expected="a block of keys",
            received=brief(block),
            fix="see the other entries",
        )
    return block


def family_of(tree: Mapping[str, Any], entry: Mapping[str, Any], where: str) -> Any:
    """The block of the family that an entry names with `like`; an empty one without.

    Args:
        tree: all of params.yaml.
        entry: of `models`.
        where: its dotted key, for errors.

    Raises:
        InputError: if there is no such family, or it names a family itself.
    """
    if LIKE not in entry:
        return {}
    name = entry[LIKE]
    families = tree.get("families")
    if (
        not isinstance(families, dict)
        or not isinstance(name, str)
        or name not in families
    ):
        hint = params.nearest(name, list(map(str, families or {})))
        raise InputError(
            f"{where}.{LIKE}",
            expected="a key of `families`",
            received=brief(name),
            fix=hint,
        )
    return checked_family(families, name)


def checked_family(families: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The block of a family; raises InputError if it is none, or names a family itself."""
    block = families[name]
    if not isinstance(block, dict):
        raise InputError(
            f"families.{name}",
            expected="a block of keys",
            received=brief(block),
            fix="see the other families",
        )
    if LIKE in block:
        raise InputError(
            f"families.{name}.{LIKE}",
            expected="no family of a family",
            received=brief(block[LIKE]),
            fix=f"write the keys of {block[LIKE]!r} into {name!r}",
        )
    return block
