"""Opening an image of a stranger: formats, sizes, and how much is read."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from croquis.prepare.decoding import decode
from croquis.prepare.opening import (
    FORMATS,
    TRAINING,
    Limits,
    TooLarge,
    Unreadable,
    open_image,
)
from tests.support.bombs import POSTSCRIPT, chunk, png, saved, with_exif

SMALL = Limits(pixels=1_000, side=100, aspect=20)
RED = Image.new("RGB", (16, 16), (200, 0, 0))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("AVIF", {}), ("BMP", {}), ("DIB", {}), ("GIF", {}), ("ICO", {}), ("JPEG", {}),
        ("JPEG2000", {}), ("MPO", {"save_all": True, "append_images": [RED]}),
        ("PCX", {}), ("PNG", {}), ("PPM", {}), ("TGA", {}), ("TIFF", {}), ("WEBP", {}),
    ],
)  # fmt: skip
def test_each_format_that_people_keep_images_in_is_read(
    kind: str, options: dict[str, object]
) -> None:
    pixels = decode(saved(RED, kind, **options)).pixels
    assert np.abs(pixels[8, 8].astype(int) - [200, 0, 0]).max() < 8


@pytest.fixture
def ghostscript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for Ghostscript, first on the path; the file that says it was called."""
    called = tmp_path / "called"
    program = tmp_path / "gs"
    program.write_text(
        f"#!{sys.executable}\nopen({str(called)!r}, 'a').write('x')\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return called


@pytest.mark.parametrize(
    "content",
    [
        POSTSCRIPT,
        b"\xc5\xd0\xd3\xc6" + (30).to_bytes(4, "little") + bytes(22) + POSTSCRIPT,
        b"\n" + POSTSCRIPT,
        b"\x89PNG\r\n\x1a\n" + POSTSCRIPT,
        b"\xff\xd8\xff" + POSTSCRIPT,
    ],
)
def test_postscript_never_reaches_ghostscript(
    content: bytes, ghostscript: Path
) -> None:
    with pytest.raises(Unreadable):
        decode(content)
    assert not ghostscript.exists()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (POSTSCRIPT, "EPS"),
        (saved(RED, "SGI"), "SGI"),
        (b"8BPS" + bytes(40), "PSD"),
        (b"SIMPLE  =  T" + bytes(40), "FITS"),
        (b"\xd7\xcd\xc6\x9a\0\0" + bytes(40), "WMF"),
    ],
)
def test_a_format_that_is_not_read_is_named(content: bytes, name: str) -> None:
    Image.init()
    with pytest.raises(Unreadable, match=f"^{name} is not read; save it as PNG$"):
        decode(content)


def test_no_format_runs_another_program_or_opens_further_files() -> None:
    assert not {"EPS", "WMF", "IPTC", "ICNS", "FITS", "HDF5", "GRIB", "BUFR"} & {
        *FORMATS
    }


@pytest.mark.parametrize(
    ("width", "height", "message"),
    [
        (1, 49_999_999, "expected sides of at most 65,535 pixels, received 1 x 49,999,999"),
        (49_999_999, 1, "expected sides of at most 65,535 pixels, received 49,999,999 x 1"),
        (5_001, 1, "expected a side at most 5,000 times as long as the other"),
    ],
)  # fmt: skip
def test_a_line_of_fifty_million_pixels_is_refused_before_it_is_read(
    width: int, height: int, message: str
) -> None:
    """It unpacked to 5 GB: it was made 96 pixels wide before it was made shorter."""
    with pytest.raises(TooLarge, match=f"^{message}.*; make it smaller$"):
        decode(png(width, height))


@given(st.integers(1, 150), st.integers(1, 150))
@settings(max_examples=60, deadline=None)
def test_an_image_is_read_exactly_if_area_side_and_aspect_allow(
    width: int, height: int
) -> None:
    short, long = sorted((width, height))
    allowed = width * height <= 1_000 and long <= 100 and long <= 20 * short
    content = saved(Image.new("L", (width, height)))
    try:
        with open_image(content, SMALL) as image:
            assert image.size == (width, height)
        assert allowed
    except TooLarge:
        assert not allowed


@pytest.mark.parametrize("width", [4_001, 4_999])
def test_the_longest_honest_scroll_is_read(width: int) -> None:
    assert decode(png(width, 1)).pixels.shape == (1, width)


def test_a_large_image_in_colour_is_refused_where_memory_is_short() -> None:
    short = Limits(pixels=10_000, side=100, aspect=100, memory=7_000)
    assert decode(saved(Image.new("RGB", (31, 32))), short).pixels.shape == (32, 31)
    assert decode(saved(Image.new("L", (58, 60))), short).pixels.shape == (60, 58)
    message = "at most 1,000 pixels in PNG of mode RGB, received 40 x 40"
    with pytest.raises(TooLarge, match=message):
        decode(saved(Image.new("RGB", (40, 40))), short)


def test_a_large_jpeg_is_decoded_at_half_its_size_where_memory_is_short() -> None:
    short = Limits(pixels=10_000, side=100, aspect=100, memory=10_000)
    photograph = saved(RED.resize((40, 60)), "JPEG")
    assert decode(photograph).pixels.shape == (60, 40, 3)
    assert decode(photograph, short).pixels.shape == (30, 20, 3)
    # A progressive one takes 6 bytes a pixel more: 1,666 pixels are too many for it.
    scans = saved(RED.resize((40, 60)), "JPEG", progressive=True)
    with pytest.raises(TooLarge, match="at most 1,666 pixels"):
        decode(scans, short)
    scans = saved(RED.resize((40, 40)), "JPEG", progressive=True)
    assert decode(scans, short).pixels.shape == (20, 20, 3)


@pytest.mark.parametrize(
    "content",
    [
        png(4, 4, before=chunk(b"teSt", b"") * 60_000),
        png(4, 4, before=b"".join(chunk(b"tEXt", b"%d\0" % n) for n in range(60_000))),
        with_exif(saved(RED, "JPEG"), b"")[:2] + b"\xff\xfe\0\2" * 60_000 + saved(RED, "JPEG")[2:],
    ],
    ids=["chunks of PNG", "texts of PNG", "segments of JPEG"],
)  # fmt: skip
def test_a_file_of_too_many_parts_is_refused(content: bytes) -> None:
    with pytest.raises(Unreadable, match="too many small parts; save it anew"):
        decode(content)


def test_a_bitmap_of_short_runs_is_read_all_the_same() -> None:
    """Pillow reads its runs byte by byte: 90,000 of them for 90,000 pixels."""
    pixels = np.random.default_rng(0).integers(0, 256, (300, 300), dtype=np.uint8)
    rows = [
        b"".join(bytes([1, value]) for value in row) + b"\0\0" for row in pixels
    ]
    body = b"".join(reversed(rows)) + b"\0\1"
    plain = saved(Image.fromarray(pixels), "BMP")
    head = bytearray(plain[:1078])  # with its palette of 256 grays
    head[30] = 1  # runs of 8 bits
    content = bytes(head) + body
    np.testing.assert_array_equal(decode(content).pixels, pixels)


def test_an_animation_of_many_frames_is_read() -> None:
    frames = [Image.new("L", (8, 8), value) for value in range(200)]
    content = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(content).status == "first of 200 frames"


def test_the_limits_of_training_are_wide() -> None:
    assert TRAINING.pixels == 2 * (Image.MAX_IMAGE_PIXELS or 0)
    with open_image(saved(Image.new("1", (65_535, 20))), TRAINING) as image:
        assert image.size == (65_535, 20)
