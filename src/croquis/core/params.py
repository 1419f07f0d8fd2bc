"""params.yaml, read strictly: the one loader that every stage uses."""

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_args

import pydantic

from croquis.core import params_yaml
from croquis.core.addresses import hide_secrets
from croquis.core.conflicts import refuse_conflict
from croquis.core.errors import InputError, brief

PARAMS = Path("params.yaml")


class Section(pydantic.BaseModel):
    """A part of params.yaml: immutable, no unknown keys, no conversions but from int to float.

    A key has its default for Python alone. In a file each key stands: DVC compares what is written.

    Attributes:
        OPTIONAL: the keys that a file may leave out.
    """

    OPTIONAL: ClassVar[frozenset[str]] = frozenset()

    model_config = pydantic.ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False
    )


S = TypeVar("S", bound=Section)


def read(path: Path = PARAMS) -> dict[str, Any]:
    """All of params.yaml as plain dicts and lists."""
    return parse(params_yaml.read_content(path), path)


def parse(content: bytes, path: Path) -> dict[str, Any]:
    """The text of a params.yaml as plain dicts and lists.

    Args:
        content: of the file.
        path: its name, for errors.

    Raises:
        InputError: if it is no YAML of sections.
    """
    refuse_conflict(content, path)
    tree = params_yaml.parse_content(content, path)
    params_yaml.refuse_endless(tree, path)
    if not isinstance(tree, dict):
        fix = (
            f"start from the params.yaml of the repository: git checkout -- {path}"
        )
        raise InputError(
            path, expected="sections", received=type(tree).__name__, fix=fix
        )
    return tree


def load(kind: type[S], section: str, path: Path = PARAMS) -> S:
    """The section of that name as a checked `kind`."""
    return validated(kind, required(read(path), section), where=section)


def value(key: str, kind: type, path: Path = PARAMS) -> Any:
    """One top-level number or string."""
    return validated_value(kind, required(read(path), key), where=key)


def required(tree: Mapping[str, Any], key: str) -> Any:
    """`tree[key]`, or an error that names the keys there are."""
    if key not in tree:
        raise InputError(
            key,
            expected="this key in params.yaml",
            received=f"only {', '.join(map(str, tree))}",
            fix="add it",
        )
    return tree[key]


def validated(kind: type[S], content: Any, *, where: str) -> S:
    """`content` as a `kind`, with all its keys; the first thing wrong with it is the error."""
    try:
        section = kind.model_validate(content)
    except pydantic.ValidationError as error:
        raise _explain(error, content, where, kind) from None
    if (missing := _left_out(section)) is not None:
        raise _missing(missing, where, kind)
    return section


def validated_value(kind: type, content: Any, *, where: str) -> Any:
    """`content` as a `kind` (int, float, str, or a constrained type)."""
    try:
        return pydantic.TypeAdapter(kind).validate_python(content, strict=True)
    except pydantic.ValidationError as error:
        raise _explain(error, content, where) from None


def at(tree: Any, dotted: str) -> Any:
    """The value at a dotted key, or ... where there is none."""
    for part in dotted.split("."):
        if not isinstance(tree, dict) or part not in tree:
            return ...
        tree = tree[part]
    return tree


def differences(was: Any, now: Any, key: str = "") -> list[tuple[str, Any, Any]]:
    """The innermost keys that differ, dotted, with both values; ... where there is none.

    Args:
        was: a tree, or a part of it.
        now: another.
        key: the dotted key of that part.
    """
    if isinstance(was, dict) and isinstance(now, dict):
        start = f"{key}." if key else ""
        parts = (
            differences(was.get(k, ...), now.get(k, ...), f"{start}{k}")
            for k in was | now
        )
        return [each for part in parts for each in part]
    return [] if was == now else [(key, was, now)]


def format_value(value: Any) -> str:
    """A value as params.yaml has it, without secrets; "nothing" for ..., which is none."""
    if value is ...:
        return "nothing"
    return "null" if value is None else hide_secrets(str(value))


def nearest(name: object, names: list[str]) -> str:
    """A hint for a misspelt name: "did you mean ...?" or the names there are, at most twelve."""
    # What is longer is no misspelling, and would take long.
    close = difflib.get_close_matches(str(name)[:80], names, n=3)
    if close:
        return f"did you mean {' or '.join(map(repr, close))}?"
    return f"known: {', '.join(names[:12])}{', ...' if len(names) > 12 else ''}"


def section_of(annotation: Any) -> type[Section] | None:
    """The section that a key holds, if it is a block in any case: no list, no null, no text."""
    is_section = isinstance(annotation, type) and issubclass(annotation, Section)
    return annotation if is_section else None


def description_at(kind: type[Section] | None, loc: Sequence[int | str]) -> str:
    """What the schema says of the key at `loc`, the path of pydantic; "" where it says nothing."""
    text = ""
    for part in loc:
        field = None if kind is None else kind.model_fields.get(str(part))
        if field is not None:
            text = field.description or ""
            kind = next(iter(_sections_in(field.annotation)), None)
    return text


def _sections_in(annotation: Any) -> list[type[Section]]:
    """The sections among the types of a key, such as that of `LoraParams | None`."""
    section = section_of(annotation)
    if section is not None:
        return [section]
    return [each for part in get_args(annotation) for each in _sections_in(part)]


def _left_out(value: Any) -> tuple[int | str, ...] | None:
    """The first key that a section, or one inside it, did not get; None if it has all."""
    if isinstance(value, Section):
        for name in type(value).model_fields:
            if name not in value.model_fields_set | value.OPTIONAL:
                return (name,)
        parts: list[tuple[Any, Any]] = list(value)
    elif isinstance(value, dict | list):
        parts = list(value.items() if isinstance(value, dict) else enumerate(value))
    else:
        return None
    inner = ((key, _left_out(part)) for key, part in parts)
    return next(((key, *loc) for key, loc in inner if loc is not None), None)


def _explain(
    error: pydantic.ValidationError,
    content: Any,
    where: str,
    kind: type[Section] | None = None,
) -> InputError:
    """The first thing that pydantic complains of, as an error of ours."""
    faults = error.errors()
    # First, as a misspelt key is also a missing one, and the misspelling says more.
    for fault in faults:
        if fault["type"] == "extra_forbidden" and kind is not None:
            return _misspelt(fault["loc"], content, kind, where)
    first = faults[0]
    if first["type"] == "missing":
        return _missing(first["loc"], where, kind)
    # A key of several types has a complaint from each of them; the deepest ones know best.
    alike = [fault for fault in faults if fault["loc"][:1] == first["loc"][:1]]
    path = max((_path(fault["loc"], content) for fault in alike), key=len)
    alike = [fault for fault in alike if _path(fault["loc"], content) == path]
    return InputError(
        _dotted(where, path),
        expected=" or ".join(_expectation(fault["msg"]) for fault in alike),
        received=brief(alike[0]["input"]),
        fix="correct it in params.yaml or with -S" + _said(kind, path),
    )


def _missing(
    loc: Sequence[int | str], where: str, kind: type[Section] | None
) -> InputError:
    key = _dotted(where, loc)
    fix = "add this key to params.yaml" + _said(kind, loc)
    return InputError(key, expected="a value", received="nothing", fix=fix)


def _said(kind: type[Section] | None, loc: Sequence[int | str]) -> str:
    """What a key is for, behind the fix; nothing where the schema says nothing."""
    description = description_at(kind, loc)
    return f" ({description.rstrip('.')})" if description else ""


def _misspelt(
    loc: Sequence[int | str], content: Any, kind: type[Section], where: str
) -> InputError:
    path = _path(loc, content)
    for part in path[:-1]:
        field = kind.model_fields.get(part)
        inner = _sections_in(field.annotation) if field is not None else []
        kind = inner[0] if inner else kind
    key = _dotted(where, path)
    hint = nearest(path[-1], list(kind.model_fields))
    return InputError(
        key, expected="a known key", received=brief(path[-1]), fix=hint
    )


def _expectation(message: str) -> str:
    """What pydantic wanted, without its opening words."""
    return re.sub("^(Input should be|Value error,) ", "", message)


def _dotted(where: str, parts: Sequence[int | str]) -> str:
    return ".".join(map(str, [where, *parts]))


def _path(loc: Sequence[int | str], content: Any) -> list[str]:
    """The parts of pydantic's `loc` that are keys or positions of `content`; others name types."""
    path = []
    inner: Any = content
    for part in loc:
        keys = range(len(inner)) if isinstance(inner, list) else inner
        if isinstance(keys, range | dict) and part in keys:
            inner = inner[part]
            path.append(str(part))
    return path
