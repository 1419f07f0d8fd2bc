"""Recall and wrong merges of every duplicate test, on real drawings with planted copies.

    python benchmarks/dedup_truth.py                      the embedded drawings
    python benchmarks/dedup_truth.py a.tar.gz b.tar.gz    other sources, one table each

Of each source, up to --images originals are drawn and a few of them are copied in each of the
ways below. A copy is recalled if it shares a group with its original, and an original as
wrongly merged if it shares a group with another one. Some sources hold copies of their own: they
count as wrong merges here, so that column is an upper limit.
"""

import argparse
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from PIL import Image

from croquis.core import params
from croquis.core.symmetries import NAMES, turn
from croquis.dataset.data_params import DataParams
from croquis.dedup.groups import group_copies
from croquis.dedup.identity import describe_images
from croquis.dedup.pairs import find_copies
from croquis.dedup.settings import DedupParams
from croquis.download.sources import fetch
from croquis.prepare.decoding import decode, gray_of, squash
from croquis.prepare.layout import read_layout
from croquis.prepare.packing import GRAY_SIDE

PER_KIND = 25
Kind = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def jpeg(quality: int) -> Kind:
    def kind(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        buffer = io.BytesIO()
        Image.fromarray(x).save(buffer, "JPEG", quality=quality)
        return np.asarray(Image.open(buffer, formats=["JPEG"]))

    return kind


def resized(side: int) -> Kind:
    def kind(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        small = Image.fromarray(x).resize((side, side), Image.Resampling.BICUBIC)
        return np.asarray(small.resize(x.shape, Image.Resampling.BICUBIC))

    return kind


def moved(shift: float = 0, degrees: float = 0, zoom: float = 1) -> Kind:
    """Shifted in a random direction, turned either way, enlarged; white comes in from outside."""

    def kind(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        centre = (len(x) - 1) / 2
        matrix = cv2.getRotationMatrix2D(
            (centre, centre), degrees * rng.choice([-1, 1]), zoom
        )
        angle = rng.uniform(0, 2 * np.pi)
        matrix[:, 2] += shift * np.array([np.cos(angle), np.sin(angle)])
        return cv2.warpAffine(
            x,
            matrix,
            x.shape[::-1],
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=255,
        )

    return kind


def noisy(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.clip(x + rng.normal(0, 10, x.shape), 0, 255).astype(np.uint8)


def blurred(deviation: float) -> Kind:
    return lambda x, rng: cv2.GaussianBlur(x, (0, 0), deviation)


def turned(name: str) -> Kind:
    return lambda x, rng: np.ascontiguousarray(turn(x, name))


KINDS: dict[str, Kind] = {
    "identical": lambda x, rng: x,
    **{name: turned(name) for name in NAMES[1:]},
    "jpeg 50": jpeg(50),
    "jpeg 20": jpeg(20),
    "half size": resized(112),
    "third size": resized(75),
    "blur 1": blurred(1),
    "blur 2": blurred(2),
    "noise 10": noisy,
    "fainter": lambda x, rng: (255 - (255 - x.astype(np.float64)) * 0.6).astype(
        np.uint8
    ),
    "gamma 2": lambda x, rng: (255 * (x / 255.0) ** 2).astype(np.uint8),
    "1 px": moved(shift=1),
    "3 px": moved(shift=3),
    "6 px": moved(shift=6),
    "1 degree": moved(degrees=1),
    "2 degrees": moved(degrees=2),
    "2 % crop": moved(zoom=1 / 0.96),
    "5 % smaller": moved(zoom=0.95),
    "flipped, 2 px, jpeg 50": lambda x, rng: jpeg(50)(
        moved(2)(x[:, ::-1].copy(), rng), rng
    ),
}

ALONE = {"chain_min": 0.0, "chain_share": 1.0}
METHODS: dict[str, dict] = {
    "default": {},
    "copy .95": {"methods": ["copy"]},
    "copy .97": {"methods": ["copy"], "copy_min": 0.97},
    "variant": {"methods": ["variant"]},
    "SSIM-D4 .95": {"methods": ["ssim"], "ssim_min": 0.95, **ALONE},
    "SSIM .95, no D4": {
        "methods": ["ssim"],
        "ssim_min": 0.95,
        "symmetries": False,
        **ALONE,
    },
    "raw cosine .99": {"methods": ["cosine"], "symmetries": False, **ALONE},
    "teams": {
        "methods": ["ssim", "cosine"],
        "ssim_min": 0.95,
        "symmetries": False,
        **ALONE,
    },
}


def originals(
    source: str, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """`count` images of a source at 224 px and their labels, as the pipeline reads them."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "raw")
        fetch(
            DataParams(source=source, sha256=None),
            raw,
            Path(folder, "solution.csv"),
        )
        rows = read_layout(raw).images
        rows = rows[rows["split"] == "train"].sort_values("id")
        rows = rows.iloc[np.sort(rng.permutation(len(rows))[:count])]
        sheets = [
            gray_of(decode((raw / path).read_bytes()).pixels)
            for path in rows["path"]
        ]
    return np.stack([squash(x, GRAY_SIDE) for x in sheets]), rows[
        "label"
    ].to_numpy()


def plant(
    gray: np.ndarray, labels: np.ndarray, rng: np.random.Generator
) -> tuple[pd.DataFrame, np.ndarray]:
    """The originals and their copies: a table as the pipeline's, and the images."""
    kinds = ["original"] * len(gray)
    places = list(range(len(gray)))
    images = list(gray)
    for name, kind in KINDS.items():
        for place in rng.permutation(len(gray))[:PER_KIND].tolist():
            kinds.append(name)
            places.append(place)
            images.append(kind(gray[place], rng))
    sheets = np.stack(images)
    table = describe_images(sheets, labels[places])
    return table.assign(kind=kinds, of=places), sheets


def group(
    table: pd.DataFrame, gray: np.ndarray, settings: DedupParams
) -> pd.DataFrame:
    """Groups and keep by position."""
    copies = find_copies(table, gray, settings)
    return group_copies(table, copies.pairs, copies.blurred, settings).table


def phash(table: pd.DataFrame, gray: np.ndarray) -> pd.DataFrame | None:
    """Groups by imagededup's PHash at its default distance; None where it is not installed."""
    try:
        from imagededup.methods import PHash
    except ImportError:
        return None
    from croquis.tables.components import components

    hasher = PHash(verbose=False)
    codes = {str(i): hasher.encode_image(image_array=x) for i, x in enumerate(gray)}
    copies = hasher.find_duplicates(encoding_map=codes, max_distance_threshold=10)
    edges = [(int(a), int(b)) for a, others in copies.items() for b in others]
    a, b = np.array(edges, np.int64).reshape(-1, 2).T
    return table[["id"]].assign(group=components(len(gray), a, b), keep=True)


def judge(table: pd.DataFrame, groups: pd.DataFrame) -> dict[str, float]:
    """Recall by kind, and how many originals were wrongly merged."""
    group = groups["group"].to_numpy()
    copies = (table["kind"] != "original").to_numpy()
    right = pd.Series(group[copies] == group[table.loc[copies, "of"]])
    kinds = table.loc[copies, "kind"].to_numpy()
    recall = right.groupby(kinds, sort=False).mean().to_dict()
    merged = pd.Series(group[~copies]).duplicated(keep=False)
    return recall | {"wrongly merged": int(merged.sum())}


def compare(
    table: pd.DataFrame, images: np.ndarray, default: DedupParams
) -> pd.DataFrame:
    """A column for each test: recall by kind, originals wrongly merged, CPU seconds."""
    columns = {}
    for name, changes in METHODS.items():
        start = time.process_time()
        groups = group(table, images, default.model_copy(update=changes))
        seconds = time.process_time() - start
        columns[name] = judge(table, groups) | {"CPU s": round(seconds, 1)}
    start = time.process_time()
    if (groups := phash(table, images)) is not None:
        seconds = time.process_time() - start
        columns["imagededup PHash 10"] = judge(table, groups)
        columns["imagededup PHash 10"]["CPU s"] = round(seconds, 1)
    return pd.DataFrame(columns)


def main() -> None:
    """Prints a table for each source."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sources", nargs="*", default=["icons"])
    parser.add_argument("--images", type=int, default=3000)
    options = parser.parse_args()
    default = params.load(DedupParams, "dedup")
    for source in options.sources:
        rng = np.random.default_rng(0)
        gray, labels = originals(source, options.images, rng)
        table, images = plant(gray, labels, rng)
        columns = compare(table, images, default)
        copies = len(table) - len(gray)
        print(f"\n{Path(source).name}: {len(gray):,} originals, {copies:,} copies")
        print(columns.to_string(float_format=lambda x: f"{x:.2f}"))
        pruning = default.model_copy(update={"policy": "prune", "min_per_class": 1})
        keep = group(table.iloc[: len(gray)], gray, pruning)["keep"]
        print(
            f"originals dropped by policy prune without any copy planted: {(~keep).sum()}"
        )


if __name__ == "__main__":
    main()
