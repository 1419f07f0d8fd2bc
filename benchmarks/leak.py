"""What copies across folds make of a score: a leaky copy of a data set, and the truth about a run.

    python benchmarks/leak.py make quickdraw345.tar.gz ../leaky        writes the data set
    croquis: dvc exp run -S data.source=../leaky -S split.group=false  (and true)
    python benchmarks/leak.py score test_labels.csv                    after each run

A third of the training images get one more file in their own class: flipped, turned by a quarter
or written again as a JPEG of quality 60. Nothing says what it is a copy of. The test set stays as
it is, without its labels, which only `score` reads: it compares the OOF accuracy with the mean test
accuracy of the models of single folds, as both come from one model an image.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from croquis.core import params
from croquis.dataset.data_params import DataParams
from croquis.download.sources import fetch
from croquis.prepare.decoding import decode, gray_of
from croquis.tables import predictions
from croquis.votes.members import RunParams

SHARE = 1 / 3
TURNS = (
    Image.Transpose.FLIP_LEFT_RIGHT,
    Image.Transpose.FLIP_TOP_BOTTOM,
    Image.Transpose.ROTATE_90,
    Image.Transpose.ROTATE_180,
    None,
)


def make(source: str, folder: Path) -> None:
    """Writes the leaky data set into a new folder."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as work:
        raw = Path(work, "raw")
        fetch(
            DataParams(source=source, sha256=None), raw, Path(work, "solution.csv")
        )
        shutil.copytree(raw, folder)
    train = pd.read_csv(folder / "train.csv")
    chosen = train.iloc[
        np.sort(rng.permutation(len(train))[: int(len(train) * SHARE)])
    ]
    rows = []
    for number, row in enumerate(chosen.to_dict("records")):
        path = Path(row["image_path"])
        copy = path.with_name(
            f"{path.name}_again.JPEG"
        )  # with its suffix: a.png is not a.jpg
        # Gray, on paper and as it is held: a JPEG has no palette and no transparency.
        image = Image.fromarray(
            gray_of(decode((folder / "train" / path).read_bytes()).pixels)
        )
        turn = TURNS[number % len(TURNS)]
        image = image if turn is None else image.transpose(turn)
        image.save(
            folder / "train" / copy, "JPEG", quality=60 if turn is None else 90
        )
        rows.append(row | {"image_path": copy.as_posix()})
    # Among the others, as the copies of a real data set are.
    table = pd.concat([train, pd.DataFrame(rows)]).sample(frac=1, random_state=0)
    table.to_csv(folder / "train.csv", index=False)
    print(f"{folder}: {len(train):,} training images and {len(rows):,} copies")


def score(truth: Path) -> None:
    """Prints what the run in the working folder claims, and what is true."""
    labels = pd.read_csv(truth, dtype={"image_path": str}).set_index("image_path")[
        "target"
    ]

    def accuracy(path: Path) -> float:
        test = predictions.load_predictions(path)
        names = [Path(name).name for name in test.ids]
        return float(
            (test.probs.argmax(axis=1) == labels.loc[names].to_numpy()).mean()
        )

    claimed = json.loads(Path("metrics/ensemble.json").read_text())
    ensemble = Path("data/ensemble")
    folds = params.load(RunParams, "run").folds
    single = [accuracy(ensemble / f"test_fold{fold}.npz") for fold in folds]
    voted = accuracy(ensemble / "test.npz")
    mean = float(np.mean(single))
    oof, low, high = (claimed[f"accuracy{end}"] for end in ("", "_low", "_high"))
    print(f"OOF accuracy                   {oof:.3f} ({low:.3f} to {high:.3f})")
    print(
        f"test, mean of single folds     {mean:.3f}   OOF overstates it by {oof - mean:+.3f}"
    )
    print(
        f"test, vote of {len(single)} folds           {voted:.3f}   its gain {voted - mean:+.3f}"
    )


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make")
    making.add_argument("source")
    making.add_argument("folder", type=Path)
    commands.add_parser("score").add_argument("truth", type=Path)
    options = parser.parse_args()
    if options.command == "make":
        make(options.source, options.folder)
    else:
        score(options.truth)


if __name__ == "__main__":
    main()
