"""Packing: row i of the arrays is row i of the index; unreadable files are listed or refused."""

import errno
import hashlib
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from croquis.core.errors import InputError
from croquis.core.symmetries import symmetric_digest
from croquis.prepare.packing import COLUMNS, Packed, PrepareParams, pack
from croquis.prepare.rows import RowWriter


def image(folder: Path, name: str, value: int | tuple[int, ...] = 0) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    mode = "L" if isinstance(value, int) else "RGB"
    Image.new(mode, (20, 10), value).save(folder / name)


def table(*paths: str) -> pd.DataFrame:
    """Rows of a layout, of class a, b, ... by the first letter after train/."""
    rows = []
    for path in paths:
        split, name = path.split("/", 1)
        label = ord(name[0]) - ord("a") if split == "train" else -1
        class_name = name[0] if split == "train" else ""
        rows.append((path, split, label, class_name, path, ""))
    return pd.DataFrame(
        rows, columns=["id", "split", "label", "class_name", "path", "source_id"]
    )


def packed(folder: Path, rows: pd.DataFrame, **options: object) -> Packed:
    wanted = {"image_size": 8, "fit": "squash", "bad_test": "error"} | options
    prepare = PrepareParams.model_validate(wanted)
    return pack(
        rows, folder, prepare, folder / "pixels.npy", folder / "gray224.npy"
    )


def test_rows_of_arrays_and_index_agree(tmp_path: Path) -> None:
    names = [f"train/a{number}.png" for number in range(40)] + ["test/0.png"]
    for value, name in enumerate(names):
        image(tmp_path, name, value)
    index = packed(tmp_path, table(*names)).index
    assert list(index) == COLUMNS and index["id"].tolist() == names
    pixels, gray = (
        np.load(tmp_path / "pixels.npy"),
        np.load(tmp_path / "gray224.npy"),
    )
    assert pixels.shape == (41, 8, 8) and gray.shape == (41, 224, 224)
    assert pixels[:, 0, 0].tolist() == gray[:, 0, 0].tolist() == list(range(41))
    row = index.iloc[7]
    content = (tmp_path / names[7]).read_bytes()
    assert row["sha256"] == hashlib.sha256(content).hexdigest()
    assert row["digest"] == symmetric_digest(np.full((10, 20), 7, np.uint8))
    assert (row["width"], row["height"], row["status"]) == (20, 10, "blank")


def test_padding_is_white_and_squashing_fills(tmp_path: Path) -> None:
    image(tmp_path, "train/a.png")
    packed(tmp_path, table("train/a.png"), fit="pad")
    assert np.load(tmp_path / "pixels.npy")[0, :, 0].tolist() == [
        255,
        255,
        0,
        0,
        0,
        0,
        255,
        255,
    ]
    packed(tmp_path, table("train/a.png"))
    assert np.load(tmp_path / "pixels.npy").max() == 0


def test_one_coloured_image_makes_three_channels_for_all(tmp_path: Path) -> None:
    image(tmp_path, "train/a0.png", 10)
    image(tmp_path, "train/a1.png", (1, 2, 3))
    image(tmp_path, "train/a2.png", 20)
    packed(tmp_path, table("train/a0.png", "train/a1.png", "train/a2.png"))
    pixels = np.load(tmp_path / "pixels.npy")
    assert pixels.shape == (3, 8, 8, 3)
    assert pixels[:, 0, 0].tolist() == [[10] * 3, [1, 2, 3], [20] * 3]
    assert np.load(tmp_path / "gray224.npy").shape == (3, 224, 224)


def test_unreadable_training_images_are_listed_and_left_out(tmp_path: Path) -> None:
    image(tmp_path, "train/a0.png", 5)
    (tmp_path / "train/a1.png").write_bytes(b"")
    (tmp_path / "train/a2.png").write_bytes(
        (tmp_path / "train/a0.png").read_bytes()[:40]
    )
    image(tmp_path, "train/a3.png", 6)
    prepared = packed(
        tmp_path, table(*(f"train/a{number}.png" for number in range(4)))
    )
    assert prepared.index["id"].tolist() == ["train/a0.png", "train/a3.png"]
    assert np.load(tmp_path / "pixels.npy")[:, 0, 0].tolist() == [5, 6]
    assert list(prepared.quarantine) == ["id", "path", "reason"]
    assert prepared.quarantine.iloc[0].tolist() == [
        "train/a1.png",
        "train/a1.png",
        "empty file",
    ]
    assert prepared.quarantine["id"].tolist() == ["train/a1.png", "train/a2.png"]


def test_a_class_without_a_readable_image_is_named(tmp_path: Path) -> None:
    image(tmp_path, "train/a.png")
    (tmp_path / "train/b.png").write_bytes(b"")
    with pytest.raises(
        InputError, match=r"of each class, received none of 'b'; .*\(empty file\)"
    ):
        packed(tmp_path, table("train/a.png", "train/b.png"))


def test_an_unreadable_source_of_a_derived_image_is_named(tmp_path: Path) -> None:
    image(tmp_path, "train/a0.png")
    (tmp_path / "train/a1.png").write_bytes(b"")
    rows = table("train/a0.png", "train/a1.png")
    rows.loc[0, "source_id"] = "train/a1.png"
    with pytest.raises(
        InputError, match=r"readable sources .*received 1 .*train/a1.png \(empty"
    ):
        packed(tmp_path, rows)


def test_an_unreadable_test_image_stops_or_is_a_white_sheet(tmp_path: Path) -> None:
    image(tmp_path, "train/a.png")
    image(tmp_path, "test/1.png")
    (tmp_path / "test/0.png").write_bytes(b"no image")
    rows = table("train/a.png", "test/0.png", "test/1.png")
    with pytest.raises(
        InputError, match=r"received 1 .*: test/0.png \(not a.*bad_test=blank"
    ):
        packed(tmp_path, rows)
    prepared = packed(tmp_path, rows, bad_test="blank")
    assert prepared.index["status"].tolist() == [
        "blank",
        "unreadable: blank",
        "blank",
    ]
    assert np.load(tmp_path / "pixels.npy")[:, 0, 0].tolist() == [0, 255, 0]
    assert prepared.quarantine.empty


def half(
    folder: Path, name: str, left: int, size: tuple[int, int] = (20, 10)
) -> None:
    """An image whose left half is `left`, the right one white."""
    sheet = np.full(size[::-1], 255, np.uint8)
    sheet[:, : size[0] // 2] = left
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet).save(folder / name)


def test_images_without_contrast_are_blank_whatever_is_around_them(
    tmp_path: Path,
) -> None:
    """A black sheet on a white border was nobody's news, and white ones neither."""
    half(tmp_path, "train/a0.png", 240)  # of 255: a contrast of 15
    half(tmp_path, "train/a1.png", 239)
    image(tmp_path, "train/a2.png", 0)
    names = [f"train/a{number}.png" for number in range(3)]
    prepared = packed(tmp_path, table(*names), fit="pad")
    assert prepared.index["status"].tolist() == ["blank", "ok", "blank"]
    assert prepared.notes(tmp_path / "q.csv") == [
        "2 of 3 images are blank (no two pixels differ by 16 of 255): train/a0.png, train/a2.png"
    ]


def test_a_hair_that_fades_away_leaves_a_blank_image(tmp_path: Path) -> None:
    sheet = np.full((400, 400), 255, np.uint8)
    sheet[200, 200:210] = 0  # 10 of the 2,500 pixels that become one at 8 px a side
    (tmp_path / "train").mkdir()
    Image.fromarray(sheet).save(tmp_path / "train/a.png")
    assert packed(tmp_path, table("train/a.png")).index["status"].tolist() == [
        "blank"
    ]
    prepared = packed(tmp_path, table("train/a.png"), image_size=200)
    assert prepared.index["status"].tolist() == ["ok"]


def test_what_was_done_to_images_is_counted_and_the_first_are_named(
    tmp_path: Path,
) -> None:
    clear = np.zeros((10, 20, 4), np.uint8)
    clear[3:7, 3:9] = 255
    (tmp_path / "train").mkdir()
    for number in range(5):
        Image.fromarray(clear).save(tmp_path / f"train/a{number}.png")
    Image.fromarray(np.arange(200, dtype=np.uint16).reshape(10, 20) * 20).save(
        tmp_path / "train/b.png"
    )
    (tmp_path / "train/a5.png").write_bytes(b"")
    (tmp_path / "test").mkdir()
    (tmp_path / "test/0.png").write_bytes(b"")
    names = [f"train/a{number}.png" for number in range(6)]
    prepared = packed(
        tmp_path, table(*names, "train/b.png", "test/0.png"), bad_test="blank"
    )
    assert prepared.notes(Path("q.csv")) == [
        "1 training image is left out, as it cannot be read: train/a5.png (empty file);"
        " q.csv has them all",
        "1 of 7 images cannot be read, and are white sheets: test/0.png",
        "5 of 7 images have white ink on clear paper, and are laid on black: "
        "train/a0.png, train/a1.png, train/a2.png and 2 more",
        "1 of 7 images of 16 bits have 12 at most, and are read so: train/b.png",
    ]


HEIC = b"\0\0\0\x18ftypheic" + bytes(100)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (
            "9.heic",
            HEIC,
            "HEIC is not read; save it as PNG, as with `heif-convert`",
        ),
        ("9", b"<svg/>", "SVG is not read; save it as PNG, as with `rsvg-convert`"),
        ("9.png", b"", "empty file"),
    ],
)
def test_a_test_image_that_cannot_be_read_stops_before_any_image_is_decoded(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    image(tmp_path, "train/a0.png")
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / name).write_bytes(content)
    rows = table("train/a0.png", f"test/{name}")
    with pytest.raises(InputError) as caught:
        packed(tmp_path, rows)
    assert f"received 1 that are not: test/{name} ({reason}" in str(caught.value)
    assert not (tmp_path / "pixels.npy").exists()
    blank = packed(tmp_path, rows, bad_test="blank")
    assert blank.index["status"].tolist() == ["blank", "unreadable: blank"]


def test_a_raw_file_of_a_camera_is_not_read_by_its_thumbnail(
    tmp_path: Path,
) -> None:
    image(tmp_path, "train/a0.png")
    Image.new("L", (20, 10)).save(tmp_path / "train/a1.nef", "TIFF")
    lost = packed(tmp_path, table("train/a0.png", "train/a1.nef")).quarantine
    assert lost["reason"].tolist() == [
        "camera raw is not read; save it as PNG, as with `darktable-cli`"
    ]


def test_warnings_of_pillow_do_not_leak(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        Image, "MAX_IMAGE_PIXELS", 150
    )  # 200 pixels: a warning, 300: an error
    image(tmp_path, "train/a.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert packed(tmp_path, table("train/a.png")).index["status"].tolist() == [
            "blank"
        ]


def test_a_full_disk_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for number in range(100):
        image(tmp_path, f"train/a{number}.png")
    monkeypatch.setattr(RowWriter, "append", full)
    with pytest.raises(OSError, match="No space left"):
        packed(tmp_path, table(*(f"train/a{number}.png" for number in range(100))))


@pytest.mark.parametrize(
    "wrong",
    [
        {"image_size": 7},
        {"fit": "crop"},
        {"bad_test": "skip"},
        {"image_size": 96.0},
    ],
)
def test_values_that_mean_nothing_are_refused(wrong: dict[str, object]) -> None:
    good = {"image_size": 8, "fit": "pad", "bad_test": "error"}
    PrepareParams.model_validate(good)
    with pytest.raises(ValueError, match=next(iter(wrong))):
        PrepareParams.model_validate(good | wrong)
