"""The template: the sample's own columns and order, or the usual ones."""

from pathlib import Path

import pandas as pd
import pytest

from croquis.core.errors import InputError
from croquis.dataset.data_params import ColumnParams
from croquis.prepare.samples.class_columns import Classes
from croquis.prepare.samples.template import blank_sample, read_sample

CLASSES = Classes(["cup", "star", "tree"], numbered=True)
NAMES = pd.DataFrame({"image_path": ["0.png", "1.png"]})


def read(folder: Path, text: str, names: pd.DataFrame = NAMES) -> pd.DataFrame:
    (folder / "sample_submission.csv").write_text(text)
    csv = folder / "sample_submission.csv"
    return read_sample(csv, names, CLASSES, ColumnParams()).rows


def test_without_a_sample_rows_are_numbered_from_zero() -> None:
    assert blank_sample(NAMES).to_numpy().tolist() == [
        ["0", "0.png", 0],
        ["1", "1.png", 0],
    ]


def test_without_a_sample_ids_of_test_csv_are_kept() -> None:
    assert blank_sample(NAMES.assign(ID=["x7", "x8"]))["ID"].tolist() == [
        "x7",
        "x8",
    ]


def test_a_sample_keeps_its_columns_order_and_zeros_in_front(
    tmp_path: Path,
) -> None:
    sample = read(tmp_path, "image_path,target,ID\n1.png,5,007\n0.png,5,008\n")
    assert list(sample) == ["image_path", "target", "ID"]
    assert sample.to_numpy().tolist() == [["1.png", 0, "007"], ["0.png", 0, "008"]]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("0.png,0\n", r"1 missing \(1.png\)"),
        ("0.png,0\n1.png,0\n2.png,0\n", r"1 unknown \(2.png\)"),
        ("0.png,0\n1.png,0\n1.png,0\n", r"1 doubled \(1.png\)"),
    ],
)
def test_a_sample_of_another_test_set_is_an_error(
    tmp_path: Path, rows: str, message: str
) -> None:
    expected = (
        "sample_submission.csv: expected each image_path of the 2 test images once"
    )
    with pytest.raises(InputError, match=f"{expected}, received {message}"):
        read(tmp_path, "image_path,target\n" + rows)


def test_a_sample_with_other_ids_than_test_csv_is_an_error(tmp_path: Path) -> None:
    rows = "ID,image_path,target\n0,0.png,0\n2,1.png,0\n"
    with pytest.raises(InputError, match=r"expected each ID of .*1 missing \(1\)"):
        read(tmp_path, rows, NAMES.assign(ID=["0", "1"]))


def test_a_sample_that_swaps_ids_is_an_error(tmp_path: Path) -> None:
    rows = "ID,image_path,target\n1,0.png,0\n0,1.png,0\n"
    message = (
        "pairs of image_path and ID .*, received 2 other pairs, as 0.png with 1"
    )
    with pytest.raises(InputError, match=message):
        read(tmp_path, rows, NAMES.assign(ID=["0", "1"]))


def test_a_sample_without_target_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="expected a column target, received only ID, image_path"
    ):
        read(tmp_path, "ID,image_path\n0,0.png\n")
