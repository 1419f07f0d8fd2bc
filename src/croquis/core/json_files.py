"""JSON files that a run left, such as its scores."""

import json
from pathlib import Path
from typing import Any

from croquis.core.errors import InputError


def read_json(path: Path, *, fix: str) -> dict[str, Any]:
    """The JSON object in a file.

    Args:
        path: of the file.
        fix: what an error advises.

    Raises:
        InputError: if it is missing, is no JSON, or is another thing than an object.
    """
    expected = "a JSON object"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:  # text in no UTF-8, too
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            path, expected=expected, received=reason, fix=fix
        ) from error
    if not isinstance(content, dict):
        received = type(content).__name__
        raise InputError(path, expected=expected, received=received, fix=fix)
    return content
