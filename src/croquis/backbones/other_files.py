"""Files that are no weights of PyTorch, by their first bytes, and what helps."""

import re
from pathlib import Path

from croquis.core.errors import InputError

HEAD = 512  # bytes that are looked at
ANOTHER = "name a .safetensors, .pth or .pt file of weights of PyTorch"
# By what a file begins with: what it is, and what to do.
STARTS: tuple[tuple[re.Pattern[bytes], str, str], ...] = tuple(
    (re.compile(start, re.DOTALL | re.IGNORECASE), name, fix)
    for start, name, fix in (
        (rb"\Z", "an empty file", "fetch it again"),
        (
            rb"version https://git-lfs\.github\.com/",
            "a pointer of Git LFS, which stands in for the file",
            "say `git lfs pull` in its clone, or download the file itself",
        ),
        (
            rb"\s*(<!doctype html|<html|<head|<\?xml)",
            "a web page",
            "download the file itself: its address may need a login",
        ),
        (
            rb"(.*\n)?outs:\s*\n\s*- ",
            "a .dvc file, which stands in for the weights",
            "say `dvc pull` in its clone, and name the file without .dvc",
        ),
        (rb"\s*[{\[]", "JSON", ANOTHER),
        (rb"\x89HDF\r\n", "an HDF5 file, as Keras writes", ANOTHER),
        (rb"\x93NUMPY", "a NumPy array", ANOTHER),
        (rb"\x1f\x8b", "a gzip file", "unpack it, and name what is in it"),
        (rb"7z\xbc\xaf|Rar!", "an archive", "unpack it, and name what is in it"),
        (rb".{257}ustar", "a tar archive", "unpack it, and name what is in it"),
        (rb"\x08[\x01-\x20]\x12.{0,20}pytorch", "an ONNX file", ANOTHER),
    )
)


def refuse_other_file(path: Path, expected: str) -> None:
    """Raises InputError where a file begins as no file of weights does.

    Args:
        path: of the file.
        expected: as in InputError.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    for start, name, fix in STARTS:
        if start.match(head):
            raise InputError(path, expected=expected, received=name, fix=fix)
