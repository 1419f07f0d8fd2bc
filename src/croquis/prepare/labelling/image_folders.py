"""The folder that a table's images lie in, found by where the files are."""

import os
from collections import Counter, defaultdict
from itertools import repeat
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.folders.label_files import TEST, TRAIN, VAL, role_of
from croquis.dataset.image_files import images_in
from croquis.dataset.naming.name_forms import decoded, slashed, without_suffix
from croquis.prepare.labels import IN_SOURCE

FIRST = 20  # rows that are looked up before all files are listed
DEPTH = 2  # folders below the table in which its images may begin
NAMED = 3  # rows that an error shows


class Place(NamedTuple):
    """Where a table's images are.

    Attributes:
        folder: relative to the table's own folder; "." is that one.
        names: each row's image, as `locate_images` finds it from `folder`.
        rows: how many of them have a file there.
    """

    folder: str
    names: pd.Series
    rows: int


def place_images(
    names: pd.Series, csv: Path, split: str, *, mixed: bool = False
) -> Place:
    """The folder, beside the table `csv`, in which most of `names` are files.

    The folder `split` counts first, as of old. Then any folder does, with as many of the first
    folders of all names left out as needed (/content/data/train/0.png). Where images lie in several
    folders, each name has to mean one file. Case, normal forms and suffixes do not matter here:
    they are looked at when the files are.

    Args:
        names: of images, as the table has them.
        csv: the table.
        split: train, test or val: the folder that is meant where nothing else is said.
        mixed: whether the table is of several splits, so that images may lie in any folder.

    Raises:
        InputError: if two folders could be meant, or a name two files.
    """
    is_usual = not mixed and _is_usual(names, csv.parent, split)
    if is_usual and all(map(_is_file, names, repeat(csv.parent / split))):
        return Place(split, names, len(names))
    files = images_in(csv.parent)
    if (
        is_usual
    ):  # the rest of its rows may be in folders of this split, and in no others
        files = [path for path in files if _allows(path, split) and _roles(path)]
    elif split == TEST and not mixed:  # what trains is no test image
        files = [path for path in files if _allows(path, TEST)]
    keys = names.map(_key)
    places = _by_folder(names, keys, files, split)
    if places[0].rows < len(names):
        spread = _by_file(names, files, csv, "" if mixed else split)
        if spread.rows > places[0].rows:
            return spread
    if is_usual:
        return Place(split, names, len(names))
    return _likeliest(places, csv, split)


def _is_file(name: str, folder: Path) -> bool:
    return os.path.isfile(folder / name)


def _is_usual(names: pd.Series, base: Path, split: str) -> bool:
    """Whether one of the first rows is a file in the folder `split`, to the letter."""
    if not (base / split).is_dir():
        return False
    first = names[:FIRST]
    inside = any(os.path.isfile(base / split / name) for name in first)
    if inside or not all(slashed(name).startswith(f"{split}/") for name in names):
        return inside
    return any(os.path.isfile(base / name) for name in first)


def _key(name: str) -> str:
    """What a row and its file have in common, however they are written."""
    path = slashed(name)
    return decoded(without_suffix(path) or path)


def _by_folder(
    names: pd.Series, keys: pd.Series, files: list[str], split: str
) -> list[Place]:
    """The folders of most rows, if all of them lie in one; several with equally many."""
    folders = _folders_by_key(files)
    best: list[Place] = [Place(split, names, 0)]
    for depth in range(_shared(keys) + 1):
        cut = keys.map(lambda key, depth=depth: _without(key, depth))
        rows: Counter[str] = Counter()
        for key, count in Counter(cut).items():
            for folder in folders.get(key, ()):
                rows[folder] += count
        most = max(rows.values(), default=0)
        if most > best[0].rows:
            best = [
                Place(folder, names, most)
                for folder in sorted(rows)
                if rows[folder] == most
            ]
    return best


def _folders_by_key(files: list[str]) -> dict[str, set[str]]:
    """Of what is left of a key behind a folder, the folders in which it is a file."""
    folders_of: dict[str, set[str]] = defaultdict(set)
    for path in files:
        folders = PurePosixPath(path).parts[:-1]
        parts = _key(path).split("/")
        for depth in range(min(len(folders), DEPTH) + 1):
            folder = "/".join(folders[:depth]) or "."
            folders_of["/".join(parts[depth:])].add(folder)
    return folders_of


def _shared(keys: pd.Series) -> int:
    """How many first folders all rows have in common."""
    folders = [key.split("/")[:-1] for key in keys]
    count = 0
    for level in zip(*folders, strict=False):
        if len(set(level)) > 1:
            break
        count += 1
    return count


def _without(path: str, depth: int) -> str:
    return "/".join(path.split("/")[depth:])


def _likeliest(places: list[Place], csv: Path, split: str) -> Place:
    """Of folders with equally many of the rows: the split's own, else one of no split."""
    tiers = [
        [place for place in places if place.folder == split],
        [place for place in places if role_of(place.folder) == split],
        [place for place in places if not role_of(place.folder)],
        places,
    ]
    tier = next(tier for tier in tiers if tier)
    if len(tier) > 1:
        folders = " and ".join(f"{place.folder}/" for place in tier[:NAMED])
        raise InputError(
            csv,
            expected="one folder that holds its images",
            received=f"{tier[0].rows:,} of them in each of {folders}",
            fix="write each image with its folder into the table, or take copies of them out,"
            f" {IN_SOURCE}",
        )
    return tier[0]


def _by_file(names: pd.Series, files: list[str], csv: Path, split: str) -> Place:
    """Where each row's name is the end of one file's path, whatever the folder."""
    ends = _files_by_end([path for path in files if _allows(path, split)], names)
    meant = [_meant_by(name, ends, split) for name in names]
    several = [place for place, paths in enumerate(meant) if len(paths) > 1]
    if several:
        first = several[0]
        raise InputError(
            csv,
            expected="one file for each image",
            received=f"{len(several):,} rows that could mean several"
            f" ({names.iloc[first]}: {' or '.join(sorted(meant[first])[:NAMED])})",
            fix=f"write the path with its folders into the table {IN_SOURCE}",
        )
    paths_of_rows = [
        paths[0] if paths else name
        for name, paths in zip(names, meant, strict=True)
    ]
    return Place(
        ".", pd.Series(paths_of_rows, names.index, dtype=str), sum(map(len, meant))
    )


def _files_by_end(files: list[str], names: pd.Series) -> dict[str, list[str]]:
    """Files by the last parts of their keys, as many as the names have."""
    lengths = {_key(name).count("/") + 1 for name in names}
    ends: dict[str, list[str]] = defaultdict(list)
    for path in files:
        parts = _key(path).split("/")
        for length in lengths:
            if length <= len(parts):
                ends["/".join(parts[-length:])].append(path)
    return ends


def _meant_by(name: str, ends: dict[str, list[str]], split: str) -> list[str]:
    """The files that a name may mean: with its suffix where it has one, of its split if any are."""
    paths = ends.get(_key(name), [])
    if without_suffix(slashed(name)) is not None:
        whole = decoded(slashed(name))
        paths = [
            path for path in paths if f"/{decoded(path)}".endswith(f"/{whole}")
        ]
    own = [path for path in paths if split in _roles(path)]
    return own or paths


def _roles(path: str) -> set[str]:
    """The splits that the folders of a file name."""
    return {role_of(part) for part in PurePosixPath(path).parts[:-1]} - {""}


def _allows(path: str, split: str) -> bool:
    """Whether a table of this split may mean a file: training tables mean no test images.

    A table of no split may mean any.
    """
    roles = _roles(path)
    if split == TEST:
        return not roles & {TRAIN, VAL}
    return not split or TEST not in roles
