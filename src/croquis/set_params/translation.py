"""The `-S` of `dvc exp run`: lines that used to work go on working, and no comment is lost."""

import functools
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from croquis.core import params
from croquis.core.errors import InputError, brief
from croquis.core.params import PARAMS, Section, section_of
from croquis.core.workspaces import temporary_folder
from croquis.recipes.probe_recipes import ProbeParams
from croquis.recipes.recipes import ModelParams
from croquis.recipes.settings_layers import LIKE
from croquis.set_params.renamed import renamed

# Sections of entries, which state only what differs from the defaults.
KINDS: dict[str, type[Section]] = {
    "models": ModelParams,
    "families": ModelParams,
    "probes": ProbeParams,
}


def translate(override: str, tree: Mapping[str, Any]) -> tuple[str, str]:
    """An override in today's words, and a line that says what was renamed; "" if nothing was.

    `models.<entry>.<key>=v` of a key that the entry leaves to its defaults gets the `++` with which
    DVC adds a key. What DVC would refuse for another reason stays as it is, for DVC to say.

    Args:
        override: what stands behind `-S`.
        tree: all of params.yaml.
    """
    file, key, value = _parts(override)
    if file not in ("", str(PARAMS)) or not value:
        return override, ""
    start = f"{file}:" if file else ""
    plain = key.lstrip("+~")
    note = ""
    name = renamed("params").get(plain)
    if name and params.at(tree, plain) is ...:
        key = key.replace(plain, name)
        note = f"{plain} is called {name} now"
    if _is_default(key, tree):
        key = f"++{key}"
    return f"{start}{key}{value}", note


def _parts(override: str) -> tuple[str, str, str]:
    """The file, the key and `=value` of an override; the file is mostly empty."""
    name, equals, value = override.partition("=")
    file, _, key = name.rpartition(":")
    return file, key, equals + value


def _is_default(key: str, tree: Mapping[str, Any]) -> bool:
    """Whether a dotted key is one that an entry may have, but leaves to its defaults."""
    section, *path = key.split(".")
    if section not in KINDS or len(path) < 2:
        return False
    entries = tree.get(section)
    entry, *names = path
    if not isinstance(entries, dict) or not isinstance(entries.get(entry), dict):
        return False
    if names == [LIKE]:
        return section == "models" and LIKE not in entries[entry]
    return (
        params.at(entries[entry], ".".join(names)) is ...
        and _in_schema(KINDS[section], names)
        and _can_hold(entries[entry], names)
    )


def _in_schema(kind: type[Section] | None, names: Sequence[str]) -> bool:
    """Whether the schema has a key of these names, block by block."""
    for name in names:
        field = None if kind is None else kind.model_fields.get(name)
        if field is None:
            return False
        kind = section_of(field.annotation)
    return True


def _can_hold(entry: Any, names: Sequence[str]) -> bool:
    """Whether all that stands on the way to a key is a block."""
    for name in names[:-1]:
        if name not in entry:
            return True
        entry = entry[name]
        if not isinstance(entry, dict):
            return False
    return True


def translate_arguments(
    arguments: Sequence[str], overrides: Sequence[str], tree: Mapping[str, Any]
) -> tuple[list[str], list[str]]:
    """The command line with its overrides in today's words, and the lines to say.

    Args:
        arguments: of the command line.
        overrides: what DVC found behind each `-S` or `--set-param` of it.
        tree: all of params.yaml.
    """
    translations = {each: translate(each, tree) for each in overrides}
    changed = {old: new for old, (new, _) in translations.items() if new != old}
    notes = [note for _, note in translations.values() if note]
    return [_replaced(each, changed) for each in arguments], notes


def _replaced(argument: str, changed: Mapping[str, str]) -> str:
    """`-Skey=v`, `--set-param=key=v` or `key=v` alone, with the override in today's words."""
    for old, new in changed.items():
        option = argument.removesuffix(old)
        if option != argument and re.fullmatch(
            r"|-\w*S|--set-?p?a?r?a?m?=", option
        ):
            return option + new
    return argument


def apply_overrides(path: Path | str, overrides: list[str]) -> None:
    """Sets parameters in a file as DVC's function of this name, but changes no other line.

    What DVC makes of the overrides is what counts; its errors are raised before the file changes.
    """
    from dvc.exceptions import DvcException, InvalidArgumentError
    from dvc.utils import hydra

    place = Path(path)
    text = place.read_text(encoding="utf-8")
    with temporary_folder("params") as folder:
        copy = Path(shutil.copy(place, folder / place.name))
        try:
            _by_dvc(hydra)(copy, overrides)
        except DvcException:
            raise  # in DVC's words
        except Exception as error:  # numbers of 5,000 digits, brackets without end
            raise InvalidArgumentError(str(_no_value(overrides, error))) from error
        written = copy.read_text(encoding="utf-8")
    if place.name == PARAMS.name:
        written = _kept(text, written)
    place.write_text(written, encoding="utf-8")


def _no_value(overrides: list[str], error: Exception) -> InputError:
    """What is wrong with the longest of some overrides: others are no trouble to a parser."""
    longest = max(overrides, key=len)
    key, _, value = longest.partition("=")
    return InputError(
        f"-S {key}",
        expected="a value that YAML can have",
        received=f"{brief(value)} ({type(error).__name__})",
        fix="correct it",
    )


def _by_dvc(hydra: Any) -> Any:
    """DVC's own function, also after `install`."""
    return getattr(hydra.apply_overrides, "__wrapped__", hydra.apply_overrides)


def _kept(text: str, written: str) -> str:
    """The text with the values of what DVC wrote; what DVC wrote, where that cannot be done."""
    from croquis.set_params.yaml_edits import edit_values

    try:
        edited = edit_values(text, params.parse(written.encode(), PARAMS))
    except InputError:  # `check` complains of it
        return written
    return written if edited is None else edited


def install() -> None:
    """Has DVC set parameters by `apply_overrides` of this module, in this process.

    DVC's function is no promise of it: test_translation.py holds what is used of it.
    """
    from dvc.utils import hydra

    by_dvc = _by_dvc(hydra)

    def apply(path: Path | str, overrides: list[str]) -> None:
        apply_overrides(path, overrides)

    hydra.apply_overrides = functools.update_wrapper(apply, by_dvc)
