"""Names of a zip's entries: by the flag, by Info-ZIP's field, as UTF-8, else as their bytes."""

import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from PIL import Image

from croquis.dataset.data_params import DataParams
from croquis.download.sources import fetch
from croquis.download.zip_names import zip_name
from croquis.prepare.layout import read_layout

WINDOWS_FOLDER = 0x10


class Unflagged(zipfile.ZipInfo):
    """An entry whose name is written as bytes, without the flag of UTF-8."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode("cp437"), 0


def entry(name: bytes, extra: bytes = b"") -> Unflagged:
    info = Unflagged(name.decode("cp437"))
    info.extra = extra
    return info


def unicode_path(name: str, packed: bytes, version: int = 1) -> bytes:
    field = struct.pack("<BL", version, zlib.crc32(packed)) + name.encode()
    other = struct.pack("<HH", 0x5455, 1) + b"\1"
    return other + struct.pack("<HH", 0x7075, len(field)) + field


def test_the_field_of_its_own_wins() -> None:
    packed = "사과.png".encode("cp949")
    assert zip_name(entry(packed, unicode_path("사과.png", packed))) == "사과.png"


@pytest.mark.parametrize(
    "extra",
    [
        unicode_path("배.png", b"another name"),
        unicode_path("배.png", b"\xbb\xe7.png", version=2),
        unicode_path("배.png", b"\xbb\xe7.png")[:9],
        b"\x75\x70\xff",
    ],
)
def test_a_field_of_another_name_or_version_does_not_count(extra: bytes) -> None:
    assert zip_name(entry(b"\xbb\xe7.png", extra)) == "\udcbb\udce7.png"


def test_utf8_without_its_flag_is_read() -> None:
    assert zip_name(entry("사과\\1.png".encode())) == "사과/1.png"


def test_letters_whose_second_byte_is_a_backslash_stay_whole() -> None:
    packed = "表/能.png".encode("cp932")
    assert zip_name(entry(packed)).encode("utf-8", "surrogateescape") == packed


def images(folder: Path, names: dict[bytes, int], csv: str = "") -> Path:
    """A zip of such images, each with its own gray, and train.csv."""
    image = folder / "0.png"
    with zipfile.ZipFile(folder / "set.zip", "w") as bundle:
        for name, gray in names.items():
            info = entry(name)
            if name.endswith(b"\\"):
                info.external_attr = WINDOWS_FOLDER
                bundle.writestr(info, b"")
                continue
            Image.new("L", (8, 8), gray).save(image)
            bundle.writestr(info, image.read_bytes())
        if csv:
            bundle.writestr("train.csv", csv)
    return folder / "set.zip"


def fetched(source: Path, place: Path) -> list[str]:
    params = DataParams(source=str(source), sha256=None)
    notes = fetch(params, place / "raw", place / "solution.csv")
    return [note for note in notes if "pin this" not in note]


def test_a_zip_of_an_old_packer_on_korean_windows_is_read(tmp_path: Path) -> None:
    """Backslashes for folders, entries for folders, and names in CP949, as .NET wrote them."""
    names = {"train\\사과\\".encode("cp949"): 0}
    for place, name in enumerate(["사과", "배", "cup"]):
        names[f"train\\{name}\\0.png".encode("cp949")] = place
    assert fetched(images(tmp_path, names), tmp_path) == [
        "3 file names were read as CP949 (Korean Windows): 'train\\배\\0.png',"
        " 'train\\사과', 'train\\사과\\0.png'"
    ]
    layout = read_layout(tmp_path / "raw")
    assert layout.images["class_name"].tolist() == ["cup", "배", "사과"]


def test_a_zip_of_japanese_windows_is_read_by_its_table(tmp_path: Path) -> None:
    names = {f"train/{name}/0.png".encode("cp932"): 0 for name in ("表", "ソ")}
    csv = "class_name,image_path\n表,表/0.png\nソ,ソ/0.png\n"
    (note,) = fetched(images(tmp_path, names, csv), tmp_path)
    assert "CP932 (Japanese Windows), as tables have them: 'ソ', '表'" in note
    layout = read_layout(tmp_path / "raw")
    assert layout.images["path"].tolist() == ["train/表/0.png", "train/ソ/0.png"]


def test_a_folder_that_a_zip_with_backslashes_left_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    for name in ("train\\a\\0.png", "train\\b\\1.png", "test\\2.png"):
        Image.new("L", (8, 8)).save(folder / name)
    assert fetched(folder, tmp_path) == [
        r"3 names have backslashes, as 'test\2.png': read as folders"
    ]
    layout = read_layout(tmp_path / "raw")
    paths = ["train/a/0.png", "train/b/1.png", "test/2.png"]
    assert layout.images["path"].tolist() == paths
    assert sorted(path.name for path in folder.iterdir())[0] == "test\\2.png"
