"""The YAML of params.yaml, read from any bytes: what no person means ends in one line.

ruamel.yaml, as DVC uses it: PyYAML reads the 1e-05 that `-S lr=1e-5` writes as a string. Keys given
twice are refused by the parser.
"""

import copy
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, Node, SafeConstructor, ScalarNode, YAMLError
from ruamel.yaml.constructor import ConstructorError

from croquis.core.errors import InputError

MOST_BYTES = 2**20  # the catalogue of 60 models has 34,000
MOST_VALUES = 100_000  # with each alias counted as what it stands for
MOST_LEVELS = 50
MOST_KEYS = 2_000  # of a block, those that it merges included
GIT = "or take the last commit's: git checkout -- {path}"


class _Constructor(SafeConstructor):
    """Says the line of a value that Python cannot make."""

    def construct_object(self, node: Node, deep: bool = False) -> Any:
        """As ruamel.yaml's; its values raise errors of any kind."""
        try:
            return super().construct_object(node, deep=deep)
        except YAMLError:
            raise
        except (ValueError, OverflowError, TypeError) as error:
            text = node.value[:20] if isinstance(node, ScalarNode) else "..."
            problem = f"no number or date that Python has, {text!r} ..."
            raise ConstructorError(None, None, problem, node.start_mark) from error

    def flatten_mapping(self, node: Any) -> Any:
        """As ruamel.yaml's, which would write merged keys (<<) a million times."""
        merged = super().flatten_mapping(node)
        if len(node.value) > MOST_KEYS:
            problem = f"more than {MOST_KEYS:,} keys from merges (<<)"
            raise ConstructorError(None, None, problem, node.start_mark)
        return merged


def read_content(path: Path) -> bytes:
    """The bytes of a params.yaml.

    Raises:
        InputError: if it is no file, cannot be read, or is far too long.
    """
    fix = "put params.yaml there, " + GIT.format(path=path)
    if not path.is_file():  # a pipe would wait for ever
        received = "something else" if path.exists() else "nothing there"
        received = "a folder" if path.is_dir() else received
        raise InputError(path, expected="a file", received=received, fix=fix)
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            path, expected="a file that can be read", received=reason, fix=fix
        ) from error
    return content


def parse_content(content: bytes, path: Path) -> Any:
    """What the bytes of a YAML file mean, as plain dicts and lists of its own.

    Raises:
        InputError: if they are no YAML, or are more than a person writes.
    """
    if len(content) > MOST_BYTES:
        raise InputError(
            path,
            expected=f"at most {MOST_BYTES:,} bytes",
            received="more",
            fix="take out what is no setting, " + GIT.format(path=path),
        )
    try:
        tree = _parse_yaml(content.decode("utf-8-sig"))
        return copy.deepcopy(tree)
    except UnicodeDecodeError as error:
        raise InputError(
            path,
            expected="valid YAML in UTF-8",
            received=str(error),
            fix="save it as UTF-8",
        ) from error
    except RecursionError as error:
        raise _too_deep(path, "hundreds of brackets in brackets") from error
    except Exception as error:  # ruamel.yaml raises a dozen kinds for odd input
        # Its own advice on keys given twice is to switch the check off.
        reason = " ".join(str(error).split()).split(" To suppress")[0]
        reason = reason.replace(' in "<unicode string>",', " in")
        raise InputError(
            path, expected="valid YAML", received=reason, fix="correct that line"
        ) from error


@lru_cache(maxsize=4)
def _parse_yaml(text: str) -> Any:
    """The tree of that YAML; the catalogue takes 50 ms, and a stage asks up to eight times."""
    reader = YAML(typ="safe", pure=True)
    reader.Constructor = _Constructor
    return reader.load(text)


def refuse_endless(tree: Any, path: Path) -> None:
    """Raises InputError where aliases make a small text endless, or levels too many.

    Args:
        tree: what a file means; parts of it may be the same object.
        path: of the file, for errors.
    """
    sizes: dict[int, int] = {}
    if _count(tree, sizes, (), path, "") > MOST_VALUES:
        raise InputError(
            path,
            expected=f"at most {MOST_VALUES:,} values",
            received="more, as aliases (*name) repeat what holds aliases",
            fix="write each value once, " + GIT.format(path=path),
        )


def _count(
    part: Any, sizes: dict[int, int], above: tuple[int, ...], path: Path, key: str
) -> int:
    """How many values a part holds; each object is looked at once."""
    if not isinstance(part, dict | list | tuple | set):
        return 1
    if id(part) in sizes:
        return sizes[id(part)]
    if id(part) in above:
        raise InputError(
            path,
            expected="values that end",
            received=f"an alias at {key} of what it is in",
            fix="write the value in place of the alias (*name)",
        )
    if len(above) >= MOST_LEVELS:
        raise _too_deep(path, f"more, at {key}")
    inside = (*above, id(part))
    named = part.items() if isinstance(part, dict) else enumerate(part)
    start = f"{key}." if key else ""
    total = 1 + sum(
        _count(each, sizes, inside, path, f"{start}{name}"[:100])
        for name, each in named
    )
    sizes[id(part)] = total
    return total


def _too_deep(path: Path, received: str) -> InputError:
    return InputError(
        path,
        expected=f"at most {MOST_LEVELS} levels",
        received=received,
        fix="write it flat, " + GIT.format(path=path),
    )
