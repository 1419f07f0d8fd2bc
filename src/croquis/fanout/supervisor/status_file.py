"""Where a stage is, as one JSON line in a file that others read meanwhile."""

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

EVERY = 0.5  # seconds between two looks at most


class StatusFile:
    """Keeps what a stage says of its progress in a file that is always whole."""

    def __init__(self, path: Path | None, progress: Path) -> None:
        """Makes none yet.

        Args:
            path: of the file; None: nobody reads.
            progress: what the stage itself writes, by CROQUIS_PROGRESS.
        """
        self._path = path
        self._progress = progress
        self._looked_at = 0.0
        self._seen = b""

    def say(self, text: str, **counts: Any) -> None:
        """Writes where the stage is: a text for people, and `done`, `total`, `unit`."""
        if self._path is None:
            return
        status = {"text": text, "done": None, "total": None, "unit": ""} | counts
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with contextlib.suppress(OSError):  # a full disk ends no training
            draft.write_text(json.dumps(status) + "\n", encoding="utf-8")
            os.replace(draft, self._path)

    def look(self) -> None:
        """Passes on what the stage has said since."""
        now = time.monotonic()
        if self._path is None or now - self._looked_at < EVERY:
            return
        self._looked_at = now
        try:
            line = self._progress.read_bytes()
            if line == self._seen:
                return
            self._seen = line
            said = json.loads(line)
        except (OSError, ValueError):  # none yet
            return
        if isinstance(said, dict):
            done, total = said.get("done"), said.get("total")
            unit = str(said.get("unit") or "")
            self.say(_text(said), done=done, total=total, unit=unit)


def _text(said: dict[str, Any]) -> str:
    """epoch 4 of 10: what is counted, else what is done."""
    done, total = said.get("done"), said.get("total")
    unit, desc = str(said.get("unit") or ""), str(said.get("desc") or "")
    name = unit if unit == "epoch" or not desc else desc
    if done is None:
        return name
    return f"{name} {done} of {total}" if total else f"{name} {done}"
