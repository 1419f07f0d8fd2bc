"""Stored embeddings, looked up by id: written once by `embed`, read by every head."""

from pathlib import Path

import numpy as np

from croquis.core.errors import InputError, bring_back
from croquis.core.files import atomic_write
from croquis.tables.arrays import DAMAGE, read_npz


def save(path: Path, ids: np.ndarray, features: np.ndarray) -> None:
    """Writes ids (N,) and features (V, N, D) to one .npz."""
    with atomic_write(path) as draft:
        np.savez(draft, ids=np.asarray(ids, dtype=np.str_), features=features)


def read_features(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Ids (N,) and features (V, N, D) of an .npz that `save` wrote.

    Raises:
        InputError: if the file is missing or is not such a file.
    """
    expected = "an .npz with ids and the features of each"
    try:
        ids, features = read_npz(path, ["ids", "features"])
    except DAMAGE as error:
        received = getattr(error, "strerror", None) or str(error)
        raise InputError(
            path, expected=expected, received=received, fix=bring_back(path)
        ) from error
    is_number = features.dtype.kind == "f" and features.ndim == 3
    if ids.dtype.kind != "U" or not is_number or features.shape[1:2] != ids.shape:
        received = f"{ids.dtype} of shape {ids.shape}, {features.dtype} of {features.shape}"
        raise InputError(
            path, expected=expected, received=received, fix=bring_back(path)
        )
    return ids, features


class Features:
    """Features under V views of N images, (V, N, D), of an .npz that `save` wrote."""

    def __init__(self, path: Path) -> None:
        ids, self._features = read_features(path)
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
