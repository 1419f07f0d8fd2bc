"""data/overrides.csv: a person's word, checked before it is obeyed."""

from pathlib import Path

import numpy as np
import pytest

from croquis.core.errors import InputError
from croquis.dataset.dedup_overrides import (
    Overrides,
    contradictions,
    read_overrides,
)

IDS = np.array(["train/a.png", "train/b.png", "train/c.png"])


def read(folder: Path, text: str) -> Overrides:
    path = folder / "overrides.csv"
    path.write_text("id,decision,other\n" + text)
    return read_overrides(path, IDS)


def test_decisions_are_positions(tmp_path: Path) -> None:
    text = "train/c.png,keep,\ntrain/a.png, drop,\ntrain/b.png,same,train/a.png\n"
    overrides = read(tmp_path, text + "train/a.png,different,train/c.png\n" * 2)
    assert overrides == Overrides(
        keep=(2,), drop=(0,), same=((0, 1),), different=((0, 2),)
    )


def test_an_empty_file_decides_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "") == Overrides()


def test_the_projects_own_file_decides_nothing() -> None:
    assert read_overrides(Path("data/overrides.csv"), IDS) == Overrides()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "train/a.png,delete,\n",
            r"line 2: expected a decision, received 'delete'",
        ),
        (
            "\n,,\ntrain/x.png,keep,\n",
            r"line 4: expected the id of a train image, received 'train/x.png'",
        ),
        ("train/a.png,same,\n", r"expected the id of a train image, received ''"),
        (
            "train/a.png,keep,train/b.png\n",
            r"expected no other with keep, received 'train/b.png'",
        ),
        (
            "train/a.png,same,train/a.png\n",
            r"line 2: expected another image, received 'train/a",
        ),
        (
            "train/a, b.png,drop,\n",
            r"line 2: expected id,decision,other, received 4 fields; put",
        ),
        (
            '"train/a.png,drop,\n',
            r"expected a csv file, received unexpected end of data; save",
        ),
        (
            "train/a.png,keep,\ntrain/a.png,drop,\n",
            r"keep or drop, received both for 'train/a",
        ),
        (
            "train/a.png,same,train/b.png\ntrain/b.png,same,train/c.png\n"
            "train/c.png,different,train/a.png\n",
            r"same or different, received both for 'train/a.png' and 'train/c.png'",
        ),
    ],
)
def test_what_makes_no_sense_is_an_error(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, text)


def test_what_is_no_csv_in_utf_8_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "overrides.csv"
    path.write_bytes("id,decision,other\ntrain/\xe9.png,drop,\n".encode("latin-1"))
    with pytest.raises(
        InputError, match="expected a csv file, received 'utf-8' codec"
    ):
        read_overrides(path, IDS)
    path.write_text("")
    with pytest.raises(
        InputError, match="expected id,decision,other, received nothing"
    ):
        read_overrides(path, IDS)


def test_what_a_spreadsheet_writes_is_read(tmp_path: Path) -> None:
    path = tmp_path / "overrides.csv"
    path.write_bytes(b"\xef\xbb\xbfid,decision,other\r\n,,\r\ntrain/a.png,drop\r\n")
    assert read_overrides(path, IDS) == Overrides(drop=(0,))


def test_contradictions_are_found_through_others() -> None:
    assert contradictions([(0, 1), (1, 2)], [(0, 2), (0, 3)], 4) == [(0, 2)]
    assert contradictions([], [(0, 1)], 2) == []


def test_other_columns_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "overrides.csv").write_text("id_a,id_b\n")
    with pytest.raises(
        InputError, match="expected id,decision,other, received id_a,id_b"
    ):
        read_overrides(tmp_path / "overrides.csv", IDS)
