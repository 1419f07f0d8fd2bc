"""Resume states of one training: atomic, checksummed, the newest whole one counts.

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

_KEPT = 2  # the newest may be broken by what killed the process
_STATE = "state.pt"
_DIGEST = "state.blake2b"
_FORGOTTEN = 7 * 86400  # seconds after which nobody goes on with a training
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
        _minutes()  # said before hours are spent
        for half in self.folder.glob(".*"):  # that a kill left behind
            shutil.rmtree(half, ignore_errors=True)
        # Those of other parameters, data or code may belong to an experiment that runs beside this.
        for other in self._stage.glob("*"):
            with contextlib.suppress(
                FileNotFoundError
            ):  # it has just ended, and cleared its own
                if (
                    other != self.folder
                    and time.time() - other.stat().st_mtime > _FORGOTTEN
                ):
                    shutil.rmtree(other, ignore_errors=True)

    @property
    def due(self) -> bool:
        """Whether the last save is CROQUIS_SAVE_MINUTES (5) ago."""
        return time.monotonic() - self._saved >= 60 * _minutes()

    def save(self, step: int, state: dict[str, Any]) -> None:
        """Keeps `state` of after `step` updates; a full disk costs a warning, not the training."""
        self._saved = time.monotonic()
        try:
            with atomic_write(self.folder / f"{step:09d}") as draft:
                draft.mkdir()
                torch.save(state, draft / _STATE)
                (draft / _DIGEST).write_text(file_digest(draft / _STATE))
                # Before the folder takes its name: a power cut could leave the name and no content.
                for written in (draft / _STATE, draft / _DIGEST, draft):
                    _flush(written)
            _flush(self.folder)
        except (
            OSError,
            RuntimeError,
        ) as error:  # torch reports a full disk as a RuntimeError
            reason = next(iter(str(error).splitlines()), type(error).__name__)[:200]
            text = (
                f"no resume state at step {step} ({reason}); training goes on without"
            )
            warnings.warn(text, stacklevel=2)
            return
        for old in self._found()[_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)

    def load(self) -> dict[str, Any] | None:
        """The newest whole state, its tensors on the CPU; None if there is none."""
        for found in self._found():
            try:
                if (found / _DIGEST).read_text() == file_digest(found / _STATE):
                    # Tensors and numbers alone: nothing is unpickled that could run.
                    return torch.load(
                        found / _STATE, map_location="cpu", weights_only=True
                    )
            except OSError:
                pass  # half of it is missing
            warnings.warn(
                f"{found} is not whole: the one before is taken", stacklevel=2
            )
            shutil.rmtree(
                found, ignore_errors=True
            )  # or it would stand for one of the two kept
        return None

    def clear(self) -> None:
        """Removes the states: the outputs are written."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with contextlib.suppress(
            OSError
        ):  # not empty: an experiment runs beside this one
            self._stage.rmdir()

    def _found(self) -> list[Path]:
        return sorted(self.folder.glob("[0-9]*"), reverse=True)


def _minutes() -> float:
    asked = os.environ.get("CROQUIS_SAVE_MINUTES") or str(_MINUTES)
    try:
        return float(asked)
    except ValueError:
        expected = "a number of minutes"
        fix = "unset it, or mend it"
        raise InputError(
            "CROQUIS_SAVE_MINUTES", expected=expected, received=repr(asked), fix=fix
        ) from None


def _flush(path: Path) -> None:
    """Waits until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
