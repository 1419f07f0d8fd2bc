"""Each operation on drawings: white paper, gray and RGB, and numbers by hand."""

import ast
import inspect
import random
import warnings

import numpy as np
import pytest

from croquis.augment import ops
from croquis.augment.augment import PRESETS, Augment, defaults, operations, words
from croquis.augment.ops import OPS
from croquis.core.errors import InputError
from croquis.recipes.augment_params import AugmentParams

SIDE = 64
NAMES = [str(number) for number in range(16)]


def only(op: str, **options: object) -> Augment:
    """One operation that always acts."""
    return Augment(AugmentParams(preset="none", ops={op: {"p": 1.0} | options}), 0)


def drawn(augment: Augment, image: np.ndarray) -> np.ndarray:
    return np.stack([augment(image, epoch=0, name=name) for name in NAMES])


@pytest.fixture
def cross() -> np.ndarray:
    """A cross with one thick arm, (64, 64) uint8."""
    sheet = np.full((SIDE, SIDE), 255, np.uint8)
    sheet[30:33, 12:52] = sheet[12:52, 28:36] = 0
    return sheet


@pytest.mark.parametrize("op", OPS)
def test_shapes_and_types_stay_and_gray_is_treated_as_rgb_is(
    op: str, cross: np.ndarray
) -> None:
    gray, rgb = (
        drawn(only(op), cross),
        drawn(only(op), np.stack([cross] * 3, axis=-1)),
    )
    assert gray.shape == (16, SIDE, SIDE) and rgb.shape == (16, SIDE, SIDE, 3)
    assert gray.dtype == rgb.dtype == np.uint8
    if op not in (
        "noise",
        "tone",
        "rand",
        "auto",
        "trivial",
        "clahe",
        "timm",
    ):  # noise is per channel
        difference = np.abs(rgb.astype(int) - gray[..., None])
        assert difference.mean() < 1


MOVING = [
    "hflip",
    "vflip",
    "turn",
    "affine",
    "crop",
    "elastic",
    "grid",
    "cutout",
    "thicken",
    "thin",
    "offset",
    "closing",
]
EDGES = ["unsharp", "sharpen", "canny", "laplacian"]


@pytest.mark.parametrize(
    "op",
    [
        *MOVING,
        "offset",
        "closing",
        "blur",
        "motion_blur",
        "unsharp",
        "sharpen",
        "canny",
        "laplacian",
    ],
)
def test_empty_paper_stays_empty(op: str) -> None:
    white = np.full((SIDE, SIDE), 255, np.uint8)
    assert drawn(only(op), white).min() == 255


@pytest.mark.parametrize("op", ["turn", "affine", "elastic", "grid"])
def test_what_comes_in_from_outside_is_paper(op: str) -> None:
    strong = {"turn": {"degrees": 60}, "elastic": {"shift": 0.05}}.get(op, {})
    black = drawn(only(op, **strong), np.zeros((SIDE, SIDE), np.uint8))
    assert black.max() == 255


def test_a_public_function_of_ops_is_an_operation_under_its_own_name() -> None:
    tree = ast.parse(inspect.getsource(ops))
    names = [part.name for part in tree.body if isinstance(part, ast.FunctionDef)]
    assert list(OPS) == [name for name in names if not name.startswith("_")]
    assert list(OPS)[:3] == ["hflip", "vflip", "turn"] and len(OPS) >= 28
    assert all(getattr(ops, name) is op for name, op in OPS.items())


@pytest.mark.parametrize("op", OPS)
def test_an_operation_says_what_it_does_and_has_a_default_for_each_setting(
    op: str,
) -> None:
    assert OPS[op].__doc__
    assert 0 < defaults(op)["p"] <= 1
    OPS[op](SIDE)  # with the defaults alone


def test_the_settings_of_an_operation_are_the_keywords_of_its_function() -> None:
    assert defaults("elastic") == {"shift": 0.01, "smooth": 0.06, "p": 0.5}
    assert words("affine_blur").startswith(
        "hflip (p 0.5), vflip (p 0.5), turn (degr"
    )
    assert "affine (scale 1.0 to 1.5, shift 0.0, degrees 0, " in words(
        "affine_blur"
    )
    assert words("none") == "nothing"


def test_flips_by_hand() -> None:
    sheet = np.arange(16, dtype=np.uint8).reshape(4, 4)
    np.testing.assert_array_equal(drawn(only("hflip"), sheet)[0], sheet[:, ::-1])
    np.testing.assert_array_equal(drawn(only("vflip"), sheet)[0], sheet[::-1])
    np.testing.assert_array_equal(drawn(only("invert"), sheet)[0], 255 - sheet)


def test_strokes_grow_and_shrink_by_hand() -> None:
    sheet = np.full((9, 9), 255, np.uint8)
    sheet[3:6] = 0  # three rows of ink
    grown, shrunk = drawn(only("thicken"), sheet), drawn(only("thin"), sheet)
    # A window of two pixels: one row more, one row less.
    assert {int((image[:, 4] == 0).sum()) for image in grown} == {4}
    assert {int((image[:, 4] == 0).sum()) for image in shrunk} == {2}


@pytest.mark.parametrize("side", [64, 128])
@pytest.mark.parametrize("shift", [0.01, 0.03])
def test_elastic_moves_by_the_share_it_says(side: int, shift: float) -> None:
    """The teams' elastic moved a pixel or less; that of a share of the side moves as it says."""
    ramp = np.tile(np.linspace(0, 255, side).astype(np.uint8), (side, 1))
    moved = drawn(only("elastic", shift=shift), ramp).astype(float)
    inner = slice(side // 4, -side // 4)  # away from paper that comes in
    pixels = (moved - ramp)[:, inner, inner] / (255 / (side - 1))
    assert np.sqrt((pixels**2).mean()) / side == pytest.approx(shift, rel=0.35)


def test_cutouts_are_white(cross: np.ndarray) -> None:
    black = drawn(only("cutout"), np.zeros((SIDE, SIDE), np.uint8))
    assert set(np.unique(black)) == {0, 255}


def test_canny_draws_the_edges_in_black(cross: np.ndarray) -> None:
    edges = drawn(only("canny"), cross)[0]
    assert set(np.unique(edges)) == {0, 255} and (edges == 255).mean() > 0.8
    assert (
        edges[40, 32] == 255 and (edges[40, 26:38] == 0).sum() == 2
    )  # the thick arm is hollow


def test_an_offset_moves_all_the_ink_and_loses_none() -> None:
    """`affine` shifts it over the edge; cv-01's "random offset" always centred."""
    sheet = np.full((SIDE, SIDE), 255, np.uint8)
    sheet[20:50, 10:40] = np.random.default_rng(0).integers(0, 200, (30, 30))
    moved = drawn(only("offset"), sheet)
    places = set()
    for image in moved:
        rows, columns = np.nonzero(image < 255)
        places.add((rows.min(), columns.min()))
        box = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        np.testing.assert_array_equal(box, sheet[20:50, 10:40])
    assert len(places) > 12 and max(max(place) for place in places) <= SIDE - 30


def centres(images: np.ndarray) -> np.ndarray:
    """The centre of the ink of each, (N, 2): rows and columns, in shares of the side."""
    ink = 255 - images.astype(float)
    places = np.arange(images.shape[1]) / images.shape[1]
    weights = ink.sum(axis=(1, 2))
    return np.stack(
        [ink.sum(axis=2) @ places / weights, ink.sum(axis=1) @ places / weights],
        axis=1,
    )


def test_affine_shifts_both_ways_by_at_most_the_share_it_says() -> None:
    still = {"scale": [1.0, 1.0], "degrees": 0, "shear": 0}
    sheet = np.full((SIDE, SIDE), 255, np.uint8)
    sheet[24:40, 24:40] = 0
    moved = centres(drawn(only("affine", shift=0.2, **still), sheet))
    moved = moved - centres(sheet[None])
    assert moved.min() < -0.08 and moved.max() > 0.08
    assert (
        np.abs(moved).max() <= 0.2 + 0.5 / SIDE
    )  # of a share, half a pixel besides


def test_affine_turns_both_ways_by_at_most_the_degrees_it_says() -> None:
    still = {"scale": [1.0, 1.0], "shift": 0, "shear": 0}
    sheet = np.full((SIDE, SIDE), 255, np.uint8)
    sheet[30:34, 52:56] = 0  # a dot right of the middle: it goes up or down
    down = centres(drawn(only("affine", degrees=30, **still), sheet))[:, 0] - 0.5
    assert down.min() < -0.08 and down.max() > 0.08
    assert (
        np.abs(down).max() < 0.5 * (22 / 32) * 0.5 + 1 / SIDE
    )  # sin 30 degrees: .5


def test_noise_has_at_most_the_deviation_it_says() -> None:
    gray = np.full((SIDE, SIDE), 128, np.uint8)
    sds = drawn(only("noise", sd=0.1), gray).astype(float).std(axis=(1, 2)) / 255
    assert sds.max() < 0.105 and sds.min() > 0.024  # from a quarter of it on
    assert sds.max() > 0.07


def test_a_hole_of_a_cutout_is_at_most_the_size_it_says() -> None:
    black = np.zeros((100, 100), np.uint8)
    holes = drawn(only("cutout", holes=1, size=0.2), black) == 255
    heights = holes.any(axis=2).sum(axis=1)
    widths = holes.any(axis=1).sum(axis=1)
    assert {heights.max(), widths.max()} <= set(range(15, 21))
    assert (
        min(heights.min(), widths.min()) >= 9
    )  # half of it; an edge may be rounded


def test_a_crop_keeps_at_least_the_share_of_the_area_it_says() -> None:
    ramp = np.tile(np.linspace(0, 255, SIDE).astype(np.uint8), (SIDE, 1))
    images = drawn(only("crop", least=0.5), ramp).astype(float)
    widths = (images.max(axis=(1, 2)) - images.min(axis=(1, 2))) / 255
    # An aspect of at most 4 : 3 leaves a width of sqrt(.5 * 3 / 4) = .61.
    assert widths.min() > 0.58 and widths.min() < 0.95


def test_closing_takes_thin_lines_alone(cross: np.ndarray) -> None:
    closed = drawn(only("closing", width=5 / SIDE), cross)[
        0
    ]  # arms of 3 and 8 pixels
    assert (closed[30:33, 12:28] == 255).all() and (closed[12:52, 28:36] == 0).all()


def test_laplacian_mixes_edges_in_by_hand() -> None:
    sheet = np.full((9, 9), 255, np.uint8)
    sheet[4:] = (
        155  # the edge is 100 strong on both sides, and 70 % of gray 155 stays
    )
    mixed = drawn(only("laplacian"), sheet)[0]
    assert mixed[:, 4].tolist() == [255, 255, 255, 225, 155, 185, 185, 185, 185]


@pytest.mark.parametrize("side", [64, 256])
def test_windows_of_unsharp_grow_with_the_side(side: int) -> None:
    """They were seven pixels at most at every size."""
    limits = OPS["unsharp"](side).blur_limit
    assert limits == {64: (3, 3), 256: (3, 13)}[side]


def test_timms_policies_fill_with_paper(cross: np.ndarray) -> None:
    """timm's own default is gray."""
    policies = OPS["timm"](SIDE).policies
    assert {op.kwargs["fillcolor"] for op in policies[2].ops} == {255}
    assert {op.kwargs["fillcolor"] for op in policies[3].ops} == {(255, 255, 255)}


def test_the_preset_randaugment_is_timms() -> None:
    """The preset was torchvision's, with other operations and strengths."""
    assert operations("randaugment")["timm"] == {}
    assert "policy rand-m9-mstd0.5-inc1" in words("randaugment")


def test_policies_draw_from_the_images_seed_and_leave_the_global_generators(
    cross: np.ndarray,
) -> None:
    import torch

    torch.manual_seed(0)
    before, python, arrays = (
        torch.get_rng_state(),
        random.getstate(),
        np.random.get_state()[1],
    )
    for op in ("rand", "auto", "trivial", "timm"):
        first, second = (
            drawn(only(op), cross[:, ::-1] // 2 + 90) for _ in range(2)
        )
        np.testing.assert_array_equal(first, second)
        assert len({image.tobytes() for image in first}) > 5, op
    assert (
        torch.equal(torch.get_rng_state(), before) and random.getstate() == python
    )
    np.testing.assert_array_equal(np.random.get_state()[1], arrays)


def test_policies_take_stored_images_which_are_read_only(cross: np.ndarray) -> None:
    cross.setflags(write=False)
    assert drawn(only("rand"), cross).shape == (16, SIDE, SIDE)


def test_changes_replace_add_and_take_out() -> None:
    ops = {"tone": {"p": 0.9}, "turn": None, "elastic": {"shift": 0.02}}
    changed = operations(AugmentParams(preset="course", ops=ops))
    assert changed == {"hflip": {}, "tone": {"p": 0.9}, "elastic": {"shift": 0.02}}
    assert PRESETS["course"] == {"hflip": {}, "turn": {}, "tone": {}}


def test_a_change_keeps_what_the_preset_says_besides() -> None:
    changed = operations(AugmentParams(preset="warp", ops={"affine": {"p": 0.9}}))
    assert changed["affine"] == {"degrees": 30, "p": 0.9}


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        (
            "flip",
            r"augment: expected a preset, received 'flip'; did you mean 'flips'",
        ),
        (
            {"flop": {}},
            r"augment\.ops\.flop: expected an operation, .* did you mean",
        ),
        (
            {"turn": {"angle": 3}},
            r"augment\.ops\.turn: expected settings it takes.*'angle'.*"
            r"by default: degrees 15, p 0\.5",
        ),
        (
            {"timm": {"policy": "rand-q5"}},
            r"augment\.ops\.timm: expected .* RandAugment config",
        ),
        ({"hflip": {"p": 2.0}}, r"augment\.ops\.hflip: expected settings it takes"),
        (
            {"affine": {"scale": 1.0}},
            r"augment\.ops\.affine: expected settings it takes",
        ),
    ],
)
def test_slips_are_named_before_work(augment: object, message: str) -> None:
    if isinstance(augment, dict):
        augment = AugmentParams(preset="flips", ops=augment)
    with pytest.raises(InputError, match=message), warnings.catch_warnings():
        Augment(augment, 0)
