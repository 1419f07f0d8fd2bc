"""Domains: who or what made each picture (a person, a camera, a hospital).

Where the test pictures come from other domains than the training pictures, folds that hold domains
apart estimate the score, and folds that do not are too kind: Koh et al. 2021, "WILDS".
"""

import re
from typing import Annotated

import pandas as pd
from pydantic import AfterValidator

from croquis.errors import InputError
from croquis.params import nearest

NAMED = 3  # pictures without a domain that an error shows


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


def domains_of(pictures: pd.DataFrame, columns: pd.DataFrame, by: DomainKey) -> pd.Series:
    """The domain of each picture, (N,) int in the order of `pictures`.

    Args:
        pictures: the training rows of index.csv.
        columns: columns.csv: by `image_path`, what else train.csv says.
        by: one of its columns; or, with parentheses, a regular expression that is searched in
            `path`: pictures are of one domain where all its groups match alike.

    Raises:
        InputError: if there is no such column, or a picture without a value.
    """
    if _is_pattern(by):
        found = pictures["path"].str.extract(by).fillna("")
    else:
        if by == "image_path" or by not in columns:
            known = [name for name in columns if name != "image_path"]
            fix = nearest(by, known) if known else "train.csv has none: give a pattern of the path"
            expected = "a column of train.csv, or a pattern with a (group)"
            raise InputError("split.domain", expected=expected, received=repr(by), fix=fix)
        given = columns.set_index("train/" + columns["image_path"])[[by]]
        found = given.reindex(pictures["id"], fill_value="").apply(lambda cells: cells.str.strip())
    lost = (found == "").all(axis=1).to_numpy()
    if lost.any():
        first = ", ".join(pictures.loc[lost, "path"].head(NAMED))
        received = f"{lost.sum():,} without one ({first}{', ...' if lost.sum() > NAMED else ''})"
        fix = "fill them in, or widen the pattern"
        expected = "a domain for each training picture"
        raise InputError(f"split.domain {by}", expected=expected, received=received, fix=fix)
    numbers = found.groupby(list(found), sort=False).ngroup()
    return numbers.set_axis(pictures.index)


def _is_pattern(by: str) -> bool:
    return "(" in by
