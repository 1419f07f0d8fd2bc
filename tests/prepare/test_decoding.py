"""Decoding: whatever the format, upright 8-bit pixels on white, or a reason why not."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from croquis.prepare.decoding import (
    ORIENTATION,
    Unreadable,
    crop_to_ink,
    decode,
    gray_of,
    pad,
    squash,
)

GRAY = np.array(
    [[0, 100, 200], [50, 150, 255]], np.uint8
)  # no two turns of it are alike


def coded(
    image: Image.Image | np.ndarray, kind: str = "PNG", **options: object
) -> bytes:
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def check(content: bytes, pixels: object, status: str) -> None:
    image = decode(content)
    assert image.pixels.dtype == np.uint8 and image.status == status
    np.testing.assert_array_equal(image.pixels, pixels)


def test_gray_stays_as_it_is() -> None:
    check(coded(GRAY), GRAY, "ok")


def test_colour_that_is_gray_becomes_two_dimensional() -> None:
    check(coded(np.repeat(GRAY[..., None], 3, axis=2)), GRAY, "ok")


def test_one_coloured_pixel_keeps_three_channels() -> None:
    colour = np.repeat(GRAY[..., None], 3, axis=2)
    colour[0, 0] = [0, 0, 1]
    check(coded(colour), colour, "ok")


def test_one_bit_becomes_black_and_white() -> None:
    check(coded(Image.fromarray(GRAY > 127)), [[0, 0, 255], [0, 255, 255]], "ok")


def test_a_palette_is_looked_up() -> None:
    indexed = Image.frombytes("P", (2, 1), bytes([0, 1]))
    indexed.putpalette([255, 0, 0, 9, 9, 9])
    check(coded(indexed), [[[255, 0, 0], [9, 9, 9]]], "ok")


def test_sixteen_bits_are_scaled_not_cut() -> None:
    deep = np.array([[0, 257, 32768, 65535]], np.uint16)
    check(coded(deep), [[0, 1, 128, 255]], "16-bit")  # 32768 / 257 = 127.502
    check(coded(deep, "TIFF"), [[0, 1, 128, 255]], "16-bit")
    check(
        coded(Image.fromarray(deep.astype(np.int32)), "TIFF"),
        [[0, 1, 128, 255]],
        "16-bit",
    )


def test_alpha_is_laid_on_white() -> None:
    rgba = np.array([[[0, 0, 0, 0], [0, 0, 0, 255], [0, 0, 0, 51]]], np.uint8)
    check(coded(rgba), [[255, 0, 204]], "alpha on white")  # 51 of 255 is a fifth
    check(coded(rgba[..., 2:]), [[255, 0, 204]], "alpha on white")  # LA
    check(coded(Image.fromarray(GRAY), transparency=0), [[255, 100, 200], [50, 150, 255]],
          "alpha on white")  # fmt: skip


def strokes(ink: object, *, alpha: int = 255) -> np.ndarray:
    """(20, 20, 4): a frame of two pixels in some ink on clear paper of the same colour."""
    rgba = np.zeros((20, 20, 4), np.uint8)
    rgba[..., :3] = ink
    rgba[4:16, 4:16, 3] = alpha
    rgba[6:14, 6:14, 3] = 0
    return rgba


def test_white_ink_on_clear_paper_is_laid_on_black() -> None:
    """It was white on white: 24 of 48 images were blank, and nobody was told."""
    white = strokes(255)
    frame = white[..., 3]
    check(coded(white), frame, "alpha on black")
    check(coded(Image.fromarray(white[..., 2:], "LA")), frame, "alpha on black")
    indexed = Image.fromarray((frame > 0).astype(np.uint8), "P")
    indexed.putpalette([0, 0, 0, 250, 250, 250])
    check(coded(indexed, transparency=0), np.where(frame, 250, 0), "alpha on black")
    check(
        coded(strokes(255, alpha=100)), frame // 255 * 100, "alpha on black"
    )  # of 100 alone


@pytest.mark.parametrize("ink", [0, 128, [255, 230, 0], 239])
def test_ink_that_shows_on_white_stays_on_white(ink: object) -> None:
    image = decode(coded(strokes(ink)))
    assert image.status == "alpha on white" and (image.pixels[0, 0] == 255).all()
    assert (image.pixels[5, 5] == ink).all()


def test_ink_too_faint_for_white_is_laid_on_black() -> None:
    """239 differs from white by 16; at half the strength by 8, and from black by 120."""
    image = decode(coded(strokes(239, alpha=128)))
    assert image.status == "alpha on black" and image.pixels[5, 5] == 120


def test_stickers_and_white_animals_stay_on_white() -> None:
    """A white rim around colours, and a white body with a black outline: both show on white."""
    sticker, animal = strokes(255), strokes(0)
    sticker[5:15, 5:15] = [200, 0, 0, 255]
    sticker[4:16, 4:16, 3] = 255
    animal[5:15, 5:15] = 255
    for image in (sticker, animal):
        assert decode(coded(image)).status == "alpha on white"
    animal[4:16, 4:16] = 255
    animal[9:11, 9:11, :3] = 0  # a white sheet with a black eye
    assert decode(coded(animal)).status == "alpha on black"


def test_where_all_is_clear_the_colours_count_if_they_say_anything() -> None:
    rgba = np.zeros((2, 3, 4), np.uint8)
    check(coded(rgba), np.full((2, 3), 255), "alpha on white")
    rgba[..., :3] = GRAY[..., None]
    check(coded(rgba), GRAY, "alpha left out, as all is clear")


def test_a_clear_entry_of_a_palette_is_white() -> None:
    indexed = Image.frombytes("P", (2, 1), bytes([0, 1]))
    indexed.putpalette([0, 0, 0, 9, 9, 9])
    check(coded(indexed, transparency=0), [[255, 9]], "alpha on white")


def test_opaque_alpha_is_no_news() -> None:
    rgba = np.full((1, 2, 4), 255, np.uint8)
    check(coded(rgba), [[255, 255]], "ok")


def test_cmyk_paper_is_white_and_ink_is_black() -> None:
    ink = np.zeros((8, 8, 4), np.uint8)
    ink[..., 3] = 255
    for kind, options in (("TIFF", {}), ("JPEG", {"quality": 100})):
        for cmyk, expected in ((np.zeros_like(ink), 255), (ink, 0)):
            image = decode(coded(Image.fromarray(cmyk, "CMYK"), kind, **options))
            assert image.status == "cmyk"
            assert np.abs(image.pixels.astype(int) - expected).max() <= 2


@pytest.mark.parametrize(
    ("orientation", "stored"),
    [
        (2, GRAY[:, ::-1]),
        (3, GRAY[::-1, ::-1]),
        (4, GRAY[::-1]),
        (5, GRAY.T),
        (6, np.rot90(GRAY)),
        (7, np.rot90(GRAY, 2).T),
        (8, np.rot90(GRAY, -1)),
    ],
)
def test_exif_is_turned_upright(orientation: int, stored: np.ndarray) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    check(coded(np.ascontiguousarray(stored), exif=exif), GRAY, "exif-turned")


def test_damaged_exif_costs_no_image() -> None:
    check(coded(GRAY, exif=b"Exif\x00\x00II*\x00\xff\xff"), GRAY, "exif unreadable")


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_frame_counts(kind: str) -> None:
    frames = [
        Image.fromarray(np.full((4, 4), value, np.uint8)) for value in (0, 120, 255)
    ]
    options = {"lossless": True} if kind == "WEBP" else {}
    content = coded(
        frames[0], kind, save_all=True, append_images=frames[1:], **options
    )
    check(content, np.zeros((4, 4)), "first of 3 frames")


def test_notes_are_joined() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 3
    clear = np.array([[[0, 0, 0, 0], [9, 9, 9, 255]]], np.uint8)
    check(coded(clear, exif=exif), [[9, 255]], "exif-turned; alpha on white")


def test_one_pixel_is_an_image() -> None:
    check(coded(np.array([[7]], np.uint8)), [[7]], "ok")


def test_what_is_no_image_says_why_and_the_same_each_time() -> None:
    for content, reason in (
        (b"", "empty file"),
        (b"hello", "not an image in a known format"),
    ):
        with pytest.raises(Unreadable, match=reason):
            decode(content)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF"])
def test_a_truncated_image_is_unreadable(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    content = coded(noise, kind)
    with pytest.raises(Unreadable):
        decode(content[: len(content) // 2])


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_bomb_is_unreadable_before_it_takes_memory() -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body))
            + name
            + body
            + struct.pack(">I", zlib.crc32(name + body))
        )

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    content = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b""))
    )
    with pytest.raises(Unreadable, match=r"3600000000 pixels.*decompression bomb"):
        decode(content + chunk(b"IEND", b""))


def test_gray_of_colour_is_its_luminance() -> None:
    colour = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    np.testing.assert_array_equal(
        gray_of(colour), [[76, 150, 29]]
    )  # .299, .587, .114 of 255
    assert gray_of(GRAY) is GRAY


def test_padding_centres_on_white_and_keeps_the_aspect() -> None:
    sheet = pad(np.zeros((2, 4), np.uint8), 8)
    np.testing.assert_array_equal(sheet[2:6], np.zeros((4, 8)))
    np.testing.assert_array_equal(sheet[[0, 1, 6, 7]], np.full((4, 8), 255))


def test_padding_keeps_the_thinnest_line() -> None:
    sheet = pad(np.zeros((1, 1000), np.uint8), 8)
    assert (
        sheet == 0
    ).sum() == 8  # one row of eight, where 0.008 rows would have vanished


def test_padding_a_coloured_image_pads_with_white() -> None:
    sheet = pad(np.full((1, 2, 3), [1, 2, 3], np.uint8), 4)
    assert sheet.shape == (4, 4, 3)
    assert sheet[0, 0].tolist() == [255, 255, 255] and sheet[1, 0].tolist() == [
        1,
        2,
        3,
    ]


def test_squashing_fills_the_square() -> None:
    assert (squash(np.zeros((2, 40), np.uint8), 8) == 0).all()


def test_ink_is_cut_to_the_drawing_with_a_margin() -> None:
    """Ten black pixels far down on the right of a large sheet fill all but the margin."""
    drawing = np.full((400, 300), 255, np.uint8)
    drawing[380:390, 280:290] = 0
    sheet = crop_to_ink(drawing, 50)  # a margin of .04 * 50 = 2
    np.testing.assert_array_equal(sheet[2:48, 2:48], np.zeros((46, 46)))
    np.testing.assert_array_equal(sheet[[0, 1, 48, 49]], np.full((4, 50), 255))
    np.testing.assert_array_equal(sheet[:, [0, 1, 48, 49]], np.full((50, 4), 255))


def test_ripples_of_jpeg_are_no_ink_but_faint_drawings_are() -> None:
    drawing = np.full((100, 100), 255, np.uint8)
    drawing[0, 0], drawing[40:60, 40:60] = 235, 0  # 20 of 255 is below a tenth
    assert (crop_to_ink(drawing, 100)[4:96, 4:96] == 0).all()
    drawing[0, 0], drawing[40:60, 40:60] = 255, 200  # all there is
    assert (crop_to_ink(drawing, 100)[4:96, 4:96] == 200).all()


def test_a_white_sheet_and_colours_are_fitted_to_the_ink_too() -> None:
    assert (crop_to_ink(np.full((30, 40), 255, np.uint8), 8) == 255).all()
    red = np.full((40, 40, 3), 255, np.uint8)
    red[10:20, 10:20] = [255, 0, 0]
    assert crop_to_ink(red, 10)[5, 5].tolist() == [255, 0, 0] and crop_to_ink(
        red, 10
    ).shape == (
        10,
        10,
        3,
    )


def test_shrinking_does_not_lose_thin_strokes() -> None:
    drawing = np.full((100, 100), 255, np.uint8)
    drawing[:, 52] = 0  # nearest at 10 px would look at column 55
    assert squash(drawing, 10)[:, 5].max() < 240


def test_an_outline_is_looked_at_from_row_to_row_and_from_column_to_column() -> (
    None
):
    """White with two black sides: of its outline of 100 pixels, 36 are white. It stays on white."""
    sheet = np.zeros((40, 40, 4), np.uint8)
    sheet[5:35, 10:30] = 255
    sheet[5:35, [10, 29], :3] = 0
    file = io.BytesIO()
    Image.fromarray(sheet).save(file, "PNG")
    assert decode(file.getvalue()).status == "alpha on white"
