"""Formats by content: what each format of images begins with, and what only looks like it."""

import io

import pytest
from PIL import Image

from croquis.dataset.first_bytes import (
    HEAD,
    NOT_READ,
    image_format,
    strange_content,
)

GRAY = Image.new("L", (19, 17), 200)


def saved(kind: str, image: Image.Image = GRAY) -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()[:HEAD]


@pytest.mark.parametrize(
    "kind",
    [
        "PNG",
        "JPEG",
        "GIF",
        "TIFF",
        "WEBP",
        "BMP",
        "DIB",
        "PPM",
        "PCX",
        "ICO",
        "AVIF",
    ],
)
def test_a_format_is_known_without_a_suffix(kind: str) -> None:
    assert image_format(saved(kind)) == kind


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_a_bitmap_of_any_depth_is_known(mode: str) -> None:
    assert image_format(saved("BMP", GRAY.convert(mode))) == "BMP"
    assert image_format(saved("DIB", GRAY.convert(mode))) == "DIB"


def test_both_kinds_of_jpeg_2000_are_known() -> None:
    boxed = saved("JPEG2000")
    assert image_format(boxed) == "JPEG2000"
    bare = io.BytesIO()
    GRAY.save(bare, "JPEG2000", no_jp2=True)
    assert image_format(bare.getvalue()) == "JPEG2000"


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "RGBA"])
def test_tga_has_no_mark_and_needs_its_suffix(mode: str) -> None:
    content = saved("TGA", GRAY.convert(mode))
    assert image_format(content, ".tga") == "TGA"
    assert image_format(content) is None
    assert image_format(b"a text that somebody called so", ".tga") is None


def boxes(*brands: bytes) -> bytes:
    """The first box of a file: its size, its kind, the main brand, a version, and others."""
    body = b"ftyp" + brands[0] + bytes(4) + b"".join(brands[1:])
    return (len(body) + 4).to_bytes(4, "big") + body + bytes(40)


@pytest.mark.parametrize(
    ("brands", "kind"),
    [
        ((b"heic", b"mif1"), "HEIC"),
        ((b"heix",), "HEIC"),
        ((b"mif1", b"heic"), "HEIC"),
        ((b"mif1", b"avif"), "AVIF"),
        ((b"avis", b"msf1"), "AVIF"),
        ((b"crx ",), "camera raw"),
        ((b"isom", b"mp42"), None),
        ((b"qt  ",), None),
    ],
)
def test_brands_tell_images_from_videos(
    brands: tuple[bytes, ...], kind: str | None
) -> None:
    assert image_format(boxes(*brands)) == kind


@pytest.mark.parametrize(
    "text",
    [
        "<svg xmlns='http://www.w3.org/2000/svg'/>",
        "\ufeff<?xml version='1.0'?>\n<svg/>",
        "<!-- drawn by hand -->\n<svg/>",
        "<?xml version='1.0'?><!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN'>\n<SVG/>",
    ],
)
def test_svg_is_known_whatever_stands_before_it(text: str) -> None:
    assert image_format(text.encode()) == "SVG"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"BMW is a make of cars, and this is a text about it.",
        b"P1 was the first of our subjects",
        b"P5",
        b"\n\5\1 a text",
        b"\0\0\1\0",
        b"<?xml version='1.0'?><annotation><folder>cup</folder></annotation>",
        b"RIFF\0\0\0\0AVI LIST",
        b"\x93NUMPY\1\0",
        b"MATLAB 5.0 MAT-file" + bytes(120),
        bytes(200),
        b"image_path,target\n0.png,0\n",
    ],
)
def test_other_files_are_no_images(content: bytes) -> None:
    assert image_format(content) is None


def test_a_raw_file_of_a_camera_is_no_tiff() -> None:
    """Pillow would read the thumbnail that such a file begins with."""
    assert image_format(saved("TIFF"), ".nef") == "camera raw"
    assert image_format(saved("TIFF"), ".tif") == "TIFF"


def test_each_format_that_is_not_read_says_what_helps() -> None:
    assert all(fix.startswith("save it as PNG") for fix in NOT_READ.values())
    assert image_format(bytes(128) + b"DICM") == "DICOM"
    assert image_format(b"\xff\x0a" + bytes(9), ".jxl") == "JPEG XL"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"\r\n<!DOCTYPE html>", "web page"),
        (b"PK\3\4", "an archive; unpack it"),
        (b"%PDF-1.7", "pdftoppm"),
        (bytes(500), "zeros"),
    ],
)
def test_what_often_lies_under_an_images_name_is_named(
    content: bytes, words: str
) -> None:
    assert words in (strange_content(content) or "")


def test_of_other_bytes_nothing_is_said() -> None:
    assert strange_content(b"hello") is None and strange_content(b"") is None
