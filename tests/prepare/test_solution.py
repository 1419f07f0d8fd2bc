"""The solution: however it is written, a label for each test image, or an error in prepare."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from croquis.core.errors import InputError
from croquis.dataset.data_params import ColumnParams
from croquis.dataset.submission_form import SubmissionForm
from croquis.prepare.layout import Layout
from croquis.prepare.solution import read_solution

PLAIN = "image_path,target\n0.png,0\n1.png,1\n2.png,2\n"
BOTH = frozenset({"target", "ID"})


def layout(
    tests: Sequence[str] = ("0.png", "1.png", "2.png"),
    classes: Sequence[str] = ("cup", "star", "tree"),
    numbered: frozenset[str] = frozenset({"target"}),
    ids: Sequence[str] = ("0", "1", "2"),
) -> Layout:
    """A layout of one training image a class."""
    rows = {
        "id": [f"train/{name}" for name in classes],
        "split": "train",
        "class_name": list(classes),
    }
    images = pd.DataFrame(rows | {"label": range(len(classes))})
    sample = pd.DataFrame(
        {"ID": ids[: len(tests)], "image_path": tests, "target": 0}
    )
    return Layout(images, pd.DataFrame(), sample, numbered, [])


def read(
    folder: Path, text: str | bytes, of: Layout | None = None
) -> tuple[list[int], list[str]]:
    """The labels in the order of the sample, and the notes."""
    csv = folder / "solution.csv"
    csv.write_bytes(text if isinstance(text, bytes) else text.encode())
    table, notes = read_solution(csv, of or layout())
    assert list(table) == ["image_path", "target"]
    assert (
        table["image_path"].tolist()
        == (of or layout()).sample["image_path"].tolist()
    )
    return table["target"].tolist(), notes


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        "image_path,target\n2.png,2\n0.png,0\n1.png,1\n",
        "image_path,target\n0.png,cup\n1.png,star\n2.png,tree\n",
        "image_path,target\n0.png,0.0\n1.png,1.0\n2.png,2.\n",
        "image_path,class_name\n0.png,cup\n1.png,star\n2.png, tree \n",
        "class_name,image_path,target\ncup,0.png,0\nstar,1.png,1\ntree,2.png,2\n",
        PLAIN.replace("\n", "\r\n").encode("utf-8-sig"),
        PLAIN.replace("\n", "\n\n"),
        "Image_Path,TARGET\n0.png,0\n1.png,1\n2.png,2\n",
        PLAIN.replace("0.png", "./0.png"),
        PLAIN.replace(",", ";"),
        PLAIN.encode("utf-16"),
    ],
)
def test_what_says_the_same_is_read_as_the_same(
    tmp_path: Path, text: str | bytes
) -> None:
    labels, notes = read(tmp_path, text)
    assert labels == [0, 1, 2] and "true labels of 3 test images" in notes[-1]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (PLAIN.replace("\n", "\ntest/")[:-5], "image_path 'test/0.png'"),
        (
            PLAIN.replace("\n", "\nC:\\data\\test\\")[:-13],
            r"image_path 'C:\\data\\test\\0.png'",
        ),
        (PLAIN.replace(".png", "").replace("image_path", "id"), "id '0'"),
        (
            PLAIN.replace(".png", ".jpg").replace("image_path", "file_name"),
            "file_name '0.jpg'",
        ),
    ],
)
def test_names_that_mean_one_image_each_are_mapped_and_said(
    tmp_path: Path, text: str, first: str
) -> None:
    labels, notes = read(tmp_path, text)
    assert (
        labels == [0, 1, 2]
        and notes[0] == f"solution.csv: {first} is read as '0.png'"
    )


def test_folders_that_all_share_are_no_part_of_a_name(tmp_path: Path) -> None:
    """The last parts alone would not tell these two apart."""
    text = "image_path,target\ntest/b/0.png,2\ntest/a/0.png,0\n"
    labels, notes = read(tmp_path, text, layout(["a/0.png", "b/0.png"]))
    assert labels == [0, 2]
    assert (
        notes[0] == "solution.csv: image_path 'test/b/0.png' is read as 'b/0.png'"
    )
    bare = "image_path,target\nb/0.png,2\na/0.png,0\n"
    assert read(tmp_path, bare, layout(["test/a/0.png", "test/b/0.png"]))[0] == [
        0,
        2,
    ]


def test_an_id_is_the_samples_own_where_it_has_one_and_never_a_count_of_ours(
    tmp_path: Path,
) -> None:
    text = "ID,target\n0,2\n1,1\n2,0\n"
    turned = layout(numbered=BOTH, ids=("2", "1", "0"))  # 0 is the ID of 2.png
    assert read(tmp_path, text, turned)[0] == [0, 1, 2]
    assert read(tmp_path, text)[0] == [2, 1, 0]  # by the files' names
    with pytest.raises(
        InputError, match=r"3 test images without a row \(a, b, c\); 3 rows of ot"
    ):
        read(tmp_path, text, layout(["a", "b", "c"]))


@pytest.mark.parametrize("column", ["id", "Id", "ID"])
def test_an_id_of_any_case_means_what_it_means_in_the_sample_and_in_test_csv(
    tmp_path: Path, column: str
) -> None:
    text = f"{column},target\n0,2\n1,1\n2,0\n"
    pairs = pd.DataFrame(
        {"id": ["2", "1", "0"], "image_path": ["0.png", "1.png", "2.png"]}
    )
    plain = layout()
    by_test_csv = replace(plain, test_csv=pairs)
    by_sample = replace(plain, sample=pairs.assign(target=0))
    assert read(tmp_path, text, by_test_csv)[0] == [0, 1, 2]
    assert read(tmp_path, text, by_sample)[0] == [0, 1, 2]
    assert read(tmp_path, text, plain)[0] == [2, 1, 0]  # by the files' names


def test_the_column_of_a_competition_that_says_who_sees_which_row_is_left_out(
    tmp_path: Path,
) -> None:
    text = (
        "image_path,target,Usage\n0.png,0,Public\n1.png,1,Private\n2.png,2,Public\n"
    )
    words = "solution.csv: Usage is not read, and every row is scored"
    labels, notes = read(tmp_path, text)
    assert labels == [0, 1, 2] and notes[-1] == words


def test_names_that_are_numbers_are_read_as_train_csv_is(tmp_path: Path) -> None:
    """With classes "1", "2", "3", a 1 is the class of that name, or the second one."""
    text = "image_path,target\n0.png,1\n1.png,2\n2.png,1\n"
    words = "solution.csv: true labels of 3 test images, target read as"
    named, numbered = (
        layout(classes="123", numbered=frozenset()),
        layout(classes="123"),
    )
    unsure = f"{words} class names, though it could be numbers"
    assert read(tmp_path, text, named) == ([0, 1, 0], [unsure])
    labels, notes = read(tmp_path, text, numbered)
    assert (
        labels == [1, 2, 1]
        and notes[0] == f"{words} numbers, though it could be class names"
    )
    labels, notes = read(tmp_path, text.replace("target", "class_name"), numbered)
    assert labels == [0, 1, 0] and "though" not in notes[0]
    # A 3 is no number of three classes, so all are names.
    assert read(
        tmp_path, text.replace("1.png,2", "1.png,3"), layout(classes="123")
    )[0] == [0, 2, 0]
    floats = text.replace(",1\n", ",100.0\n").replace(",2\n", ",200.0\n")
    assert read(tmp_path, floats, layout(classes=["100", "200"]))[0] == [0, 1, 0]


def test_labels_counted_from_1_are_refused_by_their_range(tmp_path: Path) -> None:
    """They were scored: all wrong, or out of range in submit."""
    message = (
        r"expected labels from 0 to 2, where 0 is 'cup' and 2 is 'tree', received 1 to 3; "
        "subtract 1 from each, or give class names; correct it in the data source"
    )
    with pytest.raises(InputError, match=message):
        read(tmp_path, "image_path,target\n0.png,1\n1.png,2\n2.png,3\n")
    for wrong in ("-1", "7"):
        with pytest.raises(
            InputError, match=r"from 0 to 2.*(-1 to 2|1 to 7); correct it"
        ):
            read(tmp_path, PLAIN.replace("png,0", f"png,{wrong}"))


def test_labels_that_may_be_counted_from_1_are_said(tmp_path: Path) -> None:
    _, notes = read(tmp_path, PLAIN.replace("png,0", "png,1"))
    assert notes[1:] == [
        "solution.csv: no test image has the label 0; are they counted from 1?"
    ]
    assert len(read(tmp_path, PLAIN.replace("png,2", "png,1"))[1]) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            PLAIN.replace("2.png,2\n", ""),
            r"once, received 1 test images without a row \(2.png\);",
        ),
        (
            PLAIN + "3.png,1\n",
            r"each of the 3 test images, once, received 1 rows of other images",
        ),
        (PLAIN + "1.png,0\n", r"received 1 images named again \(1.png\)"),
        (
            PLAIN.replace("1.png", "x.png"),
            r"without a row \(1.png\); 1 rows of other images \(x",
        ),
        (
            PLAIN.replace("png,1", "png,"),
            r"a value of target in each row, received 1 .*\(line 3\)",
        ),
        (
            PLAIN.replace("1.png", " "),
            r"a value of image_path in each row, .*\(line 3\)",
        ),
        (
            PLAIN.replace("png,1", "png,Star"),
            r"1 rows .*\('Star' in line 3\); did you mean 'star'",
        ),
        (
            PLAIN.replace("png,1", "png,1.5"),
            r"1 rows .*\('1.5' in line 3\); known: cup, star, tr",
        ),
        (PLAIN.replace("png,1", "png,star"), r"or its number, in all rows alike"),
        (
            PLAIN.replace(",", ":"),
            r"a column image_path \(or .*only image_path:target",
        ),
        (
            PLAIN.replace("target", "probability"),
            r"a column target \(or class_name, label, class",
        ),
        (
            "class_name," + PLAIN.replace("\n", "\ncup,")[:-4],
            r"2 rows that do not, as 'cup' with",
        ),
        (PLAIN.encode("utf-16")[:-1], r"expected a csv file, received .*UTF-16"),
        (b"", r"expected a csv file, received No columns"),
    ],
)
def test_what_cannot_be_right_is_refused_with_the_rows(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, text)


def test_without_rows_nothing_is_known_and_without_test_images_rows_are_refused(
    tmp_path: Path,
) -> None:
    csv = tmp_path / "solution.csv"
    csv.write_text("image_path,target\n")
    assert (
        read_solution(csv, layout())[0].empty
        and read_solution(csv, layout([]))[0].empty
    )
    with pytest.raises(
        InputError, match="expected test images for its rows, received none"
    ):
        read(tmp_path, PLAIN, layout([]))


def test_a_table_without_rows_that_was_cut_in_its_head_is_refused(
    tmp_path: Path,
) -> None:
    """It was taken for one that knows nothing, and the truth was gone."""
    csv = tmp_path / "solution.csv"
    csv.write_text("image_path,tar")
    with pytest.raises(
        InputError, match=r"solution\.csv: expected a column target"
    ):
        read_solution(csv, layout())


@pytest.mark.parametrize(
    "header", ["id,breed", "breed,id", "ID,Breed", "Image,breed", "img,breed"]
)
def test_columns_may_be_called_as_the_competition_calls_them(
    tmp_path: Path, header: str
) -> None:
    form = SubmissionForm(columns=("img", "breed"), kind="names", label="breed")
    of = replace(layout(), form=form)
    rows = [("2", "tree"), ("0", "cup"), ("1", "star")]
    turned = [row if header.casefold()[0] == "i" else row[::-1] for row in rows]
    text = "\n".join([header, *map(",".join, turned)])
    labels, notes = read(tmp_path, text, of)
    assert labels == [0, 1, 2]
    assert notes[0].endswith("'2' is read as '2.png'")


def test_columns_that_somebody_named_come_first(tmp_path: Path) -> None:
    csv = tmp_path / "solution.csv"
    csv.write_text("id,file,label,truth\n0,1.png,0,1\n1,0.png,0,2\n2,2.png,0,0\n")
    columns = ColumnParams(image="file", label="truth")
    table, _ = read_solution(csv, layout(), columns)
    assert table["target"].tolist() == [2, 1, 0]


def test_a_class_name_in_another_normal_form_is_the_same(tmp_path: Path) -> None:
    of = layout(classes=("cafe\u0301", "star", "tree"))
    text = "image_path,class_name\n0.png,caf\u00e9\n1.png,star\n2.png,tree\n"
    assert read(tmp_path, text, of)[0] == [0, 1, 2]


def test_the_only_column_with_class_names_tells_the_labels(tmp_path: Path) -> None:
    text = "id,Usage,breed\n0,Public,cup\n1,Private,cup\n2,Public,tree\n"
    labels, notes = read(tmp_path, text)
    assert labels == [0, 0, 2]
    assert notes[-1] == "solution.csv: Usage is not read, and every row is scored"


def test_images_of_another_case_and_without_zeros_are_read(tmp_path: Path) -> None:
    of = layout(tests=("A/001.JPG", "A/002.JPG", "A/010.JPG"))
    for names in (("1", "2", "10"), ("a/001.jpg", "a/002.jpg", "a/010.jpg")):
        rows = zip(names, (2, 1, 0), strict=True)
        text = "image,label\n" + "".join(
            f"{name},{label}\n" for name, label in rows
        )
        assert read(tmp_path, text, of)[0] == [2, 1, 0]
