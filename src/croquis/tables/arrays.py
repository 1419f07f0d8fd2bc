"""Arrays in files, .npy and .npz: opened without trust in what their headers claim."""

import lzma
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from croquis.core.errors import InputError, brief, bring_back
from croquis.tables.zip_files import BOUNDED, open_zip

# numpy's words for damage, and those of zip; MemoryError is that of a shape that nobody has.
DAMAGE = (
    OSError, KeyError, ValueError, TypeError, EOFError, MemoryError, OverflowError, SyntaxError,
    NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError,
)  # fmt: skip
# Of an array, however well it is packed: 30,000 images of 500 classes as float64.
UNPACKED_BYTES = 2**27
UNPACKED_SHARE = 10  # times the file's size, where that is more
# Of one element, as it is used: numbers as float64, text as objects of Python.
_PYTHON_BYTES = {"i": 8, "u": 8, "f": 8, "b": 8, "U": 64, "S": 64}


def read_npz(path: Path, names: Sequence[str]) -> list[np.ndarray]:
    """The arrays of these names of an .npz, which is closed again.

    Raises:
        OSError, KeyError, ValueError, MemoryError, BadZipFile, ...: one of `DAMAGE`, if it has not
            all of them, they are no plain arrays, or they are far larger than the file.
    """
    most = max(UNPACKED_BYTES, UNPACKED_SHARE * path.stat().st_size)
    with open_zip(path) as bundle:
        return [_read_part(bundle, f"{name}.npy", most) for name in names]


def _read_part(bundle: zipfile.ZipFile, name: str, most: int) -> np.ndarray:
    parts = [info for info in bundle.infolist() if info.filename == name]
    if not parts:
        raise ValueError(f"{name[:-4]} is not a file in the archive")
    if len(parts) > 1:
        raise ValueError(f"{name[:-4]} is there twice")
    if parts[0].file_size > most or parts[0].compress_type not in BOUNDED:
        raise ValueError(f"{name[:-4]} is packed like a bomb; save it by np.savez")
    with bundle.open(parts[0]) as stream:
        array = np.lib.format.read_array(stream, allow_pickle=False)
        stream.read(1)  # to its end, where zip keeps a checksum
    # Text of no length claims any count, and costs nothing until it is Python's.
    if array.size * _PYTHON_BYTES.get(array.dtype.kind, 1) > most:
        raise ValueError(f"{name[:-4]} is packed like a bomb; save it by np.savez")
    return array


def open_npy(path: Path) -> np.ndarray:
    """The array of an .npy, whose numbers stay on the disk.

    Raises:
        InputError: if it is no .npy, or its numbers are not all there.
    """
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except DAMAGE as error:
        raise InputError(
            path,
            expected="a whole .npy file",
            received=getattr(error, "strerror", None) or str(error),
            fix=bring_back(path),
        ) from error
    return array


def open_images(path: Path) -> np.ndarray:
    """Stored images: (N, S, S) or (N, S, S, 3) uint8, on the disk.

    Raises:
        InputError: if the file holds something else.
    """
    array = open_npy(path)
    shape = array.shape
    is_square = len(shape) in (3, 4) and shape[1] == shape[2] and shape[1] > 0
    if array.dtype != np.uint8 or not is_square or shape[3:] not in ((), (3,)):
        raise InputError(
            path,
            expected="square images, uint8",
            received=f"{array.dtype} of shape {brief(shape)}",
            fix=bring_back(path),
        )
    return array
