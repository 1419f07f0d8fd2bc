"""Files named like those with a source_id, and without one."""

import numpy as np
import pandas as pd
import pytest

from croquis.dedup.derived.undeclared_sources import find_undeclared
from croquis.dedup.families import kin_of


def left(names: dict[str, str], group: np.ndarray | None = None) -> list[str]:
    """Which of `names`, by id their source_id, of each of six numbers, are named."""
    rows = [
        (k.format(n), v.format(n) if v else "")
        for n in range(6)
        for k, v in names.items()
    ]
    table = pd.DataFrame(rows, columns=["id", "source_id"])
    group = np.arange(len(table)) if group is None else group
    labels = np.zeros(len(table), int)
    undeclared = find_undeclared(table["id"].tolist(), labels, kin_of(table), group)
    assert (table["source_id"][undeclared.places] == "").all()
    return (
        table["id"][undeclared.places]
        .str.replace(r"\d+", "#", regex=True)
        .unique()
        .tolist()
    )


@pytest.mark.parametrize(
    ("one", "made", "other"),
    [
        ("{}.png", "{}_canny.png", "{}_crop.png"),
        ("orig_{}.png", "canny_{}.png", "crop_{}.png"),
        ("{}_orig.png", "{}_canny.png", "{}_crop.png"),
        ("x{}.png", "x{}Canny.png", "x{}Crop.png"),
        ("{}.png", "canny/{}.png", "crop/{}.png"),
    ],
)
def test_other_kinds_of_the_scheme_are_left_out(
    one: str, made: str, other: str
) -> None:
    assert left({one: "", made: one, other: ""}) == [other.replace("{}", "#")]
    assert left({one: "", made: one, other: one}) == []
    assert left({one: "", made: "", other: ""}) == []


def test_who_shares_the_group_of_the_family_needs_no_source() -> None:
    names = {"{}.png": "", "{}_canny.png": "{}.png", "{}_crop.png": ""}
    assert left(names, np.repeat(np.arange(6), 3)) == []


def test_a_number_after_a_name_is_another_image() -> None:
    assert (
        left(
            {
                "bird_{}.png": "",
                "bird_{}_canny.png": "bird_{}.png",
                "bird_{}_2.png": "",
            }
        )
        == []
    )


def test_names_that_source_id_does_not_follow_tell_nothing() -> None:
    """Here canny_1 is made from a_2, so that crop_1 may be made from any."""
    numbers = range(6)
    made = [(f"canny_{n}.png", f"a_{(n + 1) % 6}.png") for n in numbers]
    rows = [
        (f"{kind}_{n}.png", "") for kind in ("a", "crop") for n in numbers
    ] + made
    table = pd.DataFrame(rows, columns=["id", "source_id"])
    here = np.arange(len(table))
    assert not len(
        find_undeclared(table["id"].tolist(), 0 * here, kin_of(table), here).places
    )
