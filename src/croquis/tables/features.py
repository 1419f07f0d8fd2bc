"""Stored embeddings, looked up by id: written once by `embed`, read by every head."""

from pathlib import Path

import numpy as np

from croquis.core.errors import InputError
from croquis.core.files import atomic_write


def save(path: Path, ids: np.ndarray, features: np.ndarray) -> None:
    """Writes ids (N,) and features (V, N, D) to one .npz."""
    with atomic_write(path) as draft:
        np.savez(draft, ids=np.asarray(ids, dtype=np.str_), features=features)


class Features:
    """Features under V views of N images, (V, N, D), of an .npz that `save` wrote."""

    def __init__(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as file:
            self._features = file["features"]
            ids = file["ids"]
        self._row = {name: row for row, name in enumerate(ids)}

    def of(self, ids: np.ndarray) -> np.ndarray:
        """The features of these images, (V, len(ids), D).

        Raises:
            InputError: if one of them was not embedded.
        """
        missing = [name for name in ids if name not in self._row]
        if missing:
            raise InputError(
                "embeddings",
                expected=f"features of {len(ids):,} images",
                received=f"none of {missing[0]}",
                fix="rerun the embed stage",
            )
        return self._features[:, [self._row[name] for name in ids]]
