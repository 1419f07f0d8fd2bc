"""`croquis schema`: whether the files that are taken from the schema say what the code says."""

from pathlib import Path
from typing import Annotated

import typer

from croquis.core import cli
from croquis.core.errors import InputError
from croquis.core.files import atomic_write

SCHEMA = Path("params.schema.json")
PAGE = Path("docs/params.md")


def schema(
    write: Annotated[bool, typer.Option(help="write both files anew")] = False,
) -> None:
    """Compares params.schema.json and docs/params.md with the code; --write writes them."""
    from croquis.check.schema import params_page, schema_text  # brings pandas

    texts = {SCHEMA: schema_text(), PAGE: params_page()}
    with cli.one_line():
        if write:
            write_files(texts)
        for path in outdated_files(texts):
            raise InputError(
                path,
                expected="what the settings classes say",
                received="another text",
                fix="run `croquis schema --write`",
            )
    typer.echo(f"{SCHEMA} and {PAGE} say what the settings classes say")


def write_files(texts: dict[Path, str]) -> None:
    """Writes each text to its path."""
    for path, text in texts.items():
        with atomic_write(path) as draft:
            draft.write_text(text, encoding="utf-8")


def outdated_files(texts: dict[Path, str]) -> list[Path]:
    """The files that do not hold their text."""
    return [
        path
        for path, text in texts.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
