"""Notes on what each stage has read: for the `dvc` that takes hashes after it, and for `why`."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import quote

READ = Path(".resume/read")  # in the folder where a stage runs


class Note(TypedDict):
    """What a stage has read.

    Attributes:
        texts: of the files of parameters; None where there was no such file.
        keys: those of each such file that count; none: all.
        states: of each dep, the sign of each file in it.
    """

    texts: dict[str, str | None]
    keys: dict[str, list[str]]
    states: dict[str, dict[str, object]]


def note_path(name: str) -> Path:
    """Where a stage of this name leaves what it has read."""
    return READ / f"{quote(name, safe='@')}.json"


def write_note(name: str, note: Note) -> None:
    """Leaves it whole or not at all, as a stage may be killed at any time."""
    path = note_path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(note), encoding="utf-8")
    os.replace(draft, path)


def read_note(path: Path) -> Note | None:
    """What a stage left; None where it left nothing, or nothing that is whole."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return content if _is_note(content) else None


def read_notes() -> Iterator[Note]:
    """All that are whole."""
    for path in sorted(READ.glob("*.json")):
        note = read_note(path)
        if note is not None:
            yield note


def _is_note(content: Any) -> bool:
    if not isinstance(content, dict):
        return False
    texts: Any = content.get("texts")
    keys: Any = content.get("keys")
    if not _holds(texts, str | None) or not _holds(keys, list):
        return False
    return (
        _holds(content.get("states"), dict)
        and all(path in keys for path in texts)
        and all(isinstance(key, str) for names in keys.values() for key in names)
    )


def _holds(part: Any, kind: Any) -> bool:
    """Whether a part of a note is a mapping to values of one kind."""
    return isinstance(part, Mapping) and all(
        isinstance(value, kind) for value in part.values()
    )
