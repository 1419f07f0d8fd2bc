"""A .npy file that grows row by row, for arrays larger than memory."""

from pathlib import Path
from types import TracebackType

import numpy as np


class RowWriter:
    """Appends uint8 images of one size to `path`; gray until the first image with colour.

    Plain writes rather than a memory map: on a full disk they raise, where a map kills the process.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self.shape: tuple[int, ...] = ()

    def __enter__(self) -> "RowWriter":
        self.file = self.path.open("wb+")
        return self

    def __exit__(
        self, kind: type | None, error: object, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._write_header()
        self.file.close()

    def append(self, image: np.ndarray) -> None:
        """Adds one row, (S, S) or (S, S, 3)."""
        if not self.count:
            self.shape = image.shape
            self._write_header()
        if image.ndim > len(self.shape):
            self._widen()
        if image.ndim < len(self.shape):
            image = _in_colour(image)
        self.file.write(np.ascontiguousarray(image).data)
        self.count += 1

    def _write_header(self) -> None:
        # numpy pads the header for any number of rows, so it can be rewritten in place at the end.
        shape = (self.count, *(self.shape or (0, 0)))
        self.file.seek(0)
        head = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self.file, head)

    def _widen(self) -> None:
        """Turns the gray rows so far into rows of three channels."""
        self._write_header()
        self.file.flush()
        narrow = self.path.with_name("gray-" + self.path.name)
        self.path.rename(narrow)
        gray = np.load(narrow, mmap_mode="r")
        self.file.close()
        self.file = self.path.open("wb+")
        self.shape = (*self.shape, 3)
        self._write_header()
        for row in gray:
            self.file.write(_in_colour(row).data)
        narrow.unlink()


def _in_colour(gray: np.ndarray) -> np.ndarray:
    """Three equal channels, (S, S) to (S, S, 3)."""
    return np.repeat(gray[..., None], 3, axis=2)
