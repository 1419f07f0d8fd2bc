"""What folds that ignore copies claim beyond those that do not, and whether that is noise."""

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
    apart = pd.Series(units(kept), kept["id"])
    sides = kept["plain_fold"].groupby(apart.to_numpy()).nunique()
    return int(apart[ids].map(sides).gt(1).sum())


def plain_claim(
    oof: Predictions, plain: Predictions, folds: pd.DataFrame, *, seed: int
) -> dict:
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
    apart = units(rows)
    labels = rows.set_index("id")["label"]
    columns = [
        column.reindex(rows["id"]).fillna(0.0).to_numpy()
        for part in (plain, oof)
        for column in (_right(part, labels).astype(float), pd.Series(1.0, part.ids))
    ]
    drawn = resampled_means(np.stack(columns, axis=1), apart, seed=seed)
    low, high = np.nanquantile(_difference(drawn), TAILS)
    numbers = {
        "plain_accuracy": float(_right(plain, labels).mean()),
        "plain_difference": float(
            _difference(np.stack(columns, axis=1).sum(axis=0)[None])[0]
        ),
        "plain_difference_low": float(low),
        "plain_difference_high": float(high),
    }
    found = {name: round(number, 5) for name, number in numbers.items()}
    sure = found["plain_difference_low"] > 0 and len(np.unique(apart)) >= FEWEST
    return found | {"plain_significant": bool(sure)}


def _right(part: Predictions, labels: pd.Series) -> pd.Series:
    truth = labels.loc[part.ids].to_numpy()
    return pd.Series(part.probs.argmax(axis=1) == truth, index=part.ids)


def _difference(sums: np.ndarray) -> np.ndarray:
    """Of (D, 4): right and images of the one, right and images of the other; (D,)."""
    counts = np.where(
        sums[:, [1, 3]] > 0, sums[:, [1, 3]], np.nan
    )  # a draw may have none of one
    return sums[:, 0] / counts[:, 0] - sums[:, 2] / counts[:, 1]
