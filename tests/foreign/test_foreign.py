"""Prediction files of others: every sound form is read, everything else is named and refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from croquis.core.errors import InputError
from croquis.foreign.foreign import images_of, read_foreign, without_folder
from croquis.tables.predictions import Predictions

PROBS = np.array([[0.2, 0.8], [0.75, 0.25]])
NAMES = np.array(["0.JPEG", "1.JPEG"])


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_probabilities_of_a_csv_are_read_by_the_names_of_their_columns(
    tmp_path: Path,
) -> None:
    path = written(
        tmp_path / "a.csv", "1,image_path,0\n.8,0.JPEG,.2\n.25,1.JPEG,.75\n"
    )
    file = read_foreign(path)
    assert file.ids.tolist() == NAMES.tolist() and not file.is_hard
    np.testing.assert_array_equal(file.values, PROBS)
    assert file.labels.tolist() == [1, 0] and file.left_out == ()


def test_ten_classes_stand_in_the_order_of_numbers(tmp_path: Path) -> None:
    row = [f"{number / 55:.17g}" for number in range(11)]
    header = ",".join(sorted(map(str, range(11))))  # 0, 1, 10, 2 ...
    by_text = ",".join(row[int(name)] for name in header.split(","))
    file = read_foreign(
        written(tmp_path / "a.csv", f"image_path,{header}\nx,{by_text}\n")
    )
    np.testing.assert_allclose(file.values, [np.arange(11) / 55])


def test_labels_of_a_csv_are_read(tmp_path: Path) -> None:
    file = read_foreign(
        written(tmp_path / "a.csv", "ID,image_path,target\n0,007,3\n1,NA,0\n")
    )
    assert file.ids.tolist() == ["007", "NA"]  # text, whatever it looks like
    assert file.is_hard and file.labels.tolist() == [3, 0] and file.left_out == ()


def test_an_index_without_a_name_and_other_columns_are_left_out_and_named(
    tmp_path: Path,
) -> None:
    text = ",ID,image_path,target,super\n9,0,a,1,5\n8,1,b,0,5\n"
    file = read_foreign(written(tmp_path / "a.csv", text))
    assert file.labels.tolist() == [1, 0]
    assert file.left_out == ("an index without a name", "super")


def test_blanks_after_commas_cost_no_name_its_zeros(tmp_path: Path) -> None:
    """Kinds were given to image_path, and the column was called " image_path"."""
    text = "ID, image_path, target \n0, 007, 3\n1, 1e3, 0\n"
    file = read_foreign(written(tmp_path / "a.csv", text))
    assert file.ids.tolist() == ["007", "1e3"] and file.labels.tolist() == [3, 0]


def test_a_mark_of_byte_order_and_windows_lines_are_fine(tmp_path: Path) -> None:
    file = read_foreign(
        written(tmp_path / "a.csv", "\ufeffimage_path,target\r\na,1\r\n")
    )
    assert file.ids.tolist() == ["a"]


def test_predictions_of_croquis_lose_the_folder_in_front(tmp_path: Path) -> None:
    ids = np.char.add("test/", NAMES)
    Predictions(ids, PROBS, np.array(["cup", "star"])).save(tmp_path / "a.npz")
    file = read_foreign(tmp_path / "a.npz")
    assert file.ids.tolist() == NAMES.tolist() and file.classes.tolist() == [
        "cup",
        "star",
    ]
    np.testing.assert_allclose(file.values, PROBS)


def test_a_folder_that_not_all_begin_with_is_a_name() -> None:
    assert without_folder(np.array(["test/a", "b"])).tolist() == ["test/a", "b"]


@pytest.mark.parametrize(
    "values", [PROBS, PROBS.astype(np.float32), np.array([1, 0])]
)
def test_an_npy_takes_its_ids_from_elsewhere(
    tmp_path: Path, values: np.ndarray
) -> None:
    np.save(tmp_path / "a.npy", values)
    file = read_foreign(tmp_path / "a.npy", NAMES)
    assert file.ids.tolist() == NAMES.tolist() and file.labels.tolist() == [1, 0]
    assert file.is_hard == (values.ndim == 1)


BAD_CSV = {
    "0.JPEG,0.2,0.8\n1.JPEG,.75,.25\n": "received columns 0.JPEG, 0.2, 0.8; name them in its first",
    "image_path,score\na,1\n": "or ID,image_path,target .*received columns image_path, score;",
    "image_path,1,2\na,.5,.5\n": "class columns 0..C-1, received 2 of them, 1 to 2; give each",
    "image_path,0,2\na,.5,.5\n": "class columns 0..C-1, received 2 of them, 0 to 2",
    "image_path,target,0,1\na,1,.2,.8\n": "received target and 2 columns of numbers; take out",
    "image_path,0,1\na,.5,.5\na,.5,.5\n": "each image once, received 1 doubled, as a; correct",
    "image_path,0,1\n": "each image once, received none",
    "image_path,0,1\n,.5,.5\n": "each image once, received gaps",
    "image_path,0,1\na,nan,1\nb,.5,.5\n": "received 1 rows with gaps, text, nan or inf, as a;",
    "image_path,0,1\na,,1\n": "received 1 rows with gaps",
    "image_path,0,1\na,inf,1\n": "received 1 rows with gaps",
    "image_path,0,1\na,high,1\n": "received 1 rows with gaps, text",
    "image_path,0,1\na,-3,9.5\n": "rows >= 0 that sum to 1, .* of 6.5 to 6.5, .*-3; softmax first",
    "image_path,0,1\na,-.5,1.5\n": "least value -0.5; softmax first",
    "image_path,0,1\na,20,80\n": "sums of 100 to 100, least value 0; softmax first",
    "image_path,0,1\na,.33,.66\n": "sums of 0.99 to 0.99, .*; write them with more digits",
    "image_path,target\na,1.5\n": "labels 0, .* below 30,000, received 1 others, as 1.5 of a;",
    "image_path,target\na,-1\n": "labels 0, 1, 2",
    "image_path,target\na,\n": "labels 0, 1, 2",
    "image_path,target\na,cup\n": "labels 0, 1, 2",
    "image_path,target\na,inf\n": "2 ... below 30,000, received 1 others, as inf of a; write",
    "image_path,target\na,1e19\n": "received 1 others, as 1e\\+19 of a; write the number of the",
    "image_path,target\nb,0\na,1e300\n": "received 1 others, as 1e\\+300 of a",
    "image_path,target\na,30000\n": "received 1 others, as 30000 of a",
    "image_path,target\na,True\nb,False\n": "received True and False in target; write numbers",
    "image_path,target\na,True\nb,1\n": "labels 0, 1, 2",
    "image_path,0,1\na,True,False\nb,False,True\n": "received True and False in 0; write num",
    "image_path,0,1\na,.5,.5,9\nb,.5,.5\n": "received rows of more cells than its first line",
    "image_path,0,1\nb,.5,.5\na,.5,.5,9\n": "received .*Expected 3 fields in line 3, saw 4",
    "image_path,0,1\nx,a,.5,.5\ny,b,.5,.5\n": "received rows of more cells than its first line",
    "image_path,target,image_path \na,1,b\n": "each column once, received 'image_path' twice",
    "image_path,0,1,0 \na,.5,.5,.5\n": "each column once, received '0' twice",
    "": "received No columns",
}


@pytest.mark.parametrize("text", BAD_CSV)
def test_a_bad_csv_is_an_error_that_names_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(
        InputError, match=rf"their\.csv: expected .*{BAD_CSV[text]}"
    ):
        read_foreign(written(tmp_path / "their.csv", text))


def test_an_image_file_is_no_csv(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\x89PNG\xff\xfe\n\x00")
    with pytest.raises(InputError, match=r"a\.csv: expected a csv file"):
        read_foreign(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("content", "received"),
    [
        ({"ids": NAMES, "probs": PROBS}, "classes is not a file in the archive"),
        ({"ids": NAMES, "probs": PROBS, "classes": np.arange(3)}, r"\(2, 2\)"),
        ({"ids": NAMES[:1], "probs": PROBS, "classes": np.arange(2)}, r"\(2, 2\)"),
        (
            {"ids": NAMES, "probs": PROBS * 9, "classes": np.arange(2)},
            "sums of 9 to 9",
        ),
        (
            {"ids": NAMES[[0, 0]], "probs": PROBS, "classes": np.arange(2)},
            "1 doubled",
        ),
        (
            {"ids": np.array([{}, 1]), "probs": PROBS, "classes": np.arange(2)},
            "Object arrays",
        ),
        (
            {"ids": np.array("a"), "probs": PROBS, "classes": np.arange(2)},
            r"shapes \(\) and",
        ),
        (
            {"ids": NAMES[None], "probs": PROBS, "classes": np.arange(2)},
            r"shapes \(1, 2\) and",
        ),
        (
            {"ids": NAMES, "probs": PROBS, "classes": np.array("x")},
            r"shapes \(2,\) and \(\)",
        ),
        ({"ids": NAMES, "probs": PROBS.astype(str), "classes": np.arange(2)}, "<U"),
        (
            {"ids": NAMES, "probs": PROBS > 0.5, "classes": np.arange(2)},
            "received bool of shape",
        ),
        (
            {"ids": NAMES, "probs": PROBS, "classes": np.array(["x", "x"])},
            "received 'x' twice",
        ),
    ],
)
def test_a_bad_npz_is_an_error_that_names_it(
    tmp_path: Path, content: dict, received: str
) -> None:
    np.savez(tmp_path / "their.npz", **content)
    with pytest.raises(InputError, match=rf"their\.npz: expected .*{received}"):
        read_foreign(tmp_path / "their.npz")


@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_a_broken_file_is_an_error_that_names_it(
    tmp_path: Path, suffix: str
) -> None:
    (tmp_path / f"a.{suffix}").write_bytes(
        b"PK\x03\x04 no array"
    )  # numpy would look for a zip
    with pytest.raises(InputError, match=rf"a\.{suffix}: expected an \.{suffix}"):
        read_foreign(tmp_path / f"a.{suffix}", NAMES)


@pytest.mark.parametrize(
    "values", [PROBS[:1], PROBS[None], PROBS > 0.5, np.array(["a", "b"])]
)
def test_an_npy_of_another_shape_or_kind_is_refused(
    tmp_path: Path, values: np.ndarray
) -> None:
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(
        InputError, match=r"a\.npy: expected 2 labels, or 2 rows .* of shape"
    ):
        read_foreign(tmp_path / "a.npy", NAMES)


def test_an_npy_without_ids_has_no_order(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", PROBS)
    with pytest.raises(
        InputError, match="carries no ids, received neither --sample nor --ids"
    ):
        read_foreign(tmp_path / "a.npy")


def test_other_kinds_of_files_and_files_that_are_not_there_are_refused(
    tmp_path: Path,
) -> None:
    with pytest.raises(
        InputError, match=r"a\.pkl: expected a \.csv, \.npz or \.npy"
    ):
        read_foreign(tmp_path / "a.pkl")
    with pytest.raises(InputError, match=r"a\.csv: .* received No such file"):
        read_foreign(tmp_path / "a.csv")


def test_rows_are_joined_by_image(tmp_path: Path) -> None:
    file = read_foreign(
        written(tmp_path / "a.csv", "image_path,target\nb,1\na,0\nc,2\n")
    )
    assert file.aligned(np.array(["a", "b", "c"]), "s.csv").labels.tolist() == [
        0,
        1,
        2,
    ]


@pytest.mark.parametrize(
    ("ids", "received"),
    [
        (["a", "b"], r"3 \(missing 0; 1 too many\)"),
        (["a", "b", "d", "e"], r"3 \(missing 2, as d; 1 too many\)"),
        (["a", "b", "c", "d"], r"3 \(missing 1, as d; 0 too many\)"),
    ],
)
def test_other_images_are_refused(
    tmp_path: Path, ids: list[str], received: str
) -> None:
    file = read_foreign(
        written(tmp_path / "a.csv", "image_path,target\nb,1\na,0\nc,2\n")
    )
    with pytest.raises(
        InputError, match=rf"a\.csv: expected the {len(ids)} .*s\.csv.*{received}"
    ):
        file.aligned(np.array(ids), "s.csv")


def test_the_order_of_images_comes_from_a_csv_that_names_them(
    tmp_path: Path,
) -> None:
    table = pd.DataFrame({"image_path": ["test/1.JPEG", "test/0.JPEG"]})
    assert images_of(tmp_path, table).tolist() == ["1.JPEG", "0.JPEG"]
    with pytest.raises(InputError, match="each image once"):
        images_of(tmp_path, table.iloc[[0, 0]])


def test_a_class_that_has_two_columns_is_refused(tmp_path: Path) -> None:
    """The second one was taken for a column of another name, and left out."""
    path = tmp_path / "p.csv"
    path.write_text("image_path,0,1,0\na.png,0.5,0.5,0\n")
    with pytest.raises(
        InputError, match="expected each class column once, received class 0 twice"
    ):
        read_foreign(path, None)
