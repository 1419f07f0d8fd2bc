"""Progress: a bar for who watches a terminal, and a line in a file for another program."""

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sized
from pathlib import Path
from typing import Any, TypeVar

from tqdm import tqdm

T = TypeVar("T")

PAUSE = 0.5  # seconds between two lines of one loop
_noted: list[str] = []  # the loop that has the file now: the outermost, if any


def progress(
    iterable: Iterable[T],
    desc: str,
    total: int | None = None,
    unit: str = "it",
    initial: int = 0,
) -> Iterable[T]:
    """`iterable` behind a bar with ETA on standard error; none with CI set or no terminal.

    Where CROQUIS_PROGRESS names a file, it says how far the outermost loop is: one JSON object of
    desc, done, total and unit. Its first and last state are written at once, those between at most
    twice a second. Where that fails, the work goes on.

    Args:
        iterable: what is left to do.
        desc: the word before the bar.
        total: of all, done before and left.
        unit: of one.
        initial: how many were done before.
    """
    quiet = bool(os.environ.get("CI")) or not sys.stderr.isatty()
    if total is None and isinstance(iterable, Sized):
        total = len(iterable)
    if place := os.environ.get("CROQUIS_PROGRESS"):
        state = {"desc": desc, "done": initial, "total": total, "unit": unit}
        iterable = _note_each(iterable, Path(place), state)
    return tqdm(
        iterable,
        desc=desc,
        total=total,
        unit=unit,
        initial=initial,
        disable=quiet,
        leave=False,
    )


def _note_each(
    iterable: Iterable[T], place: Path, state: dict[str, Any]
) -> Iterator[T]:
    """`iterable`; its state is in a file unless it runs within a loop that has the file."""
    if _noted:
        yield from iterable
        return
    _noted.append(state["desc"])
    try:
        _write(place, state)
        written = time.monotonic()
        for item in iterable:
            yield item
            state["done"] += 1
            if time.monotonic() - written >= PAUSE:
                _write(place, state)
                written = time.monotonic()
        _write(place, state)
    finally:
        _noted.clear()


def _write(place: Path, state: dict[str, Any]) -> None:
    draft = place.with_name(f".{place.name}.{os.getpid()}")
    # A full disk, a folder that is gone: who reads it is not worth a training.
    try:
        if place.exists() and not place.is_file():
            return  # a device, such as /dev/null, would be replaced
        draft.write_text(json.dumps(state) + "\n", encoding="utf-8")
        os.replace(draft, place)
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            draft.unlink()
