"""The submission's template: the competition's sample, or the usual columns where there is none."""

from pathlib import Path

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.csv_tables import read_table


def blank_sample(names: pd.DataFrame) -> pd.DataFrame:
    """ID,image_path,target in test.csv's order; ID is test.csv's own, or counts from 0."""
    count = [str(number) for number in range(len(names))]
    return pd.DataFrame(
        {"ID": names.get("ID", count), "image_path": names["image_path"], "target": 0}
    )


def given_sample(csv: Path, names: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
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


def _compare_pairs(given: pd.DataFrame, wanted: pd.DataFrame, csv: Path) -> None:
    strange = set(given.itertuples(index=False, name=None)) - set(
        wanted.itertuples(index=False, name=None)
    )
    if strange:
        received = (
            f"{len(strange):,} other pairs, as {' with '.join(sorted(strange)[0])}"
        )
        raise InputError(
            csv,
            expected=f"the pairs of {' and '.join(given)} that test.csv has",
            received=received,
            fix="use the sample that belongs to this test.csv, or none",
        )


def _compare(given: pd.Series, wanted: pd.Series, csv: Path) -> None:
    lost = set(wanted) - set(given)
    strange = set(given) - set(wanted)
    doubled = set(given[given.duplicated()])
    for kind, found in (("missing", lost), ("unknown", strange), ("doubled", doubled)):
        if found:
            expected = f"each {given.name} of the {len(wanted):,} test images once"
            received = f"{len(found):,} {kind} ({', '.join(sorted(found)[:3])})"
            fix = "use the sample that belongs to this test.csv, or none"
            raise InputError(csv, expected=expected, received=received, fix=fix)
