"""Puts back what differs from the last commit, and keeps a copy of what it replaces."""

import shutil
import time
from pathlib import Path

from croquis.core.files import atomic_write
from croquis.restore.git import git
from croquis.restore.last_commit import Plan

KEPT = Path(".undo")  # in .gitignore and .dvcignore


def keep(plan: Plan) -> Path | None:
    """A copy of all files that will change; None where none is there."""
    now = [path for path in plan.files if Path(path).is_file()]
    if not now and not plan.away:
        return None
    stamp = time.strftime("%Y%m%d-%H%M%S")
    folder = KEPT / stamp
    number = 1
    while folder.exists():
        folder = KEPT / f"{stamp}-{number}"
        number += 1
    for path in now:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, folder / path)
    return folder


def put_back(plan: Plan) -> dict[str, str]:
    """Carries it out; the outputs that could not be had, and why; "" where no cache has them."""
    _write(plan)
    return _bring(plan) if plan.back else {}


def _write(plan: Plan) -> None:
    """The files as the commit has them; git's index is told, which `dvc exp run` added them to."""
    for path, content in plan.files.items():
        if content is None:
            Path(path).unlink(missing_ok=True)
        else:
            with atomic_write(Path(path)) as draft:
                draft.write_bytes(content)
    if plan.files:
        git("reset", "--quiet", "HEAD", "--", *plan.files)
    # What a run left that did not end is in no cache, and DVC would ask before it replaces that.
    for path in plan.away + plan.unfinished:
        shutil.rmtree(path) if Path(path).is_dir() else Path(path).unlink()


def _bring(plan: Plan) -> dict[str, str]:
    """Fetches outputs from DVC's cache; what could not be had, and why; "" as in `put_back`."""
    import logging

    from dvc.exceptions import CheckoutError, DvcException
    from dvc.repo import Repo

    logging.getLogger("dvc").setLevel(logging.ERROR)
    lost = {}
    with Repo() as repo:
        for path in plan.back:
            try:
                repo.checkout(targets=[path], force=False)
            except (
                CheckoutError
            ):  # its words are advice to a person who gave the paths
                lost[path] = ""
            except DvcException as error:
                lost[path] = next(
                    iter(str(error).splitlines()), type(error).__name__
                )
    return lost
