"""The accuracy under folds that ignore copies, beside that of OOF: is the difference noise?"""

import numpy as np
import pandas as pd

from croquis.scoring.metrics import TAILS, resampled_means
from croquis.scoring.paired import FEWEST
from croquis.tables.components import units
from croquis.tables.predictions import Predictions


def crossing(folds: pd.DataFrame, ids: np.ndarray) -> int:
    """How many of the images `ids` have another of their group or domain in another plain fold.

    Where there is none, plain folds are folds like others, and what they claim says nothing.

    Args:
        folds: folds.csv.
        ids: of what plain folds are scored on.
    """
    kept = folds[folds["keep"] | folds["id"].isin(ids)]
    unit = pd.Series(units(kept), kept["id"])
    sides = kept["plain_fold"].groupby(unit.to_numpy()).nunique()
    return int(unit[ids].map(sides).gt(1).sum())


def plain_scores(
    oof: Predictions, plain: Predictions, folds: pd.DataFrame, *, seed: int
) -> dict[str, float]:
    """The accuracy under plain folds, and its difference to `oof` with its 95 % interval.

    Nothing where no copy would cross them. The two may be of other images, as not all folds have to
    run: groups are redrawn, and each side is scored on those of its images that are drawn.

    Args:
        oof: out-of-fold predictions.
        plain: those of plain folds.
        folds: folds.csv.
        seed: of the draws.

    Returns:
        plain_accuracy, plain_difference, plain_difference_low and plain_difference_high; and
        plain_significant, whether the interval is above zero and rests on enough groups.
    """
    if not crossing(folds, plain.ids):
        return {}
    rows = folds[folds["id"].isin([*oof.ids, *plain.ids])]
    labels = rows.set_index("id")["label"]
    groups = units(rows)
    counts = np.concatenate(
        [_counts(part, labels, rows["id"]) for part in (plain, oof)], axis=1
    )
    drawn = resampled_means(counts, groups, seed=seed)
    low, high = np.nanquantile(_difference(drawn), TAILS)
    low = round(float(low), 5)
    is_significant = low > 0 and len(np.unique(groups)) >= FEWEST
    return {
        "plain_accuracy": round(float(_right(plain, labels).mean()), 5),
        "plain_difference": round(
            float(_difference(counts.sum(axis=0)[None])[0]), 5
        ),
        "plain_difference_low": low,
        "plain_difference_high": round(float(high), 5),
        "plain_significant": bool(is_significant),
    }


def _counts(part: Predictions, labels: pd.Series, ids: pd.Series) -> np.ndarray:
    """Of each image of `ids` whether it is right, and whether it is there, (N, 2) of 0 and 1."""
    is_right = _right(part, labels).astype(float)
    is_there = pd.Series(1.0, part.ids)
    columns = [column.reindex(ids).fillna(0.0) for column in (is_right, is_there)]
    return np.stack(columns, axis=1)


def _right(part: Predictions, labels: pd.Series) -> pd.Series:
    truth = labels.loc[part.ids].to_numpy()
    return pd.Series(part.probs.argmax(axis=1) == truth, index=part.ids)


def _difference(sums: np.ndarray) -> np.ndarray:
    """Of (D, 4): right and images of the one, right and images of the other; (D,)."""
    # A draw may have no image of one of the two.
    counts = np.where(sums[:, [1, 3]] > 0, sums[:, [1, 3]], np.nan)
    return sums[:, 0] / counts[:, 0] - sums[:, 2] / counts[:, 1]
