"""Drawings and what programs make from them."""

import hashlib

import cv2
import numpy as np
import pandas as pd

SIDE, CLASSES, EACH = 224, 3, 9


CANNY = {"canny": lambda x: cv2.Canny(x, 100, 200)}


MAKES = CANNY | {
    "negative": lambda x: 255 - x,
    "outline": lambda x: (
        255 - cv2.morphologyEx(x, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    ),
    "mirrored": lambda x: 255 - x[:, ::-1],
}


NAMES = {
    "suffix": "train/k{label}/apple_{number}_{make}.png",
    "prefix": "train/k{label}/{make}_apple_{number}.png",
    "folder": "train/k{label}/{make}/apple_{number}.png",
    "format": "train/k{label}/apple_{number}.{make}",
    "digits": "train/k{label}/apple{number}{make}.png",
    "capitals": "train/k{label}/apple{number}Aug1.png",
    "zeros": "train/k{label}/{make}_apple_{number:04}.png",
    "copy": "train/k{label}/apple_{number} (1).png",
    "dash": "train/k{label}/apple_{number}-copy.png",
    "augmented": "train/k{label}/apple_{number}_aug_2.png",
    "hash": "",
}


def drawing(seed: int) -> np.ndarray:
    """A few crooked strokes on white paper."""
    rng, sheet = np.random.default_rng(seed), np.full((SIDE, SIDE), 255, np.uint8)
    for _ in range(4):
        points = rng.integers(20, 204, (4, 2)).astype(np.int32)
        cv2.polylines(sheet, [points], isClosed=False, color=0, thickness=5)
    return sheet


def derived_set(style: str, makes: dict = CANNY, *, only: int = CLASSES):
    """27 originals of 3 classes, and what `makes` gives of those of the first `only` classes."""
    rows, sheets = [], []
    for label in range(CLASSES):
        for number in range(EACH):
            sheet = drawing(100 * label + number)
            rows.append((f"train/k{label}/apple_{number}.png", label))
            sheets.append(sheet)
            for make, kind in makes.items() if label < only else ():
                rows.append(
                    (
                        NAMES[style].format(label=label, number=number, make=make),
                        label,
                    )
                )
                sheets.append(np.ascontiguousarray(kind(sheet)))
    if style == "hash":
        codes = [
            hashlib.md5(str(row).encode()).hexdigest() for row in range(len(rows))
        ]
        rows = [
            (f"train/{code}.png", label)
            for code, (_, label) in zip(codes, rows, strict=True)
        ]
    table = pd.DataFrame(rows, columns=["id", "label"]).assign(source_id="")
    return table, np.stack(sheets)
