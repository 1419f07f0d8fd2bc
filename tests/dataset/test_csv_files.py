"""Csv files that would fill the memory: a column, a line or a million rows too many."""

from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.dataset import csv_files
from croquis.dataset.csv_files import refuse_huge_csv
from croquis.dataset.csv_tables import read_table


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b"image_path,target\n" + b"x" * 3_000_000 + b",1\n",
            "1,048,576 bytes in a line",
        ),
        (b"x" * 2_000_000, "1,048,576 bytes in a line"),
        (b"a," * 30_000 + b"b\n1\n", "20,000 columns"),
        (b"a\n" * 5_000_001, "5,000,000 lines"),
        (b"a," * 10_000 + b"b\n" + b"1\n" * 30_000, "200,000,000 cells"),
    ],
)
def test_a_table_of_no_competition_is_refused(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "train.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"^{path}: expected at most {said}"):
        read_table(path, ["image_path"])


def test_a_line_is_measured_over_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_files, "BLOCK", 4)
    monkeypatch.setattr(csv_files, "MOST_LINE", 10)
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n0123456789\nc,d\n")
    refuse_huge_csv(path)
    path.write_bytes(b"a,b\n0123456789x\nc,d\n")
    with pytest.raises(InputError, match="10 bytes in a line"):
        refuse_huge_csv(path)


def test_columns_are_those_of_the_first_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_files, "BLOCK", 2)
    monkeypatch.setattr(csv_files, "MOST_COLUMNS", 3)
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b,c\n1,2,3\n4,5,6\n")
    refuse_huge_csv(path)
    path.write_bytes(b"a,b,c,d\n1,2,3\n")
    with pytest.raises(InputError, match="at most 3 columns"):
        refuse_huge_csv(path)
