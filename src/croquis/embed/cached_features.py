"""Features of a frozen backbone as they are computed, outside DVC's outputs.

They lie in .resume/embed/<fingerprint>/, so that a killed `embed` goes on where it was, and a
second probe that wants the same features takes what is there: the backbone need not run again.
"""

import contextlib
import os
import shutil
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from croquis.backbones.weights import weights_digest
from croquis.core.files import root
from croquis.recipes.probe_recipes import EmbedParams
from croquis.runtime.fingerprint import code_fingerprint, data_fingerprint, fingerprint
from croquis.runtime.hardware import Hardware
from croquis.runtime.interrupts import interrupts
from croquis.tables.features import save

_SECONDS = 30.0  # between saves: what a SIGKILL may cost
_KEPT = (
    3  # sets of features; one of a thousand numbers for 25,000 images is 100 MB a view
)


def embed_fingerprint(recipe: EmbedParams, hardware: Hardware, *data: Path) -> str:
    """All that features depend on, as one hash: recipe, weights, images, machine and code.

    Args:
        recipe: the `embed` block.
        hardware: where the backbone runs; another number format gives other bits.
        data: the files of ids and pixels.
    """
    settings = recipe.model_dump() | {
        "weights_blake2b": weights_digest(recipe.pretrained)
    }
    settings |= {
        "torch": torch.__version__,
        "timm": version("timm"),
        "device": str(hardware),
    }
    return fingerprint(settings, data_fingerprint(*data), code_fingerprint())


class CachedFeatures:
    """Features (V, N, D) in files of some seconds' work, each named by its first image.

    Args:
        fingerprint: of all that they depend on.
        ids: (N,) of the images.
    """

    def __init__(self, fingerprint: str, ids: np.ndarray) -> None:
        self._folder = root() / ".resume" / "embed" / fingerprint
        self._ids = ids

    def load(self) -> Iterator[np.ndarray]:
        """What is there from the first image on without a gap, (V, n, D) each."""
        start = 0
        while start < len(self._ids):
            found = self._part(start)
            if found is None:
                return
            yield found
            start += found.shape[1]

    def save(self, start: int, features: np.ndarray) -> bool:
        """Keeps (V, n, D) of the images from `start` on; False, with a warning, if it cannot."""
        ids = self._ids[start : start + features.shape[1]]
        try:
            save(self._path(start), ids, features)
        except OSError as error:
            warnings.warn(
                f"features are not kept ({error}); embed goes on without", stacklevel=2
            )
            return False
        return True

    def forget_others(self) -> None:
        """Leaves these features and those used last before them, that the disk may not fill."""
        with contextlib.suppress(
            FileNotFoundError
        ):  # an embed beside this one forgets, too
            os.utime(self._folder)
            others = sorted(
                self._folder.parent.iterdir(), key=lambda one: one.stat().st_mtime
            )
            for old in others[:-_KEPT]:
                shutil.rmtree(old, ignore_errors=True)

    def _path(self, start: int) -> Path:
        return self._folder / f"{start:09d}.npz"

    def _part(self, start: int) -> np.ndarray | None:
        path = self._path(start)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
                return found[
                    "features"
                ]  # a zip, which checks the CRC-32 of what it holds
        except FileNotFoundError:
            return None
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
            warnings.warn(
                f"{path} is not whole: its images are embedded again", stacklevel=2
            )
            return None


def resume_embedding(
    kept: CachedFeatures, count: int, compute: Callable[[int], Iterator[np.ndarray]]
) -> tuple[np.ndarray, int]:
    """Features of all images, (V, N, D), and of how many of them they were there already.

    SIGTERM and SIGINT end the process between two batches; what is computed is kept.

    Args:
        kept: where they are taken from and kept.
        count: N.
        compute: gives the features from an image on, (V, B, D) a batch.
    """
    found = list(kept.load())
    taken = done = _images(found)
    with interrupts() as asked:
        fresh = []
        saved = time.monotonic()
        for batch in compute(taken) if taken < count else ():
            fresh.append(batch)
            ready = done + _images(fresh)
            if asked.received or ready == count or time.monotonic() - saved >= _SECONDS:
                if kept.save(done, np.concatenate(fresh, axis=1)):
                    found = [*found, *fresh]
                    fresh = []
                    done = ready
                saved = time.monotonic()
            if asked.received:
                asked.end()
    kept.forget_others()
    return np.concatenate([*found, *fresh], axis=1), taken


def _images(parts: Sequence[np.ndarray]) -> int:
    return sum(part.shape[1] for part in parts)
