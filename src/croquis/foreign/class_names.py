"""The names of classes, for files and samples that write names instead of numbers."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from croquis.core.errors import InputError
from croquis.core.params import nearest
from croquis.dataset.csv_tables import read_table
from croquis.dataset.folders.column_names import named_like
from croquis.prepare.image_names import LABEL_COLUMNS
from croquis.prepare.samples.class_columns import exact

SHOWN = 3  # names that a message shows


class ClassNames(NamedTuple):
    """What is known of the classes.

    Attributes:
        names: each once.
        owner: the file or option that has them.
        are_numbered: whether the name at place k is that of the number k.
        are_all: whether there are no others.
    """

    names: list[str]
    owner: str
    are_numbered: bool
    are_all: bool


def read_class_names(text: str) -> ClassNames:
    """The names of `--classes`: a csv such as train.csv, a list in a file, or cup,star,tree.

    Names that stand alone are in the order of their numbers. A csv with numbers beside its names
    tells their order; of one without, the names are sorted, as croquis numbers them.

    Raises:
        InputError: if there are no two names, or one is there twice.
    """
    path = Path(text)
    if path.suffix.lower() == ".csv":
        names = _names_of_csv(path)
    elif path.is_file():
        names = path.read_text(encoding="utf-8-sig").split("\n")
    else:
        names = text.split(",")
    names = [name.strip() for name in names if name.strip()]
    doubled = [name for place, name in enumerate(names) if name in names[:place]]
    if doubled or len(names) < 2:
        raise InputError(
            "--classes",
            expected="the names of two classes or more, each once",
            received=f"{doubled[0]!r} twice" if doubled else f"{len(names)} names",
            fix="write them with commas, one in a line of a file, or give train.csv",
        )
    return ClassNames(names, "--classes", are_numbered=True, are_all=True)


def _names_of_csv(path: Path) -> list[str]:
    """The names in a table of labels, by number."""
    table, _ = read_table(path, [])
    columns = named_like(table, LABEL_COLUMNS)
    texts = [
        name for name in columns if not table[name].str.fullmatch(r"-?\d*").all()
    ]
    numbers = [name for name in columns if name not in texts]
    if not texts:
        raise InputError(
            path,
            expected="a column of class names, as class_name",
            received=", ".join(map(str, table))[:200],
            fix="name the classes instead: --classes cup,star,tree",
        )
    rows = table[table[texts[0]].str.strip() != ""]
    if not numbers:
        return sorted(set(rows[texts[0]].str.strip()))
    pairs = rows[[texts[0], numbers[0]]].drop_duplicates()
    labels = pd.to_numeric(pairs[numbers[0]], errors="coerce")
    if sorted(labels) != list(range(len(pairs))):
        raise InputError(
            path,
            expected=f"one {numbers[0]} from 0 for each {texts[0]}",
            received=f"{len(pairs):,} pairs up to {numbers[0]} {labels.max():.12g}",
            fix="name the classes instead: --classes cup,star,tree",
        )
    return pairs.iloc[labels.argsort()][texts[0]].tolist()


def numbers_of(
    texts: pd.Series, classes: ClassNames | None, path: Path, ids: np.ndarray
) -> np.ndarray:
    """The labels (N,) of class names.

    Args:
        texts: (N,) names.
        classes: what is known of them.
        path: the file that they are from.
        ids: (N,) its images.

    Raises:
        InputError: if a name is not known.
    """
    if classes is None:
        raise InputError(
            path,
            expected="labels 0, 1, 2 ..., or class names that are known",
            received=f"{texts.iloc[0]!r} of {ids[0]}",
            fix="say the names by --classes train.csv, --classes cup,star,tree, or give a --sample"
            " that has them",
        )
    places = {exact(name): number for number, name in enumerate(classes.names)}
    labels = texts.map(exact).map(places)
    strange = labels.isna()
    if strange.any():
        first = texts[strange].iloc[0]
        shown = f"{first!r} of {ids[strange.to_numpy()][0]}"
        hint = nearest(first, classes.names)
        fix = (
            "correct the names" if classes.are_all else "say all names by --classes"
        )
        raise InputError(
            path,
            expected=f"class names of {classes.owner}",
            received=f"{strange.sum():,} others, as {shown}",
            fix=_joined(hint, fix),
        )
    return labels.to_numpy(np.int64)


def _joined(hint: str, fix: str) -> str:
    if hint.endswith("?"):
        return f"{hint} {fix[0].upper()}{fix[1:]}"
    return f"{hint}; {fix}" if hint else fix


def are_names(texts: pd.Series, classes: ClassNames | None) -> bool:
    """Whether a column of labels has names: those that are known, or anything but numbers."""
    if classes is not None and texts.isin(classes.names).all():
        return True
    numbers = pd.to_numeric(texts, errors="coerce")
    is_flag = texts.isin(["True", "False"])
    is_gap = texts == ""  # beside names it is no name, beside numbers no number
    is_name = numbers.isna() & ~is_flag & ~is_gap
    return bool((is_name | is_gap).all() and is_name.any())
