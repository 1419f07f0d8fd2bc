"""Copies that were moved: found by alignment, and only by a small one."""

import cv2
import numpy as np
import pytest

from croquis.core.symmetries import NAMES, turn
from croquis.dedup.measures.ink import blurred_vectors, ink_vectors
from croquis.dedup.measures.search import pair_table
from croquis.dedup.measures.search_timings import Tally
from croquis.dedup.measures.variants import (
    is_small,
    moved_cosine,
    small_warp,
    variant_pairs,
)

SIDE = 224


def drawing(seed: int) -> np.ndarray:
    """A polygon of five thick strokes on white, (224, 224) uint8."""
    rng = np.random.default_rng(seed)
    sheet = np.full((SIDE, SIDE), 255, np.uint8)
    points = rng.integers(40, SIDE - 40, (6, 1, 2), dtype=np.int32)
    return cv2.polylines(sheet, [points], False, 0, 7, cv2.LINE_AA)


def moved(
    gray: np.ndarray, *, shift=(0.0, 0.0), degrees: float = 0, zoom: float = 1
) -> np.ndarray:
    matrix = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), degrees, zoom)
    matrix[:, 2] += shift
    return cv2.warpAffine(
        gray, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderValue=255
    )


def pairs_of(images: list[np.ndarray], **changes):
    gray, rows = np.stack(images), np.arange(len(images))
    options = {
        "names": NAMES,
        "blurred_min": 0.8,
        "aligned_min": 0.97,
        "most": 99,
        "decided": pair_table(),
        "tally": Tally(),
    }
    ink, blurred = ink_vectors(gray, rows)[0], blurred_vectors(gray, rows)
    return variant_pairs(gray, rows, ink, blurred, **options | changes)


@pytest.mark.parametrize(
    "change",
    [
        {"shift": (3, -2)},
        {"degrees": 2},
        {"zoom": 0.96},
        {"shift": (4, 4), "degrees": -2},
    ],
    ids=str,
)
def test_a_small_movement_is_undone(change: dict) -> None:
    pairs = pairs_of([drawing(1), moved(drawing(1), **change), drawing(2)])
    assert pairs[["a", "b", "symmetry"]].to_numpy().tolist() == [[0, 1, 0]]


def test_a_movement_after_a_turn_is_undone() -> None:
    copy = moved(np.ascontiguousarray(turn(drawing(1), "rot90")), shift=(2, 3))
    pairs = pairs_of([copy, drawing(1)])
    assert pairs[["a", "b", "symmetry"]].to_numpy().tolist() == [
        [0, 1, NAMES.index("rot90")]
    ]


def test_a_large_movement_is_none_that_a_copy_has() -> None:
    assert pairs_of(
        [drawing(1), moved(drawing(1), degrees=12)], blurred_min=0.3
    ).empty


def test_the_most_alike_candidates_are_aligned_and_the_others_counted() -> None:
    images = [
        drawing(1),
        moved(drawing(1), shift=(2, 0)),
        moved(drawing(1), shift=(6, 0)),
    ]
    tally = Tally()
    pairs = pairs_of(images, most=1, blurred_min=0.5, tally=tally)
    assert pairs[["a", "b"]].to_numpy().tolist() == [[0, 1]]
    assert (
        tally.candidates["variant aligned"] == 1
        and tally.candidates["variant left out"] == 2
    )


def test_decided_pairs_are_left_alone() -> None:
    images = [drawing(1), moved(drawing(1), shift=(2, 0))]
    assert pairs_of(images, decided=pair_table([0], [1])).empty


def test_empty_paper_aligns_with_nothing() -> None:
    blank = np.zeros(4096, np.float32)
    assert small_warp(blank, blank, "identity") is None
    white = np.full((SIDE, SIDE), 255, np.uint8)
    assert moved_cosine(white, white, "identity", np.eye(2, 3)) == 0


def test_thin_strokes_moved_by_half_a_pixel_of_64_lose_no_ink() -> None:
    """At 64 px an interpolated move blurs them: four of ten such copies were missed."""
    thin = np.full((SIDE, SIDE), 255, np.uint8)
    points = np.random.default_rng(0).integers(
        40, SIDE - 40, (8, 1, 2), dtype=np.int32
    )
    cv2.polylines(thin, [points], False, 0, 2, cv2.LINE_AA)
    pairs = pairs_of([thin, moved(thin, shift=(1.75, 1.75), degrees=1)])
    assert pairs["score"].min() > 0.98


def test_the_warp_is_undone_at_the_size_of_the_images() -> None:
    # 2 px of 64 are 7 of 224: the place p of the first image is p + 2 on the second
    shifted = np.roll(drawing(1), 7, axis=1)
    warp = np.array([[1.0, 0, 2], [0, 1, 0]])
    assert moved_cosine(drawing(1), shifted, "identity", warp) == pytest.approx(
        1, abs=1e-6
    )
    assert moved_cosine(drawing(1), shifted, "identity", np.eye(2, 3)) < 0.9


def warp(
    scale: float = 1, degrees: float = 0, shear: float = 0, shift: float = 0
) -> np.ndarray:
    """About the centre of 64 px, then `shift` to the right."""
    angle = np.radians(degrees)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    )
    matrix = scale * turn @ np.array([[1 + shear, 0], [0, 1]])
    centre = np.full(2, 31.5)
    return np.column_stack([matrix, centre - matrix @ centre + [shift, 0]])


@pytest.mark.parametrize(
    ("change", "small"),
    [
        ({}, True),
        ({"scale": 0.9}, True),
        ({"scale": 0.87}, False),
        ({"scale": 1.15}, False),
        ({"degrees": 3.9}, True),
        ({"degrees": -4.1}, False),
        ({"shear": 0.05}, True),
        ({"shear": 0.07}, False),
        ({"shift": 5.9}, True),
        ({"shift": 6.1}, False),
        ({"scale": -1}, False),
    ],
)
def test_how_far_a_copy_may_have_been_moved(change: dict, small: bool) -> None:
    assert is_small(warp(**change)) is small


def test_a_mirrored_map_is_not_small() -> None:
    assert not is_small(np.array([[-1.0, 0, 63], [0, 1, 0]]))
