"""Which images a fold trains on and is scored on, as folds.csv says."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from croquis.core.errors import InputError, bring_back
from croquis.tables.run_tables import Kind, read_run_table, require_columns

GROUPS: dict[str, Kind] = {
    "id": "key",
    "group": "whole",
    "keep": "flag",
    "weight": "share",
    "targets": "targets",
}
FOLDS: dict[str, Kind] = {
    "id": "key",
    "label": "label",
    "fold": "whole",
    "plain_fold": "whole",
    "scored": "flag",
    "keep": "flag",
    "weight": "share",
    "targets": "targets",
}
NEEDED = {"id", "targets"}
INDEX: dict[str, Kind] = {
    "id": "key",
    "split": "split",
    "label": "whole",
    "class_name": "text",
}

GROUPS_CSV = Path("data/groups.csv")
FOLDS_CSV = Path("data/folds.csv")
INDEX_CSV = Path("data/images/index.csv")
ALWAYS = -1  # the fold of what trains in every fold and is never scored


def read_folds(path: Path) -> pd.DataFrame:
    """folds.csv, one row a train image.

    Columns: id, label, group, unit, fold, plain_fold, scored, keep, weight, targets, sha256.
    """
    table = _read_table(path, FOLDS)
    # Experiments from before there were domains have no units, and can still be compared.
    return table if "unit" in table else table.assign(unit=table["group"])


def read_groups(path: Path) -> pd.DataFrame:
    """groups.csv, one row a train image: id, group, keep, weight, conflict, targets."""
    return _read_table(path, GROUPS)


def _read_table(path: Path, kinds: Mapping[str, Kind]) -> pd.DataFrame:
    # Votes need no more of the folds than the labels; what others need is asked for below.
    optional = set(kinds) - NEEDED if kinds is FOLDS else ()
    return read_run_table(path, _with_targets, kinds, optional)


def _with_targets(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path, dtype={"id": str, "targets": str, "sha256": str})
    return table.assign(targets=table["targets"].fillna(""))


def read_columns(path: Path) -> pd.DataFrame:
    """columns.csv as text: `image_path`, and the columns of train.csv that croquis does not use."""
    return read_run_table(path, _all_text, {"image_path": "text"})


def _all_text(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def training_rows(
    folds: pd.DataFrame, fold: int, column: str = "fold"
) -> pd.DataFrame:
    """The rows that train when fold `fold` is held out: all kept images of other folds.

    Derived images train beside their source; the fold ALWAYS trains always.
    """
    require_columns(folds, (column, "keep"), FOLDS_CSV)
    rows = folds[(folds[column] != fold) & folds["keep"]]
    if rows.empty:
        raise InputError(
            FOLDS_CSV,
            expected=f"images to train on while {column} {fold} is held out",
            received=f"none among {len(folds):,}",
            fix=bring_back(FOLDS_CSV),
        )
    return rows


def scored_rows(
    folds: pd.DataFrame, fold: int, column: str = "fold"
) -> pd.DataFrame:
    """The rows that fold `fold` is scored on.

    `column` is "fold", or "plain_fold" for folds that ignore copies.
    """
    require_columns(folds, (column, "scored"), FOLDS_CSV)
    return folds[(folds[column] == fold) & folds["scored"]]


def truth_of(
    ids: np.ndarray,
    folds: pd.DataFrame,
    *,
    where: object,
    fix: str = "rerun the stage that wrote it",
) -> pd.DataFrame:
    """The rows of folds.csv for some images, in their order; the id is their index.

    Args:
        ids: of the images, (N,).
        folds: folds.csv.
        where: whose images they are, for the error.
        fix: what to do where folds.csv is another's.

    Raises:
        InputError: if folds.csv lacks an image.
    """
    rows = folds.set_index("id")
    lost = [name for name in ids if name not in rows.index]
    if lost:
        raise InputError(
            where,
            expected="images of folds.csv",
            received=f"{len(lost):,} others, as {lost[0]}",
            fix=fix,
        )
    return rows.loc[ids]


def truth_of_predictions(ids: np.ndarray, folds: pd.DataFrame) -> pd.DataFrame:
    """The rows of folds.csv for the images of OOF predictions, in their order.

    Raises:
        InputError: if folds.csv lacks one, as after a cut.
    """
    fix = bring_back(FOLDS_CSV)
    return truth_of(ids, folds, where="the predictions", fix=fix)


def require_labels(labels: np.ndarray, classes: np.ndarray) -> None:
    """Raises InputError if folds.csv gives an image a class that its predictions have not.

    Args:
        labels: of images, (N,).
        classes: the names of those that are predicted, (C,).
    """
    wrong = [int(label) for label in labels if not 0 <= label < len(classes)]
    if wrong:
        raise InputError(
            FOLDS_CSV,
            expected=f"labels 0 to {len(classes) - 1}, as the predictions have them",
            received=f"{len(wrong):,} others, as {wrong[0]}",
            fix=bring_back(FOLDS_CSV),
        )


def class_names(index: pd.DataFrame) -> np.ndarray:
    """The class names in label order, (C,); `index` is index.csv.

    Raises:
        InputError: if the labels are not 0 to C - 1, as names are looked up by position.
    """
    train = (
        index[index["split"] == "train"]
        .drop_duplicates("label")
        .sort_values("label")
    )
    labels = train["label"].tolist()
    if labels != list(range(len(labels))):
        raise InputError(
            "index.csv",
            expected=f"labels 0 to {len(labels) - 1}",
            received=", ".join(map(str, labels[-12:])),
            fix="number the classes without a gap, and give each a readable image",
        )
    return train["class_name"].to_numpy(dtype=str)


def ids_of_test(index: pd.DataFrame) -> np.ndarray:
    """The ids of the test images in the order of test.csv, (N,)."""
    return index.loc[index["split"] == "test", "id"].to_numpy(dtype=str)


def read_index(path: Path) -> pd.DataFrame:
    """index.csv: one row an image, row i is row i of the pixel arrays.

    Raises:
        InputError: if it is damaged.
    """
    index = read_run_table(path, _index_of, INDEX)
    wrong = index[(index["split"] == "train") & (index["label"] < 0)]
    if len(wrong):
        raise InputError(
            path,
            expected="a label from 0 in each row of a training image",
            received=f"{wrong['label'].iloc[0]} in line {wrong.index[0] + 2}",
            fix=bring_back(path),
        )
    return index


def _index_of(path: Path) -> pd.DataFrame:
    columns = {
        "id": str,
        "class_name": str,
        "sha256": str,
        "digest": str,
        "source_id": str,
    }
    return pd.read_csv(path, dtype=columns, keep_default_na=False)
