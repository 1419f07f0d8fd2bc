"""params.yaml, read strictly: the one loader that every stage uses."""

import difflib
from pathlib import Path
from typing import Any, TypeVar

import pydantic
from ruamel.yaml import YAML, YAMLError

from croquis.errors import InputError

PARAMS = Path("params.yaml")


class Section(pydantic.BaseModel):
    """A part of params.yaml: immutable, no unknown keys, no silent conversions (an int is a float)."""

    model_config = pydantic.ConfigDict(frozen=True, strict=True, extra="forbid")


S = TypeVar("S", bound=Section)


def read(path: Path = PARAMS) -> dict[str, Any]:
    """All of params.yaml as plain dicts and lists.

    ruamel.yaml, as DVC uses it, because PyYAML reads the 1e-05 that `-S lr=1e-5` writes as a string.
    Keys given twice are refused by the parser.
    """
    try:
        tree = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except YAMLError as error:
        reason = " ".join(str(error).split())
        raise InputError(
            path, expected="valid YAML", received=reason, fix="mend that line"
        ) from error
    if not isinstance(tree, dict):
        fix = "start from the params.yaml of the repository"
        raise InputError(path, expected="sections", received=type(tree).__name__, fix=fix)
    return tree


def load(kind: type[S], section: str, path: Path = PARAMS) -> S:
    """The section of that name as a checked `kind`."""
    return checked(kind, required(read(path), section), where=section)


def value(key: str, kind: type, path: Path = PARAMS) -> Any:
    """One top-level number or string."""
    return checked_value(kind, required(read(path), key), where=key)


def required(tree: dict[str, Any], key: str) -> Any:
    """`tree[key]`, or an error that names the keys there are."""
    if key not in tree:
        known = ", ".join(map(str, tree))
        raise InputError(
            key, expected="this key in params.yaml", received=f"only {known}", fix="add it"
        )
    return tree[key]


def checked(kind: type[S], content: Any, *, where: str) -> S:
    """`content` as a `kind`; the first thing wrong with it is the error."""
    try:
        return kind.model_validate(content)
    except pydantic.ValidationError as error:
        raise _explained(error, kind, where) from None


def checked_value(kind: type, content: Any, *, where: str) -> Any:
    """`content` as a `kind` (int, float, str, or a constrained type)."""
    try:
        return pydantic.TypeAdapter(kind).validate_python(content, strict=True)
    except pydantic.ValidationError as error:
        raise _explained(error, None, where) from None


def nearest(name: str, known: list[str]) -> str:
    """A hint for a misspelt name: "did you mean ...?" or the known ones, at most twelve."""
    close = difflib.get_close_matches(str(name), known, n=3)
    if close:
        return f"did you mean {' or '.join(map(repr, close))}?"
    return f"known: {', '.join(known[:12])}{', ...' if len(known) > 12 else ''}"


def _explained(
    error: pydantic.ValidationError, kind: type[Section] | None, where: str
) -> InputError:
    first = error.errors()[0]
    key = ".".join([where, *(str(part) for part in first["loc"])])
    received = repr(first["input"])
    if first["type"] == "extra_forbidden" and kind is not None:
        hint = nearest(str(first["loc"][-1]), list(kind.model_fields))
        return InputError(key, expected="a known key", received=repr(first["loc"][-1]), fix=hint)
    if first["type"] == "missing":
        return InputError(
            key, expected="a value", received="nothing", fix="add this key to params.yaml"
        )
    expected = first["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return InputError(
        key, expected=expected, received=received, fix="mend it in params.yaml or with -S"
    )
