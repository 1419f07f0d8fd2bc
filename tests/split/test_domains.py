"""Domains by a column of train.csv, or by a pattern of the path."""

import pandas as pd
import pytest
from pydantic import ValidationError

from croquis.core.errors import InputError
from croquis.split.domains import domains_of
from croquis.split.settings import SplitParams

PATHS = [
    "Greek_1/Greek_1_003.png",
    "Greek_2/Greek_2_003.png",
    "Latin_1/Latin_1_003.png",
]
IMAGES = pd.DataFrame({"id": [f"train/{path}" for path in PATHS]}).assign(
    path=lambda table: table["id"]
)
COLUMNS = pd.DataFrame(
    {"image_path": PATHS[::-1], "author": ["ann", "bob ", "ann"], "site": ""}
)


def test_a_column_is_read_by_the_paths_of_train_csv() -> None:
    assert domains_of(IMAGES, COLUMNS, "author").tolist() == [0, 1, 0]


def test_a_pattern_names_a_domain_by_all_its_groups() -> None:
    assert domains_of(IMAGES, COLUMNS, r"_(\d+)\.").tolist() == [0, 0, 0]
    assert domains_of(IMAGES, COLUMNS, r"train/([^_]+)_.*_(\d+)\.").tolist() == [
        0,
        0,
        1,
    ]
    assert domains_of(IMAGES, COLUMNS, r"(?P<name>Latin)|Greek_(\d)").tolist() == [
        0,
        1,
        2,
    ]


@pytest.mark.parametrize("name", ["id", "path", "author (id)", "group"])
def test_a_column_may_be_called_anything(name: str) -> None:
    """`split.domain=id` was a traceback, and `author (id)` a pattern."""
    columns = COLUMNS.rename(columns={"author": name})
    assert domains_of(IMAGES, columns, name).tolist() == [0, 1, 0]


def test_rows_of_a_selection_keep_their_places() -> None:
    domains = domains_of(IMAGES[1:], COLUMNS, "author")
    assert domains.to_dict() == {1: 0, 2: 1}


@pytest.mark.parametrize(
    ("by", "message"),
    [
        (
            "autor",
            r"split.domain: expected a further column .* 'autor'; did you mean 'author'",
        ),
        (
            "image_path",
            r"received 'image_path', which croquis takes for something else; known: ",
        ),
        ("target", r"received 'target', which croquis takes for something else"),
        (
            "site",
            r"split.domain site: .* received 3 without one \(train/Greek_1/.*; fill them in",
        ),
        (r"Latin_(\d)", r"received 2 without one .*; widen the pattern"),
    ],
)
def test_what_is_wrong_is_said(by: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        domains_of(IMAGES, COLUMNS, by)


def test_without_columns_the_fix_is_a_pattern() -> None:
    with pytest.raises(
        InputError, match=r"train\.csv has none: give a pattern of the path"
    ):
        domains_of(IMAGES, COLUMNS[["image_path"]], "author")


@pytest.mark.parametrize(
    ("by", "message"),
    [("(a", "a regular expression .*unterminated"), ("()?(", "unterminated")],
)
def test_a_broken_pattern_is_refused_with_the_parameters(
    by: str, message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        SplitParams(num_folds=2, group=True, domain=by, rare="error")


def test_a_pattern_without_a_group_is_refused() -> None:
    with pytest.raises(ValidationError, match="with a group in parentheses"):
        SplitParams(num_folds=2, group=True, domain=r"_(?:\d+)\.", rare="error")
