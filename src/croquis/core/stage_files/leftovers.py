"""What killed stages have left in the project: removed at the next start of any stage."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from croquis.core import pipeline
from croquis.core.files import root
from croquis.core.stage_files.written_files import NOTES
from croquis.core.workspaces import sweep

RESUME = ".resume"
OLD_NOTE = 3600  # seconds; to write a note takes some milliseconds


def sweep_project() -> None:
    """Removes the drafts of dead processes beside outputs, and among the resume states.

    Outputs themselves are left alone: what is in them is not all ours.
    """
    stages = pipeline.read_stages()
    outs = {
        path
        for stage in stages.values()
        for key in ("outs", "metrics", "plots")
        for path in pipeline.paths_under(stage, key)
    }
    tops = {Path(out).parts[0] for out in outs if Path(out).parent != Path()}
    for top in sorted(tops):
        for folder in _folders(Path(top), outs):
            sweep(folder)
    for folder in _folders(root() / RESUME, set()):
        sweep(folder)
    _sweep_notes()


def _folders(top: Path, outs: set[str]) -> Iterator[Path]:
    """A folder and those below it, but not those that are outputs, or hidden."""
    for here, names, _ in os.walk(top):
        yield Path(here)
        names[:] = [
            name
            for name in names
            if not name.startswith(".") and Path(here, name).as_posix() not in outs
        ]


def _sweep_notes() -> None:
    """Notes that were never finished are files, as they are too many for a folder each."""
    for draft in NOTES.glob(".*"):
        with contextlib.suppress(OSError):
            if time.time() - draft.stat().st_mtime > OLD_NOTE:
                draft.unlink()
