"""Features of a frozen backbone as they are computed, outside DVC's outputs.

They lie in .resume/embed/<fingerprint>/, so that a killed `embed` goes on where it was, and a
second probe that wants the same features takes what is there: the backbone need not run again.
"""

import contextlib
import os
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from croquis.backbones.weights import weights_digest
from croquis.core.files import root
from croquis.recipes.probe_recipes import EmbedParams
from croquis.runtime.fingerprint import (
    code_fingerprint,
    data_fingerprint,
    fingerprint,
)
from croquis.runtime.hardware import Hardware
from croquis.runtime.interrupts import interrupts
from croquis.tables.arrays import DAMAGE, read_npz
from croquis.tables.features import save

_SECONDS = 30.0  # between saves: what a SIGKILL may cost
# Sets of features that stay; one of a thousand numbers for 25,000 images is 100 MB a view.
_SETS = 3


def embed_fingerprint(recipe: EmbedParams, hardware: Hardware, *data: Path) -> str:
    """All that features depend on, as one hash: recipe, weights, images, machine and code.

    Args:
        recipe: the `embed` block.
        hardware: where the backbone runs; another number format gives other bits.
        data: the files of ids and pixels.
    """
    settings = recipe.model_dump() | {
        "weights_blake2b": weights_digest(recipe.pretrained),
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
            part = self._read(start)
            if part is None:
                return
            yield part
            start += part.shape[1]

    def save(self, start: int, features: np.ndarray) -> bool:
        """Keeps (V, n, D) of the images from `start` on; False, with a warning, if it cannot."""
        ids = self._ids[start : start + features.shape[1]]
        try:
            save(self._path(start), ids, features)
        except OSError as error:
            warnings.warn(
                f"features are not kept ({error}); embed goes on without",
                stacklevel=2,
            )
            return False
        return True

    def forget_others(self) -> None:
        """Leaves these features and those used last before them, that the disk may not fill."""
        # Missing: an embed beside this one forgets, too.
        with contextlib.suppress(FileNotFoundError):
            os.utime(self._folder)
            sets = sorted(
                self._folder.parent.iterdir(),
                key=lambda folder: folder.stat().st_mtime,
            )
            for old in sets[:-_SETS]:
                shutil.rmtree(old, ignore_errors=True)

    def _path(self, start: int) -> Path:
        return self._folder / f"{start:09d}.npz"

    def _read(self, start: int) -> np.ndarray | None:
        path = self._path(start)
        try:
            # A zip, which checks the CRC-32 of what it holds.
            return read_npz(path, ["features"])[0]
        except FileNotFoundError:
            return None
        except DAMAGE:
            warnings.warn(
                f"{path} is not complete: its images are embedded again",
                stacklevel=2,
            )
            return None


def resume_embedding(
    cache: CachedFeatures,
    count: int,
    compute: Callable[[int], Iterator[np.ndarray]],
) -> tuple[np.ndarray, int]:
    """Features of all images, (V, N, D), and of how many of them they were there already.

    SIGTERM and SIGINT end the process between two batches; what is computed is kept.

    Args:
        cache: where they are read and saved.
        count: N.
        compute: returns the features from an image on, (V, B, D) a batch.
    """
    parts = list(cache.load())
    taken = _count_images(parts)
    if taken < count:
        parts += _compute_rest(cache, taken, count, compute)
    cache.forget_others()
    return np.concatenate(parts, axis=1), taken


def _compute_rest(
    cache: CachedFeatures,
    start: int,
    count: int,
    compute: Callable[[int], Iterator[np.ndarray]],
) -> list[np.ndarray]:
    """Features from an image on, (V, B, D) a batch; saved every `_SECONDS` and at the end."""
    batches: list[np.ndarray] = []
    unsaved: list[np.ndarray] = []
    with interrupts() as signals:
        saved_at = time.monotonic()
        for batch in compute(start):
            unsaved.append(batch)
            done = start + _count_images(batches) + _count_images(unsaved)
            due = time.monotonic() - saved_at >= _SECONDS
            if signals.received or done == count or due:
                first = start + _count_images(batches)
                if cache.save(first, np.concatenate(unsaved, axis=1)):
                    batches += unsaved
                    unsaved = []
                saved_at = time.monotonic()
            if signals.received:
                signals.end()
    return batches + unsaved


def _count_images(parts: Sequence[np.ndarray]) -> int:
    return sum(part.shape[1] for part in parts)
