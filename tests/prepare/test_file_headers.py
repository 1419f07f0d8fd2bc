"""Headers that promise more than any honest file has are refused before they are followed."""

import zlib

import pytest
from PIL import Image

from croquis.prepare.decoding import ORIENTATION, decode
from croquis.prepare.opening import Unreadable
from tests.support.bombs import (
    chunk,
    icon,
    overlapping_tags,
    png,
    saved,
    scanned,
    tiled,
    with_exif,
)

RED = Image.new("RGB", (16, 16), (200, 0, 0))
# A thousand tags of the same 100,000 bytes: 100 MB, and with more of both any number.
TAGS = overlapping_tags(1_000, 100_000)
FRACTIONS = overlapping_tags(500, 48_000, kind=5)
PROFILE = b"Raw profile type exif\0\0" + zlib.compress(
    f"\nexif\n{len(TAGS)}\n{TAGS.hex()}".encode()
)


@pytest.mark.parametrize(
    "content",
    [
        png(4, 4, before=chunk(b"eXIf", TAGS)),
        png(4, 4, before=chunk(b"zTXt", PROFILE)),
        saved(RED, "WEBP", exif=b"Exif\0\0" + TAGS),
        with_exif(saved(RED, "JPEG"), TAGS),
        with_exif(saved(RED, "JPEG"), FRACTIONS),
        TAGS,
    ],
    ids=["PNG", "PNG's profile", "WEBP", "JPEG", "JPEG in one part", "TIFF"],
)
def test_tags_that_all_claim_the_same_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(Unreadable, match=r"metadata of .* bytes in a file of"):
        decode(content)


def test_exif_of_a_megabyte_and_more_is_refused() -> None:
    exif = overlapping_tags(1, 2**20 + 100)
    with pytest.raises(Unreadable, match=r"EXIF of .* save the image without it"):
        decode(with_exif(saved(RED, "JPEG"), exif))


def test_honest_exif_is_read_with_its_inner_tables() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif.get_ifd(0x8769)[0x9286] = b"a comment" * 500
    exif.get_ifd(0x8825)[1] = "N"
    for kind in ("JPEG", "PNG", "WEBP", "TIFF"):
        content = saved(RED.resize((20, 10)), kind, exif=exif)
        assert decode(content).pixels.shape == (20, 10, 3)


def test_a_jpeg_of_thousands_of_scans_is_refused_and_one_of_hundreds_is_not() -> (
    None
):
    """Each is decoded over the whole image, and takes a few bytes of the file."""
    assert decode(scanned(300)).pixels.shape == (64, 64)
    with pytest.raises(Unreadable, match=r"JPEG of 5,0.. scans; save it anew"):
        decode(scanned(5_000))


@pytest.mark.parametrize(
    "inner",
    [
        png(20_000, 20_000)[:3_000],
        saved(Image.new("L", (16, 16)), "BMP")[14:18]
        + (20_000).to_bytes(4, "little") * 2
        + bytes(100),
    ],
    ids=["PNG", "bitmap"],
)
def test_the_image_in_an_icon_is_measured_before_it_is_decoded(
    inner: bytes,
) -> None:
    with pytest.raises(Unreadable, match="an icon of 20,000 x 20,000 pixels"):
        decode(icon(inner))


def test_an_honest_icon_is_read() -> None:
    assert decode(icon(png(16, 16))).pixels.shape == (16, 16)


def test_tiles_far_larger_than_their_image_are_refused() -> None:
    with pytest.raises(Unreadable, match="TIFF of tiles of 60,000 x 60,000 pixels"):
        decode(tiled(60_000, 60_000))


def test_a_tiff_of_thousands_of_slices_gives_its_first() -> None:
    slices = [Image.new("L", (16, 16), number % 200) for number in range(2_000)]
    content = saved(slices[7], "TIFF", save_all=True, append_images=slices)
    assert decode(content).pixels.tolist() == [[7] * 16] * 16
