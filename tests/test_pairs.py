"""The four tiers together, on drawings with planted copies."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from croquis.dedup.pairs import find_copies
from croquis.dedup.settings import DedupParams
from croquis.symmetries import NAMES, digest, turned

SIDE = 224
SETTINGS = DedupParams(
    ssim_min=0.95,
    cosine_min=0.95,
    symmetries=True,
    policy="group",
    conflicts="keep",
    min_per_class=5,
)


def drawing(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    gray = np.full((SIDE, SIDE), 255, np.uint8)
    for _ in range(8):
        top, left = rng.integers(10, 180, 2)
        gray[top : top + rng.integers(3, 60), left : left + rng.integers(3, 60)] = 0
    return gray


def catalogue(pictures: dict[str, tuple[int, np.ndarray]]) -> tuple[pd.DataFrame, np.ndarray]:
    """The pictures' table, sorted by id as the stage does it, and their pixels."""
    rows = [
        (name, label, hashlib.sha256(gray.tobytes()).hexdigest(), digest(gray))
        for name, (label, gray) in pictures.items()
    ]
    table = pd.DataFrame(rows, columns=["id", "label", "sha256", "digest"])
    return table.sort_values("id"), np.stack([gray for _, gray in pictures.values()])


def planted() -> dict[str, tuple[int, np.ndarray]]:
    noise = np.random.default_rng(9).integers(0, 30, (SIDE, SIDE))
    noisy = np.clip(drawing(0) - noise, 0, 255).astype(np.uint8)
    brighter = np.maximum(drawing(2), 3)
    return {
        "original": (0, drawing(0)),
        "same-bytes": (1, drawing(0)),
        "turned": (0, turned(drawing(0), "rot90")),
        "noisy": (1, turned(noisy, "flip_ud")),
        "other": (0, drawing(1)),
        "shade": (2, brighter),
        "shape": (2, drawing(2)),
        "white": (0, np.full((SIDE, SIDE), 255, np.uint8)),
        "white-too": (1, np.full((SIDE, SIDE), 255, np.uint8)),
    }


def as_ids(table: pd.DataFrame, pairs: pd.DataFrame) -> set[tuple]:
    ids = table["id"].to_numpy()
    rows = pairs[["a", "b", "tier", "symmetry"]].itertuples(index=False)
    return {(ids[a], ids[b], tier, NAMES[symmetry]) for a, b, tier, symmetry in rows}


def test_each_kind_of_copy_is_found_by_its_first_tier() -> None:
    table, gray = catalogue(planted())
    copies = find_copies(table, gray, SETTINGS)
    assert as_ids(table, copies.pairs) == {
        ("original", "same-bytes", "bytes", "identity"),
        ("original", "turned", "pixels", "rot270"),  # "turned" needs rot270 to look like "original"
        ("same-bytes", "turned", "pixels", "rot270"),
        ("noisy", "original", "cosine", "flip_ud"),  # across classes, so not for SSIM
        ("noisy", "same-bytes", "cosine", "flip_ud"),
        ("noisy", "turned", "cosine", "antitranspose"),
        ("shade", "shape", "ssim", "identity"),
        ("white", "white-too", "bytes", "identity"),
    }
    assert copies.flat == 2


def test_without_symmetries_only_what_stands_alike_is_a_copy() -> None:
    table, gray = catalogue(planted())
    copies = find_copies(table, gray, SETTINGS.model_copy(update={"symmetries": False}))
    assert as_ids(table, copies.pairs) == {
        ("original", "same-bytes", "bytes", "identity"),
        ("shade", "shape", "ssim", "identity"),
        ("white", "white-too", "bytes", "identity"),
    }


def test_other_bytes_of_the_same_pixels_are_a_copy_without_symmetries_too() -> None:
    table, gray = catalogue({"a": (0, drawing(0)), "b": (1, drawing(0))})
    table["sha256"] = ["one", "two"]
    copies = find_copies(table, gray, SETTINGS.model_copy(update={"symmetries": False}))
    assert as_ids(table, copies.pairs) == {("a", "b", "pixels", "identity")}


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_files_changes_nothing(seed: int) -> None:
    pictures = planted()
    names = list(pictures)
    np.random.default_rng(seed).shuffle(names)
    table, gray = catalogue(pictures)
    expected = find_copies(table, gray, SETTINGS).pairs
    table, gray = catalogue({name: pictures[name] for name in names})
    pd.testing.assert_frame_equal(find_copies(table, gray, SETTINGS).pairs, expected)


def test_one_picture_has_no_copies() -> None:
    table, gray = catalogue({"alone": (0, drawing(0))})
    assert find_copies(table, gray, SETTINGS).pairs.empty
