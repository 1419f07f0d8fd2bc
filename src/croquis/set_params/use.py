"""`croquis use`: writes the data source into params.yaml, whatever letters it has."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from croquis.core import cli, params
from croquis.core.errors import InputError
from croquis.core.files import atomic_write
from croquis.core.params import PARAMS, differences, format_value

NOTHING = ("null", "none", "")
COLUMNS = ("image", "label")


def use(
    source: Annotated[
        str | None,
        typer.Argument(help="an archive, a folder, an address, or icons"),
    ] = None,
    sha256: Annotated[
        str | None, typer.Option(help="the archive's checksum, 64 hex digits")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="image=NAME or label=NAME: what the table calls it"),
    ] = None,
    val: Annotated[
        str | None,
        typer.Option(help="labelled images of val/: leave_out, or join train/"),
    ] = None,
    label_pattern: Annotated[
        str | None,
        typer.Option(help="the class in an image's path; null for none"),
    ] = None,
) -> None:
    """Writes the data source into params.yaml. No shell quoting but one pair of '...' is needed."""
    with cli.one_line():
        changes = {
            **_source_changes(source, sha256),
            **_column_changes(column or []),
        }
        if not changes and val is None and label_pattern is None:
            raise InputError(
                "SOURCE",
                expected="an archive, a folder or an address, or an option",
                received="nothing",
                fix="say `croquis use my.zip`; `croquis use --help` has the options",
            )
        if val is not None:
            changes["val"] = val
        if label_pattern is not None:
            changes["label_pattern"] = _or_null(label_pattern)
        for line in write_data(changes):
            cli.say(line)


def write_data(changes: Mapping[str, Any], path: Path = PARAMS) -> list[str]:
    """Sets keys of the section `data`, and changes no other line; what to say of it.

    Args:
        changes: by the dotted key in the section.
        path: of params.yaml.

    Raises:
        InputError: if the section could not be used so; the file stays as it was.
    """
    # These take half a second to import.
    from croquis.dataset.data_params import DataParams
    from croquis.set_params.yaml_edits import edit_values

    was = params.read(path)
    tree = copy.deepcopy(was)
    data = params.required(tree, "data")
    for key, value in changes.items():
        _set(data, key, value)
    params.validated(DataParams, data, where="data")
    written = edit_values(path.read_text(encoding="utf-8"), tree)
    if written is None:
        raise InputError(
            path,
            expected="a section `data` as the repository has it",
            received="one that only a person can edit, as with a merge key (<<)",
            fix="write the lines by hand",
        )
    if tree != was:
        with atomic_write(path) as draft:
            draft.write_text(written, encoding="utf-8")
    return _lines(was, tree)


def _source_changes(source: str | None, sha256: str | None) -> dict[str, Any]:
    """The keys that name the source, if it is there, and seems to be one."""
    changes: dict[str, Any] = {}
    if source is not None:
        changes["source"] = _checked(source)
        if changes["source"] != params.at(params.read(), "data.source"):
            changes["sha256"] = None  # it was that of another archive
    if sha256 is not None:
        changes["sha256"] = _or_null(sha256.strip().lower())
    return changes


def _checked(source: str) -> str:
    """The text to write for a source; raises InputError where it cannot be used."""
    # It brings the reading of data sets, which takes a moment to import.
    from croquis.check.source_secrets import ADVICE, source_secret_lines
    from croquis.core.addresses import hide_secrets
    from croquis.download.recognition import recognised

    if not source.strip():
        raise InputError(
            "SOURCE",
            expected="an archive, a folder or an address",
            received="nothing",
            fix="name the data, as in `croquis use my.zip`",
        )
    try:
        source.encode()
    except UnicodeEncodeError:
        raise InputError(
            "SOURCE",
            expected="a name in UTF-8",
            received=repr(source),
            fix="rename the file, or name the folder that it is in",
        ) from None
    if source_secret_lines({"data": {"source": source.strip()}}):
        raise InputError(
            "SOURCE",
            expected="an address without a password or a signature",
            received=hide_secrets(source.strip()),
            fix=ADVICE,
        )
    return recognised(source)


def _column_changes(columns: list[str]) -> dict[str, Any]:
    """The keys of `--column image=id`; an empty name asks for the usual ones again."""
    changes: dict[str, Any] = {}
    for each in columns:
        key, equals, name = each.partition("=")
        if key not in COLUMNS or not equals:
            raise InputError(
                "--column",
                expected="image=NAME or label=NAME",
                received=repr(each),
                fix="say it as `--column image=id --column label=breed`",
            )
        changes[f"columns.{key}"] = _or_null(name)
    return changes


def _or_null(text: str) -> str | None:
    return None if text.lower() in NOTHING else text


def _set(section: Any, dotted: str, value: Any) -> None:
    *path, key = dotted.split(".")
    for name in path:
        if not isinstance(section, dict) or not isinstance(section.get(name), dict):
            raise InputError(
                f"data.{dotted}",
                expected="a section as the repository has it",
                received="another value in its place",
                fix=f"take params.yaml of the repository: git checkout -- {PARAMS}",
            )
        section = section[name]
    section[key] = value


def _lines(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    changed = [
        f"{key}: {format_value(new)} (was {format_value(old)})"
        for key, old, new in differences(was, now)
    ]
    if not changed:
        same = f"{PARAMS} says so already: `dvc repro -f download` reads it anew"
        return [f"{same}, if what is there has changed"]
    program = "make repro" if Path("Makefile").is_file() else "dvc repro"
    return [*changed, f"next: `{program}`"]
