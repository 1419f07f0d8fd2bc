"""Changes of values in the text of a params.yaml: no other line changes, and no comment is lost.

DVC writes the whole file anew: a list becomes a block, the comments below a list are lost, and a
new key lands below the comment of the next entry.
"""

import io
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from croquis.core import params

GONE = object()  # the value of a key that goes
Change = tuple[tuple[str, ...], Any]


def edit_values(text: str, new: dict[str, Any]) -> str | None:
    """The text with the values of `new`; None if only a whole new text could have them.

    Args:
        text: of a params.yaml.
        new: all that the file shall hold.
    """
    for path, value in _changes(_plain(text), new):
        tree = _writer().load(text)
        text = _edited(text, tree, path, value)
    return text if _plain(text) == new else None


def _plain(text: str) -> Any:
    return params.parse(text.encode(), params.PARAMS)


def _writer() -> YAML:
    """As DVC writes: an empty value is null, and no line is broken."""
    writer = YAML()
    writer.width = 4096
    return writer


def _changes(was: Any, now: Any, path: tuple[str, ...] = ()) -> Iterator[Change]:
    """The keys that differ, innermost of blocks, each with its new value."""
    for key in was:
        if key not in now:
            yield (*path, key), GONE
    for key, value in now.items():
        inner = (*path, key)
        if key in was and isinstance(was[key], dict) and isinstance(value, dict):
            yield from _changes(was[key], value, inner)
        elif (
            key not in was or was[key] != value or type(was[key]) is not type(value)
        ):
            yield inner, value


def _edited(
    text: str, tree: CommentedMap, path: tuple[str, ...], value: Any
) -> str:
    """The text with one key set, added or taken out."""
    block: CommentedMap = tree
    lines = text.splitlines()
    for depth, key in enumerate(path[:-1]):
        if block[key].fa.flow_style() or not block[key]:  # {a: 1} is one piece
            return _flow(lines, block, path[depth:], value)
        block = block[key]
    key = path[-1]
    if key not in block.lc.data:  # a merge key (<<) may have it
        end = max(_span(lines, block, name)[1] for name in block.lc.data)
        indent = block.lc.key(next(iter(block.lc.data)))[1]
        return _joined(lines[:end], _written(key, value, indent), lines[end:])
    start, end = _span(lines, block, key)
    if value is GONE:
        return _joined(lines[:start], [], lines[end:])
    written = _written(key, value, block.lc.key(key)[1])
    written[0] += _comment(block, key, written)
    return _joined(lines[:start], written, lines[end:])


def _flow(
    lines: list[str], block: CommentedMap, path: tuple[str, ...], value: Any
) -> str:
    """The text where a key inside a {...} changes: the whole of it is written again, on a line."""
    start, end = _span(lines, block, path[0])
    inner = block[path[0]]
    for key in path[1:-1]:
        inner = inner[key]
    if value is GONE:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    written = _written(path[0], block[path[0]], block.lc.key(path[0])[1])
    return _joined(lines[:start], written, lines[end:])


def _span(lines: list[str], block: CommentedMap, key: str) -> tuple[int, int]:
    """The first line of a key, and the one after its last; comments below are not its own."""
    start, indent = block.lc.key(key)
    end = start + 1
    for number in range(start + 1, len(lines)):
        line = lines[number].lstrip()
        if not line or line.startswith("#"):
            continue
        depth = len(lines[number]) - len(line)
        if depth < indent or (depth == indent and not line.startswith("- ")):
            break
        end = number + 1
    return start, end


def _written(key: str, value: Any, indent: int) -> list[str]:
    """The lines of a key and its value, as DVC writes them."""
    file = io.StringIO()
    _writer().dump({key: value}, file)
    return [" " * indent + line for line in file.getvalue().splitlines()]


def _comment(block: CommentedMap, key: str, written: list[str]) -> str:
    """The comment behind a value that stood on one line, in its column where there is room."""
    tokens = block.ca.items.get(key) or []
    token = tokens[2] if len(tokens) > 2 else None
    if token is None or len(written) > 1:
        return ""
    comment = token.value.split("\n")[0]
    if not comment.startswith("#"):
        return ""
    return " " * max(1, token.start_mark.column - len(written[0])) + comment


def _joined(*parts: list[str]) -> str:
    return "\n".join(line for part in parts for line in part) + "\n"
