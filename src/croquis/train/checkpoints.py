"""Resume states of one training: atomic, checksummed, the newest complete one counts.

They lie outside DVC's outputs, in .resume/<stage>/<fingerprint>/, so that a killed stage goes on
where it was, and a stage with other parameters, data or code starts afresh.
"""

import contextlib
import os
import shutil
import time
import warnings
from pathlib import Path
from typing import Any

import torch

from croquis.core.errors import InputError
from croquis.core.files import atomic_write, file_digest, root
from croquis.core.workspaces import sweep

_STATES = 2  # the newest may be broken by what killed the process
_STATE = "state.pt"
_DIGEST = "state.blake2b"
_ABANDONED = 7 * 86400  # seconds after which nobody goes on with a training
_MINUTES = 5.0  # between saves inside an epoch; each epoch's end is saved, too


class Checkpoints:
    """The resume states of one training.

    Args:
        stage: the trained member and fold, as `train/swin_base-0`.
        fingerprint: of all that the training rests on.
    """

    def __init__(self, stage: str, fingerprint: str) -> None:
        self._stage = root() / ".resume" / stage
        self.folder = self._stage / fingerprint
        self._saved = time.monotonic()
        _save_minutes()  # an error of it comes before hours are spent
        sweep(
            self.folder
        )  # what a kill has left, not what an experiment saves just now
        self._remove_abandoned()

    @property
    def due(self) -> bool:
        """Whether the last save is CROQUIS_SAVE_MINUTES (5) ago."""
        return time.monotonic() - self._saved >= 60 * _save_minutes()

    def save(self, step: int, state: dict[str, Any]) -> None:
        """Keeps `state` of after `step` updates; a full disk costs a warning, not the training."""
        self._saved = time.monotonic()
        try:
            self._write(step, state)
        except (OSError, RuntimeError) as error:  # torch reports a full disk as one
            reason = next(iter(str(error).splitlines()), type(error).__name__)[:200]
            text = f"no resume state at step {step} ({reason}); training goes on without"
            warnings.warn(text, stacklevel=2)
            return
        for old in self._newest_first()[_STATES:]:
            shutil.rmtree(old, ignore_errors=True)

    def load(self) -> dict[str, Any] | None:
        """The newest complete state, its tensors on the CPU; None if there is none."""
        for folder in self._newest_first():
            if _is_complete(folder):
                # Tensors and numbers alone: nothing is unpickled that could run.
                return torch.load(
                    folder / _STATE, map_location="cpu", weights_only=True
                )
            warnings.warn(
                f"{folder} is not complete: the one before is taken", stacklevel=2
            )
            # Or it would stand for one of the two that stay.
            shutil.rmtree(folder, ignore_errors=True)
        return None

    def clear(self) -> None:
        """Removes the states: the outputs are written."""
        shutil.rmtree(self.folder, ignore_errors=True)
        # A folder that is not empty stays: an experiment runs beside this one.
        with contextlib.suppress(OSError):
            self._stage.rmdir()

    def _write(self, step: int, state: dict[str, Any]) -> None:
        with atomic_write(self.folder / f"{step:09d}") as draft:
            draft.mkdir()
            torch.save(state, draft / _STATE)
            (draft / _DIGEST).write_text(file_digest(draft / _STATE))
            # Before the folder takes its name: a power cut could leave the name and no content.
            for path in (draft / _STATE, draft / _DIGEST, draft):
                _flush(path)
        _flush(self.folder)

    def _remove_abandoned(self) -> None:
        """Removes old states of other parameters, data or code.

        Young ones may belong to an experiment that runs beside this.
        """
        for other in self._stage.glob("*"):
            if other == self.folder:
                continue
            # Missing: its training has just ended, and cleared it.
            with contextlib.suppress(FileNotFoundError):
                if time.time() - other.stat().st_mtime > _ABANDONED:
                    shutil.rmtree(other, ignore_errors=True)

    def _newest_first(self) -> list[Path]:
        return sorted(self.folder.glob("[0-9]*"), reverse=True)


def _is_complete(folder: Path) -> bool:
    try:
        return (folder / _DIGEST).read_text() == file_digest(folder / _STATE)
    except (OSError, ValueError):  # one is missing, or no text
        return False


def _save_minutes() -> float:
    text = os.environ.get("CROQUIS_SAVE_MINUTES") or str(_MINUTES)
    try:
        return float(text)
    except ValueError:
        raise InputError(
            "CROQUIS_SAVE_MINUTES",
            expected="a number of minutes",
            received=repr(text),
            fix="unset it, or correct it",
        ) from None


def _flush(path: Path) -> None:
    """Waits until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
