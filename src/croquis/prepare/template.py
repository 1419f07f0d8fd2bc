"""The submission's template: the competition's sample, or the usual columns where there is none."""

from pathlib import Path

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.csv_tables import read_table

FIX = "use the sample that belongs to this test.csv, or none"


def blank_sample(names: pd.DataFrame) -> pd.DataFrame:
    """ID,image_path,target in test.csv's order; ID is test.csv's own, or counts from 0."""
    count = [str(number) for number in range(len(names))]
    return pd.DataFrame(
        {
            "ID": names["ID"] if "ID" in names else count,
            "image_path": names["image_path"],
            "target": 0,
        }
    )


def read_sample(csv: Path, names: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The sample's own columns and rows with target 0, and notes on the file.

    Raises:
        InputError: if it does not name each test image once.
    """
    sample, notes = read_table(csv, ["image_path", "target"])
    shared = [
        column
        for column in ("image_path", "ID")
        if column in sample and column in names
    ]
    for column in shared:
        _compare(sample[column], names[column], csv)
    _compare_pairs(sample[shared], names[shared], csv)
    return sample.assign(target=0), notes


def _compare_pairs(sample: pd.DataFrame, names: pd.DataFrame, csv: Path) -> None:
    pairs = set(sample.itertuples(index=False, name=None))
    strange = pairs - set(names.itertuples(index=False, name=None))
    if strange:
        first = " with ".join(sorted(strange)[0])
        raise InputError(
            csv,
            expected=f"the pairs of {' and '.join(map(str, sample))} that test.csv has",
            received=f"{len(strange):,} other pairs, as {first}",
            fix=FIX,
        )


def _compare(column: pd.Series, names: pd.Series, csv: Path) -> None:
    differences = {
        "missing": set(names) - set(column),
        "unknown": set(column) - set(names),
        "doubled": set(column[column.duplicated()]),
    }
    for kind, values in differences.items():
        if values:
            raise InputError(
                csv,
                expected=f"each {column.name} of the {len(names):,} test images once",
                received=f"{len(values):,} {kind} ({', '.join(sorted(values)[:3])})",
                fix=FIX,
            )
