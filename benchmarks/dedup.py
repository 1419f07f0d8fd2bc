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
from croquis.dataset.data_params import DataParams
from croquis.dedup.measures import ink
from croquis.dedup.measures.search import pair_table
from croquis.dedup.measures.search_timings import Tally
from croquis.dedup.measures.ssim import ssim, ssim_pairs
from croquis.download.sources import fetch
from croquis.prepare.decoding import decode, gray_of, squash
from croquis.prepare.layout import read_layout
from croquis.prepare.packing import GRAY_SIDE

THRESHOLDS = (0.90, 0.95, 0.99)
AT_LEAST = 0.95

Scores = dict[tuple[int, int, str], float]  # by a, b and the symmetry of b


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
    paths: list[Path] = []
    names: list[str | float] = []
    for raw in fetched:
        for row in read_layout(raw).images.itertuples():
            paths.append(raw / row.path)
            names.append(f"{raw.name}/{row.label}" if row.label >= 0 else np.nan)
    shape = (len(paths), GRAY_SIDE, GRAY_SIDE)
    gray = np.lib.format.open_memmap(folder / "gray.npy", "w+", np.uint8, shape)
    for sheet, path in zip(gray, paths, strict=True):
        sheet[:] = squash(gray_of(decode(path.read_bytes()).pixels), GRAY_SIDE)
    return gray, pd.factorize(pd.Series(names, dtype=object))[0]


def decisions(gray: np.ndarray, count: int) -> None:
    """Prints whether brute force and ours agree on `count` images, and the ratio of their times.

    Half of the images are copies of the others, moved, faded or turned a little, so that there is
    something on both sides of each threshold.
    """
    images = sample(gray, count)
    clock = Clock()
    brute = brute_force(images)
    slow = clock.seconds()
    print(f"\n{len(images)} images, {len(brute):,} pair-symmetries")
    print(f"scikit-image, brute force {slow:8.1f} CPU s")
    for at_least in THRESHOLDS:
        clock.seconds()
        tally = Tally()
        scores = search(images, at_least, tally)
        fast = clock.seconds()
        expected = {key: score for key, score in brute.items() if score >= at_least}
        same = "identical" if set(scores) == set(expected) else "DIFFERENT"
        worst = max(
            (abs(scores[key] - expected[key]) for key in scores), default=0.0
        )
        print(
            f"ours at {at_least:.2f} {fast:24.1f} CPU s   1/{slow / fast:.0f}   "
            f"{len(expected):,} copies, decisions {same}, largest difference {worst:.1e}, "
            f"{tally.candidates['ssim bound']:,} judged"
        )
    each = slow / len(brute)
    total = len(gray) * (len(gray) - 1) / 2 * 8
    print(
        f"brute force on all {len(gray):,} images: {each * total / 86400:.1f} days"
    )


def sample(gray: np.ndarray, count: int) -> np.ndarray:
    """Some of the images, and moved and faded copies of them, (count, 224, 224)."""
    rng = np.random.default_rng(0)
    originals = gray[np.sort(rng.permutation(len(gray))[: count // 2])]
    copies = [
        np.roll(turn(sheet, NAMES[place % 8]), place % 2, axis=0)
        for place, sheet in enumerate(originals)
    ]
    faded = [
        255 - ((255 - copy) * (1 - 0.02 * (place % 9)))
        for place, copy in enumerate(copies)
    ]
    return np.concatenate([originals, np.stack(faded).astype(np.uint8)])


def brute_force(images: np.ndarray) -> Scores:
    """The SSIM of all pairs under all symmetries, by scikit-image."""
    return {
        (a, b, name): ssim(images[a], turn(images[b], name))
        for a, b in combinations(range(len(images)), 2)
        for name in NAMES
    }


def search(images: np.ndarray, at_least: float, tally: Tally) -> Scores:
    """The SSIM of the pairs that are found, under one symmetry at a time."""
    scores: Scores = {}
    for name in NAMES:
        table = ssim_pairs(
            images,
            np.arange(len(images)),
            None,
            names=[name],
            at_least=at_least,
            decided=pair_table(),
            tally=tally,
        )
        ends = zip(table["a"], table["b"], table["score"], strict=True)
        scores |= {(a, b, name): score for a, b, score in ends}
    return scores


def whole(gray: np.ndarray, classes: np.ndarray, decoding: float) -> None:
    """Prints what each search over everything costs."""
    every = len(gray) * (len(gray) - 1) // 2 * 8
    print(f"\n{len(gray):,} images, {every:,} pair-symmetries, at {AT_LEAST}")
    print(f"decoding to 224 px {decoding:8.1f} CPU s")
    rows = np.arange(len(gray))
    search_ink(gray, rows)
    train = np.flatnonzero(classes >= 0)
    inside = search_structure(gray, train, classes[train], "SSIM, inside classes")
    print(f"   with decoding {inside + decoding:8.1f} CPU s")
    everything = search_structure(gray, rows, None, "SSIM, everything")
    print(f"   with decoding {everything + decoding:8.1f} CPU s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory {peak:.2f} GiB, the memory-mapped images included")


def search_ink(gray: np.ndarray, rows: np.ndarray) -> None:
    """Prints what the ink cosine over everything costs."""
    clock = Clock()
    tally = Tally()
    vectors, _ = ink.ink_vectors(gray, rows)
    pairs = ink.cosine_pairs(
        vectors,
        names=NAMES,
        at_least=AT_LEAST,
        decided=pair_table(),
        tally=tally,
        step="copy",
    )
    say("ink cosine, everything", clock.seconds(), pairs, tally)


def search_structure(
    gray: np.ndarray, rows: np.ndarray, labels: np.ndarray | None, name: str
) -> float:
    """Prints what SSIM costs, inside classes where there are `labels`; the CPU seconds."""
    clock = Clock()
    tally = Tally()
    pairs = ssim_pairs(
        gray,
        rows,
        labels,
        names=NAMES,
        at_least=AT_LEAST,
        decided=pair_table(),
        tally=tally,
    )
    seconds = clock.seconds()
    say(name, seconds, pairs, tally)
    return seconds


def say(name: str, seconds: float, pairs: pd.DataFrame, tally: Tally) -> None:
    """One line."""
    left = ", ".join(
        f"{step} {count:,}" for step, count in tally.candidates.items()
    )
    print(
        f"{name} {seconds:8.1f} CPU s   {len(pairs):,} pairs; left by {left}",
        flush=True,
    )


def main() -> None:
    """Reads the sources once, then prints both parts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sources", nargs="*", default=["icons"])
    parser.add_argument(
        "--sample", type=int, default=74, help="images for brute force"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clock = Clock()
        gray, classes = read(options.sources, Path(folder))
        decoding = clock.seconds()
        decisions(gray, options.sample)
        whole(gray, classes, decoding)


if __name__ == "__main__":
    main()
