"""SSIM inside classes: the decisions of brute-force scikit-image, for a fraction of its work."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter
from skimage.metrics import structural_similarity

from croquis.core.symmetries import NAMES, turn
from croquis.dedup.measures.search import pair_table
from croquis.dedup.measures.search_timings import Tally
from croquis.dedup.measures.ssim import ssim, ssim_judge, ssim_pairs

SIDE, GRID = 64, 8


def drawing(seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    sheet = Image.new("L", (SIDE, SIDE), 255)
    points = [tuple(point) for point in rng.integers(5, SIDE - 5, (5, 2)).tolist()]
    ImageDraw.Draw(sheet).line(points, fill=0, width=int(rng.integers(1, 4)))
    return sheet


def gallery() -> np.ndarray:
    """24 images: 6 drawings, and of each a turned, a blurred and a faded, flipped copy."""
    images = []
    for seed in range(6):
        sheet = drawing(seed)
        faded = sheet.point(lambda level: level // 2 + 120)
        images += [sheet, sheet.transpose(Image.Transpose(seed)), faded]
        images.append(sheet.filter(ImageFilter.GaussianBlur(0.3 + 0.1 * seed)))
    return np.stack([np.asarray(sheet) for sheet in images])


def brute_force(gray: np.ndarray, names: list[str], at_least: float) -> dict:
    best: dict[tuple[int, int], float] = {}
    for a in range(len(gray)):
        for b in range(a + 1, len(gray)):
            score = max(
                structural_similarity(gray[a], turn(gray[b], name))
                for name in names
            )
            if score >= at_least:
                best[a, b] = score
    return best


@pytest.mark.parametrize("scope", ["class", "global"])
@pytest.mark.parametrize("at_least", [0.7, 0.9, 0.95, 0.99])
@pytest.mark.parametrize(
    "names", [NAMES, NAMES[:1]], ids=["eight symmetries", "identity only"]
)
def test_decisions_are_those_of_brute_force(
    at_least: float, names: tuple[str, ...], scope: str
) -> None:
    gray, rows = gallery(), np.arange(24)
    labels = np.zeros(24) if scope == "class" else None
    options = {
        "names": names,
        "at_least": at_least,
        "decided": pair_table(),
        "tally": Tally(),
        "fine": GRID,
    }
    pairs = ssim_pairs(gray, rows, labels, **options)
    scores = {
        (a, b): score
        for a, b, score in pairs[["a", "b", "score"]].itertuples(index=False)
    }
    assert scores == pytest.approx(
        brute_force(gray, list(names), at_least), abs=1e-6
    )


def test_only_images_of_one_class_are_compared() -> None:
    gray = np.stack([np.asarray(drawing(0))] * 3)
    options = {
        "names": NAMES,
        "at_least": 0.95,
        "decided": pair_table(),
        "tally": Tally(),
        "fine": GRID,
    }
    pairs = ssim_pairs(gray, np.array([2, 0, 1]), np.array([7, 8, 7]), **options)
    assert pairs[["a", "b", "score", "symmetry"]].to_numpy().tolist() == [
        [0, 2, 1.0, 0]
    ]


def test_flat_images_are_like_nothing() -> None:
    gray = np.full((4, SIDE, SIDE), 254, np.uint8)
    gray[2:] = np.asarray(drawing(0))
    options = {
        "names": NAMES,
        "at_least": 0.95,
        "decided": pair_table(),
        "fine": GRID,
    }
    flat = np.array([True, True, False, False])
    pairs = ssim_pairs(
        gray, np.arange(4), None, tally=Tally(), flat=flat, **options
    )
    assert pairs[["a", "b"]].to_numpy().tolist() == [[2, 3]]


def test_the_symmetry_says_how_to_turn_b() -> None:
    sheet = np.asarray(drawing(0))
    gray = np.stack([turn(sheet, "rot90"), sheet])  # a is b, turned by rot90
    options = {
        "names": NAMES,
        "at_least": 0.95,
        "decided": pair_table(),
        "tally": Tally(),
        "fine": GRID,
    }
    pairs = ssim_pairs(gray, np.arange(2), np.zeros(2), **options)
    assert [NAMES[code] for code in pairs["symmetry"]] == ["rot90"]


@given(
    st.integers(0, 10**6),
    st.sampled_from(NAMES),
    st.sampled_from(["noise", "strokes", "near"]),
)
@settings(deadline=None, max_examples=60)
def test_the_judge_agrees_with_scikit_image(
    seed: int, name: str, kind: str
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
    y = rng.integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
    if kind != "noise":
        x = np.asarray(drawing(seed))
        y = np.asarray(drawing(seed + 1)) if kind == "strokes" else x ^ (y > 250)
    judge = ssim_judge(np.stack([x, y]), np.arange(2), at_least=2.0, tally=Tally())
    (score,) = judge(name, np.array([0]), np.array([1]))
    assert score == pytest.approx(ssim(x, turn(y, name)), abs=5e-7)


def test_what_comes_within_rounding_is_judged_by_scikit_image() -> None:
    gray = np.stack([np.asarray(drawing(0)), np.asarray(drawing(1))])
    exact, tally = ssim(gray[0], gray[1]), Tally()
    judge = ssim_judge(gray, np.arange(2), at_least=exact, tally=tally)
    assert judge("identity", np.array([0]), np.array([1])).tolist() == [exact]
    assert tally.candidates["ssim within rounding"] == 1
    far = ssim_judge(gray, np.arange(2), at_least=exact + 1e-4, tally=tally)
    far("identity", np.array([0]), np.array([1]))
    assert tally.candidates["ssim within rounding"] == 1
