"""The table of labels that stands in a folder: train.csv, labels.csv, metadata.csv and the like."""

import os
import re
from pathlib import Path

from croquis.dataset.folders.column_names import (
    IMAGE_TIERS,
    LABEL_TIERS,
    named_like,
)
from croquis.dataset.hidden_files import is_hidden
from croquis.dataset.image_files import is_image

TABLES = (".csv", ".tsv", ".jsonl", ".parquet")
TRAIN, VAL, TEST = "train", "val", "test"
VAL_WORDS = ("val", "valid", "validation", "dev")
NEUTRAL = (
    "labels",
    "label",
    "metadata",
    "annotations",
    "annotation",
    "groundtruth",
)
# Inside train/, val/ and test/: of Hugging Face's imagefolder, and of Roboflow.
INSIDE = ("metadata", "classes")
# Columns of tables for detection, whose rows are boxes.
BOXES = ("xmin", "ymin", "bbox", "x_min", "bbox_x")
HEAD = 65_536  # bytes that hold a line of names


def role_of(name: str) -> str:
    """The split that a name of a file or folder tells: train, val, test, or "" for none.

    trainLabels, train_images and "Training Set" are train.
    """
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    for word in map(str.lower, words):
        if word.startswith("train"):
            return TRAIN
        if word in VAL_WORDS or word in ("vallabels", "validlabels"):
            return VAL
        if word in ("test", "tests", "testing", "testset", "testlabels"):
            return TEST
    return ""


def labels_table_in(folder: Path) -> Path | None:
    """The table of training labels right in `folder`, or in its train/; None where there is none.

    train.csv is one whatever it says. Others are taken only where images lie with them, and where
    train/ does not hold class folders.
    """
    if (folder / "train.csv").is_file():
        return folder / "train.csv"
    if not folder.is_dir() or len(_folders(folder / "train")) > 1:
        return None
    tables = candidates(folder)
    return tables[0] if tables and _has_images(folder) else None


def unread_tables(folder: Path) -> list[str]:
    """The names of tables of labels that are not read, as train/ holds class folders."""
    if labels_table_in(folder) is not None or not _folders(folder / "train"):
        return []
    return [path.relative_to(folder).as_posix() for path in candidates(folder)]


def other_tables(folder: Path, labels: Path) -> list[str]:
    """A line for each table of labels or of test images that is not read beside the others."""
    test = table_of_role(folder, TEST, labels)
    read = [labels, test, table_of_role(folder, VAL, labels)]
    lines = []
    for path in [*_tables(folder), *_tables(folder / "train")]:
        name = path.relative_to(folder).as_posix()
        if path in read or role_of(path.stem) == VAL:
            continue
        if role_of(path.stem) == TEST and test is not None:
            lines.append(
                f"{name} is not read, as {test.name} names the test images"
            )
        elif role_of(path.stem) != TEST and _names_images(path):
            lines.append(f"{name} is not read, as {labels.name} says the labels")
    return lines


def candidates(folder: Path) -> list[Path]:
    """The tables that could be that of the training labels: all of the surest kind."""
    tables = _tables(folder)
    inside = _tables(folder / "train")
    kinds = (
        [path for path in tables if role_of(path.stem) == TRAIN],
        [path for path in inside if _plain(path) in INSIDE],
        [path for path in tables if _plain(path) in NEUTRAL and _may_be_of(path)],
        [path for path in tables if not role_of(path.stem) and _names_images(path)],
    )
    kind = next((kind for kind in kinds if kind), [])
    # A .parquet is not read, and may say the same as another.
    return [path for path in kind if path.suffix.lower() != ".parquet"] or kind


def table_of_role(folder: Path, role: str, labels: Path | None) -> Path | None:
    """test.csv or val.csv beside the training labels, as people call it; the first, if several."""
    exact = folder / f"{role}.csv"
    if exact.is_file():
        return exact
    beside = [path for path in _tables(folder) if role_of(path.stem) == role]
    if labels is not None and labels.parent != folder:  # train/metadata.csv
        parts = [path for path in _folders(folder) if role_of(path.name) == role]
        beside += [
            path
            for part in parts
            for path in _tables(part)
            if _plain(path) in INSIDE
        ]
    return beside[0] if beside else None


def _plain(path: Path) -> str:
    return re.sub(r"[^a-z0-9]", "", path.stem.lower())


def _tables(folder: Path) -> list[Path]:
    """The tables right in `folder`, but for samples and solutions."""
    if not folder.is_dir():
        return []
    named = (path for path in folder.iterdir() if path.suffix.lower() in TABLES)
    inside = (path for path in named if path.is_file() and not is_hidden(path.name))
    return sorted(path for path in inside if not _is_other(path))


def _is_other(path: Path) -> bool:
    name = _plain(path)
    return "submission" in name or name.startswith(("solution", "sample"))


def _may_be_of(path: Path) -> bool:
    """Whether a table of a usual name is one of images, and not one of what classes are called."""
    if path.suffix.lower() not in (".csv", ".tsv") or _names_images(path):
        return True
    names = _columns(path)
    if named_like(names, BOXES):
        return False
    return len(names) > 1 and len(_folders(path.parent)) < 2


def _names_images(path: Path) -> bool:
    """Whether a csv's columns are those of a table of labels: an image, and its class."""
    if path.suffix.lower() not in (".csv", ".tsv"):
        return False
    names = _columns(path)
    if named_like(names, BOXES):
        return False
    paths = named_like(names, [name for tier in IMAGE_TIERS[:2] for name in tier])
    ids = named_like(names, IMAGE_TIERS[2])
    labels = named_like(names, [name for tier in LABEL_TIERS for name in tier])
    return bool(paths and len(names) > 1) or bool(
        ids and (labels or len(names) == 2)
    )


def _columns(path: Path) -> list[str]:
    """The names in the first line of a csv, whatever stands between them."""
    with path.open("rb") as file:
        line = file.read(HEAD).split(b"\n")[0].decode("utf-8-sig", "replace")
    return [name.strip(' "\r') for name in re.split(r"[,;\t|]", line)]


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    inside = (path for path in folder.iterdir() if path.is_dir())
    return sorted(path for path in inside if not is_hidden(path.name))


def _has_images(folder: Path) -> bool:
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not is_hidden(name)]
        if any(is_image(Path(here, name)) for name in names):
            return True
    return False
