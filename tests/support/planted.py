"""Drawings with planted copies."""

import hashlib

import numpy as np
import pandas as pd

from croquis.core.symmetries import symmetric_digest, turn

SIDE = 224


def drawing(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    gray = np.full((SIDE, SIDE), 255, np.uint8)
    for _ in range(8):
        top, left = rng.integers(10, 180, 2)
        gray[top : top + rng.integers(3, 60), left : left + rng.integers(3, 60)] = 0
    return gray


def catalogue(
    images: dict[str, tuple[int, np.ndarray]],
) -> tuple[pd.DataFrame, np.ndarray]:
    """The images' table, sorted by id as the stage does it, and their pixels."""
    rows = [
        (
            name,
            label,
            hashlib.sha256(gray.tobytes()).hexdigest(),
            symmetric_digest(gray),
        )
        for name, (label, gray) in images.items()
    ]
    table = pd.DataFrame(rows, columns=["id", "label", "sha256", "digest"])
    table["split"] = np.where(table["label"] < 0, "test", "train")
    table = table.sort_values(["split", "id"], ascending=[False, True])
    return table, np.stack([gray for _, gray in images.values()])


def planted() -> dict[str, tuple[int, np.ndarray]]:
    noise = np.random.default_rng(9).integers(0, 30, (SIDE, SIDE))
    noisy = np.clip(drawing(0) - noise, 0, 255).astype(np.uint8)
    brighter = np.maximum(drawing(2), 3)
    return {
        "original": (0, drawing(0)),
        "same-bytes": (1, drawing(0)),
        "turned": (0, turn(drawing(0), "rot90")),
        "noisy": (1, turn(noisy, "flip_ud")),
        "other": (0, drawing(1)),
        "shade": (2, brighter),
        "shape": (2, drawing(2)),
        "white": (0, np.full((SIDE, SIDE), 255, np.uint8)),
        "white-too": (1, np.full((SIDE, SIDE), 255, np.uint8)),
    }
