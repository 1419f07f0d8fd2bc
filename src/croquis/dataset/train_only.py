"""Train-only images, as a column `use` of train.csv marks them: data of others, beside one's own.

They train. They are never scored, and change no fold and no group of the other images.
"""

import numpy as np
import pandas as pd

USE = "use"  # the column of train.csv and columns.csv
TRAIN = "train"  # its word for an image that only trains


def train_only(index: pd.DataFrame, columns: pd.DataFrame) -> np.ndarray:
    """Which training images only train, (N,) bool: the marked ones, and what derives from them.

    Args:
        index: training rows of index.csv.
        columns: columns.csv.
    """
    if USE not in columns:
        return np.zeros(len(index), bool)
    marked = "train/" + columns.loc[columns[USE] == TRAIN, "image_path"]
    source = index["source_id"].where(index["source_id"] != "", index["id"])
    return source.isin(marked).to_numpy()


def train_only_counts(table: pd.DataFrame, external: np.ndarray) -> dict[str, int]:
    """What metrics say of train-only images; nothing where there are none.

    Args:
        table: groups.csv or folds.csv.
        external: which of its images only train, (N,) bool.
    """
    if not external.any():
        return {}
    lost = int((~table["keep"].to_numpy() & external).sum())
    return {"train_only": int(external.sum()), "train_only_left_out": lost}


def train_only_lines(counts: dict[str, int]) -> list[str]:
    """What a stage says of `train_only_counts`; other counts may stand beside them."""
    if "train_only" not in counts:
        return []
    line = f"{counts['train_only']:,} images train only, and are never scored"
    if lost := counts["train_only_left_out"]:
        line += f"; {lost:,} of them are left out, for their copies"
    return [line]
