"""Domains: who or what made each image (a person, a camera, a hospital).

Where the test images come from other domains than the training images, folds that hold domains
apart estimate the score, and folds that do not are too kind: Koh et al. 2021, "WILDS".
"""

import re
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import AfterValidator

from croquis.core.errors import InputError
from croquis.core.params import nearest

# Columns with a meaning of their own.
USED = ["image_path", "target", "class_name", "source_id", "use"]
NAMED = 3  # images without a domain that an error shows


def _telling(by: str) -> str:
    if _is_pattern(by):
        try:
            groups = re.compile(by).groups
        except re.error as error:
            raise ValueError(f"a regular expression ({error})") from error
        if not groups:
            raise ValueError("a regular expression with a group in parentheses")
    return by


DomainKey = Annotated[str, AfterValidator(_telling)]


def domains_of(
    images: pd.DataFrame,
    columns: pd.DataFrame,
    by: DomainKey,
    *,
    may_lack: np.ndarray | bool = False,
) -> pd.Series:
    """The domain of each image, (N,) int in the order of `images`.

    Args:
        images: training rows of index.csv.
        columns: columns.csv: by `image_path`, what else train.csv says.
        by: one of its columns; else a regular expression that is searched in `path`: images are
            of one domain where all its groups match alike.
        may_lack: (N,) bool, which may be without a value; those without are one domain.

    Raises:
        InputError: if there is no such column, or an image without a value.
    """
    known = columns.drop(columns=["image_path", "use"], errors="ignore")
    if by in known:
        given = known[by].str.strip().set_axis("train/" + columns["image_path"])
        found = pd.DataFrame(
            {by: given.reindex(images["id"], fill_value="").to_numpy()}
        )
        fix = "fill them in"
    elif _is_pattern(by):
        found = images["path"].str.extract(by).fillna("")
        fix = "widen the pattern, or give a column of train.csv"
    else:
        raise _no_column(by, list(known))
    lost = (found == "").all(axis=1).to_numpy() & ~np.asarray(may_lack)
    if lost.any():
        first = ", ".join(images.loc[lost, "path"].head(NAMED))
        received = f"{lost.sum():,} without one ({first}{', ...' if lost.sum() > NAMED else ''})"
        expected = "a domain for each training image"
        raise InputError(
            f"split.domain {by}", expected=expected, received=received, fix=fix
        )
    return found.groupby(list(found), sort=False).ngroup().set_axis(images.index)


def _no_column(by: str, known: list[str]) -> InputError:
    received = repr(by)
    fix = "train.csv has none: give a pattern of the path"
    if known:
        fix = nearest(by, known)
    if by in USED:
        received += ", which croquis takes for something else"
    expected = "a further column of train.csv, or a pattern of the path with a (group)"
    return InputError("split.domain", expected=expected, received=received, fix=fix)


def _is_pattern(by: str) -> bool:
    return "(" in by
