"""YAML as DVC writes it, by a parser in C: dvc.lock can have megabytes.

PyYAML reads YAML 1.1, where 1e-05 is text and `off` is false; DVC writes 1.2. Here plain values are
those of 1.2's core schema.
"""

import re
from typing import Any

import yaml

# ValueError: text in no UTF-8, and numbers that Python does not make.
ParseError = (yaml.YAMLError, ValueError, RecursionError)
NUMBER = r"[-+]?(?:[0-9]+\.[0-9]*|\.?[0-9]+)(?:[eE][-+]?[0-9]+)?"
FLOAT = rf"{NUMBER}|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
PLAIN = {  # tried in this order
    "null": (r"~|null|Null|NULL|", "~nN"),
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?[0-9]+", "-+0123456789"),
    "float": (FLOAT, "-+.0123456789"),
    "merge": ("<<", "<"),
}


class _Loader(yaml.CSafeLoader):
    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - as PyYAML has it


for _kind, (_pattern, _first) in PLAIN.items():
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}",
        re.compile(f"^(?:{_pattern})$"),
        [*_first, ""] if _kind == "null" else list(_first),
    )


def _construct_int(loader: _Loader, node: yaml.ScalarNode) -> int:
    """Decimal, whatever its first digit: 007 would be octal in YAML 1.1."""
    return int(loader.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)


def load_yaml(content: bytes) -> Any:
    """The content of a file as dicts, lists, numbers and text.

    Raises:
        ParseError: if it is no YAML.
    """
    return yaml.load(content, _Loader)
