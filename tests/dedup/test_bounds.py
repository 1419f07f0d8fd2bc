"""The SSIM bound: never below scikit-image, and turning an image permutes it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from croquis.core.symmetries import INVERSE, NAMES, turn
from croquis.dedup.measures.bounds import (
    C1,
    C2,
    DEPTH,
    FINE,
    cell_edges,
    pool,
    ssim_vectors,
    window_sums,
)
from croquis.dedup.measures.search import MARGIN, cell_order, narrow

SIDE, GRID = 26, 4  # 20 windows, 5 a cell: as 224 px have 218 windows, but quick


def image(kind: str, seed: int) -> np.ndarray:
    """(26, 26) uint8 of one of the kinds that could break a bound."""
    rng = np.random.default_rng(seed)
    gray = np.full((SIDE, SIDE), rng.choice([0, 1, 127, 254, 255]), np.uint8)
    if kind == "noise":
        gray = rng.integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
    elif kind == "strokes":
        gray = np.full((SIDE, SIDE), 255, np.uint8)
        for row in rng.integers(0, SIDE, 3):
            gray[row, rng.integers(0, 10) : rng.integers(12, SIDE)] = 0
    elif kind == "pixel":
        gray[tuple(rng.integers(0, SIDE, 2))] ^= 255
    elif kind == "checkerboard":
        gray = (np.indices((SIDE, SIDE)).sum(axis=0) % 2 * 255).astype(np.uint8)
    elif kind == "one level of noise":
        gray = np.full((SIDE, SIDE), 254, np.uint8) + rng.integers(
            0, 2, gray.shape, np.uint8
        )
    return gray


KINDS = ["flat", "noise", "strokes", "pixel", "checkerboard", "one level of noise"]
IMAGES = st.builds(image, st.sampled_from(KINDS), st.integers(0, 50))


@given(IMAGES, IMAGES, st.sampled_from(["as it is", "inverted", "nearly x"]))
@settings(deadline=None, max_examples=200)
def test_the_bound_is_never_below_ssim(
    x: np.ndarray, y: np.ndarray, change: str
) -> None:
    y = {"as it is": y, "inverted": 255 - y, "nearly x": x ^ (y > 253)}[
        change
    ].astype(np.uint8)
    f, g = ssim_vectors(np.stack([x, y]), GRID)
    assert structural_similarity(x, y) <= f @ g + MARGIN / 10


def sheet(kind: str, seed: int) -> np.ndarray:
    """(224, 224) uint8 of the kinds where rounding shows: flat, nearly flat, thin strokes."""
    rng = np.random.default_rng(seed)
    gray = np.full((224, 224), rng.choice([0, 1, 127, 254, 255]), np.uint8)
    if kind == "pixels":
        gray[tuple(rng.integers(0, 224, (2, 3)))] ^= 255
    elif kind == "strokes":
        for row in rng.integers(0, 220, 3):
            gray[row : row + 2, rng.integers(0, 100) : rng.integers(120, 224)] ^= (
                200
            )
    return gray


SHEETS = st.builds(
    sheet, st.sampled_from(["flat", "pixels", "strokes"]), st.integers(0, 30)
)


@given(SHEETS, SHEETS, st.sampled_from(NAMES), st.booleans())
@settings(deadline=None, max_examples=40)
def test_at_full_size_no_pair_is_lost_by_the_second_bound(
    x: np.ndarray, y: np.ndarray, name: str, itself: bool
) -> None:
    y = turn(x, INVERSE[name]) if itself else y
    score = structural_similarity(x, np.ascontiguousarray(turn(y, name)))
    vectors = ssim_vectors(np.stack([x, y]), FINE)
    every = [(name, np.array([0]), np.array([1]))]
    # a tenth of the margin: what rounding was seen to take is well below it
    options = {"side": FINE, "at_least": score + 0.9 * MARGIN}
    ((_, left, _),) = narrow(iter(every), vectors, **options)
    assert left.tolist() == [0]


@given(IMAGES)
@settings(deadline=None, max_examples=50)
def test_the_vectors_have_length_one(x: np.ndarray) -> None:
    # r is sqrt(1 - |mu|^2 + 1e-6), so the length is sqrt(1 + 1e-6) but for rounding
    assert np.linalg.norm(ssim_vectors(x[None], GRID)[0]) == pytest.approx(
        1, abs=2e-6
    )


@given(IMAGES, st.sampled_from(NAMES))
@settings(deadline=None, max_examples=100)
def test_turning_the_image_permutes_the_cells(x: np.ndarray, name: str) -> None:
    f, turned_f = (
        ssim_vectors(x[None], GRID)[0],
        ssim_vectors(turn(x[None], name), GRID)[0],
    )
    order = cell_order(name, side=GRID, depth=DEPTH)
    np.testing.assert_allclose(turned_f, f[order], atol=5e-5)


def test_flat_images_have_the_bound_of_their_means() -> None:
    # no contrast: the cosine of (100, sqrt C1) and (200, sqrt C1) in every window
    flat = np.stack(
        [np.full((SIDE, SIDE), level, np.uint8) for level in (100, 200)]
    )
    f, g = ssim_vectors(flat, GRID)
    expected = (100 * 200 + C1) / np.sqrt((100**2 + C1) * (200**2 + C1))
    assert f @ g == pytest.approx(expected, abs=3e-6)
    # the contrast's factor is then C2 / C2 = 1, whatever C2 is
    assert C2 == pytest.approx(58.5225)


def test_cells_are_the_same_from_both_ends() -> None:
    edges = cell_edges(218, 14)
    assert edges[0] == 0 and edges[-1] == 218 and len(edges) == 15
    np.testing.assert_array_equal(edges, 218 - edges[::-1])


@pytest.mark.parametrize(("length", "grid"), [(217, 14), (218, 13), (10, 14)])
def test_a_grid_that_is_not_symmetric_is_refused(length: int, grid: int) -> None:
    with pytest.raises(ValueError, match="224 px have 218 windows"):
        cell_edges(length, grid)


@given(IMAGES)
@settings(deadline=None, max_examples=50)
def test_pooled_vectors_are_those_of_the_coarser_grid(x: np.ndarray) -> None:
    # 20 windows: 8 cells of 2 or 3 a side, pooled to 4 of 5
    fine = ssim_vectors(x[None], 8)
    np.testing.assert_allclose(pool(fine, 8), ssim_vectors(x[None], 4), atol=2e-3)


@given(IMAGES, IMAGES)
@settings(deadline=None, max_examples=100)
def test_finer_cells_give_a_tighter_bound(x: np.ndarray, y: np.ndarray) -> None:
    f, g = ssim_vectors(np.stack([x, y]), 8)
    coarse_f, coarse_g = pool(np.stack([f, g]), 8)
    assert (
        structural_similarity(x, y) - MARGIN / 10
        <= f @ g
        <= coarse_f @ coarse_g + MARGIN / 10
    )


def test_window_sums_are_exact() -> None:
    x = image("noise", 3)
    sums, squares = window_sums(x)
    assert sums.shape == (20, 20)
    assert sums[4, 9] == x[4:11, 9:16].sum(dtype=int)
    assert squares[19, 0] == (x[19:26, :7].astype(int) ** 2).sum()
    assert window_sums(np.full((7, 7), 255, np.uint8))[1][0, 0] == 49 * 255**2
