"""Values of `-S` that its grammar cannot read, such as most paths: what to say instead."""

import re
import shlex
from collections.abc import Iterable

from croquis.core.errors import InputError

# The options of `croquis use`, by the keys that they set.
OPTIONS = {
    "data.source": "",
    "data.sha256": "--sha256 ",
    "data.val": "--val ",
    "data.label_pattern": "--label-pattern ",
    "data.columns.image": "--column image=",
    "data.columns.label": "--column label=",
}


def refuse_unreadable(overrides: Iterable[str]) -> None:
    """Raises InputError where `-S` sets the data source, and its value cannot be read.

    The grammar is Hydra's. It takes no ~ ( ) = ? # & or Korean letter outside quotes, and the shell
    takes away the quotes that a person writes.

    Args:
        overrides: what stands behind each `-S`.
    """
    for override in overrides:
        name, equals, value = override.partition("=")
        key = name.rpartition(":")[2].lstrip("+")
        if not equals or key not in OPTIONS or _is_readable(value):
            continue
        command = f"croquis use {OPTIONS[key]}{shlex.quote(value)}"
        quoted = _for_shell(f"{key}={_quoted(value)}")
        raise InputError(
            f"-S {key}",
            expected="letters, digits and . / - _ : alone, or two pairs of quotes",
            received=value,
            fix=f"say `{command}`, and run without -S; or -S {quoted}",
        )


def _is_readable(value: str) -> bool:
    from dvc.utils.hydra import to_hydra_overrides  # takes a moment to import

    try:
        to_hydra_overrides([f"value={value}"])
    except Exception:  # the grammar has errors of several libraries
        return False
    return True


def _quoted(value: str) -> str:
    """A value as Hydra reads it: in quotes, where a quote in it has a backslash before it."""
    text = re.sub(r"(\\*)'", r"\1\1\\'", value)
    return "'" + re.sub(r"(\\+)$", r"\1\1", text) + "'"


def _for_shell(text: str) -> str:
    """A text in double quotes, which people can read, where a shell changes nothing in them."""
    return shlex.quote(text) if re.search(r'["$`\\!]', text) else f'"{text}"'
