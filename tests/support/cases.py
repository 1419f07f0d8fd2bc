"""Small data sets as people have them, each a mapping of paths to bytes, and their packing."""

import io
import os
import struct
import tarfile
import zipfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

Files = dict[str, bytes]
CLASSES = ("cup", "star", "tree")


@cache
def image(number: int, kind: str = "PNG") -> bytes:
    """A file of 8 x 8 pixels, another for each number."""
    pixels = np.random.default_rng(number).integers(0, 256, (8, 8), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def white_ink(number: int) -> bytes:
    """White ink on clear paper, as a drawing program saves it."""
    pixels = np.full((8, 8, 4), 255, np.uint8)
    pixels[..., 3] = np.random.default_rng(number).integers(0, 256, (8, 8))
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def class_folders(
    part: str = "train/", names: Iterable[str] = CLASSES, suffix: str = ".png"
) -> Files:
    """Two images in each class folder of `part`."""
    return {
        f"{part}{name}/{number}{suffix}": image(2 * place + number)
        for place, name in enumerate(names)
        for number in range(2)
    }


def unlabelled(part: str = "test/", suffix: str = ".png", count: int = 2) -> Files:
    return {
        f"{part}{number}{suffix}": image(90 + number) for number in range(count)
    }


def rows(names: Iterable[str] = CLASSES, suffix: str = ".png") -> str:
    """class_name,image_path,target of the images in class folders."""
    lines = [
        f"{name},{name}/{number}{suffix},{place}"
        for place, name in enumerate(names)
        for number in range(2)
    ]
    return "\n".join(["class_name,image_path,target", *lines, ""])


def table(text: str, encoding: str = "utf-8") -> bytes:
    return text.encode(encoding)


def competition(names: Iterable[str] = CLASSES, suffix: str = ".png") -> Files:
    """train.csv and test.csv with their images."""
    return {
        **class_folders("train/", names, suffix),
        **unlabelled(suffix=suffix),
        "train.csv": table(rows(names, suffix)),
        "test.csv": table(f"image_path\n0{suffix}\n1{suffix}\n"),
    }


def flat(part: str = "train/", suffix: str = ".png", count: int = 6) -> Files:
    """Images right in `part`, in no class folder."""
    return {f"{part}{number}{suffix}": image(number) for number in range(count)}


def ids(header: str = "id,label", suffix: str = "") -> bytes:
    """A table of the images of `flat`, two of each class."""
    lines = [f"{number}{suffix},{CLASSES[number // 2]}" for number in range(6)]
    return table("\n".join([header, *lines, ""]))


def as_folder(files: Files, place: Path) -> Path:
    """The files in a folder; a name may hold bytes as os.fsdecode gives them."""
    source = place / "source"
    for name, content in files.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return source


def as_zip(files: Files, place: Path) -> Path:
    return _written(place / "source.zip", zip_bytes(files))


def as_cp949_zip(files: Files, place: Path) -> Path:
    """As Windows packs in Korea: names in its code page, without the flag of UTF-8."""
    return _written(place / "source.zip", zip_bytes(files, encoding="cp949"))


def as_deflate64_zip(files: Files, place: Path) -> Path:
    """As Windows packs files of 2 GB and more; here by its mark alone."""
    content = bytearray(zip_bytes(files))
    for mark, offset in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        start = content.find(mark)
        while start >= 0:
            content[start + offset : start + offset + 2] = struct.pack("<H", 9)
            start = content.find(mark, start + 4)
    return _written(place / "source.zip", bytes(content))


def as_tar(files: Files, place: Path) -> Path:
    return _written(place / "source.tar", tar_bytes(files))


def as_two_tars(files: Files, place: Path) -> Path:
    return _written(place / "source.tar", 2 * tar_bytes(files))


def as_page(files: Files, place: Path) -> Path:
    """What a browser saves where a site asks for a login."""
    page = b"<!DOCTYPE html><html><head><title>Sign in</title></head></html>"
    return _written(place / "source.zip", page)


def zip_bytes(files: Files, encoding: str = "") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as bundle:
        for name, content in files.items():
            info = _Bytes(name, encoding) if encoding else zipfile.ZipInfo(name)
            bundle.writestr(info, content)
    return file.getvalue()


def tar_bytes(files: Files) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


class _Bytes(zipfile.ZipInfo):
    """An entry whose name is written as the bytes of an encoding, without the flag of UTF-8."""

    def __init__(self, name: str, encoding: str) -> None:
        super().__init__(name)
        self._encoded = name.encode(encoding)

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self._encoded, 0


def latin1(name: str) -> str:
    """A name of Latin-1 bytes, as Python has it."""
    return os.fsdecode(name.encode("latin-1"))
