"""A stranger's image becomes the sheet that `prepare` would have stored."""

import base64
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from croquis.core.errors import InputError
from croquis.prepare.decoding import FITS
from croquis.prepare.packing import PrepareParams, pack
from croquis.serving import sheets
from croquis.serving.sheets import data_url, from_base64, png, prepare_sheet

WIDE = np.full((20, 40), 255, np.uint8)
WIDE[5:15, 3:30] = 40


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def turned() -> bytes:
    """A photograph held sideways: EXIF says so."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(Image.fromarray(WIDE), exif=exif)


def clear() -> bytes:
    """Black ink on clear paper."""
    layers = np.zeros((30, 30, 4), np.uint8)
    layers[10:20, 10:20, 3] = 255
    return saved(Image.fromarray(layers))


COLOURED = np.stack([WIDE, np.full_like(WIDE, 200), WIDE], axis=2)
FILES = {
    "gray": saved(Image.fromarray(WIDE)),
    "turned": turned(),
    "clear": clear(),
    "jpeg": saved(Image.fromarray(COLOURED), "JPEG"),
}


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("names", [("gray", "turned", "clear"), tuple(FILES)])
def test_a_sheet_is_what_prepare_stores(
    names: tuple[str, ...], fit: str, tmp_path: Path
) -> None:
    """Gray where all images are; with a single coloured one, all have three channels."""
    for name in names:
        (tmp_path / name).write_bytes(FILES[name])
    rows = {
        "id": names,
        "split": "train",
        "label": 0,
        "class_name": "a",
        "path": names,
    }
    table = pd.DataFrame(rows | {"source_id": ""})
    settings = PrepareParams(image_size=16, fit=fit, bad_test="error")
    pack(
        table, tmp_path, settings, tmp_path / "pixels.npy", tmp_path / "gray224.npy"
    )
    stored, gray = np.load(tmp_path / "pixels.npy"), "jpeg" not in names
    for name, row in zip(names, stored, strict=True):
        sheet = prepare_sheet(FILES[name], side=16, fit=fit, gray=gray, where=name)
        np.testing.assert_array_equal(sheet, row)


def test_colour_is_luminance_where_the_data_is_gray() -> None:
    red = saved(Image.new("RGB", (8, 8), (255, 0, 0)))
    sheet = prepare_sheet(red, side=8, fit="pad", gray=True, where="it")
    assert sheet.shape == (8, 8) and set(sheet.flat) == {76}  # .299 of 255


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it: expected an image, received empty file; send it as PNG or JPEG"),
        (b"text", "it: expected an image, received not an image in a known format"),
        (
            b"%!PS-Adobe-3.0",
            "^it: expected an image, received EPS is not read; send it as PNG or JPEG$",
        ),
        (FILES["gray"][:60], "it: expected an image, received"),
    ],
)
def test_no_image_is_a_clear_error(content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        prepare_sheet(content, side=8, fit="pad", gray=True, where="it")


def test_a_file_too_big_is_not_opened() -> None:
    message = (
        "it: expected an image of at most 8 MB, received 50 MB; make it smaller"
    )
    with pytest.raises(InputError, match=message):
        prepare_sheet(bytes(50 * 2**20), side=8, fit="pad", gray=True, where="it")


def test_a_small_file_that_unpacks_to_a_huge_image_is_refused() -> None:
    bomb = saved(Image.new("1", (10_000, 6_000)))
    assert len(bomb) < 20_000
    with pytest.raises(
        InputError, match="at most 50,000,000 pixels, received 10,000 x 6,000"
    ):
        prepare_sheet(bomb, side=8, fit="pad", gray=True, where="it")


@pytest.mark.parametrize(
    "text",
    [
        base64.b64encode(FILES["gray"]).decode(),
        base64.encodebytes(
            FILES["gray"]
        ).decode(),  # with line breaks, as base64 prints it
        f"data:image/png;base64,{base64.b64encode(FILES['gray']).decode()}",
    ],
)
def test_base64_comes_plain_broken_or_as_a_data_url(text: str) -> None:
    assert from_base64(text, "it") == FILES["gray"]


@pytest.mark.parametrize(
    "text", ["/etc/passwd", "https://example.com/a.png", "a-b_"]
)
def test_what_is_not_base64_is_refused_and_never_opened(text: str) -> None:
    with pytest.raises(InputError, match="it: expected base64, received"):
        from_base64(text, "it")


def test_base64_too_long_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_BYTES", 3)
    assert from_base64("QUJD", "it") == b"ABC"
    with pytest.raises(InputError, match="it: expected an image of at most"):
        from_base64("QUJDREVG", "it")


def test_a_data_url_holds_the_image_whole() -> None:
    again = Image.open(io.BytesIO(from_base64(data_url(WIDE), "it")))
    np.testing.assert_array_equal(np.asarray(again), WIDE)
    assert png(again) == png(Image.fromarray(WIDE))
