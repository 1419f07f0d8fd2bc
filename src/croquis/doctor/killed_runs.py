"""What killed runs left in git and in DVC's folder."""

import contextlib
from pathlib import Path

from croquis.core.errors import InputError
from croquis.doctor.finding import Finding
from croquis.restore.leftovers import put_right

TOPIC = "killed runs"


def killed_runs_finding(folder: Path) -> Finding:
    """What a killed run left: put right here, or the commands that do it."""
    with contextlib.chdir(folder):
        try:
            lines = put_right()
        except InputError as error:
            says, _, fix = str(error).partition("; ")
            return Finding(TOPIC, "problem", says, fix)
    if lines:
        return Finding(TOPIC, "ok", "; ".join(lines))
    return Finding(TOPIC, "ok", "none has left anything that stops the next one")
