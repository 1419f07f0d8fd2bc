"""All votes of a finished run: what OOF says, nested, and what the test set says afterwards.

    dvc exp run -S data.source=quickdraw345.tar.gz -S 'run.models=[...]' ...
    python benchmarks/votes.py data/predictions data/folds.csv quickdraw345_test_labels.csv
    python benchmarks/votes.py ../table ../table/folds.csv quickdraw345_test_labels.csv --folds 0 1

The second takes the recipes of `recipes.py` as members. This script alone reads the labels of the
test set, after the run. OOF has one model an image, so it is compared with the mean over folds of
the ensemble of that fold's models ("single folds"): whether that is inside OOF's interval, and the
gap with an interval of both errors. What the vote of all folds adds stands apart.
p is McNemar's exact one against the soft vote, that of a gain the bootstrap's.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from croquis.ensemble.alternatives import Alternative, all_alternatives, recipe_of
from croquis.ensemble.fold_choices import combine_folds
from croquis.ensemble.members_oof import MembersOof, read_members_oof
from croquis.scoring.metrics import (
    accuracy_interval,
    difference,
    mean_gain,
    mean_interval,
)
from croquis.scoring.paired import mcnemar
from croquis.submit.solution_scores import accuracy_by_vote, read_votes
from croquis.tables.fold_tables import read_folds, truth_of
from croquis.votes.fitting import fit_temperature
from croquis.votes.members import fold_votes, out_of_fold
from croquis.votes.recipe import VoteParams


def rights(
    oof: MembersOof,
    each: Alternative,
    by_fold: Path,
    folds: list[int],
    labels: pd.Series,
) -> tuple[np.ndarray, np.ndarray]:
    """Which test images the vote of all folds gets right, and which those of single folds."""
    tests = combine_folds(
        recipe_of(oof, each, folds), by_fold, [folds, *([fold] for fold in folds)]
    )
    truth = labels.loc[[Path(name).name for name in tests[0].ids]].to_numpy()
    full, *single = (part.probs.argmax(axis=1) == truth for part in tests)
    return full, np.stack(single)


def joined(
    members: list[str], by_fold: Path, table: Path, folds: list[int], votes: Path
) -> None:
    """What the `vote` stage does, for members of any name."""
    rows = read_folds(table)
    for member in members:
        oof = out_of_fold(by_fold, member, rows, folds)
        oof.save(votes / member / "oof.npz")
        temperature = fit_temperature(
            truth_of(oof.ids, rows, where=member)["label"].to_numpy(), oof.probs
        )
        for vote, test in fold_votes(by_fold, member, folds, temperature).items():
            test.save(votes / member / f"test_{vote}.npz")


def _options() -> argparse.Namespace:
    style = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=style)
    parser.add_argument("predictions", type=Path)
    parser.add_argument("folds_csv", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument(
        "--members", nargs="+", help="all that have these folds unless named"
    )
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    return parser.parse_args()


def main() -> None:
    """Prints a table of votes over members, then the scores of votes over folds."""
    options = _options()
    by_fold = options.predictions
    folds = options.folds
    members = options.members or sorted(
        path.name
        for path in by_fold.iterdir()
        if all((path / f"fold{fold}").exists() for fold in folds)
    )
    labels = pd.read_csv(options.truth, dtype={"image_path": str}).set_index(
        "image_path"
    )["target"]
    with TemporaryDirectory() as folder:
        votes = Path(folder)
        fold_vote = VoteParams(folds="soft", calibrate=True)
        joined(members, by_fold, options.folds_csv, folds, votes)
        oof = read_members_oof(members, votes, options.folds_csv, fold_vote, seed=0)
        votes_of = all_alternatives(oof, np.ones(len(members)))
        rights_of = {
            name: rights(oof, a, by_fold, folds, labels)
            for name, a in votes_of.items()
        }
        _table(oof, votes_of, rights_of)
        recipe = recipe_of(oof, votes_of["soft"], folds)
        by_vote = read_votes(votes, recipe)
    ids = by_vote["soft"][0].ids
    truth = labels.loc[[Path(name).name for name in ids]].to_numpy()
    print(
        "\nfolds-members on the test set:",
        accuracy_by_vote(truth, ids, by_vote, recipe),
    )


def _table(
    oof: MembersOof, votes_of: dict[str, Alternative], rights_of: dict
) -> None:
    head = (
        "vote | OOF | nested (95 %) | p | single folds | inside | gap (95 %) | vote of folds | p |"
        " gain of folds (95 %) | p"
    )
    print(f"| {head} |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    base = votes_of["soft"].nested.argmax(axis=1) == oof.labels
    for name, each in votes_of.items():
        unseen = each.nested.argmax(axis=1) == oof.labels
        low, high = accuracy_interval(unseen, oof.groups, seed=oof.seed)
        full, single = rights_of[name]
        alone = single.mean()
        gain = full.mean() - single.mean()
        images = np.arange(len(full))
        kept = mean_interval(single.mean(axis=0), images, seed=oof.seed)
        gap, short, over = difference((unseen.mean(), low, high), kept)
        least, most, p = mean_gain(full, single, images, seed=oof.seed)
        cells = [
            name,
            f"{(each.probs.argmax(axis=1) == oof.labels).mean():.4f}",
            f"{unseen.mean():.4f} ({low:.3f} to {high:.3f})",
            f"{mcnemar(base, unseen):.3f}",
            f"{alone:.4f}",
            "yes" if low <= alone <= high else "no",
            f"{gap:+.4f} ({short:+.3f} to {over:+.3f})",
            f"{full.mean():.4f}",
            f"{mcnemar(rights_of['soft'][0], full):.3f}",
            f"{gain:+.4f} ({least:+.3f} to {most:+.3f})",
            f"{p:.3f}",
        ]
        print(f"| {' | '.join(cells)} |")
    for member, weights in zip(oof.members, _weights(votes_of), strict=True):
        print(f"{member}: {weights}")


def _weights(votes_of: dict[str, Alternative]) -> list[str]:
    names = [name for name in ("greedy", "simplex") if name in votes_of]
    shares = [
        votes_of[name].weights / votes_of[name].weights.sum() for name in names
    ]
    return [
        ", ".join(
            f"{name} {share:.2f}" for name, share in zip(names, row, strict=True)
        )
        for row in np.transpose(shares)
    ]


if __name__ == "__main__":
    main()
