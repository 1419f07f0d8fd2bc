"""Files: written whole, so that no reader ever sees half of one, and their hashes."""

import functools
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pydantic

from croquis.core.errors import InputError, bring_back
from croquis.core.workspaces import sweep, workspace

M = TypeVar("M", bound=pydantic.BaseModel)

# Called with a draft and the place that it is about to take; one that raises leaves the old one.
before_writing: list[Callable[[Path, Path], None]] = []


def root() -> Path:
    """The project's folder, also inside a checkout in which one of its stages runs.

    CROQUIS_ROOT names it there, and DVC_ROOT in the checkouts of queued experiments.
    """
    named = os.environ.get("CROQUIS_ROOT") or os.environ.get("DVC_ROOT")
    return Path(named or Path.cwd())


def refuse_wrong_root() -> None:
    """Raises InputError if CROQUIS_ROOT is no absolute path of a folder.

    Made in silence, another folder would hold states and runs that nobody finds again.
    """
    named = os.environ.get("CROQUIS_ROOT")
    if not named or (Path(named).is_absolute() and Path(named).is_dir()):
        return
    raise InputError(
        "CROQUIS_ROOT",
        expected="the absolute path of the project's folder",
        received=repr(named),
        fix="correct it, or unset it",
    )


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well.

    The block writes a file or makes a folder there. On an error (a full disk, a bad image,
    Ctrl-C, SIGTERM) the temporary is removed and `path` stays as it was. What a kill has left
    of earlier ones goes now.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{path.name}."
    sweep(path.parent, prefix)
    # A folder of its own, beside the target: os.replace is atomic on one file system only.
    with workspace(path.parent, prefix, target=path.name) as folder:
        # Of the same name, as numpy picks its format by the suffix.
        draft = folder / path.name
        yield draft
        for observe in before_writing:
            observe(draft, path)
        _put_in_place(draft, path)


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


def read_json_model(model: type[M], path: Path, expected: str) -> M:
    """What a stage wrote as JSON.

    Args:
        model: its type.
        path: of the file.
        expected: what it is, for the error.

    Raises:
        InputError: if there is no such file, or it is something else.
    """
    try:
        return model.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # text in no UTF-8, too
        received = getattr(error, "strerror", None) or str(error)
        if isinstance(error, pydantic.ValidationError):
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            received = f"{place}: {first['msg']}" if place else first["msg"]
        raise InputError(
            path, expected=expected, received=received, fix=bring_back(path)
        ) from error


def write_json(path: Path, content: dict[str, Any]) -> None:
    """JSON, indented and sorted by key, so that two runs' files differ by their numbers alone."""
    with atomic_write(path) as draft:
        draft.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")


def file_digest(path: Path, algorithm: str | Callable[[], Any] = "blake2b") -> str:
    """The hash of a file in hexadecimal; read piece by piece, as pixels may outgrow the memory.

    Args:
        path: of the file.
        algorithm: a name that hashlib knows, or a function that makes a hash object.
    """
    if isinstance(algorithm, str):
        # Some machines refuse md5, unless it guards nothing.
        algorithm = functools.partial(hashlib.new, algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _put_in_place(draft: Path, path: Path) -> None:
    if draft.is_dir() and path.is_dir():
        # os.replace cannot overwrite a folder that has content. Moved, not deleted: a deletion that
        # stops halfway would leave half of the old one.
        os.replace(path, draft.with_name(f"{path.name}.old"))
    elif draft.is_file():
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
    os.replace(draft, path)
