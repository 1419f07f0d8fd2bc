"""Which images have a copy in the training set that is not merely derived from them."""

import numpy as np
import pandas as pd

from croquis.tables.components import families
from croquis.tables.fold_tables import FOLDS_CSV, INDEX_CSV
from croquis.tables.run_tables import require_columns


def has_copy_in_train(
    ids: np.ndarray, folds: pd.DataFrame, index: pd.DataFrame
) -> np.ndarray:
    """Whether each of some training images has a copy, (N,) bool.

    All training images count, also those that were dropped as copies. What derives from one source
    is in one group, too, and trains beside it as augmentation does. That is no copy that somebody
    drew or stored twice.

    Args:
        ids: (N,), all in both tables.
        folds: folds.csv.
        index: index.csv, which knows sources.
    """
    require_columns(index, ("id", "split", "source_id"), INDEX_CSV)
    require_columns(folds, ("id", "group"), FOLDS_CSV)
    train = index[index["split"] == "train"]
    family = pd.Series(families(train["id"], train["source_id"]), index=train["id"])
    group = folds.set_index("id")["group"]
    sources = family.loc[group.index].groupby(group).nunique()
    return (group.loc[ids].map(sources) > 1).to_numpy()
