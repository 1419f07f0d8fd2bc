"""`croquis verify`: whether DVC's cache and the outputs hold what their names and dvc.lock say."""

import sys
from typing import Annotated

import typer

from croquis.core import cli
from croquis.core.text import counted
from croquis.restore.dvc_locks import check_idle
from croquis.verify.contents import ReadBefore
from croquis.verify.repair import Repairs, repair
from croquis.verify.survey import Survey, survey

NAMED = 6  # paths that are named one by one


def verify(
    every: Annotated[
        bool,
        typer.Option("--all", help="also objects of older runs and of experiments"),
    ] = False,
    fix: Annotated[
        bool,
        typer.Option("--fix", help="put right what can be; nothing is deleted"),
    ] = False,
) -> None:
    """Reads DVC's cache and the outputs: do they hold what dvc.lock says? Status 1 if not."""
    with cli.one_line():
        if fix:
            check_idle()
        before = ReadBefore()
        before.forget()
        seen = survey(every=every, before=before)
        repairs = repair(seen) if fix else None
        before.save()
    for line in verify_lines(seen, repairs):
        typer.echo(line)
    if (seen.damaged or seen.edited) and (repairs is None or repairs.lost):
        sys.exit(1)


def verify_lines(seen: Survey, repairs: Repairs | None = None) -> list[str]:
    """What is wrong, and what was or would be done."""
    size = f"{seen.size / 1e6:,.0f} MB"
    looked = (
        f"{counted(len(seen.intact) + len(seen.damaged), 'object')} of DVC's cache"
    )
    count = f"{looked}, {size}, and {counted(len(seen.expected.files), 'file')} of outputs"
    if not (seen.damaged or seen.edited):
        return [f"{count}: all as dvc.lock has them", *_rows(_notes(seen))]
    rows = [
        *(("damaged", seen.text_of(name)) for name in seen.damaged),
        *(("edited", text) for text in _first(seen.edited)),
        *_notes(seen),
    ]
    if repairs is None:
        return [
            f"{count}: {len(seen.damaged) + len(seen.edited)} not as dvc.lock has them",
            *_rows(rows),
            "",
            *ADVICE,
        ]
    return [count, *_rows([*rows, *_repair_rows(repairs)])]


ADVICE = [
    "damaged: DVC's cache holds other content than the name of the object says",
    "edited: the file here is not what the run wrote; copy it elsewhere if you want the edit",
    "`croquis verify --fix` moves both away and takes back what is right; it deletes nothing",
]


def _notes(seen: Survey) -> list[tuple[str, str]]:
    notes = []
    if seen.missing:
        what = counted(len(seen.missing), "object")
        notes.append(
            ("not there", f"{what}; `dvc pull` or `make repro` brings them")
        )
    if seen.linked:
        what = counted(
            len(seen.linked), "output is a hard link", "outputs are hard links"
        )
        notes.append(
            ("linked", f"{what} to the cache: an edit in place would change both;")
        )
        notes.append(("", "`dvc checkout --relink` makes copies of them"))
    return notes


def _repair_rows(repairs: Repairs) -> list[tuple[str, str]]:
    rows = [("set aside", str(place)) for place in repairs.aside.values()]
    if repairs.renewed:
        what = counted(len(repairs.renewed), "object")
        rows.append(("made anew", f"{what}, from outputs that are right"))
    rows += [
        ("moved", f"{path} to {place}") for path, place in repairs.moved.items()
    ]
    back = [path for path in repairs.moved if path not in repairs.lost]
    if back:
        rows.append(("put back", ", ".join(_first(back))))
    rows += [
        ("lost", f"{path}: `dvc pull`, or `make repro` makes it anew")
        for path in _first(repairs.lost)
    ]
    return rows


def _first(paths: tuple[str, ...] | list[str]) -> list[str]:
    more = len(paths) - NAMED
    return [*paths[:NAMED], *([f"and {more} more"] if more > 0 else [])]


def _rows(rows: list[tuple[str, str]]) -> list[str]:
    width = max((len(name) for name, _ in rows), default=0)
    return [f"  {name:<{width}}   {text}" for name, text in rows]
