"""Recipes side by side on the same folds, each against its control, with paired tests.

    python benchmarks/recipes.py run quickdraw345.tar.gz ../table          two hours on two cores
    python benchmarks/recipes.py score ../table quickdraw345_test_labels.csv

`run` is a `dvc exp run` a recipe; what is in ../table already is not run again. Only `score` reads
the labels of the test set. A difference is tested by McNemar's exact test on the images of the
same folds; the interval of an OOF accuracy is a bootstrap over groups of copies.
"""

import argparse
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from croquis.core.files import atomic_write
from croquis.scoring import metrics
from croquis.tables import predictions
from croquis.tables.components import units
from croquis.tables.fold_tables import read_folds

CURRICULUM = (
    "[{from_epoch: 2, augment: flips, lr_factor: 1.0},"
    " {from_epoch: 4, augment: {preset: flips, ops: {elastic: {}}}, lr_factor: 0.5}]"
)
MIX = "{prob: 0.5, mixup: 1.0, cutmix: 1.0, clip: [0.3, 0.7], off_last_epochs: 1}"
# At lr 3e-3 and alpha 32 the train loss never fell: batch norms stay frozen beside adapters.
LORA = "{rank: 16, alpha: 16, dropout: 0.0, targets: '.*(conv_pw|conv_pwl)'}"
# Of each recipe its member, what differs from params.yaml, and what it is compared with.
RECIPES: dict[str, tuple[str, list[str], str | None]] = {
    "fine-tuned, flips": ("lite0_96", [], None),
    "probe": ("lite0_probe", [], "fine-tuned, flips"),
    "no augmentation": ("lite0_96", ["train.augment=none"], "fine-tuned, flips"),
    "course": ("lite0_96", ["train.augment=course"], "fine-tuned, flips"),
    "LP-FT": ("lite0_96", ["train.head_start=probe"], "fine-tuned, flips"),
    "EMA": ("lite0_96", ["train.ema_decay=0.998"], "fine-tuned, flips"),
    "mixup, cutmix": ("lite0_96", [f"train.mix={MIX}"], "fine-tuned, flips"),
    "mixup, cutmix, no flips": (
        "lite0_96",
        [f"train.mix={MIX}", "train.augment=none"],
        "no augmentation",
    ),
    "mixup, cutmix, no flips, LP-FT": (
        "lite0_96",
        [f"train.mix={MIX}", "train.augment=none", "train.head_start=probe"],
        "mixup, cutmix, no flips",
    ),
    "LoRA": (
        "lite0_96",
        [f"train.lora={LORA}"],
        "fine-tuned, flips",
    ),
    "curriculum": (
        "lite0_96",
        ["train.augment=none", f"train.phases={CURRICULUM}"],
        "fine-tuned, flips",  # as many epochs of it: the equal-budget control
    ),
    "stacked pair": ("lite01_96", [], "fine-tuned, flips"),
    "stacked probe": ("lite012_probe", [], "probe"),
}


def run(
    source: str, out: Path, names: list[str], folds: list[int], epochs: int
) -> None:
    """Runs what is not there yet, one recipe after the other."""
    for name in names:
        member, changes, _ = RECIPES[name]
        kept = out / name
        if kept.exists():
            continue
        kind, other = (
            ("probes", "models") if "probe" in member else ("models", "probes")
        )
        chosen = [
            f"data.source={source}",
            f"run.{kind}=[{member}]",
            f"run.{other}=[]",
        ]
        chosen.append(f"run.folds={folds}".replace(" ", ""))
        if kind == "models":  # the entries have a length of their own
            chosen.append(f"models.{member}.epochs={epochs}")
        chosen += changes
        settings = [part for change in chosen for part in ("-S", change)]
        print(name, " ".join(chosen), flush=True)
        # `-S` leaves its changes in params.yaml: each recipe starts from the committed ones.
        subprocess.run(
            ["git", "checkout", "-q", "HEAD", "--", "params.yaml"], check=True
        )
        subprocess.run(["dvc", "exp", "run", *settings], check=True)
        with atomic_write(
            kept
        ) as draft:  # of these folds alone: DVC leaves those of other runs there
            for fold in folds:
                shutil.copytree(
                    Path("data/predictions", member, f"fold{fold}"),
                    draft / f"fold{fold}",
                )
            shutil.copy("params.yaml", draft)  # what really ran
        shutil.copy("data/folds.csv", out / "folds.csv")


def score(out: Path, truth: Path) -> None:
    """Prints a table of all that was run."""
    folds = read_folds(out / "folds.csv").set_index("id")
    labels = pd.read_csv(truth, dtype={"image_path": str}).set_index("image_path")[
        "target"
    ]
    right = {
        name: _right(out / name, folds) for name in RECIPES if (out / name).exists()
    }
    print("| recipe | OOF (95 %) | test, single folds | against | difference | p |")
    print("|---|---|---|---|---|---|")
    for name, hits in right.items():
        groups = units(folds.loc[hits.index])
        low, high = metrics.accuracy_interval(hits.to_numpy(), groups, seed=0)
        claimed = f"{hits.mean():.3f} ({low:.3f} to {high:.3f})"
        line = f"| {name} | {claimed} | {_tested(out / name, labels):.3f} |"
        control = RECIPES[name][2]
        if control in right:
            line += f" {control} | {_compared(hits, right[control])} |"
        print(line if control in right else f"{line} | | |")


def _right(kept: Path, folds: pd.DataFrame) -> pd.Series:
    """Whether each scored image was recognised, by id."""
    parts = [
        predictions.load_predictions(path / "val.npz") for path in _by_fold(kept)
    ]
    oof = predictions.join_predictions(parts)
    truth = folds.loc[oof.ids, "label"].to_numpy()
    return pd.Series(oof.probs.argmax(axis=1) == truth, index=oof.ids)


def _tested(kept: Path, labels: pd.Series) -> float:
    """The mean test accuracy of the models of single folds."""
    accuracies = []
    for path in _by_fold(kept):
        test = predictions.load_predictions(path / "test.npz")
        names = [Path(name).name for name in test.ids]
        accuracies.append(
            (test.probs.argmax(axis=1) == labels.loc[names].to_numpy()).mean()
        )
    return float(np.mean(accuracies))


def _by_fold(kept: Path) -> list[Path]:
    return [
        kept / f"fold{fold}"
        for fold in range(10)
        if (kept / f"fold{fold}").exists()
    ]


def _compared(hits: pd.Series, control: pd.Series) -> str:
    """The difference in accuracy, and McNemar's exact p of it."""
    control = control.loc[hits.index]
    won = int((hits & ~control).sum())
    lost = int((~hits & control).sum())
    p = binomtest(won, won + lost).pvalue if won + lost else 1.0
    return f"{(won - lost) / len(hits):+.3f} | {p:.3f}"


def main() -> None:
    """Reads the command line."""
    style = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=style)
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run")
    running.add_argument("source")
    running.add_argument("out", type=Path)
    running.add_argument("--folds", type=int, nargs="+", default=[0, 1])
    running.add_argument(
        "--epochs", type=int, default=6, help="of each fine-tuned recipe"
    )
    running.add_argument(
        "--recipes", nargs="+", choices=RECIPES, default=list(RECIPES)
    )
    scoring = commands.add_parser("score")
    scoring.add_argument("out", type=Path)
    scoring.add_argument("truth", type=Path)
    options = parser.parse_args()
    if options.command == "run":
        options.out.mkdir(parents=True, exist_ok=True)
        run(
            options.source,
            options.out,
            options.recipes,
            options.folds,
            options.epochs,
        )
    else:
        score(options.out, options.truth)


if __name__ == "__main__":
    main()
