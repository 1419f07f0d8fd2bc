"""Files of weights that would take more memory than they are long, refused before they are read."""

import io
import pickle
import zipfile
from pathlib import Path

from croquis.backbones.inert import Form
from croquis.backbones.pickle_bounds import (
    PICKLE_BYTES,
    PickleOutline,
    next_pickle,
    refuse,
)
from croquis.tables.zip_files import open_zip

# What tensors may take beyond the file's own size: several names may have the same numbers.
SHARED_BYTES = 2**28
SAFETENSORS_HEADER = 2**23  # some 100 bytes a tensor
LEGACY_PICKLES = (
    5  # a magic number, a version, the machine, the tensors, the storages' names
)


def refuse_bomb(path: Path) -> dict[str, Form]:
    """What lies beside tensors in the file, by the names of classes; see `inert`.

    It raises an error if the file would take much more memory than it is long.

    Raises:
        UnpicklingError: if it claims more, or holds something else than plain tensors.
        BadZipFile: if it is a damaged zip.
    """
    with path.open("rb") as file:
        start = file.read(8)
    if is_safetensors(path):
        if int.from_bytes(start, "little") > SAFETENSORS_HEADER:
            refuse(f"a header of more than {SAFETENSORS_HEADER:,} bytes")
        return {}
    if start.startswith(b"PK\3\4"):
        return _check_zip(path)
    return _check_legacy(path)


def is_safetensors(path: Path) -> bool:
    """Whether a file is of that format: by its bytes, as hubs call such files .bin, too."""
    with path.open("rb") as file:
        start = file.read(9)
    if start[8:] == b"{":  # behind the header's length
        return True
    is_torch = start.startswith((b"PK\3\4", b"\x80\2"))
    return path.suffix.lower() == ".safetensors" and not is_torch


def _check_zip(path: Path) -> dict[str, Form]:
    """A file of torch.save since 2020: a zip of a pickle and the numbers, packed by nobody."""
    size = path.stat().st_size
    with open_zip(path) as bundle:
        sizes = {info.filename: info.file_size for info in bundle.infolist()}
        if any(name.partition("/")[2].startswith("code/") for name in sizes):
            refuse("a TorchScript, which is a program")
        if len(sizes) < len(bundle.infolist()):
            refuse("two parts of one name")
        for info in bundle.infolist():
            if info.compress_type != zipfile.ZIP_STORED:
                refuse("packed numbers, which torch.save never writes")
        if sum(sizes.values()) > size:
            refuse("parts that lie over each other")
        pickles = [name for name in sizes if name.partition("/")[2] == "data.pkl"]
        if len(pickles) != 1 or sizes[pickles[0]] > PICKLE_BYTES:
            refuse("no description of tensors, or a very long one")
        outline = _outlined(bundle.read(pickles[0]))
    folder = pickles[0].partition("/")[0]
    for key, claimed in outline.storages.items():
        if claimed > sizes.get(f"{folder}/data/{key}", -1):
            refuse(
                f"{claimed:,} bytes of numbers in the part {key[:20]}, which has less"
            )
    _check_bytes(outline, size)
    return outline.others


def _check_legacy(path: Path) -> dict[str, Form]:
    """A file of torch.save before 2020: pickles, and the numbers behind them."""
    size = path.stat().st_size
    with path.open("rb") as file:
        outlines = [_outlined(next_pickle(file)) for _ in range(LEGACY_PICKLES)]
    for outline in outlines:
        if sum(outline.storages.values()) > size:
            refuse("more numbers than the file has bytes")
        _check_bytes(outline, size)
    return {name: form for each in outlines for name, form in each.others.items()}


def _outlined(content: bytes) -> PickleOutline:
    """What a pickle describes."""
    checked = next_pickle(io.BytesIO(content))
    outline = PickleOutline(checked)
    try:
        outline.load()
    except (TypeError, AttributeError, LookupError) as error:
        raise pickle.UnpicklingError("no weights of torch") from error
    return outline


def _check_bytes(outline: PickleOutline, size: int) -> None:
    if outline.tensor_bytes > size + SHARED_BYTES:
        refuse(
            f"tensors of {outline.tensor_bytes:,} bytes in a file of {size:,}: some numbers"
            " would be repeated again and again"
        )
