"""The cosine of mean-removed ink: what it finds, and what it does not take for a copy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from croquis.core.symmetries import NAMES, turn
from croquis.dedup.measures.ink import (
    area_weights,
    blurred_vectors,
    bound_vectors,
    cosine_pairs,
    ink_vectors,
    paper_vectors,
)
from croquis.dedup.measures.search import cell_order, pair_table
from croquis.dedup.measures.search_timings import Tally

SIDE = 224


def drawing(seed: int) -> np.ndarray:
    """Black bars on white, (224, 224) uint8, alike under no symmetry."""
    rng = np.random.default_rng(seed)
    gray = np.full((SIDE, SIDE), 255, np.uint8)
    for _ in range(6):
        top, left = rng.integers(0, 200, 2)
        gray[top : top + rng.integers(4, 60), left : left + rng.integers(4, 60)] = 0
    return gray


def pairs_of(images: list[np.ndarray], at_least: float = 0.95, names=NAMES):
    ink, flat = ink_vectors(np.stack(images), np.arange(len(images)))
    options = {"decided": pair_table(), "tally": Tally(), "step": "copy"}
    return cosine_pairs(ink, names=names, at_least=at_least, **options), flat


def test_ink_is_darkness_without_its_mean_at_length_one() -> None:
    gray = np.full((SIDE, SIDE), 255, np.uint8)
    gray[:112] = (
        0  # the upper half is ink: +1 and -1 around the mean, 4,096 of them
    )
    ink, flat = ink_vectors(gray[None], np.array([0]))
    np.testing.assert_allclose(
        ink[0], np.repeat([1 / 64, -1 / 64], 2048), rtol=1e-6
    )
    assert flat == 0


@pytest.mark.parametrize("name", NAMES)
def test_turned_and_toned_copies_have_cosine_one(name: str) -> None:
    copy = (
        turn(drawing(1), name) // 3 + 100
    )  # another tone is another factor and offset
    pairs, _ = pairs_of([copy, drawing(1), drawing(2)])
    assert pairs[["a", "b", "symmetry"]].to_numpy().tolist() == [
        [0, 1, NAMES.index(name)]
    ]
    assert pairs["score"][0] == pytest.approx(1, abs=1e-4)


def test_without_symmetries_a_flip_is_no_copy() -> None:
    images = [drawing(1), turn(drawing(1), "flip_lr"), drawing(1)]
    pairs, _ = pairs_of(images, names=NAMES[:1])
    assert pairs[["a", "b"]].to_numpy().tolist() == [[0, 2]]


def test_small_drawings_on_much_white_are_not_alike() -> None:
    dots = [np.full((SIDE, SIDE), 255, np.uint8) for _ in range(2)]
    dots[0][10:20, 10:20] = 0
    dots[1][60:75, 100:110] = 0
    raw = [dot.ravel() / np.linalg.norm(dot) for dot in dots]
    assert raw[0] @ raw[1] > 0.99  # what white paper does to raw pixels
    assert pairs_of(dots, at_least=0.1)[0].empty


def test_flat_images_are_counted_and_like_nothing() -> None:
    faint = np.full((SIDE, SIDE), 255, np.uint8)
    faint[:112] = 254  # a standard deviation of half a gray level
    pairs, flat = pairs_of(
        [np.full((SIDE, SIDE), 255, np.uint8), faint, faint, drawing(1)]
    )
    assert pairs.empty and flat == 3


@given(st.integers(0, 10**6), st.sampled_from(NAMES))
@settings(deadline=None, max_examples=20)
def test_turning_and_shrinking_commute(seed: int, name: str) -> None:
    gray = np.random.default_rng(seed).integers(
        0, 256, (1, SIDE, SIDE), dtype=np.uint8
    )
    (ink,), _ = ink_vectors(gray, np.array([0]))
    (turned_ink,), _ = ink_vectors(turn(gray, name), np.array([0]))
    np.testing.assert_allclose(
        turned_ink, ink[cell_order(name, side=64, depth=1)], rtol=1e-5
    )


@given(st.integers(0, 10**6), st.sampled_from(NAMES), st.floats(0, 1))
@settings(deadline=None, max_examples=50)
def test_the_bound_is_never_below_the_cosine(
    seed: int, name: str, similarity: float
) -> None:
    x, noise = np.random.default_rng(seed).normal(size=(2, 4096))
    pair = np.stack(
        [
            x,
            similarity * x[cell_order(name, side=64, depth=1)]
            + (1 - similarity) * noise,
        ]
    )
    pair = (pair / np.linalg.norm(pair, axis=1, keepdims=True)).astype(np.float32)
    cosine = pair[0] @ pair[1][cell_order(name, side=64, depth=1)]
    bounds = bound_vectors(pair)
    assert cosine <= bounds[0] @ bounds[1][cell_order(name, side=8, depth=2)] + 1e-5


@pytest.mark.parametrize("at_least", [0.3, 0.6, 0.9])
def test_decisions_are_those_of_brute_force(at_least: float) -> None:
    images = [drawing(seed) for seed in range(12)]
    ink, _ = ink_vectors(np.stack(images), np.arange(12))
    orders = [cell_order(name, side=64, depth=1) for name in NAMES]
    cosines = np.max([ink @ ink[:, order].T for order in orders], axis=0)
    expected = {
        (a, b) for a, b in np.argwhere(cosines >= at_least).tolist() if a < b
    }
    pairs, _ = pairs_of(images, at_least)
    assert set(map(tuple, pairs[["a", "b"]].to_numpy().tolist())) == expected


def test_area_weights_are_whole_numbers_that_sum_to_a_cell() -> None:
    # 6 px to 4 cells: a pixel is 2 units, a cell 3
    expected = [
        [2, 1, 0, 0, 0, 0],
        [0, 1, 2, 0, 0, 0],
        [0, 0, 0, 2, 1, 0],
        [0, 0, 0, 0, 1, 2],
    ]
    assert area_weights(6, 4).tolist() == expected
    assert (area_weights(224, 64).sum(axis=1) == 7).all()


def test_blurred_ink_hardly_notices_a_shift() -> None:
    images = np.stack([drawing(1), np.roll(drawing(1), 4, axis=1)])
    sharp, soft = (
        ink_vectors(images, np.arange(2))[0],
        blurred_vectors(images, np.arange(2)),
    )
    assert soft.shape == (2, 32 * 32)
    assert soft[0] @ soft[1] > 0.93 > sharp[0] @ sharp[1]


def small(kind: str) -> np.ndarray:
    """White paper with very little on it, (224, 224) uint8."""
    gray = np.full((SIDE, SIDE), 255, np.uint8)
    place, level = {
        "a line of 20 px": (np.s_[100, 50:70], 0),
        "a line of 40 px": (np.s_[100:140, 50], 0),
        "a dot": (np.s_[100:104, 50:54], 0),
        "a faint line": (np.s_[100:102, 20:180], 205),
    }[kind]
    gray[place] = level
    return gray


@pytest.mark.parametrize(
    "kind", ["a line of 20 px", "a line of 40 px", "a dot", "a faint line"]
)
def test_what_is_not_flat_at_64_px_is_not_flat_once_blurred(kind: str) -> None:
    images = np.stack([small(kind), turn(small(kind), "rot90")])
    assert ink_vectors(images, np.arange(2))[1] == 0
    lengths = np.linalg.norm(blurred_vectors(images, np.arange(2)), axis=1)
    np.testing.assert_allclose(lengths, 1, rtol=1e-6)


def test_even_paper_has_no_blurred_ink_whatever_its_level() -> None:
    levels = np.arange(256, dtype=np.uint8)
    even = np.broadcast_to(levels[:, None, None], (256, SIDE, SIDE))
    assert not blurred_vectors(even, np.arange(256)).any()


def test_raw_pixels_are_neither_inverted_nor_centred() -> None:
    gray = np.full((1, SIDE, SIDE), 255, np.uint8)
    gray[0, :112] = 0
    expected = np.repeat([0, 1 / np.sqrt(2048)], 2048)
    np.testing.assert_allclose(
        paper_vectors(gray, np.array([0]))[0], expected, atol=1e-7
    )


@pytest.mark.parametrize(("level", "count"), [(254, 1), (252, 0)])
def test_below_one_gray_level_of_deviation_a_sheet_is_flat(
    level: int, count: int
) -> None:
    gray = np.full((1, SIDE, SIDE), 255, np.uint8)
    gray[:, :, :112] = level  # deviations of a half and of one and a half
    ink, flat = ink_vectors(gray, np.array([0]))
    assert flat == count and ink.any() == (count == 0)
