"""`croquis undo`: parameters, dvc.lock, scores and outputs as of the last commit."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from croquis.core import cli
from croquis.commands.table import aligned
from croquis.core.text import counted
from croquis.restore.dvc_locks import check_idle
from croquis.restore.last_commit import (
    Plan,
    head_commit,
    off_branch,
    plan_undo,
)
from croquis.restore.put_back import keep, put_back

NAMED = 6  # paths that are named one by one
UNTOUCHED = "code, other files that git knows, files that it does not know"


def undo(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="only say what it would do")
    ] = False,
) -> None:
    """Takes an experiment back: parameters, dvc.lock, scores, outputs as of the last commit."""
    with cli.one_line():
        commit = head_commit()
        check_idle()
        plan = plan_undo(commit)
        kept = None if dry_run else keep(plan)
        lost = {} if dry_run else put_back(plan)
        for line in undo_lines(plan, kept, lost, dry_run=dry_run) + off_branch():
            typer.echo(line)


def undo_lines(
    plan: Plan, kept: Path | None, lost: Mapping[str, str], *, dry_run: bool = False
) -> list[str]:
    """What is taken back, what is kept, and what is left alone.

    Args:
        plan: what differed.
        kept: the folder of copies.
        lost: outputs that DVC could not bring, and why; "" where no cache has them.
        dry_run: nothing was done.
    """
    left = [
        ("left as it is", f"{path}: {reason}") for path, reason in plan.left.items()
    ]
    if not (plan.files or plan.back or plan.away or plan.unfinished):
        same = f"nothing to take back: all is as of the last commit, {plan.commit}"
        return [same, *_rows(left)]
    files = [path for path in plan.files if path != "params.yaml"]
    rows = [
        *(("params.yaml", line) for line in plan.keys),
        *((path, _becomes(plan, path)) for path in files),
        *(("outputs", text) for text in _of_outputs(plan, lost)),
        *left,
        *(("not there", text) for text in _not_there(lost)),
        ("not touched", UNTOUCHED),
    ]
    if kept is not None:
        rows.append(
            ("kept", f"{kept}, what the files held; {_way_back(plan, kept)}")
        )
    said = "would be" if dry_run else "is"
    return [f"this {said} as of the last commit, {plan.commit}", *_rows(rows)]


def _way_back(plan: Plan, kept: Path) -> str:
    checkout = " && dvc checkout" if "dvc.lock" in plan.files else ""
    return f"`cp -r {kept}/. .{checkout}` takes this back"


def _becomes(plan: Plan, path: str) -> str:
    return (
        "taken away, as the commit has none"
        if plan.files[path] is None
        else "put back"
    )


def _not_there(lost: Mapping[str, str]) -> list[str]:
    missing = [path for path, reason in lost.items() if not reason]
    said = [
        f"{path}: {reason}; `make repro` makes it anew"
        for path, reason in lost.items()
        if reason
    ]
    if missing:
        what = f"{counted(len(missing), 'output')} that DVC's cache does not have"
        said.append(
            f"{what}: {_first_few(missing)}; `dvc pull` or `make repro` brings them"
        )
    return said


def _of_outputs(plan: Plan, lost: Mapping[str, str]) -> list[str]:
    said = []
    back = [path for path in plan.back if path not in lost]
    if back:
        said.append(
            f"{counted(len(back), 'output')} from DVC's cache: {_first_few(back)}"
        )
    if plan.away:
        what = f"{counted(len(plan.away), 'output')} taken away, in DVC's cache"
        said.append(f"{what}: {_first_few(plan.away)}")
    if plan.unfinished:
        what = f"{counted(len(plan.unfinished), 'output')} deleted, unfinished and in no cache"
        said.append(f"{what}: {_first_few(plan.unfinished)}")
    return said


def _first_few(paths: list[str]) -> str:
    more = len(paths) - NAMED
    return ", ".join(paths[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _rows(rows: list[tuple[str, str]]) -> list[str]:
    """Two columns; a name that repeats is written once."""
    if not rows:
        return []
    before = [None, *(name for name, _ in rows)]
    columns = [
        ("" if name == previous else name, text)
        for previous, (name, text) in zip(before, rows, strict=False)
    ]
    return [f"  {line}" for line in aligned(columns)]
