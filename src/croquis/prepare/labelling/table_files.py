"""A table of labels in any of its file formats, as text: csv, tsv, or one JSON object a line."""

import json
from pathlib import Path

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.csv_files import refuse_huge_csv
from croquis.dataset.csv_tables import read_table


def read_any_table(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """The table at `path` as text, and what to tell people about it.

    Raises:
        InputError: if it cannot be read, or is of a format that is not read.
    """
    suffix = path.suffix.lower()
    if suffix == ".jsonl":
        return _read_json_lines(path), []
    if suffix == ".parquet":
        code = f"import pandas as p; p.read_parquet('{path.name}').to_csv('{path.stem}.csv')"
        raise InputError(
            path,
            expected="a table as .csv or .jsonl",
            received="a .parquet",
            fix=f'write it as csv: python -c "{code}"',
        )
    return read_table(path, [])


def _read_json_lines(path: Path) -> pd.DataFrame:
    """A row a line, of what is text or a number in it; lists and objects are left out."""
    refuse_huge_csv(path)
    rows: list[dict[str, str]] = []
    lines = path.read_bytes().decode("utf-8-sig", "replace").split("\n")
    for number, line in enumerate(lines, 1):
        if line.strip():
            rows.append(_row(path, number, line))
    return pd.DataFrame(rows, dtype=str).fillna("")


def _row(path: Path, number: int, line: str) -> dict[str, str]:
    try:
        row = json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise InputError(
            path,
            expected="one JSON object in each line",
            received=f"something else in line {number}",
            fix="correct the line, or write the table as csv",
        )
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in row.items()
        if isinstance(value, str | int | float) and value is not None
    }
