"""Exact SSIM over all pairs and symmetries, against brute-force scikit-image; and the ink cosine.

    python benchmarks/dedup.py                        the embedded drawings
    python benchmarks/dedup.py a.tar.gz b.tar.gz      archives, joined: train and test, by class

First the decisions: all pairs of a few images under the 8 symmetries, by scikit-image and by the
two bounds and the judge, at .90, .95 and .99. Then the whole: CPU seconds of each step, decoding
included, the candidates that each bound left, and what brute force would have cost.
"""

import argparse
import resource
import tempfile
import time
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from croquis.core.symmetries import NAMES, turn
from croquis.dedup.measures import ink
from croquis.dedup.measures.search import pair_table
from croquis.dedup.measures.ssim import ssim, ssim_pairs
from croquis.dedup.measures.tally import Tally
from croquis.download.sources import DataParams, fetch
from croquis.prepare.decoding import decode, gray_of, squash
from croquis.prepare.layout import read_layout
from croquis.prepare.packing import GRAY_SIDE

THRESHOLDS = (0.90, 0.95, 0.99)
AT_LEAST = 0.95


class Clock:
    """CPU seconds of all threads between two looks."""

    def __init__(self) -> None:
        self._before = time.process_time()

    def seconds(self) -> float:
        """Since the last look."""
        before = self._before
        self._before = time.process_time()
        return self._before - before


def read(sources: list[str], folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """All images of all sources, (N, 224, 224) on disk, and their classes; test is class -1."""
    fetched = [folder / str(number) for number in range(len(sources))]
    for source, raw in zip(sources, fetched, strict=True):
        fetch(DataParams(source=source, sha256=None), raw, raw.with_suffix(".csv"))
    rows = [
        (raw / row.path, f"{raw.name}/{row.label}" if row.label >= 0 else "")
        for raw in fetched
        for row in read_layout(raw).images.itertuples()
    ]
    shape = (len(rows), GRAY_SIDE, GRAY_SIDE)
    gray = np.lib.format.open_memmap(folder / "gray.npy", "w+", np.uint8, shape)
    for sheet, (path, _) in zip(gray, rows, strict=True):
        sheet[:] = squash(gray_of(decode(path.read_bytes()).pixels), GRAY_SIDE)
    return gray, pd.factorize(
        pd.Series([name for _, name in rows]).replace("", np.nan)
    )[0]


def decisions(gray: np.ndarray, count: int) -> None:
    """Prints whether brute force and ours agree on `count` images, and the ratio of their times.

    Half of the images are copies of the others, moved, faded or turned a little, so that there is
    something on both sides of each threshold.
    """
    rng = np.random.default_rng(0)
    own = gray[np.sort(rng.permutation(len(gray))[: count // 2])]
    copies = [np.roll(turn(x, NAMES[i % 8]), i % 2, axis=0) for i, x in enumerate(own)]
    faded = [255 - ((255 - c) * (1 - 0.02 * (i % 9))) for i, c in enumerate(copies)]
    images = np.concatenate([own, np.stack(faded).astype(np.uint8)])
    clock = Clock()
    pairs = list(combinations(range(len(images)), 2))
    brute = {
        (a, b, name): ssim(images[a], turn(images[b], name))
        for a, b in pairs
        for name in NAMES
    }
    slow = clock.seconds()
    print(f"\n{len(images)} images, {len(brute):,} pair-symmetries")
    print(f"scikit-image, brute force {slow:8.1f} CPU s")
    for at_least in THRESHOLDS:
        clock.seconds()
        found = {}
        tally = Tally()
        for name in NAMES:
            options = {"names": [name], "at_least": at_least, "decided": pair_table()}
            table = ssim_pairs(
                images, np.arange(len(images)), None, tally=tally, **options
            )
            found |= {
                (a, b, name): s for a, b, s in table[["a", "b", "score"]].to_numpy()
            }
        fast = clock.seconds()
        expected = {key: score for key, score in brute.items() if score >= at_least}
        same = "identical" if set(found) == set(expected) else "DIFFERENT"
        worst = max((abs(found[key] - expected[key]) for key in found), default=0.0)
        print(
            f"ours at {at_least:.2f} {fast:24.1f} CPU s   1/{slow / fast:.0f}   "
            f"{len(expected):,} copies, decisions {same}, largest difference {worst:.1e}, "
            f"{tally.candidates['ssim bound']:,} judged"
        )
    each = slow / len(brute)
    total = len(gray) * (len(gray) - 1) / 2 * 8
    print(f"brute force on all {len(gray):,} images: {each * total / 86400:.1f} days")


def whole(gray: np.ndarray, classes: np.ndarray, decoding: float) -> None:
    """Prints what each search over everything costs."""
    rows = np.arange(len(gray))
    every = len(gray) * (len(gray) - 1) // 2 * 8
    search = {"names": NAMES, "at_least": AT_LEAST, "decided": pair_table()}
    print(f"\n{len(gray):,} images, {every:,} pair-symmetries, at {AT_LEAST}")
    print(f"decoding to 224 px {decoding:8.1f} CPU s")
    clock = Clock()
    tally = Tally()
    vectors, _ = ink.ink_vectors(gray, rows)
    found = ink.cosine_pairs(vectors, tally=tally, step="copy", **search)
    say("ink cosine, everything", clock.seconds(), found, tally)
    known = np.flatnonzero(classes >= 0)
    labels = classes[known]
    tally = Tally()
    found = ssim_pairs(gray, known, labels, tally=tally, **search)
    took = clock.seconds()
    say("SSIM, inside classes", took, found, tally)
    print(f"   with decoding {took + decoding:8.1f} CPU s")
    tally = Tally()
    found = ssim_pairs(gray, rows, None, tally=tally, **search)
    took = clock.seconds()
    say("SSIM, everything", took, found, tally)
    print(f"   with decoding {took + decoding:8.1f} CPU s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory {peak:.2f} GiB, the memory-mapped images included")


def say(name: str, seconds: float, found: pd.DataFrame, tally: Tally) -> None:
    """One line."""
    left = ", ".join(f"{step} {count:,}" for step, count in tally.candidates.items())
    print(
        f"{name} {seconds:8.1f} CPU s   {len(found):,} pairs; left by {left}",
        flush=True,
    )


def main() -> None:
    """Reads the sources once, then prints both parts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sources", nargs="*", default=["icons"])
    parser.add_argument("--sample", type=int, default=74, help="images for brute force")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clock = Clock()
        gray, classes = read(options.sources, Path(folder))
        decoding = clock.seconds()
        decisions(gray, options.sample)
        whole(gray, classes, decoding)


if __name__ == "__main__":
    main()
