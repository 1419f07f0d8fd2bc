r"""Do folds tell the score on other people? From training pictures alone, as often as wanted.

    dvc exp run -S data.source=omniglot242.tar.gz ...
    python benchmarks/domains.py data '^train/(\w+)_character.*_(\d+)\.' --draws 100

In each draw a third of the people are set aside as the test set that nobody has seen: one of three
stratified folds, so that each class loses a third of its pictures. The pictures of the others are
cut into folds, once as they come (copies together) and once with people held apart
(`split.domain`). A ridge classifier on the frozen features of `embed` gives OOF and, by the model
of each fold, the accuracy on the people set aside. The gap between the two should be zero on
average, and its interval should hold zero in 19 draws of 20. No test picture is touched.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from croquis.components import units
from croquis.domains import domains_of
from croquis.folds import SplitParams, with_folds
from croquis.metrics import Estimate, accuracy_interval, difference, mean_interval
from croquis.parts import read_columns, read_groups, read_index, scored, trained
from croquis.progress import progress

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
        apart: (N,) bool, the rows of `index` whose people are set aside.
        domain: split.domain.
        seed: of the folds and the interval.
    """
    rest, others = index[~apart].reset_index(drop=True), index[apart]
    kept = groups[groups["id"].isin(rest["id"])]
    folds = with_folds(rest, kept, columns, _cut(FOLDS, domain), seed=seed)
    asked, right, kept_right = [], [], []
    for fold in range(FOLDS):
        model = make_pipeline(StandardScaler(), RidgeClassifier(alpha=ALPHA))
        seen, out = trained(folds, fold), scored(folds, fold)
        model.fit(features.loc[seen["id"]].to_numpy(), seen["label"])
        asked.append(out)
        right.append(model.predict(features.loc[out["id"]].to_numpy()) == out["label"])
        there = model.predict(features.loc[others["id"]].to_numpy())
        kept_right.append(there == others["label"].to_numpy())
    rows, oof = pd.concat(asked), np.concatenate(right)
    ends = accuracy_interval(oof, units(rows), seed=seed)
    return (float(oof.mean()), *ends), np.stack(kept_right)


def _cut(num_folds: int, domain: str | None) -> SplitParams:
    return SplitParams(num_folds=num_folds, group=True, domain=domain, rare="train")


def main() -> None:
    """Prints a line for ordinary folds and one for folds that hold domains apart."""
    style = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=style)
    parser.add_argument("data", type=Path)
    parser.add_argument("domain")
    parser.add_argument("--probe", default="lite0_probe")
    parser.add_argument("--draws", type=int, default=40)
    options = parser.parse_args()
    index = read_index(options.data / "images/index.csv").query("split == 'train'")
    index = index.reset_index(drop=True)
    groups = read_groups(options.data / "groups.csv")
    columns = read_columns(options.data / "images/columns.csv")
    with np.load(options.data / "embeddings" / options.probe / "features.npz") as file:
        features = pd.DataFrame(file["features"][0], index=file["ids"])
    people = domains_of(index, columns, options.domain).to_numpy()
    found: dict[str, list[tuple[float, ...]]] = {"as they come": [], "held apart": []}
    for seed in progress(range(options.draws), "domains", unit="draw"):
        thirds = with_folds(index, groups, columns, _cut(3, options.domain), seed=seed)
        apart = np.isin(people, people[thirds["fold"] == 0])
        for words, domain in zip(found, (None, options.domain), strict=True):
            oof, by_fold = draw(index, groups, columns, features, apart, domain, seed)
            pictures = np.arange(by_fold.shape[1])
            drawn = people[apart] if domain else pictures  # what each kind of interval redraws
            new = mean_interval(by_fold.mean(axis=0), drawn, seed=seed)
            gap, low, high = difference(oof, new)
            inside = oof[1] <= new[0] <= oof[2]
            found[words].append((oof[0], new[0], gap, oof[2] - oof[1], inside, low <= 0 <= high))
    print(f"{len(np.unique(people))} domains, of which a third are set aside in each draw")
    print("| people in folds | OOF | people set aside | gap | width | inside | gap holds zero |")
    print("|---|---|---|---|---|---|---|")
    for words, rows in found.items():
        oof, new, gap, width, inside, holds = np.mean(rows, axis=0)
        error = np.std([row[2] for row in rows], ddof=1) / len(rows) ** 0.5
        cells = f"{oof:.4f} | {new:.4f} | {gap:+.4f} ± {error:.4f} | {width:.3f}"
        print(f"| {words} | {cells} | {inside:.0%} | {holds:.0%} |")
    gaps = [np.array([row[2] for row in rows]) for rows in found.values()]
    paired = gaps[1] - gaps[0]
    error = paired.std(ddof=1) / len(paired) ** 0.5
    print(f"held apart, the gap differs by {paired.mean():+.4f} ± {error:.4f}, draw by draw")


if __name__ == "__main__":
    main()
