"""What a file that is called .csv really holds, where its first bytes say so."""

import re
from pathlib import Path
from typing import NamedTuple

from croquis.core.errors import InputError

HEAD = 1024  # bytes that are looked at


class Kind(NamedTuple):
    """What begins with certain bytes, and what helps."""

    start: re.Pattern[bytes]
    name: str
    fix: str


_SAVE = "open it in its program and save it as `CSV UTF-8 (comma delimited)`"
_WRITE = "write the table as a csv, as with pandas' to_csv(..., index=False)"
_UNPACK = "unpack it, and give the csv that is inside"
_FETCH = "fetch the file itself"


def _kind(start: bytes, name: str, fix: str) -> Kind:
    return Kind(re.compile(start, re.DOTALL | re.IGNORECASE), name, fix)


KINDS = (
    _kind(rb"PK\x03\x04.*(\[Content_Types\]|_rels/|xl/)", "an Excel workbook", _SAVE),
    _kind(rb"PK\x03\x04.*opendocument", "an OpenDocument spreadsheet", _SAVE),
    _kind(rb"PK\x03\x04", "a zip archive", _UNPACK),
    _kind(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls)", _SAVE),
    _kind(rb"\{\\rtf", "an RTF document", _SAVE),
    _kind(rb"%PDF-", "a PDF", _SAVE),
    _kind(rb"PAR1", "a Parquet table", _WRITE),
    _kind(rb"ARROW1|FEA1", "an Arrow or Feather table", _WRITE),
    _kind(rb"\x93NUMPY", "a NumPy array", _WRITE),
    _kind(rb"\x89HDF\r\n", "an HDF5 file", _WRITE),
    _kind(rb"SQLite format 3\x00", "an SQLite database", _WRITE),
    _kind(rb"\x80[\x02-\x05](\x95|c|\}|\])", "a pickle", _WRITE),
    _kind(rb"\s*(\{\s*\"|\[\s*\{)", "JSON", _WRITE),
    _kind(rb"\x1f\x8b", "a gzip file", "unpack it, as with `gunzip`"),
    _kind(rb"BZh[1-9]1AY", "a bzip2 file", "unpack it, as with `bunzip2`"),
    _kind(rb"\xfd7zXZ\x00", "an xz file", "unpack it, as with `unxz`"),
    _kind(rb"\x28\xb5\x2f\xfd", "a zstd file", "unpack it, as with `unzstd`"),
    _kind(rb"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    _kind(rb"Rar!\x1a\x07", "a rar archive", _UNPACK),
    _kind(
        rb"version https://git-lfs\.github\.com/spec/",
        "a Git LFS pointer",
        f"{_FETCH}, with `git lfs pull`",
    ),
    _kind(
        rb"outs:\s*\n\s*- ", "a .dvc file", f"{_FETCH}, with `dvc pull`"
    ),
    _kind(
        rb"(\xef\xbb\xbf)?\s*(<!doctype html|<html|<head|<body|<table)",
        "a web page",
        f"{_FETCH}: its download may need a login",
    ),
    _kind(rb"(\xef\xbb\xbf)?\s*<\?xml", "XML", f"{_FETCH}, or save it as a csv"),
    _kind(rb"\x89PNG\r\n|\xff\xd8\xff|GIF8", "an image", "give the table of the images"),
)  # fmt: skip


def refuse_other_content(path: Path) -> None:
    """Raises InputError where the first bytes at `path` are those of another kind of file.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    for kind in KINDS:
        if kind.start.match(head):
            raise InputError(
                path, expected="a csv file", received=kind.name, fix=kind.fix
            )
