"""The file that each row of a csv means, found by its image_path."""

import os
import unicodedata
from pathlib import Path, PurePosixPath

import pandas as pd

from croquis.dataset.csv_tables import refuse_rows


def locate_images(table: pd.DataFrame, csv: Path, split: str) -> pd.Series:
    """The files that `image_path` names, relative to the csv's folder, each there and named once.

    `image_path` is relative to the folder `split` (train or test); where each row begins with that
    folder's name, it is relative to the csv. One row decides nothing: "train" is a fine class name.

    Raises:
        InputError: if a path leaves the folder, is named twice, or has no file.
    """
    paths = table["image_path"].map(lambda name: str(PurePosixPath(name)))
    leaves = paths.map(
        lambda path: path.startswith("/") or ".." in PurePosixPath(path).parts
    )
    refuse_rows(table, leaves.astype(bool), csv, f"paths inside {split}/")
    has_prefix = len(paths) > 0 and paths.str.startswith(f"{split}/").all()
    if not has_prefix or _is_file(csv.parent / split / paths.iloc[0]):
        paths = f"{split}/" + paths
    expected = "each image_path once"
    refuse_rows(table, paths.duplicated(), csv, expected, "drop the doubles")
    lost = ~paths.map(lambda path: _is_file(csv.parent / path)).astype(bool)
    expected = f"a file in {split}/ for each image_path"
    refuse_rows(table, lost, csv, expected, _fix_of_lost(paths[lost], csv.parent))
    return paths


def _is_file(path: Path) -> bool:
    """As Path.is_file, which raises an error where a name is longer than any file's."""
    return os.path.isfile(path)


def _fix_of_lost(paths: pd.Series, folder: Path) -> str:
    """What helps where files are not there: macOS writes an accent apart from its letter."""
    for form in ("NFC", "NFD"):
        other = paths.map(lambda path, form=form: unicodedata.normalize(form, path))
        if any(_is_file(folder / path) for path in other[other != paths]):
            return (
                f"the files are there with accents in another form ({form}): rename them, as"
                " with `convmv --nfc -f utf8 -t utf8 -r --notest FOLDER`, or the csv's names"
            )
    return "add the files or drop the rows"
