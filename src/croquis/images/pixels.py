"""The packed images, opened without reading them, and found by id."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from croquis.core.errors import InputError
from croquis.tables.arrays import open_images
from croquis.tables.run_tables import read_run_table


@dataclass(frozen=True)
class Pixels:
    """Images on disk and the ids of their rows.

    Attributes:
        ids: (N,) in the array's order.
        array: (N, S, S) or (N, S, S, 3) uint8, memory-mapped; 255 is white.
    """

    ids: pd.Index
    array: np.ndarray

    @classmethod
    def open(cls, index_csv: Path, pixels_npy: Path) -> "Pixels":
        """The arrays that `prepare` wrote.

        Raises:
            InputError: if index and array are not of one run.
        """
        rows = read_run_table(index_csv, _ids_of, {"id": "key"})
        ids = pd.Index(rows["id"])
        array = open_images(pixels_npy)
        if len(ids) != len(array):
            raise InputError(
                pixels_npy,
                expected=f"{len(ids):,} rows, as {index_csv} has",
                received=f"{len(array):,}",
                fix="rerun prepare, as `make repro` does",
            )
        return cls(ids, array)

    def rows(self, ids: Sequence[str] | np.ndarray) -> np.ndarray:
        """The rows of `ids` in their order, (n,) int.

        Raises:
            InputError: if one has no image.
        """
        rows = self.ids.get_indexer(pd.Index(ids))
        if (rows < 0).any():
            lost = [name for name, row in zip(ids, rows, strict=True) if row < 0]
            raise InputError(
                "index.csv",
                expected="ids of its images",
                received=f"{len(lost):,} others ({', '.join(lost[:3])})",
                fix="rerun prepare, or the stage that made these ids",
            )
        return rows


def _ids_of(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, usecols=["id"], dtype=str, keep_default_na=False)
