"""Notes on the files that the stages of this folder wrote; all other files are a person's.

A stage that is killed leaves outputs which neither dvc.lock nor DVC's cache knows. So each output
is noted before it takes its place: the size and the time of each of its files, in .resume/made/.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from croquis.core import files

# In the folder where a stage runs, which may be a temporary checkout.
NOTES = Path(".resume/made")
# What `check` last saw to be made by runs, or safe elsewhere.
SEEN = NOTES / "seen.json"
Sign = tuple[
    int, int
]  # of a file: its bytes, and the nanoseconds of its last change


@contextmanager
def from_stage() -> Iterator[None]:
    """What is written in this block is an output of a stage, not a file that a person asked for."""
    files.before_writing.append(note_written)
    try:
        yield
    finally:
        files.before_writing.remove(note_written)


def note_written(draft: Path, path: Path) -> None:
    """Notes the files of `draft`, which is about to take the place of `path`.

    Before, not after: a kill between the two then leaves a note too many, and never an output that
    nobody knows. Notes nothing of a path that is not in this folder, or of one that is hidden:
    resume states, and the parts of a draft.
    """
    place = os.path.relpath(path)
    if any(part.startswith(".") for part in place.split(os.sep)):
        return
    signs = {
        f"{place}/{name}".rstrip("/"): sign
        for name, sign in signs_in(draft).items()
    }
    _write(NOTES / f"{hashlib.sha256(place.encode()).hexdigest()[:16]}.json", signs)


def remember_files(signs: Mapping[str, Sign]) -> None:
    """Notes files that are safe or made by runs, so that the next look at them needs no hashing."""
    if not SEEN.is_file() or _read(SEEN) != signs:
        _write(SEEN, signs)


def noted_signs() -> dict[str, set[Sign]]:
    """The signs of each file that was noted, by its path from this folder."""
    noted: dict[str, set[Sign]] = {}
    for notes in sorted(NOTES.glob("*.json")):
        for path, sign in _read(notes).items():
            noted.setdefault(path, set()).add(sign)
    return noted


def signs_in(path: Path) -> dict[str, Sign]:
    """The sign of each file in a folder, by its path in there; of a file, its own under ""."""
    if path.is_symlink() or not path.is_dir():
        return {"": sign_of(path)} if os.path.lexists(path) else {}
    signs = {}
    for here, folders, names in os.walk(path):
        links = [
            name for name in folders if os.path.islink(os.path.join(here, name))
        ]
        for name in names + links:
            file = Path(here, name)
            signs[file.relative_to(path).as_posix()] = sign_of(file)
    return signs


def sign_of(path: Path) -> Sign:
    """The sign of a file; of a link itself, not of what it points to."""
    state = os.lstat(path)
    return state.st_size, state.st_mtime_ns


def _read(notes: Path) -> dict[str, Sign]:
    try:
        content = json.loads(notes.read_text(encoding="utf-8"))
        return {path: (size, time) for path, (size, time) in content.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}  # a note that was cut off says nothing


def _write(notes: Path, signs: Mapping[str, Sign]) -> None:
    notes.parent.mkdir(parents=True, exist_ok=True)
    draft = notes.with_name(f".{notes.name}.{os.getpid()}")
    draft.write_text(json.dumps(signs, sort_keys=True), encoding="utf-8")
    os.replace(draft, notes)
