r"""Does the estimate hold? On images set aside from the training set, as often as wanted.

    dvc exp run -S data.source=quickdraw345.tar.gz -S 'run.probes=[lite0_probe]' ...
    python benchmarks/set_aside.py data
    python benchmarks/set_aside.py data --domain '^train/(\w+)_character.*_(\d+)\.'

In each draw a third is set aside as the test set that nobody has seen: one of three stratified
folds, so that each class loses a third of its images, and copies stay together. The others are
cut into folds. With a domain (a person, a camera) whole people are set aside, and the others are
cut once as they come and once with people held apart (`split.domain`). A ridge classifier on the
frozen features of `embed` gives OOF and, by the model of each fold, the accuracy on what was set
aside. The gap between the two should be zero on average, and its interval should hold zero in 19
draws of 20. No test image is touched.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from croquis.core.progress import progress
from croquis.scoring.metrics import (
    Estimate,
    accuracy_interval,
    difference,
    mean_interval,
)
from croquis.split.folds import cut_folds
from croquis.split.settings import SplitParams
from croquis.tables.components import units
from croquis.tables.fold_tables import (
    read_columns,
    read_groups,
    read_index,
    scored_rows,
    training_rows,
)

ALPHA = 300.0  # of the ridge, on standardised features; not tuned
FOLDS = 5


def draw(
    index: pd.DataFrame,
    groups: pd.DataFrame,
    columns: pd.DataFrame,
    features: pd.DataFrame,
    apart: np.ndarray,
    domain: str | None,
    seed: int,
) -> tuple[Estimate, np.ndarray]:
    """OOF accuracy with its interval, and the rights of each fold's model on `apart`, (K, N).

    Args:
        index: the training rows of index.csv.
        groups: groups.csv.
        columns: columns.csv.
        features: (N, D) by id.
        apart: (N,) bool, the rows of `index` that are set aside.
        domain: split.domain.
        seed: of the folds and the interval.
    """
    rest = index[~apart].reset_index(drop=True)
    others = index[apart]
    kept = groups[groups["id"].isin(rest["id"])]
    folds = cut_folds(rest, kept, columns, _cut(FOLDS, domain), seed=seed)
    asked = []
    right = []
    kept_right = []
    for fold in range(FOLDS):
        model = make_pipeline(StandardScaler(), RidgeClassifier(alpha=ALPHA))
        seen = training_rows(folds, fold)
        out = scored_rows(folds, fold)
        model.fit(features.loc[seen["id"]].to_numpy(), seen["label"])
        asked.append(out)
        right.append(
            model.predict(features.loc[out["id"]].to_numpy()) == out["label"]
        )
        there = model.predict(features.loc[others["id"]].to_numpy())
        kept_right.append(there == others["label"].to_numpy())
    rows = pd.concat(asked)
    oof = np.concatenate(right)
    ends = accuracy_interval(oof, units(rows), seed=seed)
    return (float(oof.mean()), *ends), np.stack(kept_right)


def _cut(num_folds: int, domain: str | None) -> SplitParams:
    return SplitParams(num_folds=num_folds, group=True, domain=domain, rare="train")


def _options() -> argparse.Namespace:
    style = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=style)
    parser.add_argument("data", type=Path)
    parser.add_argument("--domain", help="as split.domain")
    parser.add_argument("--probe", default="lite0_probe", help="whose features")
    parser.add_argument("--draws", type=int, default=40)
    return parser.parse_args()


def main() -> None:
    """Prints a line for ordinary folds and, with a domain, one for folds that hold it apart."""
    options = _options()
    index = read_index(options.data / "images/index.csv").query("split == 'train'")
    index = index.reset_index(drop=True)
    groups = read_groups(options.data / "groups.csv")
    columns = read_columns(options.data / "images/columns.csv")
    with np.load(
        options.data / "embeddings" / options.probe / "features.npz"
    ) as file:
        features = pd.DataFrame(file["features"][0], index=file["ids"])
    ways: dict[str, str | None] = {"as they come": None}
    if options.domain:
        ways["held apart"] = options.domain
    rows_of: dict[str, list[tuple[float, ...]]] = {words: [] for words in ways}
    for seed in progress(range(options.draws), "set aside", unit="draw"):
        thirds = cut_folds(
            index, groups, columns, _cut(3, options.domain), seed=seed
        )
        apart = (
            thirds["unit"].isin(thirds.loc[thirds["fold"] == 0, "unit"]).to_numpy()
        )
        units = thirds["unit"].to_numpy()[apart]
        for words, domain in ways.items():
            oof, by_fold = draw(
                index, groups, columns, features, apart, domain, seed
            )
            rows_of[words].append(_row(oof, by_fold, units, seed))
    _table(rows_of)


def _row(
    oof: Estimate, by_fold: np.ndarray, units: np.ndarray, seed: int
) -> tuple[float, ...]:
    """A draw's cells: OOF, set aside, gap, width, inside, and whether the gap holds zero."""
    new = mean_interval(by_fold.mean(axis=0), units, seed=seed)
    gap, low, high = difference(oof, new)
    inside = oof[1] <= new[0] <= oof[2]
    return oof[0], new[0], gap, oof[2] - oof[1], inside, low <= 0 <= high


def _table(rows_of: dict[str, list[tuple[float, ...]]]) -> None:
    print(
        "| folds | OOF | set aside | gap | sd of a draw's | width | inside | gap holds zero |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for words, rows in rows_of.items():
        oof, new, gap, width, inside, holds = np.mean(rows, axis=0)
        spread = np.std([row[2] for row in rows], ddof=1)
        cells = (
            f"{oof:.4f} | {new:.4f} | {gap:+.4f} ± {spread / len(rows) ** 0.5:.4f}"
        )
        print(
            f"| {words} | {cells} | {spread:.4f} | {width:.3f} | {inside:.0%} | {holds:.0%} |"
        )


if __name__ == "__main__":
    main()
