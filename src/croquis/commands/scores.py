"""The scores that a run left in metrics/, for commands."""

import json
from pathlib import Path
from typing import Any

from croquis.core.errors import InputError
from croquis.scoring import outdated_scores


def read_scores(path: Path) -> dict[str, Any]:
    """The JSON of one stage.

    Raises:
        InputError: if it is missing, no JSON, or of other parameters or data than those here.
    """
    outdated_scores.require(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no JSON"
        raise InputError(
            path,
            expected="the scores of a run",
            received=reason,
            fix="run `make repro`",
        ) from error
