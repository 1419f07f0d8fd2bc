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
from croquis.dataset.patterns import search_in_time

# Columns with a meaning of their own.
USED = ["image_path", "target", "class_name", "source_id", "use"]
NAMED = 3  # images without a domain that an error shows


def _check_pattern(by: str) -> str:
    if _is_pattern(by):
        try:
            groups = re.compile(by).groups
        except re.error as error:
            raise ValueError(f"a regular expression ({error})") from error
        if not groups:
            raise ValueError("a regular expression with a group in parentheses")
    return by


DomainKey = Annotated[str, AfterValidator(_check_pattern)]


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
    values, fix = _values_of(images, columns, by)
    lost = (values == "").all(axis=1).to_numpy() & ~np.asarray(may_lack)
    if lost.any():
        first = ", ".join(images.loc[lost, "path"].head(NAMED))
        more = ", ..." if lost.sum() > NAMED else ""
        raise InputError(
            f"split.domain {by}",
            expected="a domain for each training image",
            received=f"{lost.sum():,} without one ({first}{more})",
            fix=fix,
        )
    return values.groupby(list(values), sort=False).ngroup().set_axis(images.index)


def _values_of(
    images: pd.DataFrame, columns: pd.DataFrame, by: DomainKey
) -> tuple[pd.DataFrame, str]:
    """What tells domains apart, (N, K) text, "" where there is none; and how to fill it in."""
    further = columns.drop(columns=["image_path", "use"], errors="ignore")
    if by in further:
        ids = "train/" + columns["image_path"]
        texts = further[by].str.strip().set_axis(ids)
        cells = texts.reindex(images["id"], fill_value="").to_numpy()
        return pd.DataFrame({by: cells}), "fill them in"
    if _is_pattern(by):
        fix = "widen the pattern, or give a column of train.csv"
        with search_in_time("split.domain", by):
            values = images["path"].str.extract(by).fillna("")
        return values, fix
    raise _no_column(by, list(map(str, further)))


def _no_column(by: str, further: list[str]) -> InputError:
    used = ", which croquis takes for something else" if by in USED else ""
    none = "train.csv has none: give a pattern of the path"
    return InputError(
        "split.domain",
        expected="a further column of train.csv, or a pattern of the path with a (group)",
        received=f"{by!r}{used}",
        fix=nearest(by, further) if further else none,
    )


def _is_pattern(by: str) -> bool:
    return "(" in by
